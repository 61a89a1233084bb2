"""Who is best: in one respect, and in several respects at once (Pareto). Less is better in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from simulator.choice.measures import Measure


def pareto(points: Mapping[str, Sequence[Measure]]) -> list[str]:
    """Those that no other one beats: none is better in one respect and worse in none.

    Better and worse are what luck could not have turned round: the whole intervals lie apart. Intervals so wide that
    each is beaten by some other in a circle say nothing; then the bare numbers decide.
    """
    front = [name for name, own in points.items() if not any(_beats(other, own) for other in points.values())]
    if front or not points:
        return front
    return pareto({name: [Measure(each.value) for each in own] for name, own in points.items()})


def least(measures: Mapping[str, Measure], grain: float = 0.0) -> list[str]:
    """The lowest, and whoever lies within its interval (luck could have turned them round) or closer than the grain."""
    known = {name: each for name, each in measures.items() if each.known}
    if not known:
        return []
    first = min(known.values(), key=lambda each: each.value)
    bound = max(_high(first), first.value + grain)
    return [name for name, each in known.items() if each.value <= bound]


def _beats(other: Sequence[Measure], own: Sequence[Measure]) -> bool:
    pairs = list(zip(other, own, strict=True))
    better = any(_high(theirs) < _low(mine) for theirs, mine in pairs)
    return better and not any(_high(mine) < _low(theirs) for theirs, mine in pairs)


def _low(measure: Measure) -> float:
    return min(measure.low, measure.value) if isfinite(measure.low) else measure.value


def _high(measure: Measure) -> float:
    return max(measure.high, measure.value) if isfinite(measure.high) else measure.value
