"""What was found: for each answer its interval, and its parameters from the one it hangs on most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.importance import kept
from simulator.importance.morris import Effect
from simulator.importance.question import Answer
from simulator.importance.sobol import Indices
from simulator.records import BESIDE, Column
from simulator.uncertainty import Unknown

if TYPE_CHECKING:
    import pandas as pd

    from simulator.importance.runs import Runs


@dataclass(frozen=True)
class Settings:
    """Method, number of samples (0: as many as the size of the scenario allows) and how many parameters are shown."""

    method: str
    samples: int
    top: int


class Counts(NamedTuple):
    """How many numbers there are.

    Attributes:
        unknowns: with a range.
        without_effect: of these, how many change no point by more than the tolerance.
        exact: without a range: they count as known exactly.
        tolerance: part of a figure.
    """

    unknowns: int
    without_effect: int
    exact: int
    tolerance: float


@dataclass(frozen=True)
class Parameter:
    """What one unknown does to one answer.

    Attributes:
        unknown: the parameter with its range and source.
        low_percent: change of the answer with the parameter at the lower end of its range, in percent of the answer.
        high_percent: the same at the upper end.
        effect: elementary effects, where they were asked for.
        indices: parts of the variance, where they were asked for.
        base: the answer with the catalog's values.
    """

    unknown: Unknown
    low_percent: float
    high_percent: float
    effect: Effect | None
    indices: Indices | None
    base: float

    @property
    def mu_star_percent(self) -> float:
        """Mean absolute elementary effect, in percent of the answer."""
        return 100.0 * self.effect.mu_star / abs(self.base) if self.effect else nan

    @property
    def sigma_percent(self) -> float:
        """Standard deviation of the elementary effects, in percent of the answer."""
        return 100.0 * self.effect.sigma / abs(self.base) if self.effect else nan

    @property
    def importance(self) -> tuple[float, float, float]:
        """What it is ranked by: ST, then mu*, then the larger change at an end; a lost answer comes first."""
        total = self.indices.total if self.indices else nan
        numbers = (total, self.mu_star_percent)
        widest = max(abs(each) if isfinite(each) else inf for each in (self.low_percent, self.high_percent))
        first, second = (number if isfinite(number) else -inf for number in numbers)
        return first, second, widest


COLUMNS = (
    Column("answer", "", "stack, and place on the axes", "text"),
    Column("stack", "", "label of the stack", "text"),
    Column("tenant", "", "whose figure it is", "text"),
    Column("workload", "", "what it runs", "text"),
    Column("metric", "", "what is asked for", "text"),
    Column("answer_value", "see answer_unit", "the answer with the catalog's values"),
    Column("answer_unit", "", "its unit; ratio: time for the same work over that on the baseline", "text"),
    Column("rank", "count", "1: it hangs on this parameter most", "integer"),
    Column("parameter", "", "key of the parameter", "text"),
    Column("kind", "", "layer, scheduler, device, workload or virtual hardware", "text"),
    Column("entry", "", "catalog entry whose number it is", "text"),
    Column("name", "", "the parameter's name there", "text"),
    Column("unit", "", "unit of the parameter", "text"),
    Column("value", BESIDE, "the catalog's value, in SI base units"),
    Column("range_low", BESIDE, "lower end of its range"),
    Column("range_high", BESIDE, "upper end of its range"),
    Column("low_percent", "percent", "change of the answer at the lower end, all others at the catalog's values"),
    Column("high_percent", "percent", "the same at the upper end"),
    Column("mu_star_percent", "percent", "mean absolute elementary effect, of the answer"),
    Column("sigma_percent", "percent", "standard deviation of the elementary effects, of the answer"),
    Column("stars", "count", "elementary effects behind the two", "integer"),
    Column("first_order", "ratio", "part of the variance that it explains alone"),
    Column("first_order_low", "ratio", "lower end of the bootstrap interval of that"),
    Column("first_order_high", "ratio", "upper end"),
    Column("total_order", "ratio", "part of the variance that it explains together with others"),
    Column("total_order_low", "ratio", "lower end of the bootstrap interval of that"),
    Column("total_order_high", "ratio", "upper end"),
    Column("source_kind", "", "published, measured, derived or assumed", "text"),
    Column("source", "", "key of its source", "text"),
    Column("where", "", "place in the source, or the reason of an assumption", "text"),
)
"""The columns of ``sensitivity.csv``: a row for each answer and each parameter that screening left."""


@dataclass(frozen=True)
class Finding:
    """One answer.

    Attributes:
        answer: what is asked.
        value: with the catalog's values.
        low: 5 % of the samples of all unknowns together lie below it.
        median: half of them do.
        high: 95 % do.
        draws: how many samples.
        lost: of these, how many gave no answer.
        parameters: what it hangs on, most first.
    """

    answer: Answer
    value: float
    low: float
    median: float
    high: float
    draws: int
    lost: int
    parameters: tuple[Parameter, ...]


class Sensitivity:
    """What the answers of a scenario hang on.

    Attributes:
        folder: where it is kept, with the runs that have the catalog's values.
        findings: one for each answer.
    """

    def __init__(self, folder: Path, findings: Sequence[Finding], header: dict[str, Any], failed: int) -> None:
        self.folder, self.findings = folder, tuple(findings)
        self._header, self._failed = header, failed

    @classmethod
    def keep(
        cls, folder: Path, runs: Runs, settings: Settings, findings: Sequence[Finding], counts: Counts
    ) -> Sensitivity:  # fmt: skip
        """Put together what was found, and write it."""
        header = {
            "scenario": runs.scenario.name,
            "title": runs.scenario.title,
            "method": settings.method,
            "metric": runs.question.metric,
            "baseline": runs.question.baseline,
            "top": settings.top,
            "seed": runs.scenario.seed,
            "replications": runs.replications,
            "runs": runs.count,
            "failed_runs": len(runs.failed),
            "failures": list(dict.fromkeys(runs.failed.values()))[:_MOST_FAILURES],
            **counts._asdict(),
        }
        found = cls(folder, findings, header, len(runs.failed))
        kept.save(folder, found.data(), COLUMNS, found.rows())
        return found

    def __repr__(self) -> str:
        return f"<Sensitivity of {self._header['scenario']}: {len(self.findings)} answers, {self._header['runs']} runs>"

    @property
    def exit_code(self) -> int:
        """0, or 3 where runs failed."""
        return 3 if self._failed else 0

    @property
    def header(self) -> dict[str, Any]:
        """What was asked, how, and in how many runs."""
        return dict(self._header)

    def frame(self) -> pd.DataFrame:
        """A row for each answer and parameter, with the columns of ``COLUMNS``."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=[column.name for column in COLUMNS])

    def rows(self) -> list[dict[str, Any]]:
        """The same as plain data."""
        metric = self._header["metric"]
        return [
            {**_answer(finding, metric), "rank": rank, **_parameter(parameter)}
            for finding in self.findings
            for rank, parameter in enumerate(finding.parameters, start=1)
        ]

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        answers = [
            {
                **_answer(finding, self._header["metric"]),
                "place": dict(finding.answer.place),
                "low": finding.low,
                "median": finding.median,
                "high": finding.high,
                "draws": finding.draws,
                "draws_lost": finding.lost,
                "parameters": [{"rank": rank, **_parameter(each)} for rank, each in enumerate(finding.parameters, 1)],
            }
            for finding in self.findings
        ]
        return {**self._header, "answers": answers}


_MOST_FAILURES = 5


def _answer(finding: Finding, metric: str) -> dict[str, Any]:
    answer = finding.answer
    return {
        "answer": answer.label,
        "stack": answer.stack,
        "tenant": answer.tenant,
        "workload": answer.workload,
        "metric": metric,
        "answer_value": finding.value,
        "answer_unit": answer.unit,
    }


def _parameter(each: Parameter) -> dict[str, Any]:
    unknown, indices = each.unknown, each.indices or Indices()
    return {
        "parameter": unknown.key,
        "kind": unknown.kind,
        "entry": unknown.entry,
        "name": unknown.parameter,
        "unit": unknown.unit,
        "value": unknown.value,
        "range_low": unknown.low,
        "range_high": unknown.high,
        "low_percent": each.low_percent,
        "high_percent": each.high_percent,
        "mu_star_percent": each.mu_star_percent,
        "sigma_percent": each.sigma_percent,
        "stars": each.effect.n if each.effect else None,
        "first_order": indices.first,
        "first_order_low": indices.first_low,
        "first_order_high": indices.first_high,
        "total_order": indices.total,
        "total_order_low": indices.total_low,
        "total_order_high": indices.total_high,
        "source_kind": unknown.source_kind,
        "source": unknown.source,
        "where": unknown.where,
    }
