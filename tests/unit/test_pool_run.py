"""What happens in a pool, checked by hand: moves, maintenance, failures, packing, starts."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import laws
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.pool.reading import read
from simulator.pool.running import replicate
from simulator.pool.tables import names
from simulator.records import names as record_names
from simulator.scenario import Scenario

CATALOG = Catalog()
MIB = 2**20
ONE_CORE = {
    "base": "server-2025",
    "devices": {
        "cpu": {"cores": 1, "threads_per_core": 1, "frequency": "1 GHz"}, "memory": {"capacity": "1 GiB"},
        "nic": {"link": "100 MB/s"},
    },
}  # fmt: skip
LONG = {"memory": "400 MiB", "writes": "20 MB/s", "hot": "300 MiB", "tasks": {
    "size": "100 G cycles", "law": "fixed", "count": 1}}  # fmt: skip
Rows = list[dict[str, Any]]


def run(instance: dict[str, Any], requests: dict[str, Any], hosts: dict[str, Any], **more: Any) -> dict[str, Rows]:
    """Two hosts of a gigahertz, a gibibyte and a link of 100 MB/s, if nothing else is said."""
    data = {
        "hosts": {"host": {"machine": ONE_CORE, "count": 2, "cpu_overcommit": 2, **hosts}},
        "instances": {"app": {**LONG, **instance}},
        "requests": {"all": {"instance": "app", "at": "0 s", **requests}},
        **more,
    }
    found = replicate(read(data, catalog=CATALOG), 0)
    return {name: [dict(zip(names(name), row, strict=True)) for row in rows] for name, rows in found.items()}


def events(found: dict[str, Rows], kind: str) -> Rows:
    return [each for each in found["events"] if each["kind"] == kind]


# ---------------------------------------------------------------- moves


def test_a_move_takes_what_precopy_takes_and_shifts_the_end_by_the_downtime() -> None:
    rounds = 3
    rules = {"rounds": rounds, "downtime": "1 ns"}
    found = run({}, {}, {}, events=[{"at": "1 s", "drain": "host-1", "for": "5 s"}], migration=rules)
    (moved,), (app,) = events(found, "migration"), found["requests"]
    memory, rate, writes = 400.0 * MIB, 100e6, 20e6
    sent = laws.precopy_sent_bytes(memory, rate, writes, 300.0 * MIB, rounds)
    assert moved["moved_bytes"] == pytest.approx(sum(sent), rel=1e-6)
    assert moved["duration_s"] == pytest.approx(laws.precopy_s(memory, rate, writes, rounds), rel=1e-6)
    assert moved["downtime_s"] == pytest.approx(laws.precopy_downtime_s(memory, rate, writes, rounds), rel=1e-6)
    assert (app["host"], app["moves"], app["restarts"]) == ("host-2", 1, 0)
    assert app["ended_s"] == pytest.approx(100.0 + moved["downtime_s"], rel=1e-12)
    (drained,) = events(found, "drain")
    assert drained["duration_s"] == moved["duration_s"]


def test_a_program_that_pauses_while_it_is_moved_goes_on_when_it_would() -> None:
    tasks = {"size": "1 G cycles", "think": "50 s", "law": "fixed", "count": 2}
    found = run({"tasks": tasks}, {}, {}, events=[{"at": "1 s", "drain": "host-1"}])
    assert found["requests"][0]["ended_s"] == pytest.approx(102.0)
    assert found["requests"][0]["tasks"] == 2


def test_a_task_that_is_due_while_its_instance_stands_still_begins_when_it_goes_on() -> None:
    """All 400 MiB are written again and again: the last 419.4304 MB take 4.194304 s, in which the pause ends."""
    tasks = {"size": "1 G cycles", "think": "7 s", "law": "fixed", "count": 1}
    found = run(
        {"tasks": tasks, "hot": "400 MiB", "writes": "1 GB/s"}, {}, {},
        events=[{"at": "1 s", "drain": "host-1"}], migration={"rounds": 1, "downtime": "1 ns"},
    )  # fmt: skip
    (moved,) = events(found, "migration")
    assert moved["downtime_s"] == pytest.approx(4.194304)
    assert moved["duration_s"] == pytest.approx(2 * 4.194304)
    assert found["requests"][0]["ended_s"] == pytest.approx(1.0 + 2 * 4.194304 + 1.0)


def test_instances_leave_a_host_one_after_the_other_and_stay_where_there_is_no_other_place() -> None:
    found = run({"tasks": {"size": "100 G cycles"}}, {"count": 4}, {}, duration="60 s",
                events=[{"at": "1 s", "drain": "host-1"}])  # fmt: skip
    assert not events(found, "migration")
    assert events(found, "drain")[0]["outcome"] == "2 instances have no other place"
    three = run({"tasks": {"size": "100 G cycles"}}, {"count": 2}, {}, duration="60 s",
                events=[{"at": "1 s", "drain": "host-1"}])  # fmt: skip
    first, second = events(three, "migration")
    assert second["at_s"] == pytest.approx(first["at_s"] + first["duration_s"])


def test_what_no_layer_can_move_is_started_anew_and_loses_what_it_was_doing() -> None:
    """A container: the reason is the vocabulary's."""
    data = {
        "hosts": {"host": {"machine": "server-2025", "stack": "linux-6 | docker", "count": 2}},
        "instances": {"app": {"memory": "1 GiB", "tasks": {"size": "35.5 G cycles", "law": "fixed", "count": 1}}},
        "requests": {"all": {"instance": "app", "at": "0 s"}},
        "events": [{"at": "5 s", "drain": "host-1"}],
    }
    plan = read(data, catalog=CATALOG)
    figures = plan.hosts[0].figures["app"]
    assert "cannot be moved while it runs" in figures.cannot_migrate
    app = dict(zip(names("requests"), replicate(plan, 0)["requests"][0], strict=True))
    assert (app["moves"], app["restarts"], app["tasks"]) == (0, 1, 1)
    assert app["work_lost_s"] == pytest.approx(5.0 - figures.start_s)
    assert app["downtime_s"] == pytest.approx(figures.start_s)


def test_samples_of_hosts_that_are_run_one_by_one_know_when_programs_ended() -> None:
    """Two instances on the first host, of 10 s each beside the other; one alone on the second: 5 s."""
    tasks = {"size": "5 G cycles", "law": "fixed", "count": 1}
    found = run({"tasks": tasks}, {"count": 3}, {}, duration="12 s", sample="1 s")
    counts = [(each["hosts_used"], each["instances"]) for each in found["samples"]]
    assert counts == [(2, 3)] * 4 + [(1, 2)] * 5 + [(0, 0)] * 3
    assert [each["busy_processors"] for each in found["samples"]] == pytest.approx([2.0] * 5 + [1.0] * 5 + [0.0] * 2)


# ---------------------------------------------------------------- failures


def test_a_failed_host_loses_its_work_and_its_instances_are_started_elsewhere() -> None:
    found = run({}, {}, {"firmware": "60 s"}, detection="10 s", events=[{"at": "30 s", "fail": "host-1", "for": "1 h"}])
    (app,) = found["requests"]
    assert (app["host"], app["restarts"]) == ("host-2", 1)
    assert app["work_lost_s"] == pytest.approx(30.0)
    assert app["downtime_s"] == pytest.approx(10.0)
    assert app["ended_s"] == pytest.approx(30.0 + 10.0 + 100.0)
    assert events(found, "repair")[0]["duration_s"] == pytest.approx(3600.0 + 60.0)
    assert found["hosts"][0]["on_s"] == pytest.approx(30.0 + 60.0)


def test_without_another_host_one_waits_for_the_repair() -> None:
    found = run({}, {}, {"count": 1}, events=[{"at": "30 s", "fail": "host", "for": "100 s"}])
    (app,) = found["requests"]
    assert app["downtime_s"] == pytest.approx(100.0)
    assert app["ended_s"] == pytest.approx(30.0 + 100.0 + 100.0)


def test_a_move_from_a_host_that_fails_meanwhile_is_given_up() -> None:
    found = run({}, {}, {}, events=[{"at": "1 s", "drain": "host-1"}, {"at": "3 s", "fail": "host-1"}])
    assert events(found, "migration")[0]["outcome"].startswith("given up")
    assert found["requests"][0]["outcome"] == "completed"
    assert found["requests"][0]["ended_s"] == pytest.approx(3.0 + 10.0 + 100.0)


def test_hosts_fail_by_themselves_as_often_as_is_said() -> None:
    """A mean of 1 h between failures, each down for 1 h: half of the time; 200 h on two hosts."""
    found = run({"tasks": {"size": "1 cycles", "think": "1000 h"}}, {}, {}, duration="200 h",
                failures={"every": "1 h", "repair": "1 h"})  # fmt: skip
    run_row = found["runs"][0]
    assert run_row["failures"] == pytest.approx(200, abs=40)
    assert run_row["host_hours"] == pytest.approx(200, abs=40)


# ---------------------------------------------------------------- packing


def test_little_used_hosts_are_emptied_and_switched_off_and_on_again_when_somebody_asks() -> None:
    idle = {"size": "1 cycles", "think": "100 h", "count": 1}
    found = run(
        {"tasks": idle}, {"at": ["0 s", "1 h", "1 h", "1 h", "1 h"]}, {"firmware": "60 s"},
        duration="2 h", sample="60 s", consolidation={"every": "10 min", "below": "50 %", "spare": 0},
    )  # fmt: skip
    (off,), (boot,) = events(found, "off"), events(found, "boot")
    assert (off["host"], off["at_s"]) == ("host-2", 600.0)
    assert (boot["at_s"], boot["duration_s"]) == (3600.0, 60.0)
    waited = [each["placed_s"] - each["asked_s"] for each in found["requests"]]
    assert waited[:4] == [0.0, 0.0, 60.0, 60.0]
    assert found["requests"][4]["outcome"] == "refused: no host with the memory"
    on = {each["at_s"]: each["hosts_on"] for each in found["samples"]}
    assert (on[540.0], on[660.0], on[3660.0]) == (2, 1, 2)


def test_two_hosts_with_one_instance_each_become_one() -> None:
    idle = {"size": "1 cycles", "think": "100 h", "count": 1}
    found = run(
        {"tasks": idle}, {"count": 2}, {}, duration="1 h", placement={"rule": "spread"},
        consolidation={"every": "10 min", "below": "50 %", "spare": 0},
    )  # fmt: skip
    assert not events(found, "migration"), "neither is fuller than the other"
    found = run(
        {"tasks": idle}, {"at": ["0 s", "0 s", "0 s"]}, {}, duration="1 h", placement={"rule": "spread"},
        consolidation={"every": "10 min", "below": "50 %", "spare": 0},
    )  # fmt: skip
    assert [each["to"] for each in events(found, "migration")] == []
    assert [each["outcome"] for each in found["requests"]] == ["running"] * 3


# ---------------------------------------------------------------- starts and tasks


def ordinary(stack: str, instances: int) -> list[float]:
    """How long the starts take in an ordinary run."""
    tenant = {"workload": "idle", "memory": "1 GiB", "vcpus": 1, "boot": True, "count": instances}
    data = {"machine": "server-2025", "stacks": {"one": stack}, "tenants": {"app": tenant}, "duration": "30 s"}
    (point,) = Scenario.from_mapping({**data, "replications": 1}, catalog=CATALOG).points()
    rows = run_point(point, 0)["tables"]["tenants"]
    return sorted(row[record_names("tenants").index("boot_s")] for row in rows)


def test_starts_side_by_side_take_what_they_take_in_an_ordinary_run() -> None:
    """One alone exactly; four at once one after the other where their engine does one thing at a time."""
    stack = "linux-6 | docker-18.09"
    for instances, error in ((1, 1e-9), (4, 0.02)):
        data = {
            "hosts": {"host": {"machine": "server-2025", "stack": stack}},
            "instances": {"app": {"memory": "1 GiB", "tasks": {"size": "1 M cycles", "think": "1 h"}}},
            "requests": {"all": {"instance": "app", "at": "0 s", "count": instances}},
            "duration": "30 s",
        }
        found = replicate(read(data, catalog=CATALOG), 0)["requests"]
        starts = sorted(row[names("requests").index("up_s")] for row in found)
        assert starts == pytest.approx(ordinary(stack, instances), rel=error)


def test_a_task_takes_what_its_stack_makes_of_it() -> None:
    data = {
        "hosts": {"host": {"machine": "server-2025", "stack": "linux-6 | kvm / linux-6"}},
        "instances": {"app": {"memory": "1 GiB", "tasks": {
            "size": "100 M cycles", "think": "1 s", "law": "fixed", "count": 5}}},
        "requests": {"all": {"instance": "app", "at": "0 s"}},
    }  # fmt: skip
    plan = read(data, catalog=CATALOG)
    figures, host = plan.hosts[0].figures["app"], plan.hosts[0]
    assert figures.cycle_ratio > 1.0
    assert figures.task_cycles > 0.0
    row = dict(zip(names("requests"), replicate(plan, 0)["requests"][0], strict=True))
    expected_s = (figures.task_cycles + figures.cycle_ratio * 100e6) / host.frequency_hz
    assert row["response_mean_s"] == pytest.approx(expected_s, rel=1e-12)
    assert host.host_bytes == pytest.approx(96 * MIB)
    assert 20 * MIB < figures.overhead_bytes < 40 * MIB


def test_threads_that_share_cores_go_at_the_pace_of_siblings() -> None:
    """One core of two threads, together 1.25 times as fast: two tasks of 1 s take 1.6 s."""
    machine = {**ONE_CORE, "devices": {**ONE_CORE["devices"], "cpu": {"cores": 1, "frequency": "1 GHz"}}}  # type: ignore[dict-item]
    tasks = {"size": "1 G cycles", "law": "fixed", "count": 1}
    found = run({"tasks": tasks}, {"count": 2}, {"machine": machine, "count": 1})
    assert [each["ended_s"] for each in found["requests"]] == pytest.approx([1.6, 1.6])
    alone = run({"tasks": tasks}, {}, {"machine": machine, "count": 1})
    assert alone["requests"][0]["ended_s"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("stack", "error"),
    [("linux-6 | kvm / linux-6", 0.05), ("xen-4 | linux-6", 0.35), ("vmware-esxi-7 | linux-6", 0.35)],
)
def test_a_move_takes_about_what_it_takes_in_an_ordinary_run(stack: str, error: float) -> None:
    """The stream's own way through the hosts' network stacks is left out, which Xen and ESX feel."""
    tenant = {"workload": "tasks-with-pauses", "parameters": {"pieces_count": 40}, "memory": "1 GiB", "vcpus": 1}
    data = {"machine": "server-2025", "stacks": {"one": stack}, "tenants": {"app": tenant}, "duration": "10 s"}
    data |= {"operations": [{"at": "1 s", "migrate": "app"}], "replications": 1}
    (point,) = Scenario.from_mapping(data, catalog=CATALOG).points()
    row = dict(zip(record_names("operations"), run_point(point, 0)["tables"]["operations"][0], strict=True))
    pool = {
        "hosts": {"host": {"machine": "server-2025", "stack": stack, "count": 2}},
        "instances": {"app": {"memory": "1 GiB", "touched": "9.4 %", "tasks": {"size": "1 M cycles", "think": "1 s"}}},
        "requests": {"all": {"instance": "app", "at": "0 s"}},
        "events": [{"at": "20 s", "drain": "host-1"}], "duration": "30 s",
    }  # fmt: skip
    found = replicate(read(pool, catalog=CATALOG), 0)["events"]
    moved = next(dict(zip(names("events"), each, strict=True)) for each in found if "migration" in each)
    assert moved["moved_bytes"] == pytest.approx(row["moved_bytes"], rel=0.005)
    assert moved["duration_s"] == pytest.approx(row["duration_s"], rel=error)


def test_pages_that_are_copied_cost_both_hosts_processor_time() -> None:
    """A host that has nothing else to do is busy for the pages of a move."""
    stack = "linux-6 | kvm / linux-6"
    tasks = {"size": "1 cycles", "think": "1000 h"}
    pool = {
        "hosts": {"host": {"machine": "server-2025", "stack": stack, "count": 2}},
        "instances": {"app": {"memory": "4 GiB", "tasks": tasks}},
        "requests": {"all": {"instance": "app", "at": "0 s"}},
        "events": [{"at": "20 s", "drain": "host-1"}], "duration": "200 s",
    }  # fmt: skip
    plan = read(pool, catalog=CATALOG)
    figures, pages = plan.hosts[0].figures["app"], 2.0**20
    busy_s = [row[names("hosts").index("busy_s")] for row in replicate(plan, 0)["hosts"]]
    start_s = (figures.start_cycles + figures.turn_cycles) / plan.hosts[0].frequency_hz
    sent, taken = (pages * figures.migration[name] for name in ("page_cycles", "receive_page_cycles"))
    assert busy_s[0] == pytest.approx(start_s + sent / plan.hosts[0].frequency_hz, rel=1e-6)
    assert busy_s[1] == pytest.approx(taken / plan.hosts[0].frequency_hz, rel=1e-6)
