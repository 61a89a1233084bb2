"""The scenarios as one would write them in SimPy on an afternoon: fluid sharing, all rates anew at every change.

usage: naive_fluid.py DRAWS

Each change costs O(n log n) for n that want a core: settle everybody, sort, pour the capacity from the smallest want
upwards (weighted max-min, water-filling), look for the first to end and start a new time-out for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import simpy

from references._guests import run

GRAIN = 1e-12
"""Seconds of one core that count as nothing."""


class Job:
    """Work in progress."""

    def __init__(self, work_s: float, weight: float, done: simpy.Event) -> None:
        self.work_s, self.weight, self.done = work_s, weight, done
        self.rate = 0.0


class Cores:
    """Some cores; nobody gets more than one of them."""

    def __init__(self, environment: simpy.Environment, capacity: float) -> None:
        self.environment = environment
        self.capacity = capacity
        self.jobs: list[Job] = []
        self.settled_s = 0.0
        self.latest: simpy.Event | None = None

    def execute(self, work_s: float, weight: float) -> simpy.Event:
        """Work of one core for so long; the event succeeds at its end."""
        job = Job(work_s, weight, self.environment.event())
        self.settle()
        self.jobs.append(job)
        self.share()
        return job.done

    def settle(self) -> None:
        """Everybody's progress since the last change."""
        elapsed_s = self.environment.now - self.settled_s
        self.settled_s = self.environment.now
        for job in self.jobs:
            job.work_s -= job.rate * elapsed_s

    def share(self) -> None:
        """New rates for all, and a time-out for the first that ends."""
        left, weights = self.capacity, sum(job.weight for job in self.jobs)
        for job in sorted(self.jobs, key=lambda job: -job.weight):
            job.rate = min(1.0, left * job.weight / weights)
            left -= job.rate
            weights -= job.weight
        if self.jobs:
            soonest_s = min(job.work_s / job.rate for job in self.jobs)
            self.latest = self.environment.timeout(max(0.0, soonest_s))
            self.latest.callbacks.append(self.on_time_out)

    def on_time_out(self, time_out: simpy.Event) -> None:
        """Somebody has ended, unless another change came first."""
        if time_out is not self.latest:
            return
        self.settle()
        ended = [job for job in self.jobs if job.work_s <= GRAIN]
        self.jobs = [job for job in self.jobs if job.work_s > GRAIN]
        for job in ended:
            job.done.succeed()
        self.share()


def main(path: str) -> None:
    """Run one scenario and report."""
    run(path, Cores)


if __name__ == "__main__":
    main(*sys.argv[1:])
