"""A Java program that starts threads that compute, each time more of them, until it is refused any.

One operation: one attempt to start a group of threads; a refused one counts too: the program goes on without them.
"""

from __future__ import annotations

from simulator.demands import StartThreads
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class ThreadBomb(Program):
    """One thread and those that it starts."""

    INTERFACE = "bytecode"
    PARAMETERS = (
        Parameter("first_group_count", "count", "threads of the first group"),
        Parameter("largest_group_count", "count", "threads of a group at most"),
        Parameter("growth_ratio", "ratio", "size of a group over that of the one before"),
        Parameter("attempt_cycles", "cycles", "user cycles between two groups"),
        Parameter("thread_cycles", "cycles", "user cycles of a thread until it ends"),
    )
    CHOSEN = frozenset({"first_group_count", "largest_group_count", "growth_ratio", "attempt_cycles", "thread_cycles"})
    COUNTS = ("compute", "thread_start")

    def threads(self) -> list[ThreadPlan]:
        """The bomb."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        parameters = self.parameters
        group = parameters.first_group_count
        while True:
            start_s = self.context.now
            yield from self.compute(parameters.attempt_cycles)
            yield StartThreads(parameters.thread_cycles * group, group)
            self.context.done("main", "attempt", start_s)
            group = min(group * parameters.growth_ratio, parameters.largest_group_count)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Attempts a second."""
        return operations / elapsed_s


PROGRAM = ThreadBomb
