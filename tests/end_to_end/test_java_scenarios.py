"""What the scenarios about Java virtual machines claim: threads on carriers, and programs that share a process."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
ATTACKS = {
    "java-allocation-storm": "did not finish",
    "java-cpu-hog": "did not finish",
    "java-exit": "ended with bully: it called exit",
    "java-leak": "out of memory: Java heap space",
    "java-lock-keeper": "did not respond",
    "java-memory-bomb": "ended with bully: killed",
    "java-thread-bomb": "did not finish",
}
"""Hostile programs, and how the server beside one ends in the same virtual machine."""
Rows = list[dict[str, Any]]


@cache
def points(scenario: str) -> list[dict[str, Any]]:
    return list(load(SCENARIOS / f"{scenario}.yaml").points())


def tenant(point: dict[str, Any]) -> dict[str, Any]:
    """The row of the first tenant of a point, run once."""
    row: dict[str, Any] = dict(zip(names("tenants"), run_point(point, 0)["tables"]["tenants"][0], strict=True))
    return row


# ---------------------------------------------------------------- threads-of-java, ten-thousand-threads


@cache
def server(stack: str, processors: int) -> dict[str, Any]:
    """The server with a hundred threads."""
    found = (point for point in points("threads-of-java") if point["stack"] == stack)
    return tenant(next(each for each in found if each["tenants"]["server"]["vcpus"] == processors))


def test_green_threads_use_one_of_four_processors_and_virtual_ones_all() -> None:
    system, green, virtual = (server(kind, 4) for kind in ("system", "green", "virtual"))
    assert virtual["value"] == pytest.approx(system["value"], rel=0.1)
    assert green["value"] < 0.8 * system["value"]
    assert green["latency_p50_s"] > 10.0 * system["latency_p50_s"]


def test_on_one_busy_processor_whole_requests_in_turn_end_in_less_time_at_worst() -> None:
    """Nothing takes a carrier away; the system divides its processor among a hundred requests at once."""
    system, virtual = server("system", 1), server("virtual", 1)
    assert virtual["latency_p99_s"] < 0.8 * system["latency_p99_s"]


def test_a_small_container_has_room_for_ten_thousand_virtual_threads_only() -> None:
    """The same with a quarter of the threads and of the memory."""
    outcomes = {}
    for kind in ("system", "virtual"):
        stack = f"linux-6 | docker-27 / hotspot-21(threads={kind})"
        workload = {"name": "java-waiting-threads", "parameters": {"threads": 2500}}
        (point,) = load({
            "machine": "laptop-2025", "stacks": {kind: stack},
            "tenants": {"server": {"workload": workload, "memory": "128 MiB", "vcpus": 4}},
        }).points()  # fmt: skip
        outcomes[kind] = tenant(point)["outcome"]
    assert outcomes["virtual"] == "ok"
    assert outcomes["system"].startswith("killed: by the out-of-memory killer of")


# ---------------------------------------------------------------- one-virtual-machine-or-many


@cache
def attacked(stack: str, workload: str) -> dict[str, Any]:
    """The server beside a neighbour."""
    found = (point for point in points("one-virtual-machine-or-many") if point["stack"] == stack)
    return tenant(next(each for each in found if each["tenants"]["bully"]["workload"] == workload))


@pytest.mark.parametrize("attack", ATTACKS)
def test_in_one_virtual_machine_every_attack_hits_its_neighbour(attack: str) -> None:
    """It ends, answers far less, or answers later."""
    alone, hit = attacked("one for all", "java-idle"), attacked("one for all", attack)
    assert hit["outcome"].startswith(ATTACKS[attack])
    ended = hit["outcome"] != "did not finish"
    slower = not hit["operations"] or hit["latency_mean_s"] > 1.15 * alone["latency_mean_s"]
    assert ended or slower


def test_what_runs_in_the_same_process_stops_for_good_on_the_lock_of_a_shared_class() -> None:
    assert attacked("one for all", "java-lock-keeper")["operations"] == 0


def test_threads_without_end_and_a_leak_leave_next_to_nothing() -> None:
    alone = attacked("one for all", "java-idle")["operations"]
    assert attacked("one for all", "java-thread-bomb")["operations"] < 0.1 * alone
    assert attacked("one for all", "java-leak")["operations"] < 0.5 * alone


@pytest.mark.parametrize(
    "attack", ["java-allocation-storm", "java-exit", "java-leak", "java-lock-keeper", "java-thread-bomb"]
)
def test_in_a_virtual_machine_each_none_does(attack: str) -> None:
    alone, beside = attacked("one each", "java-idle"), attacked("one each", attack)
    assert beside["outcome"] == "did not finish"
    assert beside["operations"] == pytest.approx(alone["operations"], rel=0.05)
    assert beside["latency_mean_s"] == pytest.approx(alone["latency_mean_s"], rel=0.05)


def test_a_container_each_keeps_memory_beside_the_heap_apart() -> None:
    alone, beside = (attacked("a container each", name) for name in ("java-idle", "java-memory-bomb"))
    assert (beside["outcome"], beside["operations"]) == ("did not finish", pytest.approx(alone["operations"], rel=0.05))


# ---------------------------------------------------------------- why-does-the-window-freeze


@cache
def editor(stack: str, processors: int, background: float) -> dict[str, Any]:
    found = [point for point in points("why-does-the-window-freeze") if point["stack"] == stack]
    found = [point for point in found if point["tenants"]["editor"]["vcpus"] == processors]
    return tenant(next(p for p in found if p["tenants"]["editor"]["parameters"]["background_ratio"] == background))


@pytest.mark.parametrize("processors", [1, 2])
def test_work_in_another_thread_keeps_the_window_alive_unless_threads_are_green(processors: int) -> None:
    """The mean time of an event falls to less than half; of green threads it hardly changes."""
    system, green = (
        [editor(kind, processors, background)["value"] for background in (0.0, 1.0)] for kind in ("system", "green")
    )
    assert system[1] < 0.5 * system[0]
    assert green[1] > 0.8 * green[0]


# ---------------------------------------------------------------- heap-against-memory


@pytest.mark.parametrize(("stack", "swapped"), [("without swap", False), ("with swap", True)])
def test_a_heap_far_larger_than_its_container_is_killed_sooner_or_later(stack: str, swapped: bool) -> None:
    """With swap the young part comes from the disk again and again before that. Both ledgers close, killed or not."""
    wanted = {"stack": stack, "tenants.app.limits.hotspot-21.heap": "480 MiB"}
    (point,) = (each for each in points("heap-against-memory") if each["axes"] == wanted)
    tables = run_point(point, 0)["tables"]
    row = dict(zip(names("tenants"), tables["tenants"][0], strict=True))
    assert row["outcome"].startswith("killed")
    mechanisms = {charge[names("charges").index("mechanism")] for charge in tables["charges"]}
    assert ("swap_in" in mechanisms) is swapped
    assert (row["operations"] > 0) is swapped
