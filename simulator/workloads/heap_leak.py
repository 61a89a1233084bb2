"""A Java program that keeps every object it makes, as in a list that a static field holds.

One operation: one step of objects, made and filled. At the end there is no room in the heap for the next; what it has
kept stays there, since the class that holds it stays loaded.
"""

from __future__ import annotations

from simulator.demands import NewObjects
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class HeapLeak(Program):
    """One thread."""

    INTERFACE = "bytecode"
    PARAMETERS = (
        Parameter("step_bytes", "bytes", "objects made and kept at a time"),
        Parameter("byte_cycles", "cycles", "user cycles to make and fill a byte"),
    )
    CHOSEN = frozenset({"step_bytes"})
    COUNTS = ("compute",)

    def threads(self) -> list[ThreadPlan]:
        """The leak."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        parameters, kept_bytes = self.parameters, 0.0
        while True:
            start_s = self.context.now
            yield from self.compute(parameters.step_bytes * parameters.byte_cycles)
            kept_bytes += parameters.step_bytes
            yield NewObjects(parameters.step_bytes, kept_bytes, self.context.path("leak"))
            self.context.done("main", "step", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes kept a second."""
        return operations * self.parameters.step_bytes / elapsed_s / 1e6


PROGRAM = HeapLeak
