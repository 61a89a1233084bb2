"""Where the time goes: device time by cause, mechanism or any other column of the charges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.errors import UsageError
from simulator.records import TABLES
from simulator.results import intervals

if TYPE_CHECKING:
    import pandas as pd

KEYS = tuple(column.name for column in TABLES["charges"] if column.kind == "text" and column.name != "run")
COLUMNS = [
    "n",
    "seconds",
    "seconds_low",
    "seconds_high",
    "share",
    "share_low",
    "share_high",
    "per_second",
    "cycles",
    "bytes",
    "operations",
    "level",
    "method",
]


def where(
    charges: pd.DataFrame, runs: pd.DataFrame, axes: Sequence[str], *, by: Sequence[str], level: float
) -> pd.DataFrame:
    """One row per place and value of ``by``; see ``Results.where``."""
    import pandas as pd

    spent = per_run(charges, runs, by)
    busy = spent.groupby("run")["seconds"].transform("sum")
    spent = spent.assign(share=(spent["seconds"] / busy).fillna(0.0))
    rows = []
    for place, group in spent.groupby(["point", *by], sort=False, observed=True):
        at = dict(zip(["point", *by], place, strict=True))
        rows.append({name: group[name].iloc[0] for name in axes} | at | _row(group, level))
    return pd.DataFrame(rows, columns=[*axes, *by, *COLUMNS])


def per_run(charges: pd.DataFrame, runs: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Charges of each run summed by some columns, joined with the run.

    Whatever occurs in one replication of a point stands in all of them, with zero where it did not occur.
    """
    unknown = [name for name in by if name not in KEYS]
    if unknown:
        raise UsageError(f"charges cannot be grouped by {unknown[0]!r}; by any of: {', '.join(KEYS)}")
    amounts = {"service_s": "seconds", "cycles": "cycles", "bytes": "bytes", "operations": "operations"}
    summed = charges.groupby(["run", *by], sort=False, observed=True)[list(amounts)].sum().rename(columns=amounts)
    done = runs[runs["status"] == "ok"].drop(columns=["expression", "without", "status", "error"])
    keyed = summed.reset_index().merge(done[["run", "point"]], on="run")
    places = keyed[["point", *by]].drop_duplicates()
    grid = done.merge(places, on="point").merge(keyed.drop(columns="point"), on=["run", *by], how="left")
    return grid.fillna(dict.fromkeys(amounts.values(), 0.0))


def _row(group: pd.DataFrame, level: float) -> dict[str, object]:
    seconds = intervals.mean(group["seconds"].tolist(), level)
    share = intervals.mean(group["share"].tolist(), level)
    return {
        **dict(zip(("n", "seconds", "seconds_low", "seconds_high"), seconds, strict=True)),
        **dict(zip(("share", "share_low", "share_high"), share[1:], strict=True)),
        "per_second": (group["seconds"] / group["simulated_s"]).mean(),
        **{name: group[name].mean() for name in ("cycles", "bytes", "operations")},
        "level": level,
        "method": intervals.MEAN_METHOD,
    }
