"""A simulation in time steps on several processes, like molecular dynamics.

One operation: one step. Each process works on its part of the space, whose data lie scattered in memory, and hands the
borders to its two neighbours; it goes on when it has theirs. What all do together (sums over the whole) is done by the
first alone. Only some of the steps are simulated; the figure of merit is of as many as the program makes.
"""

from __future__ import annotations

from simulator.demands import AccessMemory, Fetch, Post
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class TimeSteps(Program):
    """Some processes in a ring."""

    PARAMETERS = (
        Parameter("processes_count", "count", "processes that share the work"),
        Parameter("steps_count", "count", "steps of the whole computation"),
        Parameter("simulated_count", "count", "of these, those that are simulated"),
        Parameter("step_cycles", "cycles", "user cycles of a step, of all processes together"),
        Parameter("alone_cycles", "cycles", "user cycles of a step that the first process does alone"),
        Parameter("step_accesses_count", "count", "scattered accesses of a step, of all processes"),
        Parameter("set_bytes", "bytes", "data of all processes together"),
        Parameter("messages_count", "count", "messages of a process to each neighbour in a step"),
        Parameter("message_bytes", "bytes", "size of a message"),
        Parameter("working_set_bytes", "bytes", "what a process wants to find in the cache"),
    )
    CHOSEN = frozenset({"processes_count", "simulated_count"})
    WHOLE = True
    COUNTS = ("compute", "memory", "socket", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The processes."""
        return [
            ThreadPlan(f"process-{number}", self._process(number), self.parameters.working_set_bytes)
            for number in range(int(self.parameters.processes_count))
        ]

    def _process(self, number: int) -> Demands:
        parameters = self.parameters
        count = int(parameters.processes_count)
        neighbours = sorted({(number - 1) % count, (number + 1) % count} - {number})
        scattered = AccessMemory("random", parameters.set_bytes / count, count=parameters.step_accesses_count / count)
        for _ in range(int(parameters.simulated_count)):
            start_s = self.context.now
            yield scattered
            yield from self.compute(parameters.step_cycles / count)
            if number == 0:
                yield from self.compute(parameters.alone_cycles)
            for other in neighbours:
                for _ in range(int(parameters.messages_count)):
                    yield Post(f"from-{number}-to-{other}", parameters.message_bytes)
            for other in neighbours:
                for _ in range(int(parameters.messages_count)):
                    yield Fetch(f"from-{other}-to-{number}", parameters.message_bytes)
            self.context.done(f"process-{number}", "step", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all steps."""
        return elapsed_s / self.parameters.simulated_count * self.parameters.steps_count


PROGRAM = TimeSteps
