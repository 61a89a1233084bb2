"""Readings of the last operation on a tenant, from the table ``operations``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from simulator.validation.run_tables import column

MEANINGS: Mapping[str, tuple[str, str]] = {
    "downtime_s": ("s", "how long a tenant stood still for the last operation on it"),
    "duration_s": ("s", "how long the last operation on a tenant took"),
    "moved_bytes": ("bytes", "memory that the last operation on a tenant copied or sent"),
    "rounds": ("count", "passes over the memory of the last operation on a tenant"),
    "work_lost_s": ("s", "processor time of its own work that a tenant lost by the last operation on it"),
}


def read(tables: Mapping[str, Sequence[Sequence[Any]]], tenants: Collection[str]) -> dict[str, float]:
    """The numbers of the operation that ended last; of several copies of a tenant, of the last of all."""
    tenant, end = column("operations", "tenant"), column("operations", "end_s")
    rows = [row for row in tables.get("operations", ()) if row[tenant] in tenants and row[end] == row[end]]
    if not rows:
        return {}
    last = max(rows, key=lambda row: float(row[end]))
    return {name: float(last[column("operations", name)]) for name in MEANINGS}
