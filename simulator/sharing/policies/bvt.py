"""Borrowed virtual time: the least effective virtual time runs, until another is behind it by the switch allowance.

Effective virtual time is service over weight, minus the warp of an entity that has just woken and has not yet run
longer than the warp limit since (Duda and Cheriton, SOSP 1999; Xen's first schedulers). Parameters: ``mcu_s`` 0.1 ms,
the unit in which slices are counted, and ``allowance_s`` 5 ms (Xen 2 and 3.0 sched_bvt.c; recalled); ``warp_s`` 0, by
how much virtual time is borrowed, and ``warp_limit_s`` 1 ms. Honours weight and cap; a reservation is not known.
"""

from __future__ import annotations

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import FINE, Fair


class Bvt(Fair):
    """``data`` is the service that an entity may still have with borrowed time."""

    DEFAULTS = {"mcu_s": 0.0001, "allowance_s": 0.005, "warp_s": 0.0, "warp_limit_s": 0.001}
    CLOSED = False

    def prepare(self) -> None:
        """In nanoseconds."""
        self.unit_ns, self.allowance_ns = max(1, self.time_ns("mcu_s")), self.time_ns("allowance_s")
        self.warp_ns, self.warp_limit_ns = self.time_ns("warp_s"), self.time_ns("warp_limit_s")

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """At least the allowance."""
        return self.allowance_ns

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Not before the present virtual time; who wakes borrows."""
        super().place(queue, entity, woken)
        if woken:
            entity.data = self.warp_limit_ns if self.warp_ns else 0

    def pick(self, queue: RunQueue) -> Entity | None:
        """Least effective virtual time."""
        return min(queue.entities, key=lambda entity: (self._effective(entity), entity.rank), default=None)

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """Until it leads the next one by the allowance, in whole units; not beyond what it may borrow."""
        others = [self._effective(other) for other in queue.entities if other is not entity]
        lead_ns = int((min(others) - self._effective(entity)) * entity.weight / FINE) if others else 0
        units = max(1, -(-(lead_ns + self.allowance_ns) // self.unit_ns))
        return min(units * self.unit_ns, entity.data or units * self.unit_ns)

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Actual virtual time goes on as if nothing had been borrowed."""
        entity.tag += int(ran_ns * FINE / entity.weight)
        entity.data = max(0, (entity.data or 0) - ran_ns)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """The same for whole slices."""
        self.charge(queue, entity, slices * entity.slice_ns)

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """The same in a pool."""
        self.charge(queue, entity, ran_ns)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Less effective virtual time."""
        return self._effective(entity) < self._effective(current)

    def _effective(self, entity: Entity) -> int:
        return entity.tag - (int(self.warp_ns * FINE / entity.weight) if entity.data else 0)


POLICY = Bvt
