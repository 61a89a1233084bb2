"""A small program that repeats its work and takes the time of each repetition: what is measured where nothing is large.

Before the first iteration it makes the data that it keeps; that is no iteration, but an operation ``setup`` of its own
among the requests. The build in class files has a harness around it, which is loaded and executed once, see the section
``bytecode`` of its file.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.demands import Allocate, Demand
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program
from simulator.workloads.managed_program import ManagedProgram


class TimedProgram(ManagedProgram):
    """One thread, or some that begin each iteration together."""

    PARAMETERS = (
        *ManagedProgram.PARAMETERS,
        Parameter("setup_cycles", "cycles", "user cycles in machine code before the first iteration"),
        Parameter("setup_bytes", "bytes", "memory that it takes for that in machine code; objects are in the heap"),
    )
    COUNTS = ManagedProgram.COUNTS
    WHOLE = True

    def begins(self) -> tuple[Demand, ...]:
        """Its classes and its harness, before anything else."""
        return Program.begins(self)

    def _loads(self) -> tuple[Demand, ...]:
        return ()

    def _first(self, helpers: range) -> Demands:
        parameters, start_s = self.parameters, self.context.now
        yield from self._setup(parameters.setup_cycles, parameters.setup_bytes)
        self.context.done("thread-1", "setup", start_s)
        yield from super()._first(helpers)

    def _setup(self, cycles: float, size_bytes: float) -> Iterator[Demand]:
        if size_bytes and self.class_files is None:
            yield Allocate(size_bytes)
        if cycles:
            yield from self.compute(cycles)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all of it, from its first class to its end."""
        return elapsed_s


PROGRAM = TimedProgram
