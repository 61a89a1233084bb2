"""The tables of one simulated run as readings are taken from them: where a column is, and who runs a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.records import names

Tables = Mapping[str, Sequence[Sequence[Any]]]


def column(table: str, name: str) -> int:
    """The place of a column in the rows of a table."""
    return names(table).index(name)


def columns(table: str, *wanted: str) -> list[int]:
    """The places of several."""
    return [column(table, name) for name in wanted]


def runners(tables: Tables, tenants: set[str]) -> set[str]:
    """The nodes that have set something for themselves under these tenants: what runs their programs."""
    tenant, node = columns("settings", "tenant", "node")
    return {str(row[node]) for row in tables["settings"] if row[tenant] in tenants}
