"""A Java program that does its work and then ends the virtual machine, as one that was written to run alone.

One operation: its work. ``System.exit`` ends the process, whoever else runs in it.
"""

from __future__ import annotations

from simulator.demands import Exit
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class ExitCall(Program):
    """One thread."""

    INTERFACE = "bytecode"
    PARAMETERS = (Parameter("work_cycles", "cycles", "user cycles of its work"),)
    CHOSEN = frozenset({"work_cycles"})
    WHOLE = True
    COUNTS = ("compute",)

    def threads(self) -> list[ThreadPlan]:
        """The program."""
        return [ThreadPlan("main", self._main())]

    def _main(self) -> Demands:
        start_s = self.context.now
        yield from self.compute(self.parameters.work_cycles)
        self.context.done("main", "work", start_s)
        yield Exit()

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds until its end."""
        return elapsed_s


PROGRAM = ExitCall
