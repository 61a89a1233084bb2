"""Tables joined with the places of their runs, and the long form: one row per run, tenant and metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.records import BESIDE, TABLES, Column
from simulator.results import schema
from simulator.results.places import Wanted, narrowed
from simulator.results.tables import of_axes

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.results import Results

TABLE = "long"
COLUMNS = (
    Column("tenant", "", "name of the tenant in the scenario", "text"),
    Column("metric", "", "the workload's own figure of merit by its name, or a numeric column of the tenants", "text"),
    Column("unit", "", "unit of the value", "text"),
    Column("value", BESIDE, "what the run measured; empty where there is nothing to measure"),
)
"""What follows the place of a run in the long form."""
_PLACE = ("run", "point", "replication")


def joined(results: Results, table: str, where: Wanted | None = None) -> tuple[pd.DataFrame, list[Column]]:
    """One table with the place of each row's run in front, and its columns.

    An axis that has the name of a column of the table is called ``axis_<name>``.

    Raises:
        UsageError: no such table, axis or value.
    """
    if table not in TABLES:
        raise UsageError(f"no table {table!r}; {suggestion(table, [*TABLES, TABLE])}")
    own = list(schema.form(table, results.axes, results.manifest).given)
    frame = getattr(results, table)
    if table == "runs":
        return narrowed(frame, where or {}, results.axes).reset_index(drop=True), own
    taken = {column.name for column in own}
    names = {axis: f"axis_{axis}" if axis in taken else axis for axis in results.axes}
    places = narrowed(results.runs, where or {}, results.axes)[[*_PLACE, *results.axes]].rename(columns=names)
    rows = frame[frame["run"].isin(places["run"])].merge(places, on="run", how="left")
    columns = [column for column in TABLES["runs"] if column.name in _PLACE]
    columns += of_axes({names[axis]: values for axis, values in results.axes.items()}, ())
    columns += [column for column in own if column.name != "run"]
    return rows[[column.name for column in columns]], columns


def long(
    results: Results, metrics: Sequence[str] = (), where: Wanted | None = None
) -> tuple[pd.DataFrame, list[Column]]:
    """The tenants in long form, and its columns; see ``Results.long``."""
    import numpy as np

    frame, columns = joined(results, "tenants", where)
    text = {column.name for column in columns if column.kind == "text"}
    own = {column.name for column in TABLES["tenants"]}
    before = columns[: [column.name for column in columns].index("tenant")]
    measured = [column for column in columns if column.name in own and column.name not in text]
    placed = [column.name for column in before]
    values = frame[[column.name for column in measured]].astype("float64").to_numpy()
    made = frame[[*placed, "tenant"]].iloc[np.repeat(np.arange(len(frame)), len(measured))].reset_index(drop=True)
    made["metric"] = _labels(frame["metric"], [column.name for column in measured], measured)
    made["unit"] = _labels(frame["unit"], [column.unit for column in measured], measured)
    made["value"] = values.ravel()
    return _only(made, metrics), [*before, *COLUMNS]


def _labels(own: pd.Series, declared: Sequence[str], measured: Sequence[Column]) -> list[str]:
    """What each value of each row is called; a workload's own figure of merit says that itself."""
    merit = [column.name for column in measured].index("value")
    before, after = list(declared[:merit]), list(declared[merit + 1 :])
    return [label for each in own.astype(str) for label in (*before, each or declared[merit], *after)]


def _only(frame: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    known = list(dict.fromkeys(frame["metric"]))
    for name in metrics:
        if name not in known:
            raise UsageError(f"no metric {name!r}; {suggestion(name, known)}")
    return frame[frame["metric"].isin(metrics)].reset_index(drop=True) if metrics else frame
