"""From the tables of one run to the numbers that are drawn. Runs in the worker: what is sent back is small."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from simulator.records import TABLES

Tables = Mapping[str, Sequence[Sequence[Any]]]
_OF_TENANT = (
    "workload", "outcome", "metric", "value", "unit", "better", "operations", "elapsed_s", "latency_p50_s",
    "latency_p99_s",
)  # fmt: skip
TIMES = tuple(
    column.name for column in TABLES["threads"] if column.unit == "s" and column.name not in ("wall_s", "asleep_s")
)
"""What a thread's life is divided into, sleeping apart."""
PROCESSOR = "cpu"


def summed(tables: Tables) -> dict[str, Any]:
    """One run in a few numbers, as plain data.

    Returns:
        ``events`` and ``simulated_s`` of the run; for each tenant its row of ``tenants``; ``charges``: processor time
        in seconds by path of the layer that caused it and mechanism; ``times``: for each tenant what its programs'
        threads did with their lives, in seconds. What is not a number is None.
    """
    run = _rows(tables, "runs")[0]
    tenants = {row["tenant"]: {name: _plain(row[name]) for name in _OF_TENANT} for row in _rows(tables, "tenants")}
    charges: dict[tuple[str, str], float] = defaultdict(float)
    for row in _rows(tables, "charges"):
        if row["device"] == PROCESSOR:
            charges[row["cause"], row["mechanism"]] += row["service_s"]
    times: dict[str, dict[str, float]] = {name: dict.fromkeys(TIMES, 0.0) for name in tenants}
    for row in _rows(tables, "threads"):
        if row["kind"] == "program" and row["tenant"] in times:
            for name in TIMES:
                times[row["tenant"]][name] += row[name]
    return {
        "events": run["events"],
        "simulated_s": run["simulated_s"],
        "tenants": tenants,
        "charges": [[cause, mechanism, seconds] for (cause, mechanism), seconds in charges.items()],
        "times": times,
    }


def _rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    names = [column.name for column in TABLES[name]]
    return [dict(zip(names, row, strict=True)) for row in tables[name]]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
