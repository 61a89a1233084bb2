"""Open queues on the processor: jobs come at random and share it equally, whatever the law of their sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from math import log
from random import Random
from typing import NamedTuple

import pytest
import simpy

from simulator import laws
from simulator.devices.base import DeviceRow
from simulator.devices.processor import Processor
from simulator.sharing.tree import Share

Quantile = Callable[[float], float]


def exponential(part: float) -> float:
    """Mean 1."""
    return -log(1.0 - part)


# mean 1; E[S^2] = 2, 1 and 4 (0.8 * 2 * 0.5^2 + 0.2 * 2 * 3^2)
SIZES: dict[str, Quantile] = {
    "exponential": exponential,
    "deterministic": lambda part: 1.0,
    "hyper-exponential": lambda part: (
        0.5 * exponential(part / 0.8) if part < 0.8 else 3.0 * exponential((part - 0.8) / 0.2)
    ),
}


def draws(random: Random, quantile: Quantile, count: int) -> list[float]:
    """A sample with one value from each of ``count`` equal parts of the law: its mean carries no noise."""
    sample = [quantile((part + random.random()) / count) for part in range(count)]
    random.shuffle(sample)
    return sample


class Outcome(NamedTuple):
    """Times in system by weight class, how many jobs each arrival found, and the ledger of the processor."""

    times_s: dict[float, list[float]]
    found: Counter[int]
    served_s: float
    row: DeviceRow

    @property
    def mean_s(self) -> float:
        times_s = [time_s for times_s in self.times_s.values() for time_s in times_s]
        return sum(times_s) / len(times_s)


def simulate(
    arrival_rate: float, size: Quantile, cores: int = 1, weights: tuple[float, ...] = (1.0,), jobs: int = 20_000
) -> Outcome:
    """Poisson arrivals of jobs, each of a weight drawn evenly, on cores of 1 cycle a second."""
    random, environment = Random(24), simpy.Environment()
    cpu = Processor(environment, {"cores_count": cores, "frequency_hz": 1.0})
    outcome = Outcome({weight: [] for weight in weights}, Counter(), 0.0, cpu.row())
    sizes_s, gaps = draws(random, size, jobs), draws(random, exponential, jobs)

    def job(size_s: float, weight: float) -> Iterator[simpy.Event]:
        start_s, share = environment.now, Share("job", cpu.root, weight=weight)
        yield cpu.run(size_s, share)
        cpu.root.children.remove(share)
        outcome.times_s[weight].append(environment.now - start_s)

    def arrivals() -> Iterator[simpy.Event]:
        for size_s, gap in zip(sizes_s, gaps, strict=True):
            yield environment.timeout(gap / arrival_rate)
            outcome.found[len(cpu.sharing.active)] += 1
            environment.process(job(size_s, random.choice(weights)))

    environment.process(arrivals())
    environment.run()
    return outcome._replace(served_s=sum(sizes_s), row=cpu.row())


@pytest.mark.parametrize("law", SIZES)
def test_insensitive_to_the_law_of_sizes(law: str) -> None:
    outcome = simulate(0.5, SIZES[law])
    assert outcome.mean_s == pytest.approx(laws.sharing_response_s(1.0, 0.5), rel=0.05)
    for jobs in range(4):  # Poisson arrivals see time averages
        found = outcome.found[jobs] / outcome.found.total()
        assert found == pytest.approx(laws.jobs_probability(0.5, jobs), abs=0.015)


@pytest.mark.parametrize("law", SIZES)
def test_several_cores(law: str) -> None:
    outcome = simulate(1.2, SIZES[law], cores=2)  # a job uses one core at most: M/G/2 with egalitarian sharing
    assert outcome.mean_s == pytest.approx(1.0 + laws.mmc_wait_s(1.2, 1.0, 2), rel=0.05)


def test_little_and_utilisation() -> None:
    outcome = simulate(0.5, SIZES["exponential"], jobs=5_000)
    row, throughput = outcome.row, 5_000 / outcome.row.time_s
    found = sum(jobs * count for jobs, count in outcome.found.items()) / outcome.found.total()
    assert found == pytest.approx(laws.little_jobs(throughput, outcome.mean_s), rel=0.05)
    assert row.busy_s / row.time_s == pytest.approx(laws.utilisation(throughput, outcome.served_s / 5_000), rel=1e-9)
    assert row.busy_s + row.idle_s == pytest.approx(row.time_s, rel=1e-12)


def test_discriminatory_sharing_of_two_classes() -> None:
    outcome = simulate(0.6, SIZES["exponential"], weights=(4.0, 1.0))
    heavy_s, light_s = (sum(times_s) / len(times_s) for times_s in outcome.times_s.values())
    expected = laws.discriminatory_responses_s((0.3, 0.3), (1.0, 1.0), (4.0, 1.0))
    assert (heavy_s, light_s) == pytest.approx(expected, rel=0.05)  # 1.86 and 3.14; 2.5 for both without weights
