"""Threads that pull long rows of memory through the caches, part by part: what a benchmark and a neighbour share."""

from __future__ import annotations

from simulator.demands import AccessMemory
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program

THREADS = Parameter("threads_count", "count", "threads, each with rows of its own")
ROWS = (
    Parameter("part_accesses_count", "count", "cache lines of a part"),
    Parameter("access_bytes", "bytes", "data that one access stands for: a cache line"),
    Parameter("access_cycles", "cycles", "user cycles for a line, as far as they do not hide behind the memory"),
    Parameter("rows_bytes", "bytes", "size of a thread's rows, far larger than any cache"),
)


class RowProgram(Program):
    """Some threads, each with rows of its own."""

    CHOSEN = frozenset({"threads_count", "part_accesses_count", "rows_bytes"})
    COUNTS = ("compute", "memory")

    def names(self) -> list[str]:
        """Its threads."""
        return [f"thread-{number}" for number in range(int(self.parameters.threads_count))]

    def part(self, thread: str) -> Demands:
        """One part of a thread's rows."""
        parameters, start_s = self.parameters, self.context.now
        accesses = parameters.part_accesses_count
        rows = AccessMemory("stream", parameters.rows_bytes, count=accesses)
        yield from self.compute(parameters.access_cycles * accesses, on=rows)
        self.context.done(thread, "part", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Gigabytes a second."""
        return operations * self.parameters.part_accesses_count * self.parameters.access_bytes / elapsed_s / 1e9
