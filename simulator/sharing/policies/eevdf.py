"""EEVDF, the scheduler of Linux since 6.6: of those that are eligible, the earliest virtual deadline.

Virtual time V is the average virtual run time by weight; an entity is eligible while its own is not ahead of V. Its
deadline is one slice of its own beyond where its last one ended. Who leaves keeps its lag (V minus its own), bounded
by two slices, and comes back with it.

Parameters: ``base_slice_s`` 0.70 ms (0.75 ms at first), times ``1 + floor(log2 processors)`` up to 8 processors
(kernel patches; Linux kernel/sched/fair.c); ``run_to_parity`` 1: a slice is not cut short by those that wake (the
kernel's default feature; recalled), 0: it is, by an eligible entity with an earlier deadline; ``scaling``;
``balance_s`` 64 ms (recalled). Honours weight and cap; a reservation is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import FINE, Fair

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler


class Request:
    """What an entity wants next: the virtual deadline of its slice, and the lag that it left with."""

    __slots__ = ("deadline", "lag")

    def __init__(self) -> None:
        self.deadline = self.lag = 0


class Eevdf(Fair):
    """``tag`` is the virtual run time, ``data`` the request."""

    DEFAULTS = {"base_slice_s": 0.0007, "run_to_parity": 1.0, "scaling": 1.0, "balance_s": 0.064}
    CLOSED = False

    def prepare(self) -> None:
        """Scale with the number of processors, as Linux does at boot."""
        scale = min(8, self.processors).bit_length() if self.parameters["scaling"] else 1
        self.base_ns = self.time_ns("base_slice_s") * scale

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """One base slice."""
        return self.base_ns

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Where its lag puts it beside those that are there."""
        queue.charge_turn()
        request = entity.data = entity.data or Request()
        lag, request.lag = request.lag, 0
        if queue.entities:
            weight = sum(other.weight for other in queue.entities)
            lag = int(lag * (weight + entity.weight) / weight)  # its coming moves the average
        entity.tag = self._average(queue) - lag
        request.deadline = entity.tag + self._slice(entity)

    def leave(self, queue: RunQueue, entity: Entity) -> None:
        """Keep the lag."""
        weight = sum(other.weight for other in queue.entities) + entity.weight
        total = sum(other.tag * other.weight for other in queue.entities) + entity.tag * entity.weight
        bound = 2 * self._slice(entity)
        queue.floor = max(queue.floor, int(total / weight))
        entity.data.lag = max(-bound, min(bound, int(total / weight) - entity.tag))

    def pick(self, queue: RunQueue) -> Entity | None:
        """Earliest deadline of the eligible."""
        if len(queue.entities) == 1:
            return queue.entities[0]
        average = self._average(queue)
        eligible = [entity for entity in queue.entities if entity.tag <= average] or queue.entities
        return min(eligible, key=lambda entity: (entity.data.deadline, entity.rank), default=None)

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """Up to its deadline."""
        return max(1, min(self.base_ns, int((entity.data.deadline - entity.tag) * entity.weight / FINE)))

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Virtual run time; a deadline that is reached moves on by a slice."""
        entity.tag += int(ran_ns * FINE / entity.weight)
        self._renew(entity)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """The same for whole slices."""
        self.charge(queue, entity, slices * entity.slice_ns)

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """The same in a pool."""
        self.charge(queue, entity, ran_ns)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Only where slices may be cut short."""
        if self.parameters["run_to_parity"]:
            return False
        return entity.tag <= self._average(queue) and entity.data.deadline < current.data.deadline

    def tick_s(self) -> float:
        """Balancing."""
        return self.parameters["balance_s"] if self.processors > 1 else 0.0

    def tick(self, scheduler: Scheduler) -> None:
        """Move a waiting entity from the most to the least loaded processor if that evens them out."""
        scheduler.balance()

    def _renew(self, entity: Entity) -> None:
        if entity.data is not None and entity.tag + FINE >= entity.data.deadline:
            entity.data.deadline = entity.tag + self._slice(entity)

    def _slice(self, entity: Entity) -> int:
        return max(1, int(self.base_ns * FINE / entity.weight))

    def _average(self, queue: RunQueue) -> int:
        if not queue.entities:
            return queue.floor
        weight = sum(entity.weight for entity in queue.entities)
        base = queue.entities[0].tag
        return base + int(sum((entity.tag - base) * entity.weight for entity in queue.entities) / weight)


POLICY = Eevdf
