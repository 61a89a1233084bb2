"""Reads a table of a batch folder as a DataFrame with the types that its columns declare."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import ResultsError
from simulator.records import Column
from simulator.results import schema
from simulator.results.folder import csv_path, parquet_path
from simulator.results.tables import Axes, cell, is_number

if TYPE_CHECKING:
    import pandas as pd

PROSE = ("run", "error")
"""Texts that hardly ever repeat; all others are labels and become categoricals in the order of the file."""


def read(folder: Path, table: str, axes: Axes, manifest: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """One table of a batch.

    Args:
        folder: the batch folder.
        table: which one.
        axes: of the scenario, with their values.
        manifest: says what was declared when the table was written; if not given what is declared today. Columns that
            came later are empty, those that are gone stand last.

    Raises:
        ResultsError: the file is missing or has other columns than were declared.
    """
    form = schema.form(table, axes, manifest)
    frame = _as_stored(folder, table, form.stored).rename(columns=dict(form.renamed))
    if list(frame.columns) != [column.name for column in form.given]:
        frame = _completed(frame, table, form)
    for column in form.given:
        frame[column.name] = _typed(frame[column.name], column, axes)
    return frame


def _as_stored(folder: Path, table: str, stored: Sequence[Column] | None) -> pd.DataFrame:
    import pandas as pd

    if stored is None:
        return pd.DataFrame()
    frame = _read_file(folder, table, stored)
    if list(frame.columns) != [column.name for column in stored]:
        raise ResultsError(f"{csv_path(folder, table)}: not the columns that were declared; run the scenario again")
    return frame


def _completed(frame: pd.DataFrame, table: str, form: schema.Form) -> pd.DataFrame:
    """The frame in today's order, with the columns that were not recorded: empty, or what another says of them."""
    kinds = {column.name: column.kind for column in form.given}
    for name in form.missing:
        other = schema.STANDS_FOR.get(table, {}).get(name)
        empty = "" if kinds[name] == "text" else math.nan
        frame[name] = frame[other] if other in frame.columns else empty
    return frame[[column.name for column in form.given]]


def _read_file(folder: Path, table: str, declared: Sequence[Column]) -> pd.DataFrame:
    if parquet_path(folder, table).exists() and find_spec("pyarrow") is not None:
        return _read_parquet(parquet_path(folder, table), declared)
    path = csv_path(folder, table)
    if not path.exists():
        raise ResultsError(f"{path}: missing; run the scenario again")
    return _read_csv(path, declared)


def _read_parquet(path: Path, declared: Sequence[Column]) -> pd.DataFrame:
    """Labels are read as categories: each text once, however many rows have it."""
    from pyarrow import parquet

    frame: pd.DataFrame = parquet.read_table(path, read_dictionary=_label_names(declared)).to_pandas()
    return frame


def _read_csv(path: Path, declared: Sequence[Column]) -> pd.DataFrame:
    """Exactly the numbers that were written."""
    import pandas as pd

    # From 3.1 on that is what pandas does by itself, and to ask for it is deprecated.
    exact: dict[str, Any] = (
        {} if tuple(map(int, pd.__version__.split(".")[:2])) >= (3, 1) else {"float_precision": "round_trip"}
    )
    labels = _label_names(declared)
    texts = {
        column.name: "category" if column.name in labels else "str" for column in declared if column.kind == "text"
    }
    numbers = {column.name: "float64" for column in declared if column.kind != "text"}
    frame: pd.DataFrame = pd.read_csv(
        path,
        dtype={**texts, **numbers},
        na_values={name: ["", "nan"] for name in numbers},
        keep_default_na=False,
        **exact,
    )
    return frame


def _label_names(declared: Sequence[Column]) -> list[str]:
    return [column.name for column in declared if column.kind == "text" and column.name not in PROSE]


def _typed(values: pd.Series, column: Column, axes: Axes) -> pd.Series:
    if column.kind == "number":
        return values.astype("float64")
    if column.kind == "integer":
        return values.astype("Int64" if values.isna().any() else "int64")
    if column.name in PROSE:
        return values
    return _labels(values, axes)


def _labels(values: pd.Series, axes: Axes) -> pd.Series:
    """Categories in the order of the scenario for an axis, in order of appearance for everything else."""
    import pandas as pd

    seen = dict.fromkeys(values.unique())
    known = dict.fromkeys(str(cell(value)) for value in axes.get(str(values.name), ()))
    order = [name for name in known if name in seen] + [name for name in seen if name not in known]
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.set_categories(order)  # to astype, another order of the same categories is no other type
    return values.astype(pd.CategoricalDtype(order))


def placed(place: Mapping[str, object], axes: Sequence[str]) -> dict[str, object]:
    """A point's place on the axes as it stands in the columns of ``runs``."""
    return {name: cell(place.get(name)) for name in axes}


def labelled(frame: pd.DataFrame, axes: Axes) -> pd.DataFrame:
    """The frame with the axes that are words as categoricals in the order of the scenario, so that figures keep it."""
    words = [name for name, values in axes.items() if name in frame.columns and not is_number(values)]
    return frame.assign(**{name: _labels(frame[name], axes) for name in words})
