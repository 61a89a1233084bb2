"""A program is started once and stays: what passes until it says that it is there.

One operation: the start, from the moment its systems are up: a process with its program (of a Java virtual machine: its
own process), its classes where it has class files, and what it computes and asks for before its first line of output.
After that it waits for its end, and holds what it has.
"""

from __future__ import annotations

from simulator.demands import Demand, Sleep, StartProcess, SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan

_ASLEEP_S = 3600.0


class ProgramStart(Program):
    """One program, from its process to its first line."""

    PARAMETERS = (
        Parameter("start_user_cycles", "cycles", "user cycles until its first line, its loader's apart"),
        Parameter("start_calls_count", "count", "system calls until its first line, its loader's apart"),
        Parameter("working_set_bytes", "bytes", "what it wants to find in the cache"),
    )
    COUNTS = ("compute", "system_call", "process", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """One; it never ends by itself."""
        return [ThreadPlan("main", self._start(), self.parameters.working_set_bytes, endless=True)]

    def begins(self) -> tuple[Demand, ...]:
        """Nothing: its classes are a part of its start."""
        return ()

    def _start(self) -> Demands:
        start_s, parameters = self.context.now, self.parameters
        yield StartProcess("exec")
        yield from super().begins()
        yield from self.compute(parameters.start_user_cycles)
        yield SystemCall("null", count=parameters.start_calls_count)
        self.context.done("main", "start", start_s)
        while True:
            yield Sleep(_ASLEEP_S)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds until it said so, of each start."""
        latencies = [latency_s for _, _, _, latency_s in self.context.requests]
        return sum(latencies) / len(latencies)


PROGRAM = ProgramStart
