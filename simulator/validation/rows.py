"""Rows: every published figure beside its prediction, or beside the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, log, nan
from typing import NamedTuple

from simulator.errors import RunError
from simulator.validation.claims import Claim, Reason
from simulator.validation.published import Figure, FigurePlace, bounds

CLOSE, FAIR = 0.10, 0.40
"""Errors up to which a prediction is close, or fair, as a part of the figure."""
OPEN = "no experiment predicts it, and nobody says why"
_RATIOS = {"ratio": (0.0, 1.0), "percent_of": (0.0, 0.01), "percent_change": (1.0, 0.01), "percent_loss": (1.0, -0.01)}
"""How a relative figure becomes a ratio: what is added, and what it is multiplied with before."""


class Row(NamedTuple):
    """One published figure.

    Attributes:
        source, table, platform, model_class, benchmark, metric, unit, published, use: as published.
        predicted: the prediction in the unit of the figure; not a number where there is none.
        ci_low, ci_high: 95 % interval over replications (the luck of the workload).
        range_low, range_high: 5 and 95 % of the predictions over the ranges of the parameters.
        error_percent: predicted over published, less one; of percentages, between the ratios that they stand for.
        fitted: event counts that were fitted, and on what.
        verdict: close, fair or wrong; excluded, failed or open where there is no prediction.
        reason: why there is none, or why it is wrong.
        experiment, stack: the scenario that predicts it, and its stack there.
        cost: published cost over the published native one, above 1 where it is dearer; not a number without a native.
        predicted_cost: predicted cost over the published native one.
        file, line: where the figure stands.
        notes: as published.
        condition: the values of the experiment's axes at its point, without the stack.
        point: number of its point in the experiment, -1 without one.
        spread: how far the source's own repetitions lie apart, as a part.
    """

    source: str
    table: str
    platform: str
    model_class: str
    benchmark: str
    metric: str
    unit: str
    published: str
    predicted: float
    ci_low: float
    ci_high: float
    range_low: float
    range_high: float
    error_percent: float
    fitted: str
    use: str
    verdict: str
    reason: str
    experiment: str
    stack: str
    cost: float
    predicted_cost: float
    file: str
    line: int
    notes: str
    condition: str
    point: int
    spread: float

    @property
    def place(self) -> FigurePlace:
        """What tells its figure from all others."""
        return self.file, self.line, self.published

    @property
    def judged(self) -> bool:
        """Whether it counts: a prediction of a figure that was never an input."""
        return self.use in ("judges", "control") and isfinite(self.error_percent)

    @property
    def wrong(self) -> bool:
        """Whether what was never an input came out wrong: by more than 40 %, or as a number where it is none."""
        return self.use in ("judges", "control") and self.verdict == "wrong"

    @property
    def published_bounds(self) -> tuple[float, float] | None:
        """The published number, or the ends of its range; None where it is a word."""
        return bounds(self.published)

    @property
    def log_error(self) -> float:
        """Logarithm of what was predicted over what was published."""
        return log(1.0 + self.error_percent / 100.0)


class Predicted(NamedTuple):
    """What the runs of a claim gave, in the unit of the figure; ``outcome``: how it ended that there is no number."""

    value: float
    low: float = nan
    high: float = nan
    range_low: float = nan
    range_high: float = nan
    reason: str = ""
    outcome: str = ""


def predicted_row(claim: Claim, found: Predicted, fitted: str, native: float, missed: Sequence[Reason] = ()) -> Row:
    """The row of a claim.

    Args:
        claim: the claim.
        found: its prediction.
        fitted: what was fitted, in words.
        native: the published native figure of the same; not a number if there is none.
        missed: what there is to say about wrong predictions.
    """
    figure = claim.figure
    error = 0.0 if figure.no_result and found.outcome else error_percent(claim, found.value)
    cost = _cost(claim, native)
    ours = cost * (1.0 + error / 100.0) ** (1.0 if claim.less_is_better else -1.0)
    word = verdict(error) if isfinite(error) else "wrong" if _mistaken(figure, found) else "failed"
    known = _why(figure, missed) if word != "close" else ""
    why = (
        found.reason
        or known
        or found.outcome
        or ("" if isfinite(error) else f"published is {figure.value!r}: no number to compare with")
    )
    return _blank(figure)._replace(
        predicted=found.value, ci_low=found.low, ci_high=found.high, range_low=found.range_low,
        range_high=found.range_high, error_percent=error, fitted=fitted, verdict=word, reason=why,
        experiment=claim.experiment, stack=claim.stack, cost=cost, predicted_cost=ours, condition=claim.condition,
        point=claim.point, spread=claim.spread,
    )  # fmt: skip


def _mistaken(figure: Figure, found: Predicted) -> bool:
    """Whether there is a number where the source has none, or none where it has one."""
    return isfinite(found.value) if figure.no_result else bool(found.outcome)


def unpredicted_row(figure: Figure, exclusions: Sequence[Reason]) -> Row:
    """The row of a figure that nobody predicts."""
    why = _why(figure, exclusions)
    return _blank(figure)._replace(verdict="excluded" if why else "open", reason=why or OPEN)


def _why(figure: Figure, reasons: Sequence[Reason]) -> str:
    return next((each.reason for each in reasons if each.fits(figure)), "")


def _blank(figure: Figure) -> Row:
    """A row with no prediction in it."""
    return Row(
        figure.source, figure.table, figure.platform, figure.model_class, figure.benchmark, figure.metric,
        figure.unit, figure.value, nan, nan, nan, nan, nan, nan, "", figure.use, "", "", "", "", nan, nan,
        figure.file, figure.line, figure.notes, "", -1, 0.0,
    )  # fmt: skip


def as_ratio(form: str, value: float) -> float:
    """A relative figure as a ratio; any other as it is."""
    add, times = _RATIOS.get(form, (0.0, 1.0))
    return add + times * value


def related(form: str, value: float, other: float) -> float:
    """A reading relative to another, as a form says it.

    Raises:
        RunError: the other one is zero.
    """
    if form == "difference":
        return value - other
    if not other:
        raise RunError("the reading that it is relative to is zero")
    add, times = _RATIOS[form]
    return (value / other - add) / times


def error_percent(claim: Claim, predicted: float) -> float:
    """How far a prediction is off, in percent; 0 inside a published range, else to its nearer end.

    Nothing where nothing was published is right; there is no ratio to nothing otherwise.
    """
    ends = claim.figure.bounds
    if ends is None or not isfinite(predicted):
        return nan
    low, high = sorted(as_ratio(claim.form, each) for each in ends)
    ours = as_ratio(claim.form, predicted)
    nearest = min(max(ours, low), high)
    if ours == nearest == 0.0:
        return 0.0
    return (ours / nearest - 1.0) * 100.0 if nearest > 0.0 and ours > 0.0 else nan


def _cost(claim: Claim, native: float) -> float:
    """What was published, over native: above 1 where it is dearer."""
    ends = claim.figure.bounds
    if ends is None:
        return nan
    middle = sum(as_ratio(claim.form, each) for each in ends) / 2.0
    base = 1.0 if claim.relative_to_native else native
    ratio = middle / base if base else nan
    return (ratio if claim.less_is_better else 1.0 / ratio) if ratio > 0.0 else nan


def verdict(error: float) -> str:
    """Close, fair or wrong."""
    size = abs(log(1.0 + error / 100.0))
    return "close" if size <= log(1.0 + CLOSE) else "fair" if size <= log(1.0 + FAIR) else "wrong"


class Natives:
    """Published native figures: those of points with systems only.

    Args:
        claims: all claims.
    """

    def __init__(self, claims: Sequence[Claim]) -> None:
        self._found: dict[tuple[str, ...], float] = {}
        for claim in claims:
            ends = claim.figure.bounds
            if claim.native and not claim.form and ends is not None:
                for key in _keys(claim):
                    self._found.setdefault(key, sum(ends) / 2.0)

    def of(self, claim: Claim) -> float:
        """What was published natively of the same, under the same condition if possible; else not a number."""
        return next((self._found[key] for key in _keys(claim) if key in self._found), nan)


def _keys(claim: Claim) -> tuple[tuple[str, ...], ...]:
    figure = claim.figure
    same = (figure.file, figure.benchmark, figure.metric, figure.unit)
    return (*same, claim.condition), same
