"""Findings: what came of each comparison of a claim, and the verdict that follows from all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.claims.judging import LEVEL
from simulator.results.intervals import Interval

HOLDS, LIMITED, FAILS, OPEN = "holds", "holds with limits", "does not hold", "not decided"
"""Verdicts; the last where an interval, or a run that failed, leaves it open."""


@dataclass(frozen=True)
class Finding:
    """One comparison at one place.

    Attributes:
        says: what it means if it comes out.
        title: what was read.
        unit: of both numbers.
        of: the stack where it was read.
        tenant: whose it is; empty where it is no tenant's in particular.
        at: the place on the axes.
        relation: how it is said to compare: less_than, more_than or equals.
        than: the label of the other stack; empty where it is a number.
        by: the part of the other by which it is more or less, or may differ.
        comes_out: whether it is so; None where that is open.
        own: the number with its interval.
        other: what it is compared with, with its interval.
        ratio: of the two.
        note: what stands behind the number.
        other_note: the same of the other.
        open_because: why it is open.
    """

    says: str
    title: str
    unit: str
    of: str
    tenant: str
    at: Mapping[str, Any]
    relation: str
    than: str
    by: float
    comes_out: bool | None
    own: Interval
    other: Interval
    ratio: Interval
    note: str = ""
    other_note: str = ""
    open_because: str = ""

    def data(self) -> dict[str, Any]:
        """As plain data; what is not a number is None."""
        return {
            "says": self.says, "read": self.title, "unit": self.unit, "of": self.of, "tenant": self.tenant,
            "at": dict(self.at), "relation": self.relation, "than": self.than, "by": self.by,
            "comes_out": self.comes_out, "n": self.own.n, **_columns("value", self.own),
            **_columns("other", self.other), **_columns("ratio", self.ratio), "level": LEVEL, "note": self.note,
            "other_note": self.other_note, "open_because": self.open_because,
        }  # fmt: skip


@dataclass(frozen=True)
class Tested:
    """A claim that was put to the test.

    Attributes:
        name: of its scenario.
        topic: the part of the lecture.
        statement: the claim.
        because: the mechanism.
        holds: what should come out.
        fails: the case where it may fail.
        folder: of the results; empty where nothing had to be run.
    """

    name: str
    topic: str
    statement: str
    because: str
    holds: Sequence[Finding]
    fails: Sequence[Finding]
    folder: str

    @property
    def verdict(self) -> str:
        """Holds if all comes out, with limits if the case where it may fail does not, else it does not hold."""
        shown, tried = ([each.comes_out for each in findings] for findings in (self.holds, self.fails))
        if False in shown:
            return FAILS
        if None in shown:
            return OPEN
        return LIMITED if False in tried else OPEN if None in tried else HOLDS

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "name": self.name, "topic": self.topic, "claim": self.statement, "verdict": self.verdict,
            "because": self.because, "holds": [each.data() for each in self.holds],
            "fails": [each.data() for each in self.fails], "folder": self.folder,
        }  # fmt: skip


def _columns(name: str, interval: Interval) -> dict[str, float | None]:
    numbers = zip(("", "_low", "_high"), interval[1:], strict=True)
    return {f"{name}{end}": number if math.isfinite(number) else None for end, number in numbers}
