"""A neighbour that makes processes that compute, each time more of them, until something refuses it a single one more.

One operation: one attempt to make a group of processes; a refused one counts too. After a refusal it tries fewer,
so that the last free place is taken as well, whoever keeps it: the kernel's table or a limit of its own. In a real bomb
all processes go on forking: here the bomb's first thread forks for all and weighs as much as some of them, and the
children compute.
"""

from __future__ import annotations

from simulator.demands import KeepProcess
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class _Children:
    """How many processes there have been."""

    def __init__(self) -> None:
        self.made = 0.0

    def count(self, processes: float) -> None:
        """Some have come (positive) or ended."""
        self.made += max(0.0, processes)


class ForkBomb(Program):
    """One thread and its children."""

    PARAMETERS = (
        Parameter("forking_count", "count", "processes that fork at a time: what the first thread weighs"),
        Parameter("first_group_count", "count", "processes of the first group"),
        Parameter("largest_group_count", "count", "processes of a group at most"),
        Parameter("growth_ratio", "ratio", "size of a group over that of the one before"),
        Parameter("attempt_cycles", "cycles", "user cycles between two groups"),
        Parameter("child_cycles", "cycles", "user cycles of a child until it ends"),
    )
    CHOSEN = frozenset(
        {"forking_count", "first_group_count", "largest_group_count", "growth_ratio", "attempt_cycles", "child_cycles"}
    )
    COUNTS = ("compute", "process", "page_fault", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The bomb."""
        self.children = _Children()
        return [ThreadPlan("main", self._main(), endless=True, processes=self.parameters.forking_count)]

    def _main(self) -> Demands:
        parameters, children = self.parameters, self.children
        group = parameters.first_group_count
        while True:
            start_s, before = self.context.now, children.made
            yield from self.compute(parameters.attempt_cycles)
            yield KeepProcess(parameters.child_cycles * group, group, insists=False, counters=(children.count,))
            self.context.done("main", "attempt", start_s)
            if children.made > before:
                group = min(group * parameters.growth_ratio, parameters.largest_group_count)
            else:
                group = max(1.0, group // 2.0)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Attempts a second."""
        return operations / elapsed_s


PROGRAM = ForkBomb
