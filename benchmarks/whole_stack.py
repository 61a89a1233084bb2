"""What one run of the main scenario's points costs, as ratios and counts that hold on any machine.

For each stack and workload: calendar entries for one operation, and the processor time of one entry as a multiple
of that of a bare SimPy time-out, measured in turn in the same process. Run: ``python benchmarks/whole_stack.py``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import simpy

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

SCENARIO = Path(__file__).parent.parent / "scenarios" / "what-does-it-cost.yaml"
ROUNDS = 5
ENTRIES = 20_000


def bare_entry_s() -> float:
    """Processor time of one entry of a calendar that holds nothing but the time-outs of one process."""
    environment = simpy.Environment()

    def ticking() -> simpy.events.ProcessGenerator:
        for _ in range(ENTRIES):
            yield environment.timeout(1.0)

    environment.process(ticking())
    start = process_time()
    environment.run()
    return (process_time() - start) / ENTRIES


def of(tables: dict[str, list[list[Any]]], table: str, column: str) -> Any:
    """One column of a table's first row."""
    return tables[table][0][names(table).index(column)]


def main() -> None:
    """Print one line a point and the whole as JSON."""
    found = []
    for point in load(SCENARIO).points():
        ratios = []
        for _ in range(ROUNDS):
            bare = bare_entry_s()
            start = process_time()
            tables = run_point(point, 0)["tables"]
            events = of(tables, "runs", "events")
            ratios.append((process_time() - start) / events / bare)
        operations = of(tables, "tenants", "operations")
        row = {
            "stack": point["stack"],
            "workload": point["tenants"]["app"]["workload"],
            "entries": events,
            "entries_per_operation": round(events / operations, 1),
            "entry_over_bare_entry": round(median(ratios), 1),
        }
        found.append(row)
        print(*row.values(), sep="\t", file=sys.stderr)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
