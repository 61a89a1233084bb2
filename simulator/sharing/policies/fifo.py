"""First in, first out: whoever has the processor keeps it until there is nothing more to do.

No parameters of its own. Weights are not known; a cap is kept by a budget per period.
"""

from __future__ import annotations

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import UNLIMITED_NS, Policy


class Fifo(Policy):
    """A tag is the number of an arrival."""

    HONOURS = frozenset({"cap"})

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Behind all that are there."""
        entity.tag = 1 + max((other.tag for other in queue.entities), default=0)

    def assign(self, queue: RunQueue) -> None:
        """No slice ends."""
        for entity in queue.entities:
            entity.slice_ns, entity.step = UNLIMITED_NS, 1

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """It keeps its place."""

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """It keeps its place."""


POLICY = Fifo
