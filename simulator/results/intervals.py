"""Confidence intervals over replications: Student's t, for one sample and for pairs.

A replication is one independent observation; pairs share the random numbers of a replication. One observation has no
interval: its bounds are NaN.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from simulator.errors import UsageError

MEAN_METHOD = "t over replications"
RATIO_METHOD = "paired t over replications, ratio on the logarithm"
SECTIONING_METHOD = "sectioning: t around the quantile of all requests, by those of the replications"


class Interval(NamedTuple):
    """A mean, its confidence interval and the number of observations behind it."""

    n: int
    mean: float
    low: float
    high: float


NOTHING = Interval(0, math.nan, math.nan, math.nan)


def check_level(level: float) -> None:
    """Whether this is a confidence level.

    Raises:
        UsageError: it is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise UsageError(f"a confidence level lies between 0 and 1, for example 0.95; not {level}")


def mean(values: Sequence[float], level: float) -> Interval:
    """Mean of independent observations: mean -+ t(n - 1) s / sqrt(n).

    Args:
        values: one number per replication; NaN are left out.
        level: probability that the interval covers, between 0 and 1.
    """
    check_level(level)
    observed = [value for value in values if not math.isnan(value)]
    return sectioned(observed, math.fsum(observed) / len(observed), level) if observed else NOTHING


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


def sectioned(values: Sequence[float], overall: float, level: float) -> Interval:
    """An estimate from all observations together, with how far those of the replications lie around it.

    Sectioning (Asmussen and Glynn, "Stochastic simulation", 2007, III.5): for what is biased in a short sample, as a
    quantile is, the estimate of all observations is better than the mean of those of the replications.

    Args:
        values: the same estimate from each replication alone.
        overall: from all of them together.
        level: probability that the interval covers.
    """
    n = len(values)
    if n < 2:
        return Interval(n, overall, math.nan, math.nan)
    deviation = math.sqrt(math.fsum((value - overall) ** 2 for value in values) / (n - 1))
    half = t_quantile(level, n - 1) * deviation / math.sqrt(n)
    return Interval(n, overall, overall - half, overall + half)


def quantile(values: Sequence[float], part: float, level: float) -> Interval:
    """A quantile of independent observations between two of them, whatever their distribution is.

    The number of observations below the quantile is binomial, so the two that enclose it with at least this
    probability are known before any is seen (David and Nagaraja, "Order statistics", 2003, 7.1); the closest two such
    ranks are taken. The bounds are NaN where no two observations do: a 95 % interval of the median needs 6.

    Args:
        values: one number per replication; NaN are left out.
        part: which quantile, between 0 and 1.
        level: probability that the interval covers at least, between 0 and 1.

    Returns:
        the quantile (nearest rank) in place of the mean.
    """
    if not 0.0 < part < 1.0:
        raise UsageError(f"a quantile lies between 0 and 1, for example 0.99; not {part}")
    check_level(level)
    ordered = sorted(value for value in values if not math.isnan(value))
    if not ordered:
        return NOTHING
    ranks = _ranks(len(ordered), part, level)
    low, high = (ordered[rank - 1] for rank in ranks) if ranks else (math.nan, math.nan)
    return Interval(len(ordered), nearest_rank(ordered, part), low, high)


def nearest_rank(ordered: Sequence[float], part: float) -> float:
    """The smallest observation that is not exceeded by this part of all; ``ordered`` is not empty."""
    return ordered[min(len(ordered), max(1, -int(-part * len(ordered) // 1))) - 1]


@lru_cache(maxsize=1024)
def _ranks(n: int, part: float, level: float) -> tuple[int, int] | None:
    """The closest two ranks, from 1, whose observations enclose a quantile with this probability; None if none do."""
    from scipy.special import bdtr

    below = [0.0, *(float(bdtr(rank, n, part)) for rank in range(n))]
    highs = ((low, bisect_left(below, below[low] + level)) for low in range(1, n))
    pairs = [(high - low, below[low] - below[high], low, high) for low, high in highs if high <= n]
    if not pairs:
        return None
    *_, low, high = min(pairs)
    return low, high


@lru_cache(maxsize=4096)
def t_quantile(level: float, degrees: float) -> float:
    """How many standard errors of the mean the interval reaches to either side (Student's t)."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2.0))
