"""Proportional share of VMware ESX: smallest virtual time first, a quantum at a time, virtual processors side by side.

Virtual time is service over entitlement: the shares' part of the processors, but no less than the reservation.
Relaxed co-scheduling: every ``check_s`` a virtual processor whose service since its guest's siblings became runnable
leads that of the slowest by more than ``skew_s`` is stopped, until that one has caught up. Who wakes preempts whoever
leads it by more than ``lead_s`` of virtual time (a world that becomes ready with a higher priority preempts: VMware's
paper on the scheduler of vSphere 5.1, recalled); of what it left unused while it slept it keeps one quantum at most
(assumed).

Parameters: ``quantum_s`` 50 ms (VMkernel quantum, typically realised as 10-20 ms: vSphere High Performance Cookbook);
``skew_s`` 3 ms (assumed), 0: siblings are independent; ``check_s`` and ``lead_s`` 1 ms (assumed). Honours weight, cap
(``limit``) and reservation (proportional share with reservation and limit, and co-stop of those that run ahead beyond a
skew bound: virtualization.info 2013-01-28).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing._water import water_level
from simulator.sharing.policies._base import FINE, Fair, reached
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler


class Esx(Fair):
    """Proportional share with reservation, limit and relaxed co-scheduling."""

    DEFAULTS = {"quantum_s": 0.05, "skew_s": 0.003, "check_s": 0.001, "lead_s": 0.001}
    HONOURS = frozenset({"weight", "cap", "reservation"})

    def prepare(self) -> None:
        """What each guest's virtual processors had when they last were even."""
        self.quantum_ns, self.skew_ns = self.time_ns("quantum_s"), self.time_ns("skew_s")
        self._even: dict[Share, dict[Entity, int]] = {}

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """One quantum for all."""
        return self.quantum_ns

    def placed_after_sleep(self, queue: RunQueue, entity: Entity) -> int:
        """It consumed less than its entitlement, but no more than a quantum of that counts."""
        return queue.floor - int(self.quantum_ns * FINE / self.weight(entity))

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Behind by more than the lead that is allowed."""
        return reached(queue, current) - entity.tag > self.time_ns("lead_s") * FINE / self.weight(entity)

    # ---- entitlement

    def assign(self, queue: RunQueue) -> None:
        """Entitlements first, where they are to parts of one processor; tags grow by service over them."""
        if queue.processor is not None:
            self.entitle(queue.entities, [1.0] * len(queue.entities), 1.0)
        super().assign(queue)

    def weight(self, entity: Entity) -> float:
        """Its entitlement, where anybody has a reservation."""
        return entity.weight if entity.data is None else float(entity.data)

    def entitle(self, entities: Sequence[Entity], widths: Sequence[float], processors: float) -> None:
        """Weighted parts of the processors, none below its reservation; too large reservations shrink alike."""
        reserved = any(entity.share.reservation for entity in entities)
        for entity in entities:
            entity.data = None
        if not reserved or sum(widths) <= processors:
            return
        floors = [min(self._reserved(e), width) for e, width in zip(entities, widths, strict=True)]
        scale = min(1.0, processors / sum(floors))
        parts = [(e.weight, floor * scale, width) for e, floor, width in zip(entities, floors, widths, strict=True)]
        level = water_level(parts, processors)
        for entity, (weight, floor, width) in zip(entities, parts, strict=True):
            entity.data = max(1e-9, min(width, max(floor, weight * level)))

    def _reserved(self, entity: Entity) -> float:
        """Processors that are reserved for an entity: its part of its share's reservation."""
        share = entity.share
        return share.reservation / self.unit_rate * min(1.0, entity.weight / share.weight)

    # ---- co-scheduling

    def tick_s(self) -> float:
        """How often progress is looked at."""
        return self.parameters["check_s"] if self.skew_ns and self.processors > 1 else 0.0

    def ticks(self, scheduler: Scheduler) -> bool:
        """Only where a guest has several virtual processors, and somebody waits or is stopped."""
        guests = [entity for _, entities in scheduler.guests() for entity in entities]
        return bool(guests) and (scheduler.contended() or any(entity.held for entity in guests))

    def tick(self, scheduler: Scheduler) -> None:
        """Stop those that lead by too much, let go on those that do not any more."""
        for share, entities in scheduler.guests():
            self._keep_together(scheduler, share, [e for e in entities if e.inner is not None and e.inner.entities])

    def _keep_together(self, scheduler: Scheduler, share: Share, entities: list[Entity]) -> None:
        even = self._even.get(share, {})
        if set(even) != set(entities):  # a sibling came or went: all are even now
            even = self._even[share] = {entity: entity.served_ns for entity in entities}
        progress = {entity: entity.served_ns - even[entity] for entity in entities}
        slowest = min(progress.values(), default=0)
        for entity, had_ns in progress.items():
            leads = had_ns - slowest > self.skew_ns
            if entity.held in ("", "stopped") and leads != (entity.held == "stopped"):
                entity.held = "stopped" if leads else ""
                scheduler.refresh(entity)


POLICY = Esx
