"""Proportional share slice by slice, as SimPy is usually written: a process for each processor, a timeout for each slice.

The naive reference of the quantum fidelity: the thread with the least virtual time (service over weight) runs for one
quantum. A thread whose work ends and that has more goes on within its slice. Time is integer nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush

import simpy

FINE = 1 << 10
"""Units of virtual time in a nanosecond of a thread of weight 1."""


class Thread:
    """Something with work in nanoseconds; ``next_ns`` gives the next piece, 0 when there is none."""

    __slots__ = ("need_ns", "next_ns", "number", "step", "tag")

    def __init__(self, number: int, weight: float, quantum_ns: int, next_ns: Callable[[], int]) -> None:
        self.number, self.next_ns = number, next_ns
        self.step = int(quantum_ns * FINE / weight)
        self.tag = 0
        self.need_ns = next_ns()


class Processor:
    """A processor with some threads that are always runnable until they have no work left.

    Args:
        environment: its time is in nanoseconds.
        threads: pinned to it.
        quantum_ns: the slice.
        ended: called with the number of a thread and the time whenever a piece of work ends.
    """

    def __init__(
        self,
        environment: simpy.Environment,
        threads: list[Thread],
        quantum_ns: int,
        ended: Callable[[int, int], None],
    ) -> None:
        self.environment, self.quantum_ns, self.ended = environment, quantum_ns, ended
        self.slices = 0
        self.queue: list[tuple[int, int, Thread]] = []
        for thread in threads:
            heappush(self.queue, (0, thread.number, thread))
        environment.process(self.run())

    def run(self) -> Iterator[simpy.Event]:
        """Slice after slice."""
        while self.queue:
            _, _, thread = heappop(self.queue)
            left_ns = self.quantum_ns
            self.slices += 1
            while left_ns and thread.need_ns:
                part_ns = min(left_ns, thread.need_ns)
                yield self.environment.timeout(part_ns)
                left_ns -= part_ns
                thread.need_ns -= part_ns
                if not thread.need_ns:
                    self.ended(thread.number, int(self.environment.now))
                    thread.need_ns = thread.next_ns()
            if thread.need_ns:
                thread.tag += thread.step
                heappush(self.queue, (thread.tag, thread.number, thread))
