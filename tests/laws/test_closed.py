"""Closed systems: a batch of jobs, users who think, machines that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices.processor import Processor
from simulator.devices.rotating_disk import RotatingDisk

# A disk whose requests take only their transfer: no seek, a turn of a nanosecond.
PLAIN_DISK = {
    "capacity_bytes": 1e9,
    "media_bytes_per_s": 1.0,
    "rotation_s": 1e-9,
    "seek_shortest_s": 0.0,
    "seek_longest_s": 0.0,
    "queue_depth_count": 1,
    "deadline_s": 1.0,
    "batch_bytes": 0.0,
    "anticipation_s": 0.0,
    "command_s": 0.0,
}


def processor(environment: simpy.Environment, cores: int = 1) -> Processor:
    """Cores of one cycle a second."""
    return Processor(environment, {"cores_count": cores, "frequency_hz": 1.0})


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
@pytest.mark.parametrize("jobs", [1, 2, 5, 8, 13])
def test_batch_on_shared_cores(cores: int, jobs: int) -> None:
    environment = simpy.Environment()
    cpu = processor(environment, cores)
    ends = []
    for _ in range(jobs):
        cpu.run(10.0).callbacks.append(lambda _: ends.append(environment.now))
    environment.run()
    assert ends == pytest.approx([laws.batch_end_s(jobs, 10.0, cores)] * jobs, rel=1e-12)


@pytest.mark.parametrize("customers", [1, 3, 8])
def test_interactive_network(customers: int) -> None:
    """Think 5 s, compute 1 s (shared), transfer 0.6 s (in order of arrival); all exponential."""
    random, environment = Random(80), simpy.Environment()
    cpu, disk = processor(environment), RotatingDisk(environment, PLAIN_DISK)
    responses_s = []

    def customer() -> Iterator[simpy.Event]:
        while True:
            yield environment.timeout(random.expovariate(1 / 5.0))
            start_s = environment.now
            yield cpu.run(random.expovariate(1.0))
            yield disk.transfer(random.expovariate(1 / 0.6)).done
            responses_s.append(environment.now - start_s)

    for _ in range(customers):
        environment.process(customer())
    environment.run(until=60_000 / customers**0.5)
    network = laws.mean_value_analysis((1.0, 0.6), customers, think_s=5.0)
    throughput, response_s = len(responses_s) / environment.now, sum(responses_s) / len(responses_s)
    assert throughput == pytest.approx(network.throughput, rel=0.03)
    assert response_s == pytest.approx(network.response_s, rel=0.03)
    assert laws.little_jobs(throughput, 5.0 + response_s) == pytest.approx(customers, rel=0.03)
    busy = [row.busy_s / row.time_s for row in (cpu.row(), *disk.rows())]
    assert busy == pytest.approx([laws.utilisation(throughput, 1.0), laws.utilisation(throughput, 0.6)], rel=0.03)


@pytest.mark.parametrize(
    "up", [lambda random: random.expovariate(1 / 9.0), lambda random: random.uniform(0.0, 18.0)],
    ids=["exponential", "uniform"],
)  # fmt: skip
def test_machine_repair(up: Callable[[Random], float]) -> None:
    """Five machines run 9 s in the mean, their repair takes 2 s; only the mean of the running time counts."""
    random, environment = Random(38), simpy.Environment()
    cpu = processor(environment)
    repairs = []

    def machine() -> Iterator[simpy.Event]:
        while True:
            yield environment.timeout(up(random))
            start_s = environment.now
            yield cpu.run(random.expovariate(1 / 2.0))
            repairs.append(environment.now - start_s)

    for _ in range(5):
        environment.process(machine())
    environment.run(until=30_000)
    down = laws.machine_repair(5, failure_rate=1 / 9.0, repair_rate=1 / 2.0)
    rate = len(repairs) / environment.now
    assert rate == pytest.approx((1.0 - down[0]) / 2.0, rel=0.03)
    mean_down = sum(k * p for k, p in enumerate(down))
    assert laws.little_jobs(rate, sum(repairs) / len(repairs)) == pytest.approx(mean_down, rel=0.05)
    assert cpu.row().busy_s / environment.now == pytest.approx(1.0 - down[0], rel=0.03)
