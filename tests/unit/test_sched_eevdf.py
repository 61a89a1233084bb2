"""EEVDF with the timer's ticks: who waits for one, and who does not, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import simpy

from simulator.sharing._trace import Trace
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share

SLICE_S, TICK_S = 0.0014, 0.004
RULES = {"base_slice_s": SLICE_S, "timer_tick_s": TICK_S}


def waits_s(hogs: int, dues_s: list[float], work_s: float = 0.001, **rules: Any) -> list[float]:
    """What a thread with a little work, woken at given moments, waits beside hogs of its own kind."""
    device = Quantum(simpy.Environment(), 1.0, 1.0, scheduling=Scheduling("eevdf", RULES))
    for number in range(hogs):
        device.submit(Share(f"hog {number}", device.root), 1e3, lambda _: None)
    environment, sleeper, found = device.environment, Share("sleeper", device.root, **rules), []

    def program() -> Any:
        for due_s in dues_s:
            yield environment.timeout(due_s - environment.now)
            done = environment.event()
            device.submit(sleeper, work_s, lambda _, done=done: done.succeed())
            yield done
            found.append(environment.now - due_s - work_s)

    environment.run(until=environment.process(program()))
    return found


@pytest.mark.parametrize(
    ("in_tick_s", "waited_s"),
    [(0.0005, 0.0035), (0.0013, 0.0027), (0.0015, 0.0), (0.0039, 0.0)],
    ids=["just after a tick", "just within a slice", "just beyond a slice", "at the end"],
)
def test_a_wake_within_a_slice_after_a_tick_waits_for_the_next(in_tick_s: float, waited_s: float) -> None:
    """At the tick the hog began a slice of 1.4 ms: until that is over its deadline is the earlier one."""
    assert waits_s(1, [0.1 + in_tick_s]) == pytest.approx([waited_s], abs=2e-9)


def test_who_is_ahead_waits_although_it_wakes_late_in_the_tick() -> None:
    """It had 1 ms beside one hog, so it is half of that ahead of the average; the hog has to have as much first."""
    first, second = waits_s(1, [0.1015, 0.1015 + 0.001 + 0.0002])
    assert first == pytest.approx(0.0, abs=2e-9)
    assert second > 0.0005


def test_turns_end_at_ticks() -> None:
    """Two hogs with slices of 1.4 ms change places every 4 ms."""
    trace = Trace()
    device = Quantum(simpy.Environment(), 1.0, 1.0, scheduling=Scheduling("eevdf", RULES), trace=trace)
    for name in "ab":
        device.submit(Share(name, device.root), 1.0, lambda _: None)
    device.environment.run(until=0.1)
    begins = [begin for _, _, _, begin, _ in trace]
    assert begins == pytest.approx([TICK_S * number for number in range(len(begins))])
    assert len(begins) >= 24


@pytest.mark.parametrize("weights", [(1.0, 0.3), (1.0, 0.7), (3.0, 7.0)])
def test_no_turn_is_what_rounding_leaves_of_a_slice(weights: tuple[float, float]) -> None:
    """Slices of 0.7 ms by virtual deadlines, which are whole numbers whatever the weight: every turn is a slice."""
    trace = Trace()
    device = Quantum(simpy.Environment(), 1.0, 1.0, scheduling=Scheduling("eevdf"), trace=trace)
    for number, weight in enumerate(weights):
        device.submit(Share(str(number), device.root, weight=weight), 1.0, lambda _: None)
    device.environment.run(until=0.1)
    assert min(end - begin for _, _, _, begin, end in trace[:-1]) == pytest.approx(0.0007, abs=2e-9)


def test_a_pinned_thread_wakes_no_processor_that_it_may_not_use() -> None:
    device = Quantum(simpy.Environment(), 2.0, 1.0, scheduling=Scheduling("eevdf", RULES))
    device.submit(Share("hog", device.root, cpus=frozenset({0})), 1.0, lambda _: None)
    pinned, free = Share("pinned", device.root, cpus=frozenset({0})), Share("free", device.root)
    device.environment.run(until=0.01)
    assert not device.finds_idle(pinned)
    assert device.finds_idle(free)
