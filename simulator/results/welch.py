"""Two samples that are not paired: Welch's interval for the difference of their means (Welch 1947).

The variances need not be equal; the degrees of freedom are those of Welch and Satterthwaite. Pairs, whose replications
share their random numbers, are compared in :mod:`simulator.results.intervals`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.results.intervals import NOTHING, Interval, t_quantile

DIFFERENCE_METHOD = "Welch's t"
RATIO_METHOD = "Welch's t, ratio on the logarithm"


def difference(values: Sequence[float], baseline: Sequence[float], level: float) -> Interval:
    """Difference of the means with its interval; NaN are left out, and fewer than two values have no interval.

    ``n`` is the smaller of the two numbers of observations.
    """
    one, other = ([value for value in sample if not math.isnan(value)] for sample in (values, baseline))
    n = min(len(one), len(other))
    if n == 0:
        return NOTHING
    centre = _mean(one) - _mean(other)
    if n == 1:
        return Interval(1, centre, math.nan, math.nan)
    parts = [_variance(sample) / len(sample) for sample in (one, other)]
    if sum(parts) == 0.0:
        return Interval(n, centre, centre, centre)
    below = sum(part**2 / (len(sample) - 1) for part, sample in zip(parts, (one, other), strict=True))
    half = t_quantile(level, sum(parts) ** 2 / below) * math.sqrt(sum(parts))
    return Interval(n, centre, centre - half, centre + half)


def ratio(values: Sequence[float], baseline: Sequence[float], level: float) -> Interval:
    """Ratio of the geometric means; not a number where a value is not positive."""
    every = [value for value in (*values, *baseline) if not math.isnan(value)]
    if not every or min(every) <= 0.0:
        return NOTHING
    one, other = ([math.log(value) for value in sample if not math.isnan(value)] for sample in (values, baseline))
    n, *bounds = difference(one, other, level)
    return Interval(n, *(math.exp(bound) for bound in bounds))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    centre = _mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)
