"""Xen's SEDF: a guaranteed slice in every period by earliest deadline, and what is left over as extra time in turns.

The guarantee is the share's reservation of its period; whoever has used it up, or has none, gets extra time after all
that have not, one quantum after another. Parameters: ``extra_time`` 1 (0: a share has its guarantee and no more),
``quantum_s`` 0.5 ms, the turn of extra time (Xen 3 sched_sedf.c, EXTRA_QUANTUM; recalled). Honours reservation; weights
and caps are not known: without extra time the reservation is the most that a share gets.
"""

from __future__ import annotations

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import UNLIMITED_NS, nanoseconds
from simulator.sharing.policies.rtds import EarliestDeadline
from simulator.sharing.tree import Share


class Sedf(EarliestDeadline):
    """Deadlines first, then the line of extra time; ``tag`` is the place in it."""

    DEFAULTS = {"extra_time": 1.0, "quantum_s": 0.0005}
    HONOURS = frozenset({"reservation"})

    def budget(self, share: Share, unit_rate: float) -> tuple[int, int, int] | None:
        """The reservation of the share's period."""
        return nanoseconds(share.reservation / unit_rate * share.period_s), nanoseconds(share.period_s), 0

    def exhausted(self, entity: Entity) -> bool:
        """It goes on with extra time."""
        return bool(self.parameters["extra_time"])

    def deadline(self, entity: Entity) -> int:
        """None for those on extra time."""
        return UNLIMITED_NS if any(grant.lent for grant in entity.grants) else super().deadline(entity)

    def pick(self, queue: RunQueue) -> Entity | None:
        """Earliest deadline, then first in line."""
        return min(queue.entities, key=lambda entity: (self.deadline(entity), entity.tag, entity.rank), default=None)

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """At the end of the line."""
        entity.tag = 1 + max((other.tag for other in queue.entities), default=0)

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """A quantum of extra time; a guarantee as long as it lasts."""
        return self.time_ns("quantum_s") if self.deadline(entity) == UNLIMITED_NS else UNLIMITED_NS

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """To the end of the line."""
        self.place(queue, entity, False)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """Alone it stands at the end anyway."""


POLICY = Sedf
