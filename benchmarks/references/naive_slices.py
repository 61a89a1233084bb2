"""The scenarios by time slices as one would write them in SimPy: a process a core, a time-out a slice.

usage: naive_slices.py DRAWS SLICE_S

One queue a host in order of virtual time (time served over weight); a core takes the first, runs it for one slice or
to its end, and puts it back. Who comes back from thinking starts at the virtual time of the queue, not in its past.
The mean response approaches that of fluid sharing as slices get shorter.
"""

from __future__ import annotations

import sys
from heapq import heappop, heappush
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import simpy

from references._guests import run

Queued = tuple[float, int, float, float, simpy.Event]
"""Virtual time, order of arrival, work left in seconds of one core, weight, what succeeds at the end."""


class Host:
    """Cores that serve one queue by slices."""

    def __init__(self, environment: simpy.Environment, cores: int, slice_s: float) -> None:
        self.environment = environment
        self.slice_s = slice_s
        self.queue: list[Queued] = []
        self.order = count()
        self.virtual = 0.0
        self.sleeping: list[simpy.Event] = []
        for _ in range(cores):
            environment.process(self.core())

    def execute(self, work_s: float, weight: float) -> simpy.Event:
        """Work of one core for so long; the event succeeds at its end."""
        done = self.environment.event()
        heappush(self.queue, (self.virtual, next(self.order), work_s, weight, done))
        if self.sleeping:
            self.sleeping.pop().succeed()
        return done

    def core(self) -> simpy.events.ProcessGenerator:
        """Serves whoever is first, slice by slice; sleeps while nobody waits."""
        while True:
            if not self.queue:
                waken = self.environment.event()
                self.sleeping.append(waken)
                yield waken
                continue
            virtual, _, work_s, weight, done = heappop(self.queue)
            self.virtual = max(self.virtual, virtual)
            served_s = min(self.slice_s, work_s)
            yield self.environment.timeout(served_s)
            if served_s == work_s:
                done.succeed()
            else:
                rest = (virtual + served_s / weight, next(self.order), work_s - served_s, weight, done)
                heappush(self.queue, rest)


def main(path: str, slice_s: str) -> None:
    """Run one scenario and report."""
    run(path, lambda environment, cores: Host(environment, cores, float(slice_s)))


if __name__ == "__main__":
    main(*sys.argv[1:])
