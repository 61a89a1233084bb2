"""Threads that need one lock again and again for a short time, like the threads of a kernel or of a database.

One operation: the lock taken, work done under it, and given back; its latency counts from when it was asked for.
"""

from __future__ import annotations

from simulator.demands import Lock, Unlock
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan, turns


class LockingThreads(Program):
    """Some threads and one lock."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("sections_count", "count", "times that the lock is taken, all threads together"),
        Parameter("outside_cycles", "cycles", "user cycles between two of them, in each thread"),
        Parameter("outside_variation_ratio", "ratio", "standard deviation of that work over the mean"),
        Parameter("inside_cycles", "cycles", "user cycles under the lock"),
        Parameter("spin_s", "s", "processor time for which a waiter spins before it sleeps"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"threads_count", "sections_count", "spin_s"})
    COUNTS = ("compute",)

    def threads(self) -> list[ThreadPlan]:
        """All of them."""
        parameters = self.parameters
        counts = turns(parameters.sections_count, parameters.threads_count)
        return [
            ThreadPlan(f"thread-{number}", self._sections(f"thread-{number}", count), parameters.working_set_bytes)
            for number, count in enumerate(counts)
        ]

    def _sections(self, name: str, count: int) -> Demands:
        parameters, draws = self.parameters, self.context.draws(name)
        for _ in range(count):
            yield from self.compute(draws.lognormal(parameters.outside_cycles, parameters.outside_variation_ratio))
            asked_s = self.context.now
            yield Lock("work", spin_s=parameters.spin_s)
            yield from self.compute(parameters.inside_cycles)
            yield Unlock("work")
            self.context.done(name, "section", asked_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Sections a second, of all threads together."""
        return operations / elapsed_s


PROGRAM = LockingThreads
