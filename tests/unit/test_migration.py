"""Live migration in simulated time: the closed form on a machine without costs, and what becomes of the guest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator import laws
from simulator.errors import VirtlabError
from simulator.experiment import run_point
from simulator.records import TABLES
from simulator.scenario.scenario import Scenario

MB = 1e6
FREE = {
    "page_cycles": 0.0, "page_header_bytes": 0.0, "protect_page_cycles": 0.0, "first_write_cycles": 0.0,
    "receive_page_cycles": 0.0, "new_page_cycles": 0.0, "in_flight_bytes": 1e6, "state_bytes": 0.0, "setup_s": 0.0,
    "suspend_s": 0.0, "resume_s": 0.0, "announce_s": 0.0, "fault_cycles": 0.0, "fault_wait_s": 0.0,
    "run_pages_count": 1.0,
}  # fmt: skip
"""A hypervisor that does everything in no time, and has no rule but those that are added."""
KVM, XEN = "linux-6 | kvm-6 / linux-6", "xen-4 | linux-6"


def point(stack: str, operations: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """One virtual machine that computes, for half a minute."""
    workload = {"name": "page-dirtier", "parameters": changes.pop("parameters", {})}
    tenants = changes.pop("tenants", {"app": {"workload": workload, "memory": "1 GiB", "vcpus": 1}})
    data = {
        "machine": "server-2025", "stacks": {"it": stack}, "duration": "30 s", "replications": 1, "seed": 1,
        "tenants": tenants, "operations": operations, **changes,
    }  # fmt: skip
    found = next(iter(Scenario.from_mapping(data).points()))
    return found if isinstance(found, dict) else dict(found)


def tables(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run, by table, each by its columns."""
    rows = run_point(found, 0)["tables"]
    names = {table: [column.name for column in TABLES[table]] for table in rows}
    return {table: [dict(zip(names[table], row, strict=True)) for row in rows[table]] for table in rows}


def operation(found: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
    """One row of the table ``operations``."""
    return tables(found)["operations"][number]


class TestClosedForm:
    """LAWS, pre-copy: on a machine without costs the rounds, their time and the downtime are those of the law."""

    RATE = 1250e6 / (1 + 52 / 1448)
    """Pages in a second of ten gigabits, with the headers of TCP/IP."""

    def found(self, writes: Mapping[str, float], **rules: float) -> dict[str, Any]:
        found = point(KVM, [{"at": "2 s", "migrate": "app"}])
        (product,) = [name for name in found["layers"] if name.startswith("kvm")]
        found["layers"][product]["migration"] = FREE | rules
        found["tenants"]["app"] |= {"program": "cpu_hog", "writes": writes, "parameters": hog()}
        found["layers"][product]["pause"] = None
        found["without"] = [*found["without"], "context_switch", "idle_exit"]  # of the copying thread, once a piece
        found["layers"]["linux-6"]["parameters"]["kernel_bytes"] = 2.0**30 - 1e6  # all of the guest has been touched
        found["machine"]["devices"]["nic"]["parameters"] |= {"frame_bytes": 0.0, "link_bytes_per_s": 1250e6}
        return found

    @pytest.mark.parametrize("dirty", [100 * MB, 800 * MB])
    def test_rounds_time_and_downtime(self, dirty: float) -> None:
        writes = {"swept_bytes_per_s": dirty, "swept_set_bytes": 1e12}
        found = self.found(writes, least_pages_count=5000.0)
        # what its kernel's ticks take of it, a program of one processor cannot write in
        pace = useful(found)
        row = operation(found)
        memory = memory_bytes(found)
        rounds = laws.precopy_rounds(memory, self.RATE, dirty * pace, 5000 * 4096)
        assert row["rounds"] == rounds
        assert row["duration_s"] == pytest.approx(laws.precopy_s(memory, self.RATE, dirty * pace, rounds), rel=1e-6)
        expected_s = laws.precopy_downtime_s(memory, self.RATE, dirty * pace, rounds)
        assert row["downtime_s"] == pytest.approx(expected_s, rel=1e-6)

    def test_working_set(self) -> None:
        writes = {"swept_bytes_per_s": 5000 * MB, "swept_set_bytes": 200 * MB}
        row = operation(self.found(writes, rounds_count=4.0))
        assert row["rounds"] == 4
        assert row["downtime_s"] == pytest.approx(200 * MB / self.RATE, rel=1e-6)


def hog() -> dict[str, float]:
    """A program that computes for ever."""
    return {"threads_count": 1.0, "chunk_cycles": 1e9, "working_set_bytes": 0.0}


def useful(found: Mapping[str, Any]) -> float:
    """Part of its time that the program computes."""
    rows = [row for row in tables({**found, "operations": []})["threads"] if row["tenant"] == "app"]
    row = next(row for row in rows if row["useful_s"] > 0.0)
    return float(row["useful_s"] / row["wall_s"])


def memory_bytes(found: Mapping[str, Any]) -> float:
    """What is sent in the first round: all of the guest's memory, for nothing says that blank pages take less."""
    return 2.0**30


BUSY = {"write_bytes_per_s": "200 MB/s", "held_bytes": "500 MiB", "set_bytes": "400 MiB"}
CALM = {"write_bytes_per_s": "20 MB/s", "held_bytes": "200 MiB", "set_bytes": "100 MiB"}


class TestPreCopy:
    def test_it_goes_on_at_the_destination(self) -> None:
        found = tables(point(KVM, [{"at": "3 s", "migrate": "app"}], parameters=CALM, duration="12 s"))
        (row,), (app,) = found["operations"], found["tenants"]
        assert row["outcome"] == "done"
        assert 0.0 < row["downtime_s"] < 0.3
        assert row["rounds"] > 1
        # a hundred turns a second, less those that it missed; every one is counted once
        assert app["operations"] == pytest.approx((12.0 - row["downtime_s"]) * 100, abs=12)
        turns = [request for request in found["requests"] if request["tenant"] == "app"]
        assert len({request["start_s"] for request in turns}) == len(turns)

    def test_the_thread_that_copies_pays_and_so_does_the_guest(self) -> None:
        found = tables(point(KVM, [{"at": "3 s", "migrate": "app"}], parameters=CALM, duration="12 s"))
        charges = {(each["mechanism"], each["device"]) for each in found["charges"]}
        assert {("migration", "cpu"), ("migration", "nic-send"), ("dirty_log", "cpu")} <= charges
        (row,) = found["operations"]
        wire = sum(each["bytes"] for each in found["charges"] if each["device"] == "nic-send")
        assert wire == pytest.approx(row["moved_bytes"] * (1 + 52 / 1448), rel=1e-3)

    def test_who_writes_faster_than_is_sent_is_told_of(self) -> None:
        row = operation(point(KVM, [{"at": "3 s", "migrate": "app"}], parameters=BUSY, duration="20 s"))
        assert row["outcome"] == "not finished"
        assert row["detail"].startswith("does not converge")

    def test_holding_the_guest_helps_where_it_is_busy(self) -> None:
        busy = BUSY | {"byte_cycles": "15 cycles"}  # a program that computes all the time
        operations = [{"at": "3 s", "migrate": "app", "auto_converge": True, "downtime_limit": "1 s"}]
        row = operation(point(KVM, operations, parameters=busy, duration="60 s"))
        assert row["outcome"] == "done"
        assert "held" in row["detail"]

    def test_traffic_of_the_guest_and_its_pages_share_the_card(self) -> None:
        durations = []
        for copies in (0, 1):
            tenants = {
                "app": {"workload": {"name": "page-dirtier", "parameters": CALM}, "memory": "384 MiB", "vcpus": 1},
                **({"sender": {"workload": "net-send", "memory": "1 GiB", "vcpus": 2}} if copies else {}),
            }
            found = point(XEN, [{"at": "1 s", "migrate": "app"}], tenants=tenants, duration="12 s")
            found["machine"]["devices"]["nic"]["parameters"]["link_bytes_per_s"] = 125e6
            durations.append(operation(found)["duration_s"])
        assert durations[1] > 1.2 * durations[0]


class TestPostCopy:
    def test_it_stands_still_for_its_state_only(self) -> None:
        operations = [{"at": "3 s", "migrate": "app", "how": "post-copy"}]
        row = operation(point(KVM, operations, parameters=BUSY, duration="12 s"))
        assert row["outcome"] == "done"
        assert row["downtime_s"] < 0.02
        assert row["moved_bytes"] < 1.02 * (500 * 2**20 + 2e8)
        assert "were waited for" in row["detail"]

    def test_no_way_back(self) -> None:
        operations = [{"at": "3 s", "migrate": "app", "how": "post-copy"}, {"at": "4 s", "abort": "app"}]
        rows = tables(point(KVM, operations, parameters=BUSY, duration="12 s"))["operations"]
        assert [row["outcome"].partition(":")[0] for row in rows] == ["done", "failed"]


class TestItGoesWrong:
    @pytest.mark.parametrize(("how", "after", "lost"), [("pre-copy", "1 s", False), ("post-copy", "2 s", True)])
    def test_the_destination_fails(self, how: str, after: str, lost: bool) -> None:
        operations = [{"at": "3 s", "migrate": "app", "how": how, "destination_fails_after": after}]
        found = tables(point(KVM, operations, parameters=BUSY, duration="10 s"))
        assert found["operations"][0]["outcome"].startswith("failed: the destination failed")
        (app,) = found["tenants"]
        assert app["outcome"].startswith("lost") == lost
        assert (app["operations"] < 600) == lost

    def test_abort_and_patience(self) -> None:
        operations = [{"at": "2 s", "migrate": "app", "give_up_after": "1 s"}, {"at": "5 s", "migrate": "app"},
                      {"at": "6 s", "abort": "app"}, {"at": "8 s", "abort": "app"}]  # fmt: skip
        found = tables(point(KVM, operations, parameters=BUSY, duration="9 s"))
        outcomes = [row["outcome"].partition(":")[0] for row in found["operations"]]
        assert outcomes == ["aborted", "aborted", "done", "failed"]
        assert found["tenants"][0]["operations"] > 880

    def test_a_tenant_that_ends_meanwhile(self) -> None:
        tenants = {
            name: {
                "workload": {"name": "page-dirtier", "parameters": BUSY | {"pieces_count": count}},
                "memory": "1 GiB",
            }
            for name, count in (("app", 250), ("other", 600))
        }
        row = operation(point(KVM, [{"at": "2 s", "migrate": "app"}], tenants=tenants))
        assert row["outcome"] == "failed: app ended before it was moved"


class TestRefused:
    @pytest.mark.parametrize(
        ("stack", "more", "told"),
        [
            ("linux-6 | docker", {}, "checkpoint"),
            ("linux-6 | firecracker-1 / linux-6", {}, "does not offer"),
            (XEN, {"how": "post-copy"}, "moves no memory after the guest"),
            (XEN, {"auto_converge": True}, "does not hold a guest"),
            (KVM, {"how": "by-hand"}, "there is no migration by 'by-hand'"),
        ],
    )
    def test_with_a_reason(self, stack: str, more: dict[str, Any], told: str) -> None:
        with pytest.raises(VirtlabError, match=told):
            point(stack, [{"at": "3 s", "migrate": "app", **more}])

    def test_a_device_that_stays_behind(self) -> None:
        stacks = {"stack": KVM, "virtual_hardware": {"nic": "passthrough-nic"}}
        with pytest.raises(VirtlabError, match="stays where it is"):
            point("", [{"at": "3 s", "migrate": "app"}], stacks={"it": stacks})


class TestWhatIsWritten:
    def tell(
        self, workload: str, stack: str, at: str = "3 s", duration: str = "20 s", **parameters: Any
    ) -> dict[str, Any]:
        named = {"name": workload, "parameters": parameters}
        tenants = {"app": {"workload": named, "memory": "2 GiB", "vcpus": 2}}
        return operation(point(stack, [{"at": at, "migrate": "app"}], tenants=tenants, duration=duration))

    def test_objects_of_java_go_round_in_eden(self) -> None:
        row = self.tell("java-allocation-storm", "linux-6 | kvm-6 / linux-6 / hotspot-17", at="0.5 s", duration="8 s")
        assert row["outcome"] == "not finished"
        assert row["detail"].startswith("does not converge")

    def test_memory_that_is_taken_and_files_that_are_read_count_by_themselves(self) -> None:
        sizes = [
            self.tell("memory-user", KVM, held_bytes=f"{held} MiB", step_s="0.2 s", random_operation_bytes="0 B")
            for held in (64, 1024)
        ]
        # 64 MiB were there when it began; of 1024 MiB 16 came every fifth of a second until it was over
        came_bytes = (sizes[1]["moved_bytes"] - sizes[0]["moved_bytes"]) - (3.0 / 0.2 * 16 - 64) * 2**20
        assert came_bytes == pytest.approx(16 * 2**20 / 0.2 * sizes[1]["duration_s"], rel=0.2)
