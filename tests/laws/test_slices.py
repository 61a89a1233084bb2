"""Slices against closed forms: round robin with switches, CFS, quotas, priorities."""

from __future__ import annotations

from math import ceil, floor, log2
from random import Random
from typing import Any

import pytest
import simpy

from simulator.sharing._trace import Trace
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share


def machine(policy: str, cores: int = 1, trace: Trace | None = None, **parameters: float) -> Quantum:
    return Quantum(simpy.Environment(), cores, 1.0, scheduling=Scheduling(policy, parameters), trace=trace)


def start(device: Quantum, name: str, work: float = 1e6, parent: Share | None = None, **rules: Any) -> Share:
    """A thread; its ``payload`` is when its work ended."""
    share = Share(name, parent or device.root, **rules)

    def ended(share: Share) -> None:
        share.payload = device.environment.now

    device.submit(share, work, ended)
    return share


def run(device: Quantum, until_s: float) -> None:
    device.environment.run(until=until_s)
    device.settle()


@pytest.mark.parametrize("number", [2, 3, 7])
@pytest.mark.parametrize("switch_s", [0.0001, 0.001, 0.01])
def test_round_robin_with_switches(number: int, switch_s: float) -> None:
    """q / (q + s) of the time is useful; every thread has its part within a slice."""
    device = machine("round_robin", slice_s=0.01)
    threads = [start(device, str(n), switch_s=switch_s) for n in range(number)]
    run(device, 50.0)
    assert device.served / 50.0 == pytest.approx(0.01 / (0.01 + switch_s), abs=2e-4 * number)
    had = [thread.work - thread.remaining for thread in threads]
    assert max(had) - min(had) <= 0.01 + 1e-9
    turns = 50.0 / (0.01 + switch_s) / number
    assert [thread.switches[thread] for thread in threads] == pytest.approx([turns] * number, abs=1.5)


def test_wait_of_one_that_wakes_among_hogs() -> None:
    """Inserted last among 4 hogs: (n - 2) slices and on average half of one, never more than (n - 1) slices."""
    device = machine("round_robin", slice_s=0.01)
    for number in range(4):
        start(device, str(number))
    random, waits = Random(1), []

    def waker() -> Any:
        share = Share("waker", device.root)
        for _ in range(2000):
            yield device.environment.timeout(random.uniform(0.0, 1.0))
            began_s, done = device.environment.now, device.environment.event()
            device.submit(share, 1e-6, lambda _, done=done: done.succeed())
            yield done
            waits.append(device.environment.now - began_s - 1e-6)

    device.environment.run(until=device.environment.process(waker()))
    assert max(waits) <= 4 * 0.01 + 2e-9
    assert min(waits) >= 3 * 0.01 - 2e-9
    assert sum(waits) / len(waits) == pytest.approx(3.5 * 0.01, rel=0.01)


@pytest.mark.parametrize(
    ("weights", "latency_s", "granularity_s"),
    [((1, 2, 3), 0.006, 0.0005), ((1, 1), 0.006, 0.00075), ((1, 9), 0.006, 0.002)],
)
def test_cfs_slices(weights: tuple[float, ...], latency_s: float, granularity_s: float) -> None:
    """Period max(latency, nr * granularity); slice its weight's part, at least the granularity."""
    trace = Trace()
    device = machine("cfs", trace=trace, latency_s=latency_s, minimum_granularity_s=granularity_s)
    for weight in weights:
        start(device, str(weight), weight=weight)
    run(device, 1.0)
    period_s = max(latency_s, len(weights) * granularity_s)
    for weight in weights:
        expected = max(granularity_s, period_s * weight / sum(weights))
        lengths = [end - begin for _, _, name, begin, end in trace if name == str(weight)][2:-2]
        turns = [length / expected for length in lengths]
        assert turns == pytest.approx([round(turn) for turn in turns], abs=1e-5)
        assert min(turns) >= 1.0 - 1e-5


def test_cfs_scales_with_the_processors() -> None:
    """1 + floor(log2 processors), up to 8."""
    for cores in (1, 2, 3, 4, 8, 64):
        scale = 1 + floor(log2(min(cores, 8)))
        assert machine("cfs", cores).policy().latency_ns == 6_000_000 * scale


@pytest.mark.parametrize("quota", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("work", [0.01, 0.09, 0.25, 1.0])
def test_quota(quota: float, work: float) -> None:
    """A thread alone that starts at a refill: (ceil(x/Q) - 1) P + x - (ceil(x/Q) - 1) Q."""
    device = machine("cfs")
    group = Share("group", device.root, cap=quota, period_s=0.1)
    thread = start(device, "thread", work, group)
    device.environment.run(until=100.0)
    budget = quota * 0.1
    before = ceil(work / budget - 1e-9) - 1
    assert thread.payload == pytest.approx(before * 0.1 + work - before * budget, abs=2e-9)
    assert thread.throttled_s == pytest.approx(thread.payload - work, abs=2e-9)


def test_throttled_share() -> None:
    """1 - Q / P of the time, on two processors together."""
    device = machine("cfs", 2)
    group = Share("group", device.root, cap=0.5)
    threads = [start(device, str(number), parent=group) for number in range(2)]
    run(device, 10.0)
    for thread in threads:
        assert thread.throttled_s == pytest.approx(10.0 * (1.0 - 0.25), abs=0.06)
    assert device.served == pytest.approx(5.0, abs=0.03)


def test_the_highest_priority_is_as_if_alone() -> None:
    """A background load of 30 % at top priority: slowdown 1 / (1 - rho) for the others, none for itself."""
    device = machine("real_time")
    environment, high = device.environment, Share("interrupts", device.root, weight=99.0)
    responses: list[float] = []

    def interrupts() -> Any:
        while True:
            yield environment.timeout(0.01)
            began_s = environment.now
            device.submit(high, 0.003, lambda _, began_s=began_s: responses.append(environment.now - began_s))

    environment.process(interrupts())
    low = start(device, "low", 7.0)
    run(device, 20.0)
    assert max(responses) == pytest.approx(0.003, abs=2e-9)
    assert low.payload == pytest.approx(7.0 / (1.0 - 0.3), abs=0.01)


def test_two_priorities_of_poisson_arrivals() -> None:
    """Preemptive-resume: T_k = E[S]/(1-s_{k-1}) + sum_{i<=k} lambda_i E[S^2] / (2 (1-s_{k-1})(1-s_k))."""
    device, random = machine("real_time"), Random(7)
    rate, mean_s = 0.35, 1.0
    found: dict[int, list[float]] = {0: [], 1: []}

    def arrivals(kind: int) -> Any:
        while True:
            yield device.environment.timeout(random.expovariate(rate))
            share, began_s = Share("job", device.root, weight=2.0 - kind), device.environment.now

            def ended(share: Share, began_s: float = began_s) -> None:
                found[kind].append(device.environment.now - began_s)
                device.root.children.remove(share)

            device.submit(share, random.expovariate(1.0 / mean_s), ended)

    for kind in found:
        device.environment.process(arrivals(kind))
    device.environment.run(until=15_000.0)
    load, second = rate * mean_s, 2.0 * mean_s**2
    expected = [
        mean_s + rate * second / (2.0 * (1.0 - load)),
        mean_s / (1.0 - load) + 2 * rate * second / (2.0 * (1.0 - load) * (1.0 - 2 * load)),
    ]
    means = [sum(times) / len(times) for times in found.values()]
    assert means == pytest.approx(expected, rel=0.08)
