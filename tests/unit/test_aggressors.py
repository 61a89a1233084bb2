"""Aggressors: when and how hard, what refuses a fork bomb, who pays for a flood of packets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulator.demands import Compute, Demand, Fetch, Lock, Sleep, Unlock
from simulator.errors import ScenarioError
from simulator.experiment import _Run, run_point
from simulator.records import names
from simulator.scenario import load
from simulator.workloads._pace import SLOT_S, paced

SCENARIOS = Path(__file__).parents[2] / "scenarios"
NONE, FULL, UNDIVIDED = "0 %", "100 %", "none"
Rows = dict[str, dict[str, Any]]


def tenants(point: Any) -> Rows:
    """What became of each tenant of a point."""
    rows = (dict(zip(names("tenants"), row, strict=True)) for row in run_point(point, 0)["tables"]["tenants"])
    return {row["tenant"]: row for row in rows}


def shipped(name: str, axis: str) -> dict[tuple[str, Any], Rows]:
    """All points of a scenario of the project, by stack and one axis."""
    points = load(SCENARIOS / f"{name}.yaml").points()
    return {(point["stack"], point["axes"][axis]): tenants(point) for point in points}


# ---------------------------------------------------------------- intensity


def times(*asked: Demand, each_s: float, intensity: float) -> list[Demand]:
    """What a thread asks for whose demands take so long each."""
    clock = [0.0]
    found = []
    for demand in paced(asked, intensity, lambda: clock[0]):
        found.append(demand)
        clock[0] += each_s
    return found


def test_a_pause_follows_a_slot_of_work() -> None:
    """Two demands of 6 ms are 12 ms of work, more than a slot: at a quarter they are paid by 36 ms of rest."""
    assert SLOT_S == 0.01
    found = times(*(Compute() for _ in range(4)), each_s=0.006, intensity=0.25)
    assert [type(each) for each in found] == [Compute, Compute, Sleep, Compute, Compute]
    assert isinstance(found[2], Sleep) and found[2].time_s == pytest.approx(0.036)


def test_nobody_pauses_with_a_lock() -> None:
    found = times(Lock("l"), Compute(), Compute(), Unlock("l"), Compute(), each_s=0.01, intensity=0.5)
    assert [type(each) for each in found] == [Lock, Compute, Compute, Unlock, Sleep, Compute]


def test_waiting_is_no_work() -> None:
    found = times(*(Fetch("m") for _ in range(5)), Sleep(1.0), Compute(), each_s=0.02, intensity=0.5)
    assert [type(each) for each in found] == [*[Fetch] * 5, Sleep, Compute]


def hogged(intensity: Any, **more: Any) -> Rows:
    hog = {"workload": "cpu-hog", "parameters": {"threads_count": 1, "chunk_cycles": "3e6 cycles"}, **more}
    (point,) = load({
        "machine": "laptop-2025", "stacks": {"here": "linux-6 |"}, "duration": "1 s", "seed": 1,
        "tenants": {"hog": {**hog, "intensity": intensity}},
    }).points()  # fmt: skip
    return tenants(point)


def test_what_is_done_follows_the_intensity() -> None:
    full, half, quarter, none = (hogged(each)["hog"]["operations"] for each in (1, "50 %", 0.25, 0))
    assert half == pytest.approx(full / 2, rel=0.03)
    assert quarter == pytest.approx(full / 4, rel=0.05)
    assert none == 0


def test_an_idle_program_is_well() -> None:
    assert hogged(0)["hog"]["outcome"] == "ok"


@pytest.mark.parametrize("wrong", [1.5, "120 %", "much"])
def test_an_intensity_is_a_part_of_the_time(wrong: Any) -> None:
    with pytest.raises(ScenarioError, match="intensity"):
        hogged(wrong)


# ---------------------------------------------------------------- fork bomb


@pytest.fixture(scope="module")
def bombed() -> dict[tuple[str, Any, Any], Rows]:
    """The scenario's points with the bomb at work, by stack and limit of processes."""
    points = [
        each for each in load(SCENARIOS / "fork-bomb.yaml").points() if each["axes"]["tenants.bomb.intensity"] == FULL
    ]
    limit = "tenants.bomb.limits.docker-27.pids"
    return {(point["stack"], point["axes"][limit]): tenants(point) for point in points}  # type: ignore[misc]


def test_without_a_limit_of_processes_the_neighbour_cannot_fork(bombed: Any) -> None:
    assert bombed["Docker", 1000000]["victim"]["outcome"] == "could not fork"
    assert bombed["processes", 1000000]["victim"]["outcome"] == "could not fork"


def test_with_a_limit_it_is_untouched(bombed: Any) -> None:
    """Both have processors enough: it takes as long as beside a virtual machine that does whatever it wants."""
    beside_docker, beside_kvm = bombed["Docker", 512]["victim"], bombed["KVM", 512]["victim"]
    assert beside_docker["outcome"] == beside_kvm["outcome"] == "ok"
    assert beside_docker["value"] == pytest.approx(beside_kvm["value"], rel=0.02)


def test_a_virtual_machine_never_notices(bombed: Any) -> None:
    assert bombed["KVM", 1000000]["victim"]["value"] == bombed["KVM", 512]["victim"]["value"]
    assert bombed["KVM", 512]["victim"]["outcome"] == "ok"


def test_the_bomb_takes_the_last_place() -> None:
    """500 places: groups of 1, 2, 4 ... 128 are 255 processes, 245 are left: 128, 64, 32, 16, 4, 1 after refusals."""
    (point,) = load({
        "machine": "laptop-2025", "seed": 1, "duration": "1 s",
        "stacks": {"here": {"stack": "linux-6 |", "parameters": {"linux-6": {"process_table_count": 500}}}},
        "tenants": {"bomb": {"workload": "fork-bomb"}},
    }).points()  # fmt: skip
    house = _Run(point, 0).house
    assert house.kernel(house.tops["bomb"]).layer.processes == 500  # type: ignore[attr-defined]


# ---------------------------------------------------------------- floods


@pytest.fixture(scope="module")
def flooded() -> dict[tuple[str, Any], float]:
    """The victim's time beside the flood over its time without, by stack."""
    found = shipped("packet-flood", "tenants.flooded.intensity")
    return {
        stack: found[stack, NONE]["victim"]["value"] / rows["victim"]["value"]
        for (stack, intensity), rows in found.items()
        if intensity == FULL
    }  # type: ignore[return-value]


def test_interrupts_take_from_a_container_what_no_limit_knows_of(flooded: Any) -> None:
    """One of four processors is the neighbour's limit: beyond 4/3 it is softirq work that nobody is charged for."""
    assert flooded["Docker"] > 2.5


def test_a_virtual_machine_takes_its_packets_in_its_own_time(flooded: Any) -> None:
    assert flooded["KVM"] < 0.6 * flooded["Docker"]


def test_domain_0_works_uncharged_as_well(flooded: Any) -> None:
    assert flooded["Docker"] > flooded["Xen PV"] > 1.5


@pytest.mark.parametrize("stack", ["Docker, charged", "Xen PV, charged"])
def test_charged_work_stays_within_the_limit(flooded: Any, stack: str) -> None:
    """The neighbour has one processor of four with all that is done for it: three are left, 4/3 of the time."""
    assert flooded[stack] == pytest.approx(4.0 / 3.0, rel=0.06)


# ---------------------------------------------------------------- queue depths at a disk


@pytest.fixture(scope="module")
def written() -> dict[tuple[str, Any], float]:
    """What the reader loses to small writes, by stack and its weight at the disk: times as long."""
    points = load(SCENARIOS / "small-writes.yaml").points()
    weight, intensity = "tenants.reader.disk_weight", "tenants.writer.intensity"
    found = {
        (each["stack"], each["axes"][weight], each["axes"][intensity]): tenants(each)["reader"]["value"]
        for each in points
    }
    return {(stack, by): found[stack, by, NONE] / rate for (stack, by, at), rate in found.items() if at == FULL}


def test_small_writes_from_a_container_hurt_by_the_depth_of_their_queue(written: Any) -> None:
    """One thread has one request at the disk, so that the reader has every second turn; a container has 32 there.

    The arm goes the shortest ways first, and lets nobody wait for longer than its deadline.
    """
    assert written["KVM, one thread", UNDIVIDED] == pytest.approx(2.0, rel=0.1)
    assert written["Docker", UNDIVIDED] > 4.0 * written["KVM, one thread", UNDIVIDED]


def test_it_is_the_thread_and_not_the_machine(written: Any) -> None:
    assert written["KVM, asynchronous", UNDIVIDED] == pytest.approx(written["Docker", UNDIVIDED], rel=0.1)


def test_a_disk_divided_by_weight_knows_no_depth(written: Any) -> None:
    by_weight = [loss for (_, by), loss in written.items() if by == 1]
    assert by_weight == pytest.approx([2.0] * 3, rel=0.1)


# ---------------------------------------------------------------- caches, calls, a lock of the kernel


def test_a_lock_is_the_kernels() -> None:
    """Whoever moves files waits for those who do so on the same kernel; a virtual machine's kernel has its own lock."""
    found = shipped("kernel-lock", "tenants.hog.intensity")
    loss = {stack: found[stack, NONE]["victim"]["value"] / found[stack, FULL]["victim"]["value"] for stack, _ in found}
    assert loss["processes"] > 1.5 and loss["Docker"] > 1.5
    assert loss["KVM"] == pytest.approx(1.0, abs=0.02)


def test_who_is_stopped_gives_the_lock_back() -> None:
    (point,) = load({
        "machine": "laptop-2025", "stacks": {"here": "linux-6 |"}, "seed": 1,
        "tenants": {
            "victim": {"workload": "mail-delivery", "parameters": {"files_count": 100}},
            "hog": {"workload": "lock-hog", "stop": "1 ms"},
        },
    }).points()  # fmt: skip
    assert tenants(point)["victim"]["outcome"] == "ok"


def beside(victim: dict[str, Any], *bullies: str) -> dict[str, float]:
    """A victim's value beside each of some neighbours, as processes of one kernel."""
    points = load({
        "machine": "laptop-2025", "stacks": {"here": "linux-6 |"}, "seed": 1,
        "tenants": {"victim": victim, "bully": {"workload": list(bullies)}},
    }).points()  # fmt: skip
    return {each["tenants"]["bully"]["workload"]: tenants(each)["victim"]["value"] for each in points}


def test_a_cache_thrasher_takes_the_cache_and_leaves_the_bandwidth() -> None:
    table = {"name": "random-access", "parameters": {"table_bytes": "12 MiB", "groups_count": 60}}
    small = beside({"workload": table}, "idle", "cache-thrasher", "memory-hog")
    rows = beside({"workload": "stream"}, "idle", "cache-thrasher", "memory-hog")
    assert small["cache-thrasher"] < 0.6 * small["idle"]
    assert rows["cache-thrasher"] == pytest.approx(rows["idle"], rel=0.02)
    assert rows["memory-hog"] < 0.8 * rows["idle"]


def test_storms_cost_their_neighbours_processors() -> None:
    """Four threads that never leave the kernel are four beside eight on eight processors; sleepers take what they use.

    Eight of twelve threads have eight processors: 2/3. Timers and wake-ups take a tenth, for most of the time both
    threads of a pair sleep.
    """
    eight = {"workload": {"name": "linpack", "parameters": {"blocks_count": 24, "threads_count": 8}}}
    found = beside(eight, "idle", "call-storm", "interrupt-storm")
    assert found["call-storm"] == pytest.approx(found["idle"] * 2.0 / 3.0, rel=0.03)
    assert 0.85 * found["idle"] < found["interrupt-storm"] < 0.99 * found["idle"]
