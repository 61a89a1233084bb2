"""A neighbour that takes memory, touches it, and takes more, until it is refused.

One operation: one step of so much memory. Whoever is refused ends, and gives everything back: its outcome says what
there was not enough of. Until then its pages push out of the memory what the system keeps there of files.
"""

from __future__ import annotations

from simulator.demands import Allocate
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class MemoryBomb(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("step_bytes", "bytes", "memory taken at a time"),
        Parameter("byte_cycles", "cycles", "user cycles to fill a byte"),
    )
    CHOSEN = frozenset({"step_bytes"})
    COUNTS = ("compute", "system_call", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The bomb."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        parameters = self.parameters
        while True:
            start_s = self.context.now
            yield Allocate(parameters.step_bytes)
            yield from self.compute(parameters.step_bytes * parameters.byte_cycles)
            self.context.done("main", "step", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes taken a second."""
        return operations * self.parameters.step_bytes / elapsed_s / 1e6


PROGRAM = MemoryBomb
