"""A neighbour that enters the kernel as often as it can, for ever: calls, timers, and threads that wake each other.

One operation: one round of a pair of threads. The first makes its calls, sets timers one after the other and sleeps
until each fires, and wakes its partner through a pipe, who answers. A call costs its caller; a timer that fires and a
thread that is waked interrupt a processor, and in a guest they are events of the hypervisor.
"""

from __future__ import annotations

from simulator.demands import Fetch, Post, Sleep, SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class CallStorm(Program):
    """Pairs of threads."""

    PARAMETERS = (
        Parameter("pairs_count", "count", "pairs of threads"),
        Parameter("calls_count", "count", "calls of a round that do nothing"),
        Parameter("stats_count", "count", "look-ups of a file's name in a round"),
        Parameter("timers_count", "count", "timers of a round"),
        Parameter("timer_s", "s", "time after which a timer fires"),
        Parameter("wakes_count", "count", "times in a round that each of the two wakes the other"),
    )
    CHOSEN = frozenset({"pairs_count", "calls_count", "stats_count", "timers_count", "timer_s", "wakes_count"})
    COUNTS = ("system_call",)

    def threads(self) -> list[ThreadPlan]:
        """The pairs; a partner only where it is ever waked."""
        numbers = range(int(self.parameters.pairs_count))
        first = [ThreadPlan(f"storm-{number}", self._storm(number), endless=True) for number in numbers]
        if not self.parameters.wakes_count:
            return first
        return [*first, *(ThreadPlan(f"partner-{number}", self._answer(number), endless=True) for number in numbers)]

    def _storm(self, number: int) -> Demands:
        parameters = self.parameters
        while True:
            start_s = self.context.now
            if parameters.calls_count:
                yield SystemCall("null", count=parameters.calls_count)
            if parameters.stats_count:
                yield SystemCall("stat", count=parameters.stats_count)
            for _ in range(int(parameters.timers_count)):
                yield Sleep(parameters.timer_s)
            for _ in range(int(parameters.wakes_count)):
                yield Post(f"wake-{number}", pipe=True)
                yield Fetch(f"answer-{number}", pipe=True)
            self.context.done(f"storm-{number}", "round", start_s)

    def _answer(self, number: int) -> Demands:
        while True:
            yield Fetch(f"wake-{number}", pipe=True)
            yield Post(f"answer-{number}", pipe=True)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Rounds a second."""
        return operations / elapsed_s


PROGRAM = CallStorm
