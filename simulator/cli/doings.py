"""The table that is printed of operations: what was done to whom, by which layer, and what it took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.cli.numbers import quantity
from simulator.explain.columns import columns
from simulator.outcomes import word
from simulator.plots import Places, records

if TYPE_CHECKING:
    from simulator.results import Results

Record = Mapping[str, Any]
_MOST_LINES = 40
_MEANS = (
    ("took", "duration_s", "s"),
    ("stood still", "downtime_s", "s"),
    ("moved", "moved_bytes", "bytes"),
    ("disk", "disk_bytes", "bytes"),
    ("work lost", "work_lost_s", "s"),
)
"""What is printed of an operation where any has it: means over the replications."""


def lines(results: Results) -> list[str]:
    """A line for each operation of each place; nothing where there are none. Each refusal and failure is said once."""
    frame = results.operations.merge(results.runs[["run", *results.axes]], on="run")
    rows = records(frame)
    if not rows:
        return []
    place = Places(results, rows)
    heads = [head for head in place.heads if head != "tenant"]
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        cells = dict(zip(place.heads, place.cells(row), strict=True))
        operation = (quantity(row["at_s"], "s"), row["operation"].replace("_", " "), row["tenant"])
        key = (place.stack(row), *(cells[head] for head in heads), *operation)
        groups.setdefault(key, []).append(row)
    shown = [each for each in _MEANS if any(row[each[1]] for row in rows)]
    table = [_line(key, group, shown) for key, group in groups.items()]
    align = "<" * (1 + len(heads)) + "><<<<" + ">" * len(shown)
    heads = ["stack", *heads, "at", "operation", "tenant", "by", "outcome", *(head for head, _, _ in shown)]
    found = columns(table[:_MOST_LINES], align, heads)
    if len(table) > _MOST_LINES:
        found.append(f"{len(table) - _MOST_LINES} more are in operations.csv")
    return [*found, *_reasons(rows)]


def _line(key: tuple[str, ...], group: list[Record], shown: Iterable[tuple[str, str, str]]) -> list[str]:
    first = group[0]
    how = f" ({first['how']})" if first["how"] else ""
    words = dict.fromkeys(word(row["outcome"]) for row in group)
    means = (_mean([row[column] for row in group], unit) for _, column, unit in shown)
    return [*key[:-2], key[-2] + how, key[-1], first["product"] or "-", ", ".join(words), *means]


def _mean(values: list[float], unit: str) -> str:
    known = [value for value in values if value == value]
    return quantity(sum(known) / len(known), unit) if any(known) else "-"


def _reasons(rows: Iterable[Record]) -> list[str]:
    """Why something was not done, a line for each reason."""
    found = dict.fromkeys(row["outcome"] for row in rows if ":" in row["outcome"])
    return [str(reason) for reason in found]
