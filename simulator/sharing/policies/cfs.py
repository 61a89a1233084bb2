"""CFS, the scheduler of Linux 2.6.23 to 6.5: smallest virtual run time first.

Every runnable entity runs once in a period, ``max(latency, number * minimum granularity)``, for its weight's part of
it. A woken entity is placed at the least virtual run time minus half a latency, and preempts whoever runs if it is
behind by more than the wake-up granularity. Tags are virtual run time; latency and granularity that compare with
it are scaled by the weight of the entity that wakes.

Parameters (Linux kernel/sched/fair.c, 4.x-6.5; figures for one processor, times ``1 + floor(log2 processors)`` up to
8 processors unless ``scaling`` is 0): ``latency_s`` 6 ms, ``minimum_granularity_s`` 0.75 ms,
``wakeup_granularity_s`` 1 ms; ``gentle_sleepers`` 0 places sleepers without the bonus. ``balance_s``: how often
processors are balanced besides when one becomes idle, 64 ms (recalled: 2 ms to 64 ms by load and domain). Honours
weight and cap; a reservation is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import FINE, Fair, reached

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler


class Cfs(Fair):
    """Completely fair scheduler."""

    DEFAULTS = {
        "latency_s": 0.006,
        "minimum_granularity_s": 0.00075,
        "wakeup_granularity_s": 0.001,
        "gentle_sleepers": 1.0,
        "balance_s": 0.064,
        "scaling": 1.0,
    }

    def prepare(self) -> None:
        """Scale with the number of processors, as Linux does at boot."""
        scale = min(8, self.processors).bit_length() if self.parameters["scaling"] else 1
        self.latency_ns = self.time_ns("latency_s") * scale
        self.granularity_ns = self.time_ns("minimum_granularity_s") * scale
        self.wakeup_ns = self.time_ns("wakeup_granularity_s") * scale

    def assign(self, queue: RunQueue) -> None:
        """The weight's part of a period: all tags grow alike, except where a slice has the minimum length."""
        entities = queue.entities
        period_ns = max(self.latency_ns, len(entities) * self.granularity_ns)
        total = sum(entity.weight for entity in entities)
        for entity in entities:
            entity.slice_ns = int(period_ns * entity.weight / total)
            entity.step = max(1, int(period_ns * FINE / total))
            if entity.slice_ns < self.granularity_ns:
                entity.slice_ns = max(1, self.granularity_ns)
                entity.step = max(1, int(entity.slice_ns * FINE / entity.weight))

    def placed_after_sleep(self, queue: RunQueue, entity: Entity) -> int:
        """Half a latency behind the others."""
        bonus = self.latency_ns // 2 if self.parameters["gentle_sleepers"] else 0
        return queue.floor - int(bonus * FINE / entity.weight)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Behind by more than the granularity."""
        return reached(queue, current) - entity.tag > int(self.wakeup_ns * FINE / entity.weight)

    def tick_s(self) -> float:
        """Balancing."""
        return self.parameters["balance_s"] if self.processors > 1 else 0.0

    def tick(self, scheduler: Scheduler) -> None:
        """Move a waiting entity from the most to the least loaded processor if that evens them out."""
        scheduler.balance()


POLICY = Cfs
