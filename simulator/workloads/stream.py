"""Long rows of numbers read and written in order, like STREAM.

One operation: one part of the rows. Each access is one cache line; the memory's bandwidth decides how long it takes,
the arithmetic on it hides behind. The rows were touched for the first time before the clock starts.
"""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.workloads._rows import ROWS, THREADS, RowProgram
from simulator.workloads.base import Demands, ThreadPlan, turns


class Stream(RowProgram):
    """Some threads, each with rows of its own."""

    PARAMETERS = (THREADS, Parameter("parts_count", "count", "parts of the rows, all threads together"), *ROWS)
    CHOSEN = RowProgram.CHOSEN | {"parts_count"}

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        shares = turns(self.parameters.parts_count, self.parameters.threads_count)
        return [ThreadPlan(name, self._go(name, parts)) for name, parts in zip(self.names(), shares, strict=True)]

    def _go(self, name: str, parts: int) -> Demands:
        for _ in range(parts):
            yield from self.part(name)


PROGRAM = Stream
