"""Samples: one number per replication for each place in the scenario, ready to be summarised or paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.records import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

METRICS = {column.name: column for column in TABLES["tenants"] if column.kind != "text"}
"""Columns of ``tenants`` that are metrics."""
HIGHER_IS_BETTER = ("operations",)
"""Columns of ``tenants`` of which more is better; of all others less is, but ``value`` says for itself."""
DESCRIPTION = ("workload", "metric", "unit", "better")


@dataclass(frozen=True)
class Sample:
    """What one tenant did at one place of the scenario.

    Attributes:
        place: the axes (and the tenant) that this sample stands for, by name.
        about: workload, metric, unit and which direction is better.
        by_replication: the number measured in each replication.
    """

    place: dict[str, object]
    about: dict[str, str]
    by_replication: dict[object, float]

    def paired(self, other: Sample) -> tuple[list[float], list[float]]:
        """Numbers of this and of the other sample in the replications that both have."""
        common = [key for key in self.by_replication if key in other.by_replication]
        return [self.by_replication[key] for key in common], [other.by_replication[key] for key in common]


def samples(tenants: pd.DataFrame, metric: str | None, by: Sequence[str]) -> list[Sample]:
    """Groups a table of tenants (joined with the axes) by some columns, in the order of the scenario.

    Within a replication a group of several points or tenants counts with its mean: only replications are independent.

    Raises:
        UsageError: no such metric or column, or a group would mix different metrics.
    """
    frame = _measured(tenants, metric)
    unknown = [name for name in by if name not in frame.columns]
    if unknown:
        raise UsageError(f"no column {unknown[0]!r} to group by; there are: {', '.join(frame.columns)}")
    group = frame.groupby(list(by), sort=False, observed=True, dropna=False).ngroup()
    places = first_rows(frame, group, by)
    _refuse_mixtures(frame, group, places)
    abouts = zip(*(_labels(frame[name], group) for name in DESCRIPTION), strict=True)
    # Nothing equals NaN, but places are looked up.
    known = (
        {name: None if value != value else value for name, value in zip(by, place, strict=True)} for place in places
    )
    return [
        Sample(place, dict(zip(DESCRIPTION, about, strict=True)), numbers)
        for place, about, numbers in zip(known, abouts, _by_replication(frame, group), strict=True)
    ]


def first_rows(frame: pd.DataFrame, group: pd.Series, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """Some columns of the first row of every group; groups are numbered in the order in which they occur."""
    first = frame.loc[~group.duplicated(), list(names)]
    return list(zip(*(first[name].tolist() for name in names), strict=True))


def _refuse_mixtures(frame: pd.DataFrame, group: pd.Series, places: Sequence[tuple[Any, ...]]) -> None:
    kinds = frame[["metric", "unit", "better"]].assign(group=group).drop_duplicates()
    mixed = kinds["group"][kinds["group"].duplicated()]
    if len(mixed):
        metrics = kinds["metric"][kinds["group"] == mixed.min()]
        place = places[int(mixed.min())]
        raise UsageError(f"{place}: {' and '.join(metrics)} cannot be averaged; group by workload as well")


def _labels(values: pd.Series, group: pd.Series) -> list[str]:
    """Of every group the one label, or all of them."""
    import pandas as pd

    pairs = pd.DataFrame({"group": group, "label": values}).drop_duplicates()
    found: dict[int, dict[str, None]] = {}
    for number, label in zip(pairs["group"].tolist(), pairs["label"].tolist(), strict=True):
        found.setdefault(number, {})[str(label)] = None
    return [", ".join(labels) for labels in found.values()]


def _by_replication(frame: pd.DataFrame, group: pd.Series) -> list[dict[object, float]]:
    """Of every group the mean in each replication, rounded once: it does not depend on the order of the rows."""
    cells: list[dict[Any, list[float]]] = [{} for _ in range(group.nunique())]
    columns = (group.tolist(), frame["replication"].tolist(), frame["number"].tolist())
    for number, replication, value in zip(*columns, strict=True):
        cells[number].setdefault(replication, []).append(value)
    return [{key: _mean(each[key]) for key in sorted(each)} for each in cells]


def _mean(values: Sequence[float]) -> float:
    """NaN are left out."""
    if len(values) == 1:
        return values[0]
    known = [value for value in values if not isnan(value)]
    return fsum(known) / len(known) if known else nan


def baseline_of(sample: Sample, every: Mapping[tuple[object, ...], Sample], baseline: str) -> Sample | None:
    """The sample at the same place on the baseline stack."""
    if "stack" not in sample.place:
        return None
    return every.get(tuple((sample.place | {"stack": baseline}).values()))


def by_place(found: Sequence[Sample]) -> dict[tuple[object, ...], Sample]:
    """Samples by their place."""
    return {tuple(sample.place.values()): sample for sample in found}


def _measured(tenants: pd.DataFrame, metric: str | None) -> pd.DataFrame:
    if metric in (None, "value"):
        return tenants.assign(number=tenants["value"])
    if metric not in METRICS:
        raise UsageError(f"no metric {metric!r}; there are: {', '.join(METRICS)}")
    described: dict[str, Any] = described_by(METRICS[metric])
    return tenants.assign(number=tenants[metric].astype("float64"), **described)


def described_by(column: Column) -> dict[str, str]:
    """What a column of ``tenants`` says of itself as a metric."""
    better = "higher" if column.name in HIGHER_IS_BETTER else "lower"
    return {"metric": column.name, "unit": column.unit, "better": better}
