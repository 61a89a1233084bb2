"""Xen's credit2: most credit runs; credit burns the faster the less the weight.

Everybody has at most ``reset_s`` of credit; when nobody has any left all get as much anew. Only differences matter, so
a tag is spent credit: service over weight. A slice lasts until the next one has more credit, but at least ``timer_s``
and at most ``reset_s``. Who wakes preempts whoever has less credit, once that one has run for the rate limit.

Parameters (xen/common/sched/credit2.c; xen-command-line.pandoc): ``reset_s`` 10 ms (initial and reset credit; also the
longest timer), ``timer_s`` 0.5 ms (minimum timer), ``ratelimit_s`` 1 ms, caps per 10 ms; weight 256 by default, only
proportions matter; ``balance_s`` 50 ms between balancing of run queues (assumed). Migration compensation (50 us) is not needed: whoever moves pays for its cache. Honours weight and
cap; a reservation is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import FINE, Fair

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler


class XenCredit2(Fair):
    """Virtual time in the words of credit."""

    DEFAULTS = {"reset_s": 0.01, "timer_s": 0.0005, "ratelimit_s": 0.001, "balance_s": 0.05}
    CLOSED = False
    CAP_PERIOD_S = 0.01

    def prepare(self) -> None:
        """In nanoseconds."""
        self.reset_ns, self.timer_ns = self.time_ns("reset_s"), self.time_ns("timer_s")
        self.ratelimit_ns = self.time_ns("ratelimit_s")

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """Until all of its credit is spent."""
        return self.reset_ns

    def placed_after_sleep(self, queue: RunQueue, entity: Entity) -> int:
        """What it has not spent is bounded by a full credit."""
        return queue.floor - int(self.reset_ns * FINE / max(other.weight for other in (*queue.entities, entity)))

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """Until the next one has more credit."""
        others = [other.tag for other in queue.entities if other is not entity]
        if not others:
            return self.reset_ns
        ahead_ns = int((min(others) - entity.tag) * entity.weight / FINE) + self.timer_ns
        return max(self.timer_ns, self.ratelimit_ns, min(self.reset_ns, ahead_ns))

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Credit burns."""
        entity.tag += int(ran_ns * FINE / entity.weight)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """The same for whole slices."""
        self.charge(queue, entity, slices * entity.slice_ns)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """More credit than who runs, as soon as the rate limit lets it."""
        if entity.tag >= current.tag:
            return False
        return not spare(queue, self.ratelimit_ns)

    def tick_s(self) -> float:
        """Balancing between run queues."""
        return self.parameters["balance_s"] if self.processors > 1 else 0.0

    def tick(self, scheduler: Scheduler) -> None:
        """Move a waiting entity from the most to the least loaded processor if that evens them out."""
        scheduler.balance()


def spare(queue: RunQueue, ratelimit_ns: int) -> bool:
    """Whether the current entity has not yet run for the rate limit; its slice then ends when it has."""
    had_ns = queue.had_ns + queue.slice_ns - queue.slice_left_ns
    if had_ns >= ratelimit_ns:
        return False
    queue.split_slice()
    queue.slice_ns = queue.slice_left_ns = min(queue.slice_left_ns, ratelimit_ns - had_ns)
    return True


POLICY = XenCredit2
