"""The answer in a few lines: which model costs least and most, and whether anything went wrong."""

from __future__ import annotations

from collections import Counter
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.outcomes import is_ok, word
from simulator.plots import Places, records
from simulator.report.numbers import number, percent, quantity

if TYPE_CHECKING:
    from simulator.results import Results

_MOST = 12
"""Places that have a line each."""


def answer(results: Results) -> list[str]:
    """A line for each place on the axes, then what went wrong."""
    if results.status == "failed":
        return ["No run was completed; why is said under Failures."]
    rows = records(results.summary())
    places = Places(results, rows)
    groups = places.groups(rows)
    lines = []
    for group in groups[:_MOST]:
        known = [row for row in group if places.stack(row) != results.baseline and isfinite(row["overhead_percent"])]
        label = places.label(group[0])
        if known:
            ordered = sorted(known, key=lambda row: float(row["overhead_percent"]))
            told = [f"{places.stack(row)} {percent(row['overhead_percent'], row['overhead_low'], row['overhead_high'])}"
                    for row in (ordered[0], ordered[-1])]  # fmt: skip
            least = f"least costs {told[0]}, most {told[1]}" if len(known) > 1 else told[0]
            lines.append(f"{label}: over {results.baseline}, {least}.")
        else:
            told = [
                f"{places.stack(row)} {number(row['mean'])} {row['unit']}"
                for row in group[:_MOST]
                if isfinite(row["mean"])
            ]
            lines.append(f"{label}: {group[0]['metric']}: {', '.join(told) or 'nothing was measured'}.")
    if len(groups) > _MOST:
        lines.append(f"{len(groups) - _MOST} more places are in the table below.")
    return lines + _operations(results) + _trouble(results)


def _operations(results: Results) -> list[str]:
    """For each kind how many were done, and how long tenants stood still for it."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in records(results.operations):
        kinds.setdefault(str(row["operation"]).replace("_", " "), []).append(row)
    lines = []
    for kind, rows in kinds.items():
        done = [row for row in rows if row["outcome"] == "done"]
        still = [row["downtime_s"] for row in done if row["downtime_s"] > 0.0]
        stood = f"; tenants stood still for {quantity(min(still), 's')} to {quantity(max(still), 's')}" if still else ""
        lines.append(f"{kind}: {len(done)} of {len(rows)} were done{stood}.")
    return lines


def _trouble(results: Results) -> list[str]:
    runs, every = results.manifest["runs"], [str(each) for each in results.tenants["outcome"]]
    found = []
    if runs["failed"]:
        found.append(f"{runs['failed']} of {runs['total']} runs failed or went over their budget.")
    ends = Counter(word(each) for each in every if not is_ok(each))
    return found + [f"{end}: {count} of {len(every)} tenants." for end, count in ends.items()]
