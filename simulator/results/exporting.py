"""Tables for other programs: CSV or Parquet, joined with the axes, with a dictionary of their columns beside them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.records import TABLES, Column
from simulator.results import long as long_form
from simulator.results.folder import draft_of, replace_text
from simulator.results.places import Wanted
from simulator.results.tables import arrow_schema

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.results import Results

Form = Literal["csv", "parquet", "long"]
FORMS = ("csv", "parquet", "long")
DICTIONARY = "columns.csv"
BATCH = (
    Column("scenario", "", "name of the scenario", "text"),
    Column("batch", "", "name of the batch's folder: what decides its numbers", "text"),
)
"""What stands in front of each row, so that several batches can be put into one table."""


def export(
    batches: Sequence[Results],
    folder: str | os.PathLike[str],
    *,
    tables: Sequence[str] = ("tenants",),
    form: str = "csv",
    where: Wanted | None = None,
    columns: Sequence[str] = (),
    force: bool = False,
) -> list[Path]:
    """Write tables of batches into a folder.

    Args:
        batches: their rows follow one another.
        folder: made if it is not there.
        tables: which ones; of the form ``long`` it is always the one of tenants.
        form: ``csv``, ``parquet``, or ``long``: one row per run, tenant and metric, as CSV.
        where: values by axis; the rows of other runs are left out.
        columns: which ones; all if none is named.
        force: write over files of the same names.

    Returns:
        the files, the dictionary of columns last.

    Raises:
        UsageError: no such form, table, column, axis or value; Parquet without pyarrow; a file is there already.
    """
    check(form, tables)
    target, names = Path(folder), [long_form.TABLE] if form == "long" else list(dict.fromkeys(tables))
    ending = "parquet" if form == "parquet" else "csv"
    paths = [target / f"{name}.{ending}" for name in names] + [target / DICTIONARY]
    there = [path for path in paths if path.exists()]
    if there and not force:
        raise UsageError(f"{there[0]} is there already; name another folder, or write over it with --force")
    made = {name: together(batches, name, where, columns) for name in names}
    try:
        target.mkdir(parents=True, exist_ok=True)
        for path, (frame, declared) in zip(paths, made.values(), strict=False):
            _write(path, frame, declared)
        replace_text(paths[-1], dictionary({name: declared for name, (_, declared) in made.items()}))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; choose another place") from error
    return paths


def check(form: str, tables: Sequence[str]) -> None:
    """Refuses what cannot be exported, before anything is read."""
    if form not in FORMS:
        raise UsageError(f"no form {form!r}; {suggestion(form, FORMS)}")
    for table in tables:
        if table not in TABLES:
            raise UsageError(f"no table {table!r}; {suggestion(table, TABLES)}")
    if form == "parquet" and find_spec("pyarrow") is None:
        raise UsageError("Parquet needs pyarrow, which is not installed; pip install 'virtlab[parquet]', or take csv")


def together(
    batches: Sequence[Results], table: str, where: Wanted | None = None, chosen: Sequence[str] = ()
) -> tuple[pd.DataFrame, list[Column]]:
    """One table of several batches, and its columns: those of the first, then what only later ones have."""
    import pandas as pd

    frames, columns = [], {column.name: column for column in BATCH}
    for results in batches:
        make = long_form.long(results, (), where) if table == long_form.TABLE else None
        frame, declared = make or long_form.joined(results, table, where)
        about = {"scenario": results.manifest["scenario"]["name"], "batch": results.folder.name}
        taken = {name: f"axis_{name}" for name in about if name in frame.columns}
        frames.append(frame.rename(columns=taken).assign(**about))
        for column in declared:
            named = column._replace(name=taken.get(column.name, column.name))
            columns[named.name] = _wider(columns.get(named.name, named), named)
    for name in chosen:
        if name not in columns:
            raise UsageError(f"no column {name!r} in the table {table}; {suggestion(name, columns)}")
    names = [name for name in columns if not chosen or name in chosen]
    return pd.concat(frames, ignore_index=True)[names], [columns[name] for name in names]


def dictionary(tables: Mapping[str, Sequence[Column]]) -> str:
    """What each column means, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["table", "column", "unit", "kind", "meaning"])
    for table, columns in tables.items():
        writer.writerows([table, column.name, column.unit, column.kind, column.meaning] for column in columns)
    return text.getvalue()


def as_csv(frame: pd.DataFrame) -> str:
    """A table as CSV; what is not a number is empty."""
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _wider(one: Column, other: Column) -> Column:
    """An axis may be a number in one batch and a word in another."""
    kinds = {one.kind, other.kind}
    if "text" in kinds:
        return one._replace(kind="text")
    return one._replace(kind="number" if "number" in kinds else "integer")


def _write(path: Path, frame: pd.DataFrame, declared: Sequence[Column]) -> None:
    with draft_of(path) as draft:
        if path.suffix == ".parquet":
            _write_parquet(draft, frame, declared)
        else:
            frame.to_csv(draft, index=False, lineterminator="\n")


def _write_parquet(path: Path, frame: pd.DataFrame, declared: Sequence[Column]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"text": "string", "integer": "Int64", "number": "float64"}
    typed = frame.astype({column.name: types[column.kind] for column in declared})
    table = pa.Table.from_pandas(typed, schema=arrow_schema(declared), preserve_index=False)
    parquet.write_table(table, path, compression="zstd")
