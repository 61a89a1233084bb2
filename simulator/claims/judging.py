"""Whether a reading compares with another as it is said to: only an interval that leaves no doubt decides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from simulator.claims.reading import Reading
from simulator.results import intervals
from simulator.results.intervals import Interval

LEVEL = 0.95
RELATIONS = {"less_than": "<", "more_than": ">", "equals": "="}
"""How two readings can compare, with the sign for it."""
_ROUNDING = 1e-9
"""As a part of what is compared: what floating-point numbers do not keep."""


class Judgement(NamedTuple):
    """What came of a comparison.

    Attributes:
        comes_out: whether it is as it was said to be; None where the interval does not decide, or one replication
            has none.
        own: the reading's mean and its interval.
        other: the same of what it is compared with.
        ratio: of the two, pair by pair; not a number where one of them is not positive.
    """

    comes_out: bool | None
    own: Interval
    other: Interval
    ratio: Interval


def judge(relation: str, own: Reading, other: Reading | float, by: float) -> Judgement:
    """Compares two readings replication by replication.

    Args:
        relation: of ``RELATIONS``.
        own: a reading.
        other: another one, or a number in the same unit.
        by: the part of ``other`` by which it must be more or less, or by which it may differ.
    """
    pairs = _pairs(own, other)
    mine, theirs = [each for each, _ in pairs], [each for _, each in pairs]
    low, high = ([a - (1.0 + sign * by) * b for a, b in pairs] for sign in (-1.0, 1.0))
    scale = max(map(abs, (*mine, *theirs)), default=0.0) * _ROUNDING
    derived = not own.sampled and (isinstance(other, float) or not other.sampled)
    enough = len(pairs) >= (1 if derived else 2)
    decided = _DECIDED[relation](_interval(low), _interval(high), scale) if enough else None
    return Judgement(decided, _interval(mine), _interval(theirs), intervals.ratio(mine, theirs, LEVEL))


def _pairs(own: Reading, other: Reading | float) -> list[tuple[float, float]]:
    if isinstance(other, float):
        return [(value, other) for value in own.values.values()]
    if not own.sampled or not other.sampled:
        return [(own.values[0], other.values[0])] if own.values and other.values else []
    return [(value, other.values[key]) for key, value in own.values.items() if key in other.values]


def _interval(values: Sequence[float]) -> Interval:
    """The mean and its interval; of a single value that value, which has none to be in doubt of."""
    found = intervals.mean(values, LEVEL)
    return Interval(found.n, found.mean, found.mean, found.mean) if math.isnan(found.low) else found


def _less(low: Interval, high: Interval, scale: float) -> bool | None:
    return True if low.high < -scale else False if low.low >= -scale else None


def _more(low: Interval, high: Interval, scale: float) -> bool | None:
    return True if high.low > scale else False if high.high <= scale else None


def _same(low: Interval, high: Interval, scale: float) -> bool | None:
    if low.low >= -scale and high.high <= scale:
        return True
    return False if low.high < -scale or high.low > scale else None


_DECIDED = {"less_than": _less, "more_than": _more, "equals": _same}
