"""No column is declared that nobody writes: runs that together fill every one of every table."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from simulator.batch import run_only, worker
from simulator.records import TABLES, names
from simulator.scenario import load

SCENARIOS = Path(__file__).parents[2] / "scenarios"
COMPUTE = {"workload": {"name": "compute-kernel", "parameters": {"iterations_count": 4}}, "memory": "1 GiB", "vcpus": 1}
BREAKS = {
    "machine": "server-2025",
    "stacks": {"containers": {"stack": "xen-4 | linux-6", "without": ["trap"]}},
    "tenants": {"a": COMPUTE, "b": COMPUTE},
    "duration": "8 s",
    "faults": [{"at": "1 s", "panic": "a", "restart": "1 s"}],
}
STARTS = {
    "machine": {"base": "laptop-2025", "devices": {"cpu": {"cores": 1}}},
    "stacks": {"containers": "linux-6 | docker-27"},
    "tenants": {"a": COMPUTE, "b": {**COMPUTE, "boot": True, "start": "100 ms"}},
    "duration": "2 s",
    "fidelity": "quantum",
}
KEPT = ("heap-against-memory", "test-and-debug", "save-and-rewind")


@pytest.mark.slow
def test_every_declared_column_is_written_by_some_run() -> None:
    blank = {(table, column) for table in TABLES for column in names(table)}
    scenarios = [load(BREAKS), load(STARTS), *(load(SCENARIOS / f"{name}.yaml") for name in KEPT)]
    for scenario in scenarios:
        last = scenario.points()[-1]
        blank -= _written(run_only(scenario, f"p{last['point']:04d}-r0000"))
    (point, *_) = load(BREAKS).points()
    record = worker.failure(point, 0, "RuntimeError: no luck")
    blank -= _written(json.loads(record.split(b" ", 4)[4])["tables"])
    assert not blank


def _written(tables: worker.Tables) -> set[tuple[str, str]]:
    """The columns that have a value in some row."""
    return {
        (table, column)
        for table, rows in tables.items()
        for position, column in enumerate(names(table))
        if any(_is_value(row[position]) for row in rows)
    }


def _is_value(cell: object) -> bool:
    return cell not in ("", None) and not (isinstance(cell, float) and math.isnan(cell))
