"""Laws of service times, and samples of them with little noise, for all open queues."""

from __future__ import annotations

from collections.abc import Callable
from math import log
from random import Random

import pytest

Quantile = Callable[[float], float]


def exponential(part: float) -> float:
    """Mean 1, second moment 2."""
    return -log(1.0 - part)


def hyperexponential(part: float) -> float:
    """Mean 1, second moment 0.8 * 2 * 0.5^2 + 0.2 * 2 * 3^2 = 4."""
    return 0.5 * exponential(part / 0.8) if part < 0.8 else 3.0 * exponential((part - 0.8) / 0.2)


SERVICES: dict[str, tuple[Quantile, float]] = {
    "exponential": (exponential, 2.0),
    "deterministic": (lambda part: 1.0, 1.0),
    "hyper-exponential": (hyperexponential, 4.0),
}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> tuple[Quantile, float]:
    """Quantiles of a law of service with mean 1, and its second moment: each of three laws."""
    return SERVICES[request.param]


@pytest.fixture
def draws() -> Callable[..., list[float]]:
    """A sample with one value from each of ``count`` equal parts of the law: its mean carries no noise."""

    def draw(random: Random, count: int, quantile: Quantile = exponential) -> list[float]:
        sample = [quantile((part + random.random()) / count) for part in range(count)]
        random.shuffle(sample)
        return sample

    return draw
