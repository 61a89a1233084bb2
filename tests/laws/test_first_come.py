"""One server in order of arrival, as disks and links have it, also one that takes breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices._line import Line
from simulator.devices.base import Request


def times_s(arrival_rate: float, size: Callable[[Random], float], jobs: int = 40_000) -> list[float]:
    """Time in the line, waiting and service, of every job."""
    random, environment = Random(56), simpy.Environment()
    line, found = Line(environment, "server", lambda request: request.size_bytes), []

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(jobs):
            yield environment.timeout(random.expovariate(arrival_rate))
            found.append(line.queue(Request(environment, size(random))))

    environment.process(arrivals())
    environment.run()
    return [request.start_s + request.service_s - request.queued_s for request in found]


def test_exponential_service() -> None:
    found = times_s(0.5, lambda random: random.expovariate(1.0))
    mean_s = laws.mm1_response_s(0.5, 1.0)
    assert sum(found) / len(found) == pytest.approx(mean_s, rel=0.05)
    for multiple, beyond in ((1, 0.3679), (2, 0.1353), (3, 0.0498)):  # P(T > k / (mu - lambda)) = exp(-k)
        assert sum(t > multiple * mean_s for t in found) / len(found) == pytest.approx(beyond, abs=0.015)


@pytest.mark.parametrize(
    ("size", "second_moment_s2"),
    [
        (lambda random: 1.0, 1.0),
        (lambda random: random.uniform(0.0, 2.0), 4 / 3),
        (lambda random: random.expovariate(2.0 if random.random() < 0.8 else 1 / 3), 4.0),
    ],
    ids=["deterministic", "uniform", "hyper-exponential"],
)
def test_any_service(size: Callable[[Random], float], second_moment_s2: float) -> None:
    found = times_s(0.5, size)
    expected_s = 1.0 + laws.mg1_wait_s(0.5, 1.0, second_moment_s2)
    assert sum(found) / len(found) == pytest.approx(expected_s, rel=0.05)


@pytest.mark.parametrize(
    ("break_s", "second_moment_s2"), [(lambda random: 2.0, 4.0), (lambda random: random.expovariate(0.5), 8.0)],
    ids=["always 2 s", "exponential"],
)  # fmt: skip
def test_a_server_that_goes_away_when_it_has_nothing_to_do(
    break_s: Callable[[Random], float], second_moment_s2: float
) -> None:
    """Breaks of 2 s in the mean, one after the other until somebody waits."""
    random, environment, jobs = Random(91), simpy.Environment(), 40_000
    line, asked = Line(environment, "server", lambda request: request.size_bytes), []

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(jobs):
            yield environment.timeout(random.expovariate(0.5))
            asked.append(line.queue(Request(environment, random.expovariate(1.0))))

    def breaks() -> Iterator[simpy.Event]:
        while len(asked) < jobs:
            while asked and not asked[-1].ended.processed:
                yield asked[-1].ended
            yield line.queue(Request(environment, break_s(random))).ended

    environment.process(arrivals())
    environment.process(breaks())
    environment.run()
    expected_s = laws.mg1_wait_s(0.5, 1.0, 2.0) + laws.vacations_wait_s(2.0, second_moment_s2)
    assert sum(request.start_s - request.queued_s for request in asked) / jobs == pytest.approx(expected_s, rel=0.05)
