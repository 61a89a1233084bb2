"""A neighbour that does nothing but pull rows of memory through the caches, for ever.

One operation: one part of the rows. Nothing of them is ever used again: they take room in the shared cache from those
who would use it, and bandwidth from all who go to the memory.
"""

from __future__ import annotations

from simulator.demands import AccessMemory
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class MemoryHog(Program):
    """Some threads, each with rows of its own."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads, each with rows of its own"),
        Parameter("part_accesses_count", "count", "cache lines of a part"),
        Parameter("access_bytes", "bytes", "data that one access stands for: a cache line"),
        Parameter("access_cycles", "cycles", "user cycles for a line, as far as they do not hide behind the memory"),
        Parameter("rows_bytes", "bytes", "size of a thread's rows, far larger than any cache"),
    )
    COUNTS = ("compute", "memory")

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        names = [f"thread-{number}" for number in range(int(self.parameters.threads_count))]
        return [ThreadPlan(name, self._pull(name), endless=True) for name in names]

    def _pull(self, name: str) -> Demands:
        parameters = self.parameters
        accesses = parameters.part_accesses_count
        while True:
            start_s = self.context.now
            rows = AccessMemory("stream", parameters.rows_bytes, count=accesses)
            yield from self.compute(parameters.access_cycles * accesses, on=rows)
            self.context.done(name, "part", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Gigabytes a second."""
        return operations * self.parameters.part_accesses_count * self.parameters.access_bytes / elapsed_s / 1e9


PROGRAM = MemoryHog
