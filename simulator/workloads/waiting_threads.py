"""A Java program of very many threads that nearly always wait, as a server with a thread for each of its connections.

One operation: one round of a thread: it waits, then it computes a little; its time counts from the end of the wait.
"""

from __future__ import annotations

from simulator.demands import Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class WaitingThreads(Program):
    """The threads; each begins its wait at a moment of its own."""

    INTERFACE = "bytecode"
    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("turns_count", "count", "rounds of each thread"),
        Parameter("wait_s", "s", "mean time that a thread waits before it computes"),
        Parameter("turn_cycles", "cycles", "user cycles of a round"),
    )
    CHOSEN = frozenset({"threads_count", "turns_count", "wait_s"})
    WHOLE = True
    COUNTS = ("compute", "system_call", "thread_start")

    def threads(self) -> list[ThreadPlan]:
        """All of them."""
        names = [f"thread-{number}" for number in range(int(self.parameters.threads_count))]
        return [ThreadPlan(name, self._turns(name)) for name in names]

    def _turns(self, name: str) -> Demands:
        parameters, draws = self.parameters, self.context.draws(name)
        for _ in range(int(parameters.turns_count)):
            wait_s = 2.0 * draws.uniform() * parameters.wait_s
            due_s = self.context.now + wait_s
            yield Sleep(wait_s)
            yield from self.compute(parameters.turn_cycles)
            self.context.done(name, "round", due_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all rounds."""
        return elapsed_s


PROGRAM = WaitingThreads
