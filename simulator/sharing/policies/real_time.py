"""Fixed priorities: the highest weight runs, preempts at once, and takes turns with its equals.

A share's weight is its priority. Parameters: ``slice_s`` 100 ms, the slice among equals (Linux's SCHED_RR;
recalled). Weights are priorities, not proportions; a cap is kept by a budget per period. LAWS: preemptive-resume
priority queue.
"""

from __future__ import annotations

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import Policy

_CLASS = 1 << 80
"""Tags between two priorities: more turns than there are in any run."""


class RealTime(Policy):
    """A tag is a place in the line of its priority, and the lines stand one behind the other."""

    DEFAULTS = {"slice_s": 0.1}
    HONOURS = frozenset({"cap"})

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """At the end of the line of its priority."""
        entity.data = entity.rank

    def replan(self, queue: RunQueue) -> None:
        """Whoever has the turn or was preempted stands first among its equals."""
        current, slice_ns = queue.current, self.time_ns("slice_s")
        priorities = sorted({entity.weight for entity in queue.entities}, reverse=True)
        for number, weight in enumerate(priorities):
            line = [entity for entity in queue.entities if entity.weight == weight]
            line.sort(key=lambda entity: (entity is not current, self._place(entity)))
            for place, entity in enumerate(line):
                entity.tag, entity.slice_ns, entity.step = number * _CLASS + place, slice_ns, len(line)
                entity.data = None
            if current in line:
                queue.pending = len(line)

    @staticmethod
    def _place(entity: Entity) -> tuple[bool, int]:
        """Newcomers stand behind those that have a place in the line."""
        return (True, entity.data) if entity.data is not None else (False, entity.tag)

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """At the end of the line once its slice is used up; who was preempted stays first."""
        if queue.slice_left_ns <= 0:
            entity.tag += queue.pending

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """A higher priority does."""
        return entity.weight > current.weight


POLICY = RealTime
