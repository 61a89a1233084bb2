"""A reading: a number in each replication, or one that follows from the layers and the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import fsum, isfinite

BOOL = "bool"
"""The unit of what can be or cannot."""


@dataclass(frozen=True)
class Reading:
    """What was read on one stack.

    Attributes:
        values: by replication; what follows without a run has one, under 0.
        unit: of the values; ``bool`` where they are 0 or 1.
        sampled: whether the replications had luck of their own.
        note: what stands behind it, in a few words: who does it, or why it cannot be.
    """

    values: Mapping[int, float]
    unit: str
    sampled: bool = True
    note: str = ""


def derived(value: float, unit: str, note: str = "") -> Reading:
    """What follows without a run."""
    return Reading({0: float(value)}, unit, False, note)


def means(found: Iterable[tuple[int, float]]) -> dict[int, float]:
    """The mean in each replication; a replication with a value that is no number has none."""
    by: dict[int, list[float]] = {}
    for replication, value in found:
        by.setdefault(replication, []).append(value)
    return {key: fsum(each) / len(each) for key, each in by.items() if all(map(isfinite, each))}
