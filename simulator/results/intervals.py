"""Confidence intervals over replications: Student's t, for one sample and for pairs.

A replication is one independent observation; pairs share the random numbers of a replication. One observation has no
interval: its bounds are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from simulator.errors import UsageError

MEAN_METHOD = "t over replications"
RATIO_METHOD = "paired t over replications, ratio on the logarithm"


class Interval(NamedTuple):
    """A mean, its confidence interval and the number of observations behind it."""

    n: int
    mean: float
    low: float
    high: float


NOTHING = Interval(0, math.nan, math.nan, math.nan)


def mean(values: Sequence[float], level: float) -> Interval:
    """Mean of independent observations: mean -+ t(n - 1) s / sqrt(n).

    Args:
        values: one number per replication; NaN are left out.
        level: probability that the interval covers, between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise UsageError(f"a confidence level lies between 0 and 1, for example 0.95; not {level}")
    observed = [value for value in values if not math.isnan(value)]
    n = len(observed)
    if n == 0:
        return NOTHING
    centre = math.fsum(observed) / n
    if n == 1:
        return Interval(1, centre, math.nan, math.nan)
    deviation = math.sqrt(math.fsum((value - centre) ** 2 for value in observed) / (n - 1))
    half = t_quantile(level, n - 1) * deviation / math.sqrt(n)
    return Interval(n, centre, centre - half, centre + half)


def difference(values: Sequence[float], baseline: Sequence[float], level: float) -> Interval:
    """Mean of the differences of pairs."""
    return mean([value - base for value, base in zip(values, baseline, strict=True)], level)


def ratio(values: Sequence[float], baseline: Sequence[float], level: float) -> Interval:
    """Geometric mean of the ratios of pairs.

    Taken on the logarithm, so that how much slower and how much faster are the same statement read backwards, and an
    interval never reaches below zero. Not a number where a value is not positive.
    """
    pairs = zip(values, baseline, strict=True)
    logs = [math.log(value / base) if value > 0 and base > 0 else math.nan for value, base in pairs]
    n, *bounds = mean(logs, level) if not any(math.isnan(log) for log in logs) else NOTHING
    return Interval(n, *(math.exp(bound) for bound in bounds))


@lru_cache(maxsize=4096)
def t_quantile(level: float, degrees: int) -> float:
    """How many standard errors of the mean the interval reaches to either side (Student's t)."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2.0))
