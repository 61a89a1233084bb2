"""Ablation: each mechanism off in turn, and what becomes of the predictions. It separates mechanism from decoration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, isfinite
from typing import NamedTuple

from simulator.batch.progress import Progress
from simulator.validation.claims import Claim
from simulator.validation.measuring import Point
from simulator.validation.published import FigurePlace
from simulator.validation.rows import Row, error_percent
from simulator.validation.score import score
from simulator.validation.validate import Validator

CLEARLY = 5.0
"""By how many points the mean error of a source must rise for it to be clearly worse."""


SHARE = 0.005
"""Mechanisms that take less of all processor time in a run cannot carry it, and stay on."""


class Ablated(NamedTuple):
    """One source with one mechanism off.

    Attributes:
        mechanism: what was switched off, in all layers that have it.
        source: whose figures; empty for all together.
        judged: its judged figures in whose runs the mechanism had taken something.
        error_percent: their mean error with everything on (the geometric mean of the factor by which they are off).
        without_percent: the same with the mechanism off.
        skill_native: skill over "everything is as native" with the mechanism off, of all the source's figures.
        worst: the benchmark and platform that suffers most.
    """

    mechanism: str
    source: str
    judged: int
    error_percent: float
    without_percent: float
    skill_native: float
    worst: str

    @property
    def clearly_worse(self) -> bool:
        """Whether the source needs the mechanism."""
        return self.without_percent - self.error_percent > CLEARLY


def ablate(validator: Validator, rows: Sequence[Row], jobs: int | None, progress: Progress) -> list[Ablated]:
    """Every mechanism off in turn, for each source that it touches; the largest loss first.

    Args:
        validator: one that has measured everything.
        rows: what it found.
        jobs: worker processes.
        progress: is told of every run.
    """
    claims = _judged(validator, rows)
    touched = _touched(validator, claims)
    wanted = [
        run
        for mechanism, own in touched.items()
        for claim in own
        for found in validator.runs(claim, Without(mechanism))
        for run in found
    ]
    validator.measure(wanted, jobs, progress)
    by_place = {row.place: row for row in rows}
    found = []
    for mechanism, own in touched.items():
        changed = {
            claim.figure.place: _changed(validator, claim, mechanism, by_place[claim.figure.place]) for claim in own
        }
        after = [changed.get(row.place, row) for row in rows]
        for source in ("", *dict.fromkeys(claim.figure.source for claim in own)):
            found.append(_ablated(mechanism, source, [by_place[place] for place in changed], changed, after))
    return sorted(found, key=lambda each: each.error_percent - each.without_percent)


class Without:
    """Makes of a point the same with a mechanism off."""

    def __init__(self, mechanism: str) -> None:
        self.name = mechanism

    def __call__(self, point: Point) -> Point:
        return {**point, "without": [*point["without"], self.name]}


def _judged(validator: Validator, rows: Sequence[Row]) -> list[Claim]:
    judged = {row.place for row in rows if row.judged}
    return [claim for claim in validator.claims if claim.figure.place in judged]


def _touched(validator: Validator, claims: Sequence[Claim]) -> Mapping[str, list[Claim]]:
    """The claims in whose runs each mechanism took more than next to nothing."""
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        runs = [run for each in validator.runs(claim) for run in each]
        parts = [part for run in runs for part in validator.store[run.key].mechanisms.items()]
        names = {name for name, share in parts if share >= SHARE}
        for name in names:
            found.setdefault(name, []).append(claim)
    return dict(sorted(found.items()))


def _changed(validator: Validator, claim: Claim, mechanism: str, row: Row) -> Row:
    """The row with the mechanism off; a run that cannot go on without it leaves no prediction."""
    predicted = validator.predict(claim, Without(mechanism))
    return row._replace(predicted=predicted.value, error_percent=error_percent(claim, predicted.value))


def _ablated(
    mechanism: str, source: str, before: Sequence[Row], changed: Mapping[FigurePlace, Row], after: Sequence[Row]
) -> Ablated:  # fmt: skip
    pairs = [(row, changed[row.place]) for row in before if source in ("", row.source)]
    both = [(one, other) for one, other in pairs if isfinite(other.error_percent)]
    worst = max(both, key=lambda pair: abs(pair[1].log_error) - abs(pair[0].log_error), default=None)
    own = [row for row in after if source in ("", row.source)]
    return Ablated(
        mechanism, source, len(both), _mean([one for one, _ in both]), _mean([other for _, other in both]),
        score("", own, {row.model_class: 0.0 for row in own}).skill_native,
        f"{worst[0].benchmark} on {worst[0].platform}" if worst else "",
    )  # fmt: skip


def _mean(rows: Sequence[Row]) -> float:
    """The factor by which figures are off on average, less one, in percent."""
    if not rows:
        return 0.0
    return 100.0 * (exp(sum(abs(row.log_error) for row in rows) / len(rows)) - 1.0)
