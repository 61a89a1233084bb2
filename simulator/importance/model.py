"""A model, as the methods see it: answers for samples of unknowns. They know nothing of scenarios or runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite, nan

Values = Mapping[str, float]
"""Values of some unknowns by key; all others have the catalog's."""
Model = Callable[[Sequence[Values]], list[list[float]]]
"""The answers for each of some samples, in the order of the answers; not a number where a run failed."""


def relative(value: float, base: float) -> float:
    """By what part of itself an answer differs from the one with the catalog's values."""
    return value / base - 1.0 if isfinite(base) and base else nan


def quantile(ordered: Sequence[float], part: float) -> float:
    """The number below which this part of an ordered sample lies, between neighbours on a line."""
    if not ordered:
        return nan
    position = part * (len(ordered) - 1)
    below = min(int(position), max(0, len(ordered) - 2))
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
