"""Samples: one number per replication for each place in the scenario, ready to be summarised or paired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.records import TABLES

if TYPE_CHECKING:
    import pandas as pd

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
    found = []
    for place, group in frame.groupby(list(by), sort=False, observed=True, dropna=False):
        kinds = group[["metric", "unit", "better"]].drop_duplicates()
        if len(kinds) > 1:
            raise UsageError(f"{place}: {' and '.join(kinds['metric'])} cannot be averaged; group by workload as well")
        about = {name: _one(group[name]) for name in DESCRIPTION}
        means = group.groupby("replication", sort=True)["number"].mean()
        numbers = {key: float(value) for key, value in means.items()}
        # Nothing equals NaN, but places are looked up.
        places = (None if value != value else value for value in place)
        found.append(Sample(dict(zip(by, places, strict=True)), about, numbers))
    return found


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
    numbers = {column.name: column for column in TABLES["tenants"] if column.kind != "text"}
    if metric not in numbers:
        raise UsageError(f"no metric {metric!r}; there are: {', '.join(numbers)}")
    better = "higher" if metric in HIGHER_IS_BETTER else "lower"
    described: dict[str, Any] = {"metric": metric, "unit": numbers[metric].unit, "better": better}
    return tenants.assign(number=tenants[metric].astype("float64"), **described)


def _one(values: pd.Series) -> str:
    """The one label of a group, or all of them."""
    return ", ".join(dict.fromkeys(str(value) for value in values))
