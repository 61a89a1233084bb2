"""Keeping a state and going on from it: what is lost, what it takes, who cannot."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import laws
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

KVM, FIRECRACKER = "linux-6 | kvm-6 / linux-6", "linux-6 | firecracker-1 / linux-6"
DOCKER, XEN, ESX = "linux-6 | docker-27", "xen-4.8 | linux-4.4", "vmware-esxi-7 | linux-6"
SERVICE = {
    "name": "memory-user",
    "parameters": {
        "held_bytes": "64 MiB", "step_s": "0 s", "cached_bytes": "0 B", "active_bytes": "16 MiB",
        "requests_count": "400", "request_cycles": "10e6 cycles", "request_reads_count": "0",
    },
}  # fmt: skip

LOOP = {"name": "sysbench-cpu", "parameters": {"threads_count": "1", "events_count": "80"}}


def run(
    stack: str,
    *operations: dict[str, Any],
    workload: Any = SERVICE,
    twin: bool = False,
    disk: int | None = None,
    tenant: Any = None,
    **more: Any,
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """The rows of ``operations`` and ``tenants``."""
    form = {"workload": workload, "memory": "512 MiB", "vcpus": 1, **({"disk_operations_limit": disk} if disk else {})}
    form = {key: value for key, value in {**form, **(tenant or {})}.items() if value is not None}
    data = {
        "version": 1, "title": "states", "machine": more.pop("machine", "server-2025"), "stacks": {"it": stack},
        "tenants": {"web": form, **({"twin": form} if twin else {})}, "operations": list(operations), **more,
    }  # fmt: skip
    tables = run_point(load(data).points()[0], 0)["tables"]
    done, tenants = (
        [dict(zip(names(table), row, strict=True)) for row in tables[table]] for table in ("operations", "tenants")
    )
    return done, {row["tenant"]: row for row in tenants}


def refused(stack: str, *operations: dict[str, Any], **more: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        run(stack, *operations, **more)
    return str(error.value)


def test_rolling_back_loses_exactly_what_was_done_since() -> None:
    _, alone = run(KVM, workload=LOOP)
    times = ({"at": "0.1 s", "snapshot": "web", "as": "s"}, {"at": "0.9 s", "roll_back": "web", "to": "s"})
    (kept, back), tenants = run(KVM, *times, workload=LOOP)
    assert [each["outcome"] for each in (kept, back)] == ["done", "done"]
    since_s = back["at_s"] - kept["end_s"]
    costs_s = kept["downtime_s"] + (back["end_s"] - back["at_s"])
    assert tenants["web"]["outcome"] == "ok"
    assert tenants["web"]["elapsed_s"] == pytest.approx(alone["web"]["elapsed_s"] + since_s + costs_s, rel=1e-6)
    assert back["work_lost_s"] == pytest.approx(since_s, rel=1e-2)  # ticks are not its own work


def test_going_back_twice_loses_each_time_what_was_done_since_the_last() -> None:
    back = ({"at": "0.8 s", "roll_back": "web"}, {"at": "1.4 s", "roll_back": "web"})
    (_, first, second), _ = run(KVM, {"at": "0.1 s", "snapshot": "web"}, *back)
    assert second["work_lost_s"] < 1.4 - first["end_s"]
    assert second["work_lost_s"] > 0.6 * (1.4 - first["end_s"])  # it waits for its memory meanwhile


def test_a_program_that_has_ended_can_be_rolled_back() -> None:
    (_, back), tenants = run(KVM, {"at": "0.1 s", "snapshot": "web"}, {"at": "3 s", "roll_back": "web"})
    assert tenants["web"]["outcome"] == "ok"
    assert tenants["web"]["elapsed_s"] > 3.0
    assert back["work_lost_s"] > 0.0


@pytest.mark.parametrize("stack", [KVM, FIRECRACKER, XEN, ESX, "linux-6 | gvisor-2024"])
def test_saved_and_restored_it_goes_on_where_it_was(stack: str) -> None:
    _, alone = run(stack)
    (kept, back), tenants = run(
        stack, {"at": "0.2 s", "save": "web", "as": "file"}, {"at": "5 s", "restore": "web", "to": "file"}
    )
    assert [each["outcome"] for each in (kept, back)] == ["done", "done"]
    left_s = alone["web"]["elapsed_s"] - 0.2
    assert tenants["web"]["elapsed_s"] == pytest.approx(back["end_s"] + left_s, rel=0.02)
    assert back["work_lost_s"] == pytest.approx(0.0, abs=0.02)
    assert kept["moved_bytes"] >= 64 * 2**20


def test_a_mapped_file_is_quick_to_start_from_and_dear_to_run_from() -> None:
    back = {"at": "2 s", "roll_back": "web", "cold": True}
    snapshot = {"at": "0.1 s", "snapshot": "web"}
    (_, eager), slow = run(FIRECRACKER, snapshot, {**back, "memory": "eager"})
    (_, lazy), quick = run(FIRECRACKER, snapshot, back)
    assert (eager["how"], lazy["how"]) == ("eager", "lazy")
    assert lazy["duration_s"] < eager["duration_s"] / 20
    rest_s = [tenants["web"]["elapsed_s"] - row["end_s"] for tenants, row in ((slow, eager), (quick, lazy))]
    faults = 16 * 2**20 / 4096  # its active part
    assert rest_s[1] - rest_s[0] > faults * 3.7e-6


def test_only_what_has_changed_is_kept_where_it_was_noted() -> None:
    whole, changes = (
        {"at": "0.1 s", "snapshot": "web", "as": "all", "track": True},
        {"at": "0.8 s", "snapshot": "web", "as": "part", "changes": True},
    )
    (first, second), _ = run(KVM, whole, changes)
    assert second["outcome"] == "done"
    assert 16 * 2**20 * 0.9 < second["moved_bytes"] < first["moved_bytes"] / 2
    (_, _, back, refused_), _ = run(
        KVM, whole, changes, {"at": "1 s", "roll_back": "web"}, {"at": "1.3 s", "delete_snapshot": "web", "to": "all"}
    )
    assert back["moved_bytes"] == first["moved_bytes"] + second["moved_bytes"]
    assert refused_["outcome"].startswith("failed: part holds only what has changed since all")
    (_, missing), _ = run(KVM, {"at": "0.1 s", "snapshot": "web"}, changes)
    assert missing["outcome"].startswith("failed: nothing has noted what has changed")


def test_a_live_snapshot_lets_the_guest_go_on_and_has_it_pay() -> None:
    live = {"at": "0.2 s", "snapshot": "web", "live": True}
    (stopped,), slow = run("linux-6 | vmware-workstation-17 / linux-6", {**live, "live": False})
    (going,), quick = run("linux-6 | vmware-workstation-17 / linux-6", live)
    assert going["downtime_s"] < stopped["downtime_s"] / 2
    assert quick["web"]["elapsed_s"] < slow["web"]["elapsed_s"]


@pytest.mark.parametrize("kind", ["clone", "fork"])
def test_a_second_one_goes_on_from_the_first(kind: str) -> None:
    _, alone = run(FIRECRACKER)
    (row,), tenants = run(FIRECRACKER, {"at": "0.4 s", kind: "web", "as": "twin"}, twin=True)
    assert row["outcome"] == "done"
    assert {each["outcome"] for each in tenants.values()} == {"ok"}
    assert tenants["twin"]["elapsed_s"] < alone["web"]["elapsed_s"]
    if kind == "fork":
        assert row["downtime_s"] < 0.05
        assert row["moved_bytes"] < 2**20


def test_processes_are_kept_one_after_the_other() -> None:
    (row,), _ = run(DOCKER, {"at": "0.3 s", "checkpoint": "web"})
    pages = 64 * 2**20 / 4096
    assert row["outcome"] == "done"
    assert row["downtime_s"] > 0.0387 + pages * 3e-6
    (kept, back), tenants = run(
        DOCKER, {"at": "0.3 s", "checkpoint": "web", "ends": True}, {"at": "4 s", "restore": "web"}
    )
    assert tenants["web"]["outcome"] == "ok"
    assert back["duration_s"] < kept["duration_s"]  # a page is copied back in a fifth of what it takes to write it


def test_an_epoch_costs_its_stop() -> None:
    _, alone = run(XEN)
    (row,), tenants = run(XEN, {"at": "0.2 s", "replicate": "web", "every": "25 ms", "for": "1 s"})
    assert row["rounds"] > 10
    assert "held back for" in row["detail"]
    longer_s = tenants["web"]["elapsed_s"] - alone["web"]["elapsed_s"]
    assert longer_s >= row["downtime_s"] * 0.99
    notes_s = row["rounds"] * (16 * 2**20 / 4096) * 3000 / 3e9  # each page of its active part, in each epoch, at most
    assert longer_s <= row["downtime_s"] + notes_s


def test_work_is_slowed_by_the_stops_of_its_epochs() -> None:
    _, alone = run(XEN, workload=LOOP)
    (row,), tenants = run(XEN, {"at": "0 s", "replicate": "web", "every": "25 ms"}, workload=LOOP)
    stop_s = row["downtime_s"] / row["rounds"]
    ratio = tenants["web"]["elapsed_s"] / alone["web"]["elapsed_s"]
    assert row["rounds"] > 30
    assert ratio - 1.0 == pytest.approx(laws.epochs_slowdown(0.025, stop_s) - 1.0, rel=0.1)
    held_ms = float(row["detail"].split(" ms in the mean")[0].rsplit(" ", 1)[1])
    assert held_ms / 1e3 > laws.held_output_s(0.025, stop_s)  # and what the copies take to get there


def test_epochs_copy_what_a_program_says_that_it_writes() -> None:
    server = {"workload": "quake-3-server", "duration": "1.2 s"}
    (row,), _ = run(XEN, {"at": "0.2 s", "replicate": "web", "every": "50 ms"}, **server)
    frame_bytes = 400 * 2**10  # twenty frames a second: one in each epoch
    pages_bytes = row["moved_bytes"] / row["rounds"] - 64e3
    assert frame_bytes * 0.5 < pages_bytes < frame_bytes * 2.5
    (kept, part), _ = run(
        KVM,
        {"at": "0.2 s", "snapshot": "web", "track": True},
        {"at": "1 s", "snapshot": "web", "changes": True},
        **server,
    )
    assert (kept["outcome"], part["outcome"]) == ("done", "done")
    assert part["moved_bytes"] < 12 * 2**20  # its row is 3.5 MiB long; packets and the rest are no more


def test_a_second_snapshot_takes_the_disks_writes_over() -> None:
    writes = "disk-hog-random"
    (first, second, gone), _ = run(
        KVM, {"at": "0.01 s", "snapshot": "web", "as": "a"}, {"at": "0.4 s", "snapshot": "web", "as": "b"},
        {"at": "0.8 s", "delete_snapshot": "web", "to": "b"}, workload=writes, disk=200, duration="1 s",
    )  # fmt: skip
    assert [each["outcome"] for each in (first, second, gone)] == ["done"] * 3
    assert gone["moved_bytes"] > 0
    assert gone["disk_bytes"] == 2 * gone["moved_bytes"]
    (*_, rest), _ = run(
        KVM, {"at": "0.01 s", "snapshot": "web", "as": "a"}, {"at": "0.4 s", "snapshot": "web", "as": "b"},
        {"at": "0.8 s", "delete_snapshot": "web", "to": "b"}, {"at": "0.9 s", "delete_snapshot": "web", "to": "a"},
        workload=writes, disk=200, duration="1.2 s",
    )  # fmt: skip
    assert rest["moved_bytes"] > gone["moved_bytes"]  # what the first had of its own, and what came down to it


def test_what_a_model_does_not_offer_is_refused_with_what_it_does() -> None:
    assert "checkpoint it" in refused(DOCKER, {"at": "1 s", "snapshot": "web"})
    assert "leave out 'live'" in refused(FIRECRACKER, {"at": "1 s", "snapshot": "web", "live": True})
    checkpoint = {"at": "1 s", "checkpoint": "web"}
    assert "tcp: established" in refused(DOCKER, checkpoint, workload="web-server-6", duration="2 s")
    assert "does not keep" in refused("linux-6 | zulu-crac-17", checkpoint, workload="java-server", duration="2 s")
    assert "reads all memory back" in refused(
        ESX, {"at": "1 s", "snapshot": "web"}, {"at": "2 s", "roll_back": "web", "memory": "lazy"}
    )
    back = {"at": "2 s", "roll_back": "web", "prefetch": True}
    assert "records no working set" in refused(FIRECRACKER, {"at": "1 s", "snapshot": "web"}, back)
    text = refused(FIRECRACKER, {"at": "1 s", "fork": "web", "as": "nobody"})
    assert "there is no tenant 'nobody'" in text


def test_a_file_in_memory_takes_memory() -> None:
    (row,), _ = run(DOCKER, {"at": "0.1 s", "checkpoint": "web", "onto": "memory"}, machine="laptop-2025")
    assert (row["outcome"], row["disk_bytes"]) == ("done", 0.0)
    big = {
        **SERVICE,
        "parameters": {
            **SERVICE["parameters"],
            "held_bytes": "20 GiB",
            "byte_cycles": "0.01 cycles",
            "requests_count": "4000",
            "step_bytes": "1 GiB",
        },
    }
    (row,), _ = run(
        "linux-6 |", {"at": "8 s", "checkpoint": "web", "onto": "memory"}, machine="laptop-2025", workload=big,
        duration="9 s", tenant={"memory": None},
    )  # fmt: skip
    assert row["outcome"].startswith("failed: ")
    assert "are not free in the memory of linux-6" in row["outcome"]


def test_one_at_a_time() -> None:
    (_, second), _ = run(FIRECRACKER, {"at": "0.1 s", "snapshot": "web"}, {"at": "0.11 s", "save": "web"})
    assert second["outcome"] == "failed: snapshot of web is not over"
