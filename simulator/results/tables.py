"""Tables on disk: CSV always, Parquet where pyarrow is installed. The same runs give the same bytes."""

from __future__ import annotations

import csv
import json
import os
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from simulator.records import TABLES, Column, Kind, names
from simulator.results.folder import csv_path, parquet_path, sync_folder

if TYPE_CHECKING:
    import pyarrow

Axes = Mapping[str, Sequence[object]]


def axis_columns(axes: Iterable[str]) -> list[str]:
    """Axes that become columns of ``runs``: those that are not among its columns already."""
    return [name for name in axes if name not in names("runs")]


def is_number(values: Iterable[object]) -> bool:
    """Whether an axis with these values is a column of numbers."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def columns(table: str, axes: Axes) -> list[Column]:
    """The declared columns of a table; those of ``runs`` are followed by the axes."""
    if table != "runs":
        return list(TABLES[table])
    return [*TABLES[table], *of_axes(axes, TABLES[table])]


def of_axes(axes: Axes, declared: Sequence[Column]) -> list[Column]:
    """The columns of axes that follow the declared ones."""
    known = {column.name for column in declared}
    kinds: dict[str, Kind] = {name: "number" if is_number(axes[name]) else "text" for name in axes if name not in known}
    return [Column(name, "", "axis of the scenario", kind) for name, kind in kinds.items()]


def cell(value: object) -> object:
    """A value of an axis as one cell: words and numbers as they are, anything composite as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict | bool) else value


class TableFiles:
    """The tables of a batch while they are written; none has its final name before all are whole and on the disk.

    Drafts have names that no other process uses: where two work in one folder without knowing of each other, each
    writes its own, and the last to give them their final names replaces whole tables with the same ones.

    Args:
        folder: the batch folder.
        axes: the scenario's axes with their values; they become columns of ``runs``.
    """

    def __init__(self, folder: Path, axes: Axes) -> None:
        self._folder = folder
        self._of_axes = axes
        self._axes = axis_columns(axes)
        self._mark = uuid.uuid4().hex[:12]
        self._finals = [csv_path(folder, table) for table in TABLES]

    def __enter__(self) -> TableFiles:
        self._files: dict[str, TextIO] = {}
        try:
            for table in TABLES:
                draft = self._draft(csv_path(self._folder, table))
                self._files[table] = draft.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except BaseException:
            self._discard()
            raise
        self._writers = {table: csv.writer(file, lineterminator="\n") for table, file in self._files.items()}
        for table, writer in self._writers.items():
            writer.writerow([*names(table), *(self._axes if table == "runs" else ())])
        return self

    def add(self, tables: Mapping[str, Sequence[Sequence[object]] | str], axes: Mapping[str, object]) -> None:
        """Appends the rows of one run, made at this place of the axes; a table may be ``csv_text`` already."""
        place = [cell(axes.get(name)) for name in self._axes]
        for table, rows in tables.items():
            if isinstance(rows, str):
                self._files[table].write(rows)
            else:
                more = [[*row, *place] for row in rows] if table == "runs" else rows
                self._writers[table].writerows(more)

    def commit(self) -> dict[str, int]:
        """Gives all tables their final names.

        Returns:
            how long each file is, in bytes.
        """
        for file in self._files.values():
            file.close()
        if find_spec("pyarrow") is not None:
            for table in TABLES:
                self._write_parquet(table)
        _sync([self._draft(path) for path in self._finals])
        sizes = {path.name: self._draft(path).stat().st_size for path in self._finals}
        for path in self._finals:
            os.replace(self._draft(path), path)
        for table in TABLES:
            if parquet_path(self._folder, table) not in self._finals:
                parquet_path(self._folder, table).unlink(missing_ok=True)
        sync_folder(self._folder)
        return sizes

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._discard()

    def _discard(self) -> None:
        """Nothing is left of drafts, also where the disk takes nothing more."""
        for file in self._files.values():
            with suppress(OSError):
                file.close()
        for path in self._finals:
            with suppress(OSError):
                self._draft(path).unlink(missing_ok=True)

    def _draft(self, path: Path) -> Path:
        return path.with_name(f".{path.name}.{self._mark}.tmp")

    def _write_parquet(self, table: str) -> None:
        source, path = csv_path(self._folder, table), parquet_path(self._folder, table)
        self._finals.append(path)
        write_parquet(self._draft(source), self._draft(path), columns(table, self._of_axes))


def _sync(paths: Sequence[Path]) -> None:
    """Hands files to the disk, all at once: it takes one round for them, and not one for each."""

    def sync(path: Path) -> None:
        with path.open("r+b") as file:
            os.fsync(file.fileno())

    with ThreadPoolExecutor(len(paths)) as together:
        list(together.map(sync, paths))


def arrow_schema(declared: Sequence[Column]) -> pyarrow.Schema:
    """How columns are declared in Parquet, with their units and meanings."""
    import pyarrow as pa

    kinds = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    about = {column.name: {"unit": column.unit, "meaning": column.meaning} for column in declared}
    return pa.schema([pa.field(each.name, kinds[each.kind], metadata=about[each.name]) for each in declared])


def write_parquet(source: Path, target: Path, declared: Sequence[Column]) -> None:
    """Copies a CSV table block by block, so that memory does not grow with it; units and meanings go along."""
    from pyarrow import csv as arrow_csv
    from pyarrow import parquet

    schema = arrow_schema(declared)
    convert = arrow_csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=False)
    parse = arrow_csv.ParseOptions(newlines_in_values=True)
    with (
        arrow_csv.open_csv(source, convert_options=convert, parse_options=parse) as reader,
        parquet.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch.cast(schema) if batch.schema != schema else batch)
