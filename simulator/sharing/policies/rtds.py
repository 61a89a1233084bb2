"""Xen's RTDS: a budget in every period for each share, earliest deadline first; nothing beyond the budget.

The deadline is the end of the present period, when the budget is filled up again. A share with a reservation has that
part of its own period; another one the default. A cap below the budget bounds it.

Parameters (xen/common/sched/rt.c): ``period_s`` 10 ms, ``budget_s`` 4 ms for each virtual processor. Honours cap and
reservation; weights are not known, and a processor may idle while somebody without budget waits.
"""

from __future__ import annotations

from math import ceil

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import UNLIMITED_NS, Policy, nanoseconds
from simulator.sharing.tree import INFINITE, Share


class EarliestDeadline(Policy):
    """Who runs on a budget that is filled up first comes first; nothing but budgets ends a turn."""

    CLOSED = False

    def assign(self, queue: RunQueue) -> None:
        """No slices."""
        for entity in queue.entities:
            entity.slice_ns = UNLIMITED_NS

    def deadline(self, entity: Entity) -> int:
        """When its budget is filled up again."""
        return min((grant.budget.next_ns for grant in entity.grants), default=UNLIMITED_NS)

    def pick(self, queue: RunQueue) -> Entity | None:
        """Earliest deadline."""
        return min(queue.entities, key=lambda entity: (self.deadline(entity), entity.rank), default=None)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """An earlier deadline."""
        return self.deadline(entity) < self.deadline(current)

    def refilled(self, entity: Entity) -> bool:
        """Its deadline is another now."""
        return True


class Rtds(EarliestDeadline):
    """Budgets and deadlines."""

    DEFAULTS = {"period_s": 0.01, "budget_s": 0.004}
    HONOURS = frozenset({"cap", "reservation"})

    def budget(self, share: Share, unit_rate: float) -> tuple[int, int, int] | None:
        """The reservation of the share's period, or the default for each of its processors; no more than its cap."""
        period_s, processors = self.parameters["period_s"], self.parameters["budget_s"] / self.parameters["period_s"]
        if share.reservation > 0.0:
            period_s, processors = share.period_s, share.reservation / unit_rate
        elif share.width < INFINITE:
            processors *= share.width
        processors = min(processors, share.cap / unit_rate)
        return nanoseconds(processors * period_s), nanoseconds(period_s), 0

    def portion_ns(self, share: Share, quota_ns: int) -> int:
        """Every virtual processor has a budget of its own."""
        return -(-quota_ns // (ceil(share.width) if share.width < INFINITE else 1))


POLICY = Rtds
