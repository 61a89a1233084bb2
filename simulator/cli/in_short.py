"""What is printed of a batch with more places than anybody reads: how far its numbers reach, and where they all are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from simulator.cli.numbers import plain
from simulator.explain.columns import columns

if TYPE_CHECKING:
    from simulator.plots import Places
    from simulator.results import Results

Record = Mapping[str, Any]
MOST_PLACES = 200
"""Places on the axes that have a line each."""


def cost(results: Results, rows: Sequence[Record], place: Places) -> list[str]:
    """What it costs: for each stack and metric the lowest, the middle and the highest of all places."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for row in rows:
        what = f"{row['metric']}, {row['unit']} ({row['better']} is better)"
        groups.setdefault((place.stack(row), str(row["tenant"]), what), []).append(row)
    lines = [
        [*key, *_reach(group, "mean"), *_overheads(group, key[0], results, place)] for key, group in groups.items()
    ]
    reach = ["lowest", "median", "highest"]
    heads = ["stack", "tenant", "metric", *reach, *(f"{word} overhead, %" for word in reach), "highest at"]
    table = columns(lines, "<<<>>>>>><", heads)
    places = len(place.labels(rows))
    over = f"; overheads over {results.baseline}, paired by replication" if any(line[-1] for line in lines) else ""
    return [*table, f"{places} places are too many for a line each{over}", *_where_all_are(results)]


def more(number: int, results: Results) -> list[str]:
    """That a table goes on, where it does."""
    return [f"{number} more lines are left out", *_where_all_are(results)] if number > 0 else []


def _where_all_are(results: Results) -> list[str]:
    return [f"all of them: --json, or virtlab results export {results.folder}"]


def _reach(group: Sequence[Record], column: str) -> list[str]:
    """Lowest, median and highest of a column, as far as it is known."""
    known = [row[column] for row in group if row[column] == row[column]]
    return [plain(number) for number in (min(known), median(known), max(known))] if known else ["", "", ""]


def _overheads(group: Sequence[Record], stack: str, results: Results, place: Places) -> list[str]:
    """The same of overheads, and where the highest is."""
    known = [row for row in group if row["overhead_percent"] == row["overhead_percent"]]
    if stack == results.baseline or not known:
        return ["", "", "", ""]
    highest = max(known, key=lambda row: float(row["overhead_percent"]))
    return [*_reach(known, "overhead_percent"), place.label(highest)]
