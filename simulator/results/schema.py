"""What older virtlabs wrote, read today: columns by the manifest that stands beside them, renamed ones by a table.

A column or a table that is added does not make old results unreadable, nor one that is dropped: the manifest says
which were written. Only where a name, a unit or a meaning changes is the schema version raised, and what was renamed
is written into ``RENAMED`` under the version before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.records import TABLES, Column
from simulator.results.folder import SCHEMA_VERSION
from simulator.results.tables import Axes, columns, of_axes

RENAMED: dict[int, dict[str, dict[str, str]]] = {}
"""By schema version, what the next one renamed: table, old name of the column, new name."""

STANDS_FOR = {"tenants": {"copy_of": "tenant"}}
"""Columns that came later, and the one that says the same in results from before."""


@dataclass(frozen=True)
class Form:
    """One table as it was written.

    Attributes:
        stored: its columns as they stand in the file, in order; None where the table was not written.
        renamed: what a column in the file is called today.
        given: today's columns, then those that are gone but were written.
        missing: names of today's columns that were not recorded.
    """

    stored: tuple[Column, ...] | None
    renamed: Mapping[str, str]
    given: tuple[Column, ...]
    missing: tuple[str, ...]


def form(table: str, axes: Axes, manifest: Mapping[str, Any] | None = None) -> Form:
    """How a table of a batch is read; without a manifest as if it were written today."""
    today = tuple(columns(table, axes))
    written = _written(table, manifest)
    if written is None:
        return Form(None, {}, today, tuple(column.name for column in today))
    placed = of_axes(axes, written) if table == "runs" else []
    stored = (*written, *placed)
    renamed = _renamed(table, int((manifest or {}).get("schema_version", SCHEMA_VERSION)))
    known = {renamed.get(column.name, column.name): column for column in stored}
    declared = [column.name for column in today]
    gone = [column._replace(name=name) for name, column in known.items() if name not in declared]
    # An axis of then may have the name of a column of today.
    given = [next((axis for axis in placed if axis.name == column.name), column) for column in today]
    return Form(stored, renamed, (*given, *gone), tuple(name for name in declared if name not in known))


def not_recorded(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """Columns of each table that this version declares and that were not there when the batch was written."""
    missing = {table: list(form(table, manifest["axes"], manifest).missing) for table in TABLES}
    return {table: names for table, names in missing.items() if names}


def written_tables(manifest: Mapping[str, Any]) -> Sequence[str]:
    """The tables that a batch consists of."""
    return list(manifest.get("columns", TABLES))


def _written(table: str, manifest: Mapping[str, Any] | None) -> tuple[Column, ...] | None:
    if manifest is None or "columns" not in manifest:
        return TABLES[table]
    described = manifest["columns"].get(table)
    return None if described is None else tuple(Column(**each) for each in described)


def _renamed(table: str, version: int) -> dict[str, str]:
    """From the names of one version to today's, through all between."""
    names: dict[str, str] = {}
    for step in range(version, SCHEMA_VERSION):
        changes = RENAMED.get(step, {}).get(table, {})
        names = {old: changes.get(new, new) for old, new in names.items()} | {
            old: new for old, new in changes.items() if old not in names.values()
        }
    return names
