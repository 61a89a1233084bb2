"""A neighbour that reads words at random of a set as large as the shared cache, for ever, so that the cache is its own.

One operation: some thousands of accesses. What it brings in takes the place of what others would have used again; of
the memory's bandwidth it takes little, for each access waits for the one before.
"""

from __future__ import annotations

from simulator.demands import AccessMemory
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class CacheThrasher(Program):
    """Some threads on one set."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("portion_count", "count", "accesses of an operation"),
        Parameter("access_cycles", "cycles", "user cycles of an access, the place computed"),
        Parameter("set_bytes", "bytes", "the set: as much as there is of the shared cache"),
    )
    CHOSEN = frozenset({"threads_count", "portion_count", "set_bytes"})
    COUNTS = ("compute", "memory")

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        names = [f"thrasher-{number}" for number in range(int(self.parameters.threads_count))]
        return [ThreadPlan(name, self._thrash(name), endless=True) for name in names]

    def _thrash(self, name: str) -> Demands:
        parameters = self.parameters
        while True:
            start_s = self.context.now
            words = AccessMemory("random", parameters.set_bytes, count=parameters.portion_count)
            yield from self.compute(parameters.access_cycles * parameters.portion_count, on=words)
            self.context.done(name, "accesses", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Millions of accesses a second."""
        return operations * self.parameters.portion_count / elapsed_s / 1e6


PROGRAM = CacheThrasher
