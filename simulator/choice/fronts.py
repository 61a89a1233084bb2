"""Who is best: in one respect, by limits, and in several respects at once (Pareto)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from simulator.choice.measures import Measure


def pareto(points: Mapping[str, Sequence[float]]) -> list[str]:
    """Those that no other one beats: none is at least as good in every respect and better in one. Less is better."""
    return [name for name, own in points.items() if not any(_beats(other, own) for other in points.values())]


def _beats(other: Sequence[float], own: Sequence[float]) -> bool:
    pairs = list(zip(other, own, strict=True))
    return all(theirs <= mine for theirs, mine in pairs) and any(theirs < mine for theirs, mine in pairs)


def least(measures: Mapping[str, Measure]) -> list[str]:
    """The lowest, and whoever lies within its interval: luck could have turned them round."""
    known = {name: each for name, each in measures.items() if each.known}
    if not known:
        return []
    first = min(known.values(), key=lambda each: each.value)
    bound = max(first.high, first.value) if isfinite(first.high) else first.value
    return [name for name, each in known.items() if each.value <= bound]
