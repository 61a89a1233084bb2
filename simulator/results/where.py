"""Where the time goes: device time by cause, mechanism or any other column of the charges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.records import TABLES
from simulator.results import intervals

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[Any, Any]
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
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in spent.to_dict("records"):
        groups.setdefault(tuple(record[name] for name in ("point", *by)), []).append(record)
    keys = [*axes, *by]
    rows = [{name: group[0][name] for name in keys} | _row(group, level) for group in groups.values()]
    return pd.DataFrame(rows, columns=[*keys, *COLUMNS])


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


def _row(group: Sequence[Record], level: float) -> dict[str, object]:
    """The means over the replications of one group."""
    seconds, share = (intervals.mean([record[name] for record in group], level) for name in ("seconds", "share"))
    n = len(group)
    return {
        **dict(zip(("n", "seconds", "seconds_low", "seconds_high"), seconds, strict=True)),
        **dict(zip(("share", "share_low", "share_high"), share[1:], strict=True)),
        "per_second": fsum(record["seconds"] / record["simulated_s"] for record in group) / n,
        **{name: fsum(record[name] for record in group) / n for name in ("cycles", "bytes", "operations")},
        "level": level,
        "method": intervals.MEAN_METHOD,
    }
