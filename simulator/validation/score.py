"""Scores: how right the predictions are together, against two null models, and whether they put systems in order.

Skill is that of Murphy (1988): 1 less the mean square error over that of the null model, on the logarithm of the cost
over native. The null models know more than they should: "everything is as native" knows every native figure, and "every
stack of a class costs the class's mean" knows the mean of the very figures that are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from math import isfinite, log, nan
from typing import NamedTuple

from simulator.experiment import quantile
from simulator.validation.rows import Row

NOTABLE = 1.10
"""Published costs over native above which skill is taken."""
APART = 0.03
"""Figures of one benchmark that differ by more are in an order that must come out."""


class Score(NamedTuple):
    """How right a group of predictions is.

    Attributes:
        group: what they have in common.
        judged: predictions of figures that were never an input.
        notable: those among them whose published cost over native exceeds 10 %.
        skill_native: skill over "everything is as native", on the notable ones.
        skill_class: skill over "every stack of a class costs the class's mean", on the notable ones.
        notable_median, notable_p90: errors on the notable ones, in percent, without sign.
        median, p90, worst: errors on all judged ones, in percent, without sign.
        inside: part of the judged figures that lie within the range over the parameters; not a number without ranges.
        pairs, right: pairs of systems that differ, and those that come out in the published order.
    """

    group: str
    judged: int
    notable: int
    skill_native: float
    skill_class: float
    notable_median: float
    notable_p90: float
    median: float
    p90: float
    worst: float
    inside: float
    pairs: int
    right: int


def scores(rows: Sequence[Row]) -> dict[str, list[Score]]:
    """Scores of all rows together, of each source and of each class; groups in the order of their rows."""
    means = class_means(rows)
    found = {"overall": [score("all", rows, means)]}
    keys: Mapping[str, Callable[[Row], str]] = {"source": lambda row: row.source, "class": lambda row: row.model_class}
    for name, key in keys.items():
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(key(row), []).append(row)
        found[name] = [score(group, own, means) for group, own in groups.items() if any(row.judged for row in own)]
    return found


def score(group: str, rows: Sequence[Row], means: Mapping[str, float]) -> Score:
    """The score of some rows; ``means`` are those of :func:`class_means` over all."""
    judged = [row for row in rows if row.judged]
    notable = [row for row in judged if row.cost > NOTABLE]
    own = [row.log_error for row in notable]
    native = [log(row.cost) for row in notable]
    of_class = [log(row.cost) - means[row.model_class] for row in notable]
    ranged = [row for row in judged if isfinite(row.range_low)]
    pairs = orderings(rows)
    return Score(
        group, len(judged), len(notable), _skill(own, native), _skill(own, of_class),
        _error(notable, 0.5), _error(notable, 0.9), _error(judged, 0.5), _error(judged, 0.9), _error(judged, 1.0),
        sum(map(is_inside, ranged)) / len(ranged) if ranged else nan,
        len(pairs), sum(right for _, _, right in pairs),
    )  # fmt: skip


def class_means(rows: Iterable[Row]) -> dict[str, float]:
    """Mean logarithm of the published cost over native of each class, of the figures that are scored."""
    found: dict[str, list[float]] = {}
    for row in rows:
        if row.judged and row.cost > NOTABLE:
            found.setdefault(row.model_class, []).append(log(row.cost))
    return {name: sum(logs) / len(logs) for name, logs in found.items()}


def is_inside(row: Row) -> bool:
    """Whether the published figure, or a part of its range, lies within the range over the parameters."""
    low, high = row.published_bounds or (nan, nan)
    return row.range_low <= high and low <= row.range_high


def _skill(errors: Sequence[float], null: Sequence[float]) -> float:
    against = sum(each * each for each in null)
    return 1.0 - sum(each * each for each in errors) / against if against else nan


def _error(rows: Iterable[Row], part: float) -> float:
    """A quantile of the errors without their sign."""
    return quantile(sorted(abs(row.error_percent) for row in rows), part)


def orderings(rows: Iterable[Row]) -> list[tuple[Row, Row, bool]]:
    """Pairs of systems on one benchmark that differ as published, and whether they come out in that order.

    At least one of the two must judge; figures that differ by less than 3 %, or by less than the source's own
    repetitions do, are in no order.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        bounds = row.published_bounds
        if isfinite(row.predicted) and bounds is not None and bounds[0] == bounds[1]:
            key = (row.file, row.table, row.benchmark, row.metric, row.unit, row.condition)
            groups.setdefault(key, []).append(row)
    return [
        (one, other, _right(one, other))
        for group in groups.values()
        for one, other in combinations(group, 2)
        if (one.judged or other.judged) and one.platform != other.platform and _apart(one, other)
    ]


def _apart(one: Row, other: Row) -> bool:
    a, b = float(one.published), float(other.published)
    return abs(a - b) > max(APART, one.spread, other.spread) * min(abs(a), abs(b))


def _right(one: Row, other: Row) -> bool:
    return (one.predicted > other.predicted) == (float(one.published) > float(other.published))
