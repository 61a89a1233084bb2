"""One at a time: each unknown at both ends of its range, all others at the catalog's values. What a tornado shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simulator.importance.model import Model, Values
from simulator.uncertainty import Unknown


class Ends(NamedTuple):
    """One answer with one unknown at the lower end of its range, and at the upper."""

    low: float
    high: float


def samples(unknowns: Sequence[Unknown]) -> list[Values]:
    """Two for each unknown: low, high."""
    return [{each.key: end} for each in unknowns for end in (each.low, each.high)]


def ends(unknowns: Sequence[Unknown], model: Model) -> list[dict[str, Ends]]:
    """For each answer the ends of every unknown, by key."""
    rows = model(samples(unknowns))
    answers = range(len(rows[0]) if rows else 0)
    return [
        {
            unknown.key: Ends(rows[2 * number][answer], rows[2 * number + 1][answer])
            for number, unknown in enumerate(unknowns)
        }
        for answer in answers
    ]
