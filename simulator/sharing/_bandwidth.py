"""Bandwidth control: a share may run so long in every period, on all its processors together.

As Linux does it for cgroups (Documentation/scheduler/sched-bwc.rst): the budget is refilled at multiples of the
period and handed out to processors in portions; who finds it empty is throttled until the refill. What is unused may
be carried over up to ``burst_ns``. LAWS: a thread alone with work x ends after
``(ceil(x/Q) - 1) P + x - (ceil(x/Q) - 1) Q``.
"""

from __future__ import annotations

from typing import ClassVar

from simulator.sharing._rotation import NEVER, Entity


class Grant:
    """What a budget has handed to one entity."""

    __slots__ = ("budget", "entity", "left_ns", "lent")

    def __init__(self, budget: Budget, entity: Entity) -> None:
        self.budget, self.entity, self.left_ns = budget, entity, 0
        self.lent = False
        """Whether it has nothing left and runs on nevertheless, until the refill."""

    def lend(self) -> None:
        """Go on without a budget."""
        self.lent, self.left_ns = True, NEVER

    def take_back(self) -> int:
        """Nothing is left to it; returns what was."""
        left_ns = 0 if self.lent else self.left_ns
        self.lent, self.left_ns = False, 0
        return left_ns


class Budget:
    """The time that one share may use in the present period.

    Args:
        quota_ns: per period.
        period_ns: refilled at its multiples.
        burst_ns: what may be carried over.
        portion_ns: handed out at a time.
        now_ns: the present.
    """

    order: ClassVar[int] = 0
    """Among what is due at one instant: budgets are refilled first, processors come last."""

    __slots__ = ("burst_ns", "due_ns", "grants", "next_ns", "period_ns", "pool_ns", "portion_ns", "quota_ns")

    def __init__(self, quota_ns: int, period_ns: int, burst_ns: int, portion_ns: int, now_ns: int) -> None:
        self.quota_ns, self.period_ns, self.burst_ns, self.portion_ns = quota_ns, period_ns, burst_ns, portion_ns
        self.pool_ns = quota_ns
        self.grants: list[Grant] = []
        self.due_ns = NEVER
        """When it is refilled next; never while nobody wants it."""
        self.next_ns = self._after(now_ns)
        """When the present period ends."""

    def wanted(self) -> bool:
        """Whether anybody runs on it, or waits for it."""
        return any(grant.entity.queued or grant.entity.held == "throttled" for grant in self.grants)

    def begin(self, now_ns: int) -> None:
        """Somebody wants it again: catch up with the refills since then."""
        if now_ns >= self.next_ns:
            self.refill(now_ns)

    def unused_ns(self) -> int:
        """What is left of this period's budget, with what has been handed out."""
        return self.pool_ns + sum(grant.left_ns for grant in self.grants if not grant.lent)

    def refill(self, now_ns: int) -> None:
        """A new period, or several: what was handed out and not used is taken back."""
        periods = 1 + (now_ns - self.next_ns) // self.period_ns
        for _ in range(min(periods, 2 + self.burst_ns // max(1, self.quota_ns))):
            carried_ns = min(self.burst_ns, self.unused_ns())
            for grant in self.grants:
                grant.take_back()
            self.pool_ns = self.quota_ns + carried_ns
        self.next_ns = self._after(now_ns)

    def request(self, grant: Grant) -> bool:
        """Another portion for an entity; False if there is nothing left."""
        part_ns = min(self.portion_ns, self.pool_ns)
        self.pool_ns -= part_ns
        grant.left_ns += part_ns
        return grant.left_ns > 0

    def give_back(self, grant: Grant) -> None:
        """An entity does not need its portion any more."""
        self.pool_ns += grant.take_back()

    def _after(self, now_ns: int) -> int:
        return (now_ns // self.period_ns + 1) * self.period_ns
