"""Threads that each do the same piece of work again and again, like sysbench's tests of processor and memory.

One operation: one event of one thread: user cycles, and cache lines of a row of its own that it goes through.
"""

from __future__ import annotations

from simulator.demands import AccessMemory
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class LoopingThreads(Program):
    """Some threads that share nothing."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("events_count", "count", "events of each thread"),
        Parameter("event_cycles", "cycles", "user cycles of an event, its data in the cache"),
        Parameter("event_lines_count", "count", "cache lines that an event goes through in order"),
        Parameter("row_bytes", "bytes", "what a thread goes through"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"threads_count", "events_count", "row_bytes"})
    COUNTS = ("compute", "memory")

    def threads(self) -> list[ThreadPlan]:
        """All of them."""
        names = [f"thread-{number}" for number in range(int(self.parameters.threads_count))]
        return [ThreadPlan(name, self._events(name), self.parameters.working_set_bytes) for name in names]

    def _events(self, name: str) -> Demands:
        parameters = self.parameters
        lines = AccessMemory("stream", parameters.row_bytes, count=parameters.event_lines_count)
        for _ in range(int(parameters.events_count)):
            start_s = self.context.now
            yield from self.compute(parameters.event_cycles, on=lines if parameters.event_lines_count else None)
            self.context.done(name, "event", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Events a second of all threads together."""
        return operations / elapsed_s


PROGRAM = LoopingThreads
