"""Where a series has settled: MSER-5 on the mean over replications, and Welch's moving average beside it.

MSER-5 (White, Cobb and Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
Simulation Conference 2000) cuts where the mean of what is left would have the smallest standard error, five values at a
time. On the series of a single replication it mostly sees that replication's own luck, and intervals over cut
replications cover far less often than they say. The mean over replications (Welch, "The statistical analysis of
simulation results", 1983) has less of it; leaving out each replication in turn shows how much is left, and the longest
of those cuts is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy

    Series = numpy.ndarray[Any, numpy.dtype[numpy.float64]]

BATCH = 5
"""Values that are taken together."""
_LEFT = 5
"""Batches of which the standard error says nothing."""
_ROUNDING = 1e-12
FEWEST_BATCHES = 20
"""With fewer batches nothing can be said."""
BAND = 0.05
"""So far from the mean of the second half, as a part of it, a moving average that has settled may be in any case."""


@dataclass(frozen=True)
class Cut:
    """From where on a series counts.

    Attributes:
        index: the number of values before it: the longest cut in the first half of all and of all but one.
        shortest: the shortest of these cuts.
        settled: whether the cut of all lies in the first half, and those without one replication do, but for one in
            five: only then the rule can be believed.
    """

    index: int
    shortest: int
    settled: bool


def mser(series: Series) -> int:
    """How many values to leave out so that the mean of the others has the smallest standard error; a multiple of 5.

    Args:
        series: at least ``BATCH * FEWEST_BATCHES`` values.
    """
    import numpy as np

    count = len(series) // BATCH
    means = series[: count * BATCH].reshape(count, BATCH).mean(axis=1)
    means = means - means.mean()
    left = np.arange(count, 0, -1)
    sums, squares = (values[::-1].cumsum()[::-1] for values in (means, means**2))
    error = (squares - sums**2 / left) / left.astype(float) ** 2
    error = error[: count - _LEFT]
    # Of cuts that are equal but for rounding, as where nothing varies any more, the first.
    return int(np.flatnonzero(error <= error.min() + _ROUNDING * error.max())[0]) * BATCH


def cut(replications: Sequence[Series]) -> Cut | None:
    """Where equally long series of replications have settled; None where they are too short, or there is only one."""
    import numpy as np

    if len(replications) < 2 or min(map(len, replications)) < BATCH * FEWEST_BATCHES:
        return None
    table = np.stack(replications)
    whole = table.sum(axis=0)
    own = mser(whole / len(table))
    without = [mser((whole - each) / (len(table) - 1)) for each in table]
    half = table.shape[1] // 2
    early = [each for each in (own, *without) if each <= half]
    late = 1 + len(without) - len(early)
    return Cut(max(early, default=half), min(own, *without), own <= half and late <= len(without) // 5)


def moving_average(series: Series) -> Series:
    """Welch's moving average over a twentieth of the series to either side, and over less at its beginning and end."""
    import numpy as np

    count = len(series)
    sums = np.concatenate([[0.0], series.cumsum()])
    places = np.arange(count)
    reach = np.minimum(np.minimum(places, count - 1 - places), _reach(count))
    averages: Series = (sums[places + reach + 1] - sums[places - reach]) / (2 * reach + 1)
    return averages


def _reach(count: int) -> int:
    return max(1, count // 20)


def within_band(average: Series) -> int | None:
    """From where on a moving average stays near its mean over the second half; None where it has not by then.

    Near is 5 %, or three times the noise that it has in the second half. Its last values, over less and less, do not
    count.
    """
    import numpy as np

    half = len(average) // 2
    whole = average[: len(average) - _reach(len(average))]
    later = whole[half:].mean()
    apart = 2 * _reach(len(average)) + 1
    noise = (whole[half + apart :] - whole[half:-apart]).std() / 2.0**0.5
    outside = np.flatnonzero(np.abs(whole - later) > max(BAND * abs(later), 3.0 * noise))
    first = int(outside[-1]) + 1 if len(outside) else 0
    return first if first <= half else None
