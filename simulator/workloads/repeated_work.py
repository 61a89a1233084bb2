"""The same small piece of work again and again, by some tasks at once: programs of UnixBench and sysbench.

One operation: one round of one task. A round may compute, call the kernel, move data through a pipe of its own and
start processes.
"""

from __future__ import annotations

from simulator.demands import Demand, Fault, StartProcess, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class RepeatedWork(Program):
    """The tasks."""

    PARAMETERS = (
        Parameter("tasks_count", "count", "tasks at once"),
        Parameter("rounds_count", "count", "rounds of each task, some hundred of them simulated at once"),
        Parameter("portion_count", "count", "rounds that are simulated as one piece of work"),
        Parameter("all_rounds_count", "count", "rounds that a time is told for; 0: a rate is told"),
        Parameter("round_cycles", "cycles", "user cycles of a round"),
        Parameter("round_calls_count", "count", "calls of a round that do next to nothing"),
        Parameter("round_transfers_count", "count", "reads and writes of a round, through a pipe that never blocks"),
        Parameter("transfer_bytes", "bytes", "data of one of them"),
        Parameter("round_forks_count", "count", "children of a round that end at once and are waited for"),
        Parameter("round_faults_count", "count", "pages touched in a round beyond those of a small static program"),
        Parameter("round_execs_count", "count", "programs that a round becomes: what exec takes beyond its fork"),
    )
    CHOSEN = frozenset({"tasks_count", "rounds_count", "portion_count", "all_rounds_count"})
    COUNTS = ("compute", "system_call", "copy", "process", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The tasks."""
        return [ThreadPlan(f"task-{number}", self._task(number)) for number in range(int(self.parameters.tasks_count))]

    def _task(self, number: int) -> Demands:
        parameters = self.parameters
        portion = parameters.portion_count
        transfers = parameters.round_transfers_count * portion
        demands: tuple[Demand, ...] = (
            SystemCall("null", count=parameters.round_calls_count * portion),
            SystemCall("null_io", count=transfers),
            Write(transfers * parameters.transfer_bytes, calls=0.0, kept=False),
            StartProcess("fork", count=(parameters.round_forks_count - parameters.round_execs_count) * portion),
            StartProcess("exec", count=parameters.round_execs_count * portion),
            Fault(count=parameters.round_faults_count * portion),
        )
        for _ in range(int(parameters.rounds_count / portion)):
            start_s = self.context.now
            yield from self.compute(parameters.round_cycles * portion)
            yield from (demand for demand in demands if demand.count)
            self.context.done(f"task-{number}", "rounds", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Rounds a second of all tasks; or seconds for all rounds at this rate."""
        rate = operations * self.parameters.portion_count / elapsed_s
        return self.parameters.all_rounds_count / rate if self.parameters.all_rounds_count else rate


PROGRAM = RepeatedWork
