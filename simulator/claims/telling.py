"""A finding in words and numbers, for the terminal and the page."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from textwrap import shorten

from simulator.claims.findings import FAILS, HOLDS, LIMITED, OPEN, Finding, Tested
from simulator.claims.judging import RELATIONS
from simulator.claims.reading import BOOL
from simulator.results.intervals import Interval
from simulator.units import DIMENSIONS, format_quantity

VERDICTS = {HOLDS: "hold", LIMITED: "hold with limits", FAILS: "do not hold", OPEN: "are not decided"}
"""Of several claims; one claim has the verdict itself."""
_NOT = {"less_than": ">=", "more_than": "<=", "equals": "!="}
_SMALL, _LARGE = 0.1, 10.0
_LONGEST_NOTE = 160


def summed_up(tested: Iterable[Tested]) -> str:
    """How many claims have which verdict."""
    found = Counter(each.verdict for each in tested)
    counts = (
        (found[verdict], verdict if verdict != OPEN else "is not decided", words) for verdict, words in VERDICTS.items()
    )
    return ", ".join(f"{count} {one if count == 1 else several}" for count, one, several in counts if count)


def numbers(finding: Finding) -> str:
    """What was read where, how it compares, and with how much doubt."""
    whose = f" of {finding.tenant}" if finding.tenant else ""
    there = ", ".join(f"{_short(name)} {value}" for name, value in finding.at.items())
    head = f"{finding.title}{whose}{f' ({there})' if there else ''}"
    if finding.comes_out is None and not finding.own.n:
        return f"{head} on {finding.of}: {finding.open_because}"
    said = f"{head}: {finding.of} {_value(finding.own, finding.unit)}"
    other = f"{finding.than} {_value(finding.other, finding.unit)}".strip()
    if finding.unit != BOOL or finding.than:
        said += f" {_sign(finding)} {other}{_doubt(finding)}"
    notes = [note for note in (finding.note, finding.other_note) if note]
    said += f" [{' / '.join(_cut(note) for note in notes)}]" if notes else ""
    return said + (f"; {finding.open_because}" if finding.open_because else "")


def _sign(finding: Finding) -> str:
    if finding.comes_out is None:
        return "?"
    return (RELATIONS if finding.comes_out else _NOT)[finding.relation]


def _value(interval: Interval, unit: str) -> str:
    if unit == BOOL:
        return "yes" if interval.mean == 1.0 else "no" if interval.mean == 0.0 else f"in {interval.mean:.0%} of runs"
    head, _, each = unit.partition(" per ")
    if head == "bytes":
        return _size(interval.mean)
    text = format_quantity(interval.mean, head) if head in DIMENSIONS else f"{interval.mean:.4g} {head}"
    return f"{text} per {each}" if each else text


def _size(size_bytes: float) -> str:
    """In decimal units throughout, so that sizes beside each other can be compared."""
    for scale, symbol in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.4g} {symbol}"
    return f"{size_bytes:.4g} B"


def _doubt(finding: Finding) -> str:
    """The ratio with its interval, where there is one to speak of; and the margin that was asked for."""
    ratio, parts = finding.ratio, []
    if finding.than and math.isfinite(ratio.mean):
        ends = f", {_times(ratio.low)} to {_times(ratio.high)}" if math.isfinite(ratio.low) else ""
        wide = math.isfinite(ratio.low) and ratio.high - ratio.low > 1e-3 * ratio.mean
        parts.append(f"{_times(ratio.mean)} times{ends if wide else ''}")
    if finding.by:
        words = "within" if finding.relation == "equals" else "by more than"
        parts.append(f"asked: {words} {format_quantity(finding.by, 'ratio')}")
    if finding.own.n > 1:
        parts.append(f"n = {finding.own.n}")
    return f" ({'; '.join(parts)})" if parts else ""


def _times(ratio: float) -> str:
    return f"{ratio:.3f}" if _SMALL <= ratio < _LARGE else f"{ratio:.3g}"


def _short(axis: str) -> str:
    """The end of an axis' name."""
    return axis.rpartition(".")[2]


def _cut(note: str) -> str:
    return shorten(note, _LONGEST_NOTE, placeholder=" ...")
