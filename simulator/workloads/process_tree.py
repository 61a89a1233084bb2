"""A program that does its work by forking: every process does a little and waits for its children.

One operation: one process, from its fork to its end.
"""

from __future__ import annotations

from simulator.demands import StartProcess
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class ProcessTree(Program):
    """The processes, one after the other."""

    PARAMETERS = (
        Parameter("processes_count", "count", "processes altogether"),
        Parameter("process_cycles", "cycles", "user cycles of a process, and what it tells its parent through a pipe"),
    )
    CHOSEN = frozenset({"processes_count"})
    WHOLE = True
    COUNTS = ("compute", "process", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """One: whoever forks waits for the child."""
        return [ThreadPlan("main", self._fork())]

    def _fork(self) -> Demands:
        for _ in range(int(self.parameters.processes_count)):
            start_s = self.context.now
            yield StartProcess("fork")
            yield from self.compute(self.parameters.process_cycles)
            self.context.done("main", "process", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all of them."""
        return elapsed_s


PROGRAM = ProcessTree
