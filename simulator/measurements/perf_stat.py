"""``perf stat``: the counters of one program, as text, CSV (``-x``) or JSON (``-j``), with or without ``-r``.

Numbers are read in the digits of any language. Counters that were not counted, or are not supported, are listed. Of
counters that shared a register (multiplexing) the scaled value is taken, and said so. From perf 3.2 to 6.14; the
forms of 6.1 are the samples of the tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from simulator.measurements import _perf_lines, _strace
from simulator.measurements._numerals import seconds_of
from simulator.measurements._perf_lines import Other, Row
from simulator.measurements._profile import profile
from simulator.measurements.base import Measurement, Record, Request, Tool, Unused

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements._written import CatalogFile

_ALIASES = {
    "cs": "context-switches", "faults": "page-faults", "migrations": "cpu-migrations", "cpu-cycles": "cycles",
    "branch-instructions": "branches", "LLC-misses": "cache-misses",
}  # fmt: skip
_DATE = re.compile(r"#\s*started on .*\b(\d{4})\s*$", re.MULTILINE)
_VERSION = re.compile(r"perf version (\S+)")


class PerfStat(Tool):
    """One program's counters: a profile of it."""

    NAME = "perf-stat"
    TITLE = "perf stat"
    BECOMES = ("workload",)
    MADE_BY = "perf stat -o FILE PROGRAM"
    BESIDE = {"strace": "Its system calls: a trace ('strace -f -y -o FILE PROGRAM'), or the summary of 'strace -c -f'."}

    def recognise(self, text: str) -> str:
        """Text, CSV or JSON."""
        form = _perf_lines.form(text)
        return f"perf stat {form}" if form else ""

    def read(self, text: str, file: str) -> Measurement:
        """One record: events by their names, ``:u`` or ``:k`` behind those that were counted in one mode only."""
        found = Measurement("perf stat", file)
        if date := _DATE.search(text):
            found.year = int(date[1])
        if version := _VERSION.search(text):
            found.version = version[1]
        record, begun = Record("program"), _perf_lines.form(text) != "text"
        found.records.append(record)
        for row in _perf_lines.rows(text):
            if isinstance(row, Row):
                self._add(found, record, row)
            elif header := _perf_lines.HEADER.fullmatch(row.text):
                self._head(found, record, row, header, begun)
                begun = True
            else:
                self._other(found, row, begun)
        if not record.figures:
            found.refuse("has no counter with a value", f"make it by '{self.MADE_BY}'; see what perf said")
        return found

    def read_beside(self, text: str, file: str, option: str = "") -> tuple[Record, list[Unused]]:
        """A summary of strace."""
        return _strace.read(text, file)

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A profile."""
        return profile(measurement, measurement.records[0], request, catalog)

    def _head(self, found: Measurement, record: Record, row: Other, header: re.Match[str], again: bool) -> None:
        if again:
            found.refuse(
                "holds a second run", "give one run a file; 'perf stat -r N' makes the mean of N runs", row.line
            )
        what = header["what"].strip()
        if "system wide" in what or what.startswith("CPU(s)"):
            message = "counts everything that ran on the machine, not one program"
            found.refuse(message, "count one program: 'perf stat PROGRAM', without -a", row.line)
        record.texts["command"] = what[1:-1] if what.startswith("'") else what
        if header["runs"]:
            record.texts["runs"] = header["runs"]

    def _other(self, found: Measurement, row: Other, begun: bool) -> None:
        if begun and row.trouble:
            found.refuse(row.trouble, "count once and for the whole program: 'perf stat PROGRAM'", row.line)
        reason = "is no counter" if begun else "stands above the counters: the program's own output"
        found.drop(f"line {row.line}", row.text.strip()[:60], reason)

    def _add(self, found: Measurement, record: Record, row: Row) -> None:
        where, name = f"line {row.line}", _canonical(row.event)
        if row.value is None:
            reason = "perf has no value for it" if row.text in _perf_lines.NEVER else "is no number"
            found.drop(where, row.event, f"{row.text}: {reason}")
            return
        scale = seconds_of(row.unit) if row.unit else None
        unit = "s" if scale is not None else row.unit or "count"
        value, slack = row.value * (scale or 1.0), 2.0 * row.spread_ratio * row.value * (scale or 1.0)
        remark = ""
        if row.running_ratio < 1.0:
            remark = f"counted {100.0 * row.running_ratio:.4g} % of the time and scaled by perf"
        earlier = record.figures.pop(name, None)
        if earlier is not None:
            value, slack = value + earlier.value, slack + (earlier.high - earlier.value)
            where = f"{earlier.where} + {row.line}"
        record.add(name, value, unit, where, (max(0.0, value - slack), value + slack), remark)


def _canonical(event: str) -> str:
    """One name for each event: without its unit's name, with what is left of its modifiers."""
    event = re.sub(r"^cpu(?:_core|_atom)?/([\w-]+)/", r"\1:", event).rstrip(":")
    name, _, modifiers = event.partition(":")
    mode = (
        "u" if "u" in modifiers and "k" not in modifiers else "k" if "k" in modifiers and "u" not in modifiers else ""
    )
    name = _ALIASES.get(name, name)
    return f"{name}:{mode}" if mode else name


TOOL = PerfStat
