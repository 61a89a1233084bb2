"""A neighbour that computes for ever in as many threads as it is given.

One operation: one chunk of a thread's computation.
"""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class CpuHog(Program):
    """Threads that never wait."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("chunk_cycles", "cycles", "user cycles of a chunk"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"threads_count", "chunk_cycles"})
    COUNTS = ("compute",)

    def threads(self) -> list[ThreadPlan]:
        """The hogs."""
        names = [f"hog-{number}" for number in range(int(self.parameters.threads_count))]
        return [ThreadPlan(name, self._hog(name), self.parameters.working_set_bytes, endless=True) for name in names]

    def _hog(self, name: str) -> Demands:
        while True:
            start_s = self.context.now
            yield from self.compute(self.parameters.chunk_cycles)
            self.context.done(name, "chunk", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Thousand millions of cycles a second."""
        return operations * self.parameters.chunk_cycles / elapsed_s / 1e9


PROGRAM = CpuHog
