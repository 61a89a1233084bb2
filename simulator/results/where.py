"""Where the time goes: device time by cause, mechanism or any other column of the charges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import fsum
from typing import TYPE_CHECKING

from simulator.errors import UsageError
from simulator.records import TABLES
from simulator.results import intervals
from simulator.results.answers import names
from simulator.results.sample import first_rows

if TYPE_CHECKING:
    import pandas as pd

KEYS = tuple(column.name for column in TABLES["charges"] if column.kind == "text" and column.name != "run")
UNUSED = ("seed", "expression", "without", "machine", "fidelity", "status", "error", "events", "not_modelled")
"""Columns of ``runs`` that say nothing about where the time went, unless they are axes."""
AMOUNTS = ("seconds", "share", "per_second", "cycles", "bytes", "operations")
"""Columns of which a group has the mean, in the order in which they are declared."""


def where(
    charges: pd.DataFrame, runs: pd.DataFrame, axes: Sequence[str], *, by: Sequence[str], level: float
) -> pd.DataFrame:
    """One row per place and value of ``by``; see ``Results.where``."""
    import pandas as pd

    spent = per_run(charges, runs, by, axes)
    busy = spent.groupby("run")["seconds"].transform("sum")
    spent = spent.assign(
        share=(spent["seconds"] / busy).fillna(0.0), per_second=spent["seconds"] / spent["simulated_s"]
    )
    group = spent.groupby(["point", *by], sort=False, observed=True).ngroup()
    places = first_rows(spent, group, keys := [*axes, *by])
    rows = [
        (*place, *_row(*columns, level=level)) for place, columns in zip(places, _by_group(spent, group), strict=True)
    ]
    return pd.DataFrame(rows, columns=[*keys, *names("where")])


def _by_group(spent: pd.DataFrame, group: pd.Series) -> Iterator[list[list[float]]]:
    """Of every group its columns, run by run."""
    ordered = spent.loc[group.sort_values(kind="stable").index, list(AMOUNTS)]
    columns = [ordered[name].to_numpy() for name in AMOUNTS]
    sizes = group.value_counts(sort=False).sort_index().tolist()
    for end, size in zip(accumulate(sizes), sizes, strict=True):
        yield [column[end - size : end].tolist() for column in columns]


def per_run(charges: pd.DataFrame, runs: pd.DataFrame, by: Sequence[str], axes: Sequence[str] = ()) -> pd.DataFrame:
    """Charges of each run summed by some columns, joined with the run.

    Whatever occurs in one replication of a point stands in all of them, with zero where it did not occur. The run is a
    number.
    """
    import pandas as pd

    unknown = [name for name in by if name not in KEYS]
    if unknown:
        raise UsageError(f"charges cannot be grouped by {unknown[0]!r}; by any of: {', '.join(KEYS)}")
    amounts = {"service_s": "seconds", "cycles": "cycles", "bytes": "bytes", "operations": "operations"}
    unused = [name for name in UNUSED if name not in axes]
    done = runs[runs["status"] == "ok"].drop(columns=unused).reset_index(drop=True)
    number = pd.Index(done["run"]).get_indexer(charges["run"])
    done["run"] = range(len(done))
    spent = charges.loc[number >= 0, [*by, *amounts]].assign(run=number[number >= 0])
    keyed = spent.groupby(["run", *by], sort=False, observed=True).sum().rename(columns=amounts).reset_index()
    keyed["point"] = done["point"].to_numpy()[keyed["run"]]
    places = keyed[["point", *by]].drop_duplicates()
    grid = done.merge(places, on="point").merge(keyed.drop(columns="point"), on=["run", *by], how="left")
    return grid.fillna(dict.fromkeys(amounts.values(), 0.0))


def _row(
    seconds: Sequence[float], share: Sequence[float], *others: Sequence[float], level: float
) -> tuple[object, ...]:
    """The means over the replications of one group, in the order in which they are declared."""
    n = len(seconds)
    spent, part = intervals.mean(seconds, level), intervals.mean(share, level)
    return (*spent, *part[1:], *(fsum(other) / n for other in others), level, intervals.MEAN_METHOD)
