"""Classes of jobs of which one goes before the other: with interruption on shares, without it at a server."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import NamedTuple

import pytest
import simpy

from simulator import laws
from simulator.devices._line import Line
from simulator.devices.base import Request
from simulator.devices.processor import Processor
from simulator.queues import Mailbox
from simulator.sharing.tree import Share

LOADS = (0.2, 0.25, 0.15)
"""Arrivals a second of the classes, the most urgent first; a job takes a second in the mean."""
Draws = Callable[..., list[float]]
Service = tuple[Callable[[float], float], float]


class Job(NamedTuple):
    """When it comes, what it wants."""

    arrival_s: float
    size_s: float


def arrivals(draws: Draws, quantile: Callable[[float], float], jobs: int) -> list[list[Job]]:
    """Poisson arrivals of each class until it has its part of the jobs."""
    random = Random(54)
    classes = []
    for rate in LOADS:
        count = int(jobs * rate / sum(LOADS))
        now_s, found = 0.0, []
        for gap, size_s in zip(draws(random, count), draws(random, count, quantile), strict=True):
            now_s += gap / rate
            found.append(Job(now_s, size_s))
        classes.append(found)
    return classes


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def preemptive_times_s(classes: list[list[Job]]) -> list[list[float]]:
    """A thread for each class; whatever a class wants is reserved for it before the less urgent ones."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 1.0})
    times_s: list[list[float]] = [[] for _ in classes]
    below = cpu.root

    def thread(share: Share, box: Mailbox, jobs: list[Job], found: list[float]) -> Iterator[simpy.Event]:
        for job in jobs:
            arrival = box.get()
            if arrival is not None:
                yield arrival
            yield cpu.run(job.size_s, share)
            found.append(environment.now - job.arrival_s)

    def come(box: Mailbox, jobs: list[Job]) -> Iterator[simpy.Event]:
        for job in jobs:
            yield environment.timeout(job.arrival_s - environment.now)
            box.put()

    for number, jobs in enumerate(classes):
        box = Mailbox(environment.event)
        share = Share(f"class {number}", below, reservation=1.0)
        below = Share(f"after class {number}", below) if number + 1 < len(classes) else below
        environment.process(thread(share, box, jobs, times_s[number]))
        environment.process(come(box, jobs))
    environment.run()
    return times_s


def test_the_urgent_interrupt(draws: Draws, service: Service) -> None:
    quantile, second_moment_s2 = service
    found = [mean(times_s) for times_s in preemptive_times_s(arrivals(draws, quantile, jobs=24_000))]
    expected = laws.preemptive_responses_s([laws.Class(rate, 1.0, second_moment_s2) for rate in LOADS])
    assert found == pytest.approx(expected, rel=0.06)
    assert expected[0] == pytest.approx(1.0 + laws.mg1_wait_s(LOADS[0], 1.0, second_moment_s2))  # as if alone


def waits_s(classes: list[list[Job]], order: Sequence[int]) -> list[list[float]]:
    """One thread takes the first job of the first class in ``order`` that has one, and ends it before the next."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 1.0})
    waiting: list[deque[Job]] = [deque() for _ in classes]
    found: list[list[float]] = [[] for _ in classes]
    box = Mailbox(environment.event)

    def come(number: int) -> Iterator[simpy.Event]:
        for job in classes[number]:
            yield environment.timeout(job.arrival_s - environment.now)
            waiting[number].append(job)
            box.put()

    def serve() -> Iterator[simpy.Event]:
        for _ in range(sum(map(len, classes))):
            arrival = box.get()
            if arrival is not None:
                yield arrival
            number = next(number for number in order if waiting[number])
            job = waiting[number].popleft()
            found[number].append(environment.now - job.arrival_s)
            yield cpu.run(job.size_s)

    for number in range(len(classes)):
        environment.process(come(number))
    environment.process(serve())
    environment.run()
    return found


def test_the_urgent_wait_for_what_is_under_way(draws: Draws, service: Service) -> None:
    quantile, second_moment_s2 = service
    found = [mean(each) for each in waits_s(arrivals(draws, quantile, jobs=24_000), order=(0, 1, 2))]
    expected = laws.nonpreemptive_waits_s([laws.Class(rate, 1.0, second_moment_s2) for rate in LOADS])
    assert found == pytest.approx(expected, rel=0.06)


def test_no_order_of_classes_makes_or_saves_waiting(draws: Draws, service: Service) -> None:
    """Job by job: ``sum S_i W_i`` is the same in every order, and in order of arrival at a device."""
    classes = arrivals(draws, service[0], jobs=3_000)
    sums = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        waits = waits_s(classes, order)
        pairs = [pair for each in zip(classes, waits, strict=True) for pair in zip(*each, strict=True)]
        sums.append(sum(job.size_s * wait_s for job, wait_s in pairs))
    environment = simpy.Environment()
    line, asked = Line(environment, "server", lambda request: request.size_bytes), []
    for job in sorted(job for jobs in classes for job in jobs):
        environment.run(until=max(job.arrival_s, 1e-12))
        asked.append(line.queue(Request(environment, job.size_s)))
    environment.run()
    moved = sum(request.service_s * (request.start_s - request.queued_s) for request in asked)
    assert sums == pytest.approx([moved] * 3, rel=1e-9)
