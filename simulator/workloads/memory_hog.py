"""A neighbour that does nothing but pull rows of memory through the caches, for ever.

One operation: one part of the rows. Nothing of them is ever used again: they take room in the shared cache from those
who would use it, and bandwidth from all who go to the memory.
"""

from __future__ import annotations

from simulator.workloads._rows import ROWS, THREADS, RowProgram
from simulator.workloads.base import Demands, ThreadPlan


class MemoryHog(RowProgram):
    """Some threads, each with rows of its own."""

    PARAMETERS = (THREADS, *ROWS)

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        return [ThreadPlan(name, self._pull(name), endless=True) for name in self.names()]

    def _pull(self, name: str) -> Demands:
        while True:
            yield from self.part(name)


PROGRAM = MemoryHog
