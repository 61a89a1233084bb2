"""Ciw: a processor-sharing server step by step, and the waiting time before three servers.

Ciw, ``tests/test_processor_sharing.py`` and the example of its README.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices.processor import Processor
from simulator.results import intervals
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share


def test_ends_as_each_arrival_sees_them() -> None:
    """Jobs of 1.0 arrive at 0.5, 0.7 and 2.0. At every arrival: remaining work / present rate."""
    environment = simpy.Environment()
    server = Fluid(environment, 1.0, 1.0)
    predictions, ends = [], []

    def arrivals() -> Iterator[simpy.Event]:
        for gap_s in (0.5, 0.2, 1.3):
            yield environment.timeout(gap_s)
            server.submit(Share("job", server.root), 1.0, lambda job: ends.append(environment.now))
            server.settle()
            predictions.append([environment.now + job.remaining / job.rate for job in server.active])

    environment.process(arrivals())
    environment.run()
    # 0.2 alone; then halves: 0.8 / 0.5 and 1 / 0.5; 0.65 each until 2.0; then thirds: 0.15, 0.35 and 1 are left
    assert predictions == [pytest.approx(now) for now in ([1.5], [2.3, 2.7], [2.45, 3.05, 5.0])]
    # 3 * 0.15 later one is gone; 2 * 0.2 later another; the last has 1 - 0.15 - 0.2 = 0.65 left
    assert ends == pytest.approx([2.45, 2.85, 3.5], rel=1e-12)


def test_simultaneous_arrivals() -> None:
    """Sizes 1, 2, 3 at 0.5: 3 * 1, then 2 * 1, then 1."""
    environment = simpy.Environment(initial_time=0.5)
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 1.0})
    ends = []
    for size_s in (1.0, 2.0, 3.0):
        cpu.run(size_s).callbacks.append(lambda _: ends.append(environment.now))
    environment.run()
    assert ends == pytest.approx([3.5, 5.5, 6.5], rel=1e-12)


@pytest.mark.parametrize(("arrival_rate", "mean_s"), [(3.0, 0.5), (4.0, 1.0)])
def test_mean_time_of_25_trials(arrival_rate: float, mean_s: float) -> None:
    """Service rate 5: 1 / (5 - 3) and 1 / (5 - 4), to one decimal."""
    assert laws.mm1_response_s(arrival_rate, 5.0) == mean_s
    trials_s = [_mean_time_s(arrival_rate, Random(trial)) for trial in range(25)]
    assert sum(trials_s) / 25 == pytest.approx(mean_s, abs=0.05)


def _mean_time_s(arrival_rate: float, random: Random, jobs: int = 800) -> float:
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 5.0})
    times_s: list[float] = []

    def job() -> Iterator[simpy.Event]:
        start_s = environment.now
        yield cpu.run(random.expovariate(1.0))
        times_s.append(environment.now - start_s)

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(jobs):
            yield environment.timeout(random.expovariate(arrival_rate))
            environment.process(job())

    environment.process(arrivals())
    environment.run()
    return sum(times_s) / jobs


def test_waiting_time_of_three_servers() -> None:
    """Arrivals 0.2, service 0.1: the 95 % interval of 20 replications covers 4 / 9 / (0.3 - 0.2) = 4.444."""
    expected_s = laws.mmc_wait_s(0.2, 0.1, 3)
    assert expected_s == pytest.approx(4.444, abs=5e-4)
    waits = intervals.mean([_mean_wait_s(Random(replication)) for replication in range(20)], level=0.95)
    assert waits.low < expected_s < waits.high
    assert waits.high - waits.low < 0.25 * expected_s  # and says something


def _mean_wait_s(random: Random, customers: int = 2_000, first: int = 200) -> float:
    """Mean wait of the customers after the first ones, who met an empty system."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 3, "frequency_hz": 1.0})
    servers = simpy.Resource(environment, capacity=3)
    waits_s: list[float] = []

    def customer() -> Iterator[simpy.Event]:
        start_s = environment.now
        with servers.request() as turn:
            yield turn
            waits_s.append(environment.now - start_s)
            yield cpu.run(random.expovariate(0.1))

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(customers):
            yield environment.timeout(random.expovariate(0.2))
            environment.process(customer())

    environment.process(arrivals())
    environment.run()
    return sum(waits_s[first:]) / (customers - first)
