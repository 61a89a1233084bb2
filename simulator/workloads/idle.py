"""A neighbour that does nothing but look now and then whether there is something to do.

One operation: one look.
"""

from __future__ import annotations

from simulator.demands import Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class Idle(Program):
    """One thread, nearly always asleep."""

    PARAMETERS = (
        Parameter("look_s", "s", "time between two looks"),
        Parameter("look_cycles", "cycles", "user cycles of a look"),
    )
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The sleeper."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        while True:
            start_s = self.context.now
            yield from self.compute(self.parameters.look_cycles)
            self.context.done("main", "look", start_s)
            yield Sleep(self.parameters.look_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Looks a second."""
        return operations / elapsed_s


PROGRAM = Idle
