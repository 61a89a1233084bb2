"""Round robin: every entity in turn for one slice; newcomers queue at the end.

Parameters: ``slice_s``, 100 ms: the slice of Linux's SCHED_RR (``sched_rr_timeslice_ms``; recalled). Weights are not
known; a cap is kept by a budget per period. LAWS: with a switch cost s the useful part is q / (q + s).
"""

from __future__ import annotations

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import Policy


class RoundRobin(Policy):
    """A tag is a place in the line: with m in it, the end of the line is m places further on."""

    DEFAULTS = {"slice_s": 0.1}
    HONOURS = frozenset({"cap"})

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """At the end of the line; who has the turn will queue behind."""
        entity.tag = 1 + max((other.tag for other in queue.entities), default=0)

    def replan(self, queue: RunQueue) -> None:
        """Close the gaps in the line. Who has the turn keeps it."""
        current, slice_ns = queue.current, self.time_ns("slice_s")
        line = sorted(queue.entities, key=lambda entity: (entity is not current, entity.tag, entity.rank))
        for place, entity in enumerate(line):
            entity.tag, entity.slice_ns, entity.step = place, slice_ns, len(line)
        queue.pending = len(line)

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Whoever loses the processor queues at the end."""
        entity.tag += queue.pending


POLICY = RoundRobin
