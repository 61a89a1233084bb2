"""Jobs that wait for one of several cores, and jobs that are lost when all are busy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices.processor import Processor
from simulator.queues import Mailbox

Draws = Callable[..., list[float]]
Service = tuple[Callable[[float], float], float]


def cores(environment: simpy.Environment, count: int) -> Processor:
    """Cores of one cycle a second."""
    return Processor(environment, {"cores_count": count, "frequency_hz": 1.0})


@pytest.mark.parametrize("count", [1, 2, 3])
def test_jobs_are_lost_when_all_cores_are_busy(draws: Draws, service: Service, count: int) -> None:
    """Two cores' worth of work is offered; nobody waits, nobody shares."""
    random, environment = Random(10), simpy.Environment()
    cpu, jobs = cores(environment, count), 20_000
    lost = 0

    def arrivals() -> Iterator[simpy.Event]:
        nonlocal lost
        for gap, size_s in zip(draws(random, jobs), draws(random, jobs, service[0]), strict=True):
            yield environment.timeout(gap / 2.0)
            if len(cpu.sharing.active) < count:
                cpu.run(size_s)
            else:
                lost += 1

    environment.process(arrivals())
    environment.run()
    assert lost / jobs == pytest.approx(laws.erlang_b(2.0, count), abs=0.012)
    assert cpu.row().busy_s / environment.now == pytest.approx(2.0 * (1 - lost / jobs), rel=0.03)


@pytest.mark.parametrize("count", [2, 4])
def test_one_line_before_several_threads(draws: Draws, count: int) -> None:
    """As many threads as cores take jobs in their order: M/M/c at three quarters of its load."""
    random, environment = Random(12), simpy.Environment()
    cpu, box, jobs, rate = cores(environment, count), Mailbox(environment.event), 40_000, 0.75 * count
    came_s: list[float] = []
    waits_s: list[float] = []
    sizes_s = iter(draws(random, jobs))

    def arrivals() -> Iterator[simpy.Event]:
        for gap in draws(random, jobs):
            yield environment.timeout(gap / rate)
            came_s.append(environment.now)
            box.put()

    def thread() -> Iterator[simpy.Event]:
        while True:
            arrival = box.get()
            if arrival is not None:
                yield arrival
            waits_s.append(environment.now - came_s[len(waits_s)])
            yield cpu.run(next(sizes_s))

    environment.process(arrivals())
    for _ in range(count):
        environment.process(thread())
    environment.run()
    assert len(waits_s) == jobs
    assert sum(waits_s) / jobs == pytest.approx(laws.mmc_wait_s(rate, 1.0, count), rel=0.08)
    waited = sum(wait_s > 0.0 for wait_s in waits_s) / jobs
    assert waited == pytest.approx(laws.erlang_c(rate, count), rel=0.03)
