"""Readings of the log that a virtual machine with a heap writes: how often its programs stopped, and how long."""

from __future__ import annotations

from simulator.experiment import quantile
from simulator.validation.run_tables import Tables, columns, runners

MEANINGS = {
    "collections": ("count", "pauses of a program for the collector of its heap, as its log has them"),
    "full_collections": ("count", "of these, collections of the whole heap"),
    "pauses_s": ("s", "all pauses together"),
    "full_pauses_s": ("s", "all pauses for collections of the whole heap together"),
    "mean_pause_s": ("s", "mean pause"),
    "pause_p50_s": ("s", "median pause"),
    "pause_p99_s": ("s", "99th percentile of the pauses, nearest rank"),
    "pause_max_s": ("s", "longest pause"),
    "pause_share": ("ratio", "part of the measured window in pauses"),
}
"""Unit and meaning by name."""
_PAUSE, _FULL = "pause ", "pause full"


def read(tables: Tables, tenants: set[str]) -> dict[str, float]:
    """All of them, where something under these tenants writes such a log; copies of a tenant count with their mean."""
    nodes = runners(tables, tenants)
    if not nodes:
        return {}
    kind, logged, duration_s = columns("log", "kind", "node", "duration_s")
    tenant, elapsed_s = columns("tenants", "tenant", "elapsed_s")
    lines = [row for row in tables["log"] if row[logged] in nodes and str(row[kind]).startswith(_PAUSE)]
    pauses = sorted(float(row[duration_s]) for row in lines)
    full = [float(row[duration_s]) for row in lines if row[kind] == _FULL]
    whole_s = sum(float(row[elapsed_s]) for row in tables["tenants"] if row[tenant] in tenants)
    count = len(tenants)
    found = {
        "collections": len(pauses) / count,
        "full_collections": len(full) / count,
        "pauses_s": sum(pauses) / count,
        "full_pauses_s": sum(full) / count,
    }
    if pauses:
        found |= {
            "mean_pause_s": sum(pauses) / len(pauses),
            "pause_p50_s": quantile(pauses, 0.5),
            "pause_p99_s": quantile(pauses, 0.99),
            "pause_max_s": pauses[-1],
        }
    return found | ({"pause_share": sum(pauses) / whole_s} if whole_s else {})
