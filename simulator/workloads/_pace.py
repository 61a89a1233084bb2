"""How hard a program goes at it: its threads pause for a part of the time, whatever they do.

A thread of intensity i that was at work for some ten milliseconds pauses for (1 - i) / i times as long as it was. Time
in which it slept by itself, or waited for another thread, is no work; a pause never falls where it holds a lock, so
that nobody waits for one. Pauses are sleeps like any other: the kernel is asked for them. What a program has left to
itself (child processes that go on computing) does not pause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simulator.demands import Demand, Fetch, Lock, Sleep, Unlock
from simulator.workloads.base import Demands

SLOT_S = 0.01
"""How long a thread is at work before it pauses, at least."""
_IDLE = (Sleep, Fetch)


def paced(demands: Iterable[Demand], intensity: float, now: Callable[[], float]) -> Demands:
    """The same demands with pauses between them.

    Args:
        demands: of one thread.
        intensity: part of the time that it is at work, more than 0; with 1 it never pauses.
        now: simulated time in seconds.
    """
    worked_s, locks = 0.0, 0
    for demand in demands:
        if worked_s >= SLOT_S and not locks:
            yield Sleep(worked_s * (1.0 - intensity) / intensity)
            worked_s = 0.0
        begun_s = now()
        yield demand
        locks += isinstance(demand, Lock) - isinstance(demand, Unlock)
        worked_s += 0.0 if isinstance(demand, _IDLE) else now() - begun_s
