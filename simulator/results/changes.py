"""What has changed from one batch to another: every tenant at every place, and what else is not the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.records import BESIDE, Column
from simulator.results import intervals, welch
from simulator.results.circumstances import circumstances
from simulator.results.long import joined
from simulator.results.numbering import lucky
from simulator.results.places import Wanted, axis_named, narrowed
from simulator.results.sample import METRICS, described_by
from simulator.results.tables import cell

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.results import Results

COLUMNS = (
    Column("tenant", "", "name of the tenant in the scenario", "text"),
    Column("workload", "", "catalog name of the workload", "text"),
    Column("metric", "", "what is compared", "text"),
    Column("unit", "", "unit of the means and of their difference", "text"),
    Column("better", "", "higher or lower", "text"),
    Column("n", "count", "pairs of replications; of Welch's t the smaller number of replications", "integer"),
    Column("old", BESIDE, "mean over replications in the old batch"),
    Column("new", BESIDE, "the same in the new one"),
    Column("difference", BESIDE, "new less old"),
    Column("difference_low", BESIDE, "lower end of its interval; empty with fewer than two replications"),
    Column("difference_high", BESIDE, "upper end of its interval"),
    Column("ratio", "ratio", "new over old; geometric mean"),
    Column("ratio_low", "ratio", "lower end of its interval"),
    Column("ratio_high", "ratio", "upper end of its interval"),
    Column("level", "ratio", "probability that the intervals cover"),
    Column("method", "", "how they were made: by pairs with the same random numbers, or Welch's t", "text"),
    Column(
        "changed",
        "bool",
        "1 where an outcome or a number of the same run is not the same, or no run is the same",
        "integer",
    ),
    Column("significant", "bool", "1 where the interval of the difference excludes zero", "integer"),
    Column("outcome_old", "", "how the tenant ended in the old batch; several with commas", "text"),
    Column("outcome_new", "", "the same in the new one; empty where it does not have the place", "text"),
)
PAIRED = "paired t over replications"
Key = tuple[int, int]
"""Seed and replication: two runs of a point that have both in common drew the same random numbers."""


@dataclass(frozen=True)
class Changes:
    """What has changed.

    Attributes:
        rows: one for each place and tenant that either batch has; the axes, then ``COLUMNS``.
        columns: of the rows.
        beside: what else is not the same: scenario, code, libraries, points; see ``circumstances``.
        level: of the intervals.
    """

    rows: list[dict[str, Any]]
    columns: list[Column]
    beside: dict[str, Any]
    level: float

    @property
    def significant(self) -> int:
        """Rows whose difference cannot be luck at this level."""
        return sum(row["significant"] for row in self.rows)

    @property
    def changed(self) -> int:
        """Rows in which anything is not the same."""
        return sum(row["changed"] for row in self.rows)

    @property
    def by_chance(self) -> float:
        """How many significant rows are expected where nothing has changed but luck."""
        tested = [row for row in self.rows if not math.isnan(row["difference_low"]) and row["changed"]]
        return len(tested) * (1.0 - self.level)

    def frame(self) -> pd.DataFrame:
        """The rows as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows, columns=[column.name for column in self.columns])


@dataclass(frozen=True)
class _Measured:
    """What a tenant did at one place in one batch."""

    numbers: dict[Key, float]
    about: dict[str, str]
    outcome: str


def changes(
    old: Results, new: Results, *, metric: str = "value", level: float = 0.95, where: Wanted | None = None
) -> Changes:
    """See ``Results.compare_with``."""
    intervals.check_level(level)
    places = [_of_its_own(results, where or {}, other) for results, other in ((old, new), (new, old))]
    axes = _common_axes((old, new), places)
    before, after = (_measured(each, metric, axes, its) for each, its in zip((old, new), places, strict=True))
    rows = [
        dict(zip((*axes, "tenant"), place, strict=True)) | _row(before.get(place), after.get(place), level)
        for place in dict.fromkeys([*before, *after])
    ]
    columns = [Column(axis, "", "axis of the scenario", "text") for axis in axes] + list(COLUMNS)
    names = [column.name for column in columns]
    return Changes([{name: row[name] for name in names} for row in rows], columns, circumstances(old, new), level)


def _of_its_own(results: Results, where: Wanted, other: Results) -> Wanted:
    """The conditions on axes that a batch has; what is no axis of either is refused."""
    for name in where:
        if axis_named(name, results.axes) is None and axis_named(name, other.axes) is None:
            known = [*results.axes, *other.axes]
            raise UsageError(f"no axis {name!r} in these batches; {suggestion(name, set(known))}")
    return {name: texts for name, texts in where.items() if axis_named(name, results.axes) is not None}


def _common_axes(both: Sequence[Results], places: Sequence[Wanted]) -> list[str]:
    """The axes that make a place: those of both, since one that only one batch has must stand at one value there."""
    for results, where, other in zip(both, places, reversed(both), strict=True):
        runs = narrowed(results.runs, where, results.axes)
        for axis in results.axes:
            if axis not in other.axes and runs[axis].nunique() > 1:
                raise UsageError(
                    f"{axis} is an axis of {results.folder} only and has several values there; choose one with "
                    f"--where {axis}=..."
                )
    return [axis for axis in both[0].axes if axis in both[1].axes]


def _measured(results: Results, metric: str, axes: Sequence[str], where: Wanted) -> dict[tuple[Any, ...], _Measured]:
    """Every tenant at every place; copies of a tenant count with their mean, since they share their replication."""
    if metric not in METRICS:
        raise UsageError(f"no metric {metric!r}; {suggestion(metric, METRICS)}")
    frame, columns = joined(results, "tenants", where)
    frame = frame.merge(results.runs[["run", "seed"]].rename(columns={"seed": "root seed"}), on="run")
    names = {column.name for column in columns}
    placed = [f"axis_{axis}" if f"axis_{axis}" in names else axis for axis in axes]
    found: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    lucks = [
        lucky(results.manifest, int(seed), int(replication))
        for seed, replication in zip(frame["root seed"], frame["replication"], strict=True)
    ]
    wanted = [metric, "outcome", "workload", "metric", "unit", "better"]
    for luck, place, values in zip(
        lucks,
        frame[[*placed, "copy_of"]].astype(object).itertuples(index=False, name=None),
        frame[wanted].itertuples(index=False, name=None),
        strict=True,
    ):
        found.setdefault(tuple(cell(each) for each in place), []).append((luck, *values))
    return {place: _together(values, metric) for place, values in found.items()}


def _together(values: Sequence[tuple[Any, ...]], metric: str) -> _Measured:
    numbers: dict[Key, list[float]] = {}
    for luck, number, *_ in values:
        numbers.setdefault(luck, []).append(_float(number))
    described = list(zip(*values, strict=True))[2:]
    outcome, workload, name, unit, better = (", ".join(dict.fromkeys(map(str, each))) for each in described)
    about = {"workload": workload, "metric": name, "unit": unit, "better": better}
    if metric != "value":
        about |= described_by(METRICS[metric])
    return _Measured({key: math.fsum(each) / len(each) for key, each in numbers.items()}, about, outcome)


def _row(old: _Measured | None, new: _Measured | None, level: float) -> dict[str, Any]:
    nothing = _Measured({}, {}, "")
    before, after = old or nothing, new or nothing
    pairs = [(before.numbers[key], after.numbers[key]) for key in before.numbers if key in after.numbers]
    if len(pairs) >= 2 or (pairs and len(before.numbers) == len(after.numbers) == 1):
        one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        method, kind = PAIRED, intervals.difference(other, one, level)
        ratio = intervals.ratio(other, one, level)
    else:
        one, other = list(before.numbers.values()), list(after.numbers.values())
        method, kind = welch.DIFFERENCE_METHOD, welch.difference(other, one, level)
        ratio = welch.ratio(other, one, level)
    return {
        **(after.about or before.about),
        "n": kind.n,
        "old": intervals.mean(one, level).mean,
        "new": intervals.mean(other, level).mean,
        **dict(zip(("difference", "difference_low", "difference_high"), kind[1:], strict=True)),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratio[1:], strict=True)),
        "level": level,
        "method": method,
        "changed": int(_differ(before, after, pairs)),
        "significant": int(kind.low > 0 or kind.high < 0),
        "outcome_old": before.outcome,
        "outcome_new": after.outcome,
    }


def _differ(before: _Measured, after: _Measured, pairs: Sequence[tuple[float, float]]) -> bool:
    """Whether anything is not the same, or none of the runs is."""
    if (before.outcome, before.about) != (after.outcome, after.about):
        return True
    return not pairs or any(one != other and not (math.isnan(one) and math.isnan(other)) for one, other in pairs)


def _float(value: object) -> float:
    """A number of a column that may have none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except TypeError:
        return math.nan
