"""A kernel's own locks, taken in turn by whoever has it set something up, and the grace periods waited for under them.

A change that readers must learn of first waits for a grace period: until every processor has passed a point at which it
reads nothing. As Linux has it (``rcu_sync``, behind the lock that moves a process between control groups), that is paid
by the first only. Until a grace period after the last change has ended, readers stay on their slow path, and changes
that come by then wait for nothing: the callback that would end the slow path is started again for each of them, once
the one that is under way has come. So changes that come closely one after the other share one grace period, and a
change that comes alone pays a whole one. Pure: the time is told.

References: linuxrcusync.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator import demands as d
from simulator.steps import Later, Signal, Step, Wait


class GracePeriods:
    """Whether a kernel's readers are on their slow path.

    Attributes:
        idle_s: the moment from which they are on their fast path again, if nobody changes anything by then.
    """

    def __init__(self) -> None:
        self.idle_s = float("-inf")

    def enter(self, period_s: float, now_s: float) -> float:
        """Somebody changes something now, in no time beside what is waited; returns how long he has to wait first."""
        wait_s = period_s if now_s >= self.idle_s else 0.0
        done_s = now_s + wait_s
        if done_s >= self.idle_s:
            self.idle_s = done_s + period_s
        elif self.idle_s - done_s <= period_s:  # one callback is under way: another one follows it
            self.idle_s += period_s
        return wait_s


class Turns:
    """The locks of one kernel.

    Args:
        path: of the kernel's node.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._periods: dict[str, GracePeriods] = {}

    def take(self, demand: d.TakeTurn) -> Iterable[Step]:
        """First come, first served; then the grace period, if it is one's own to wait for."""
        yield Wait("turn", self._name(demand.what))
        if demand.period_s:
            yield Later(lambda now_s: self._waits(demand, now_s), "the grace period, for the first in a while")

    def give_back(self, demand: d.PassTurn) -> Iterable[Step]:
        """The next goes on."""
        return (Signal("turn", self._name(demand.what)),)

    def _waits(self, demand: d.TakeTurn, now_s: float) -> Iterable[Step]:
        wait_s = self._periods.setdefault(demand.what, GracePeriods()).enter(demand.period_s, now_s)
        return (Wait("time", time_s=wait_s),) if wait_s else ()

    def _name(self, what: str) -> str:
        return f"{what} of {self._path}"
