"""What strace says of a program's calls: the summary of ``strace -c``, or a whole trace (see ``_strace_trace``)."""

from __future__ import annotations

import re

from simulator.errors import MeasurementError, Problem
from simulator.measurements import _strace_trace
from simulator.measurements._numerals import decimal
from simulator.measurements.base import Record, Unused

_HEAD = re.compile(r"\s*% time\s+seconds\s+usecs/call\s+calls\s+errors\s+(?:syscall|name)\s*")
_ROW = re.compile(r"\s*[\d.,]+\s+(?P<time>[\d.,]+)\s+\d+\s+(?P<calls>\d+)(?:\s+(?P<errors>\d+))?\s+(?P<name>\S+)\s*")


def read(text: str, file: str) -> tuple[Record, list[Unused]]:
    """A figure for each call: ``openat`` and, where some failed, ``openat errors``.

    Raises:
        MeasurementError: it is neither, or has nothing in it.
    """
    record, unused, inside = Record(file), list[Unused](), False
    lines = text.splitlines()
    if not any(_HEAD.fullmatch(line) for line in lines) and _strace_trace.recognise(lines):
        others = _strace_trace.read(lines, record)
        return record, [Unused(f"{file}, line {number}", line[:60], "is no call") for number, line in others]
    for number, line in enumerate(lines, 1):
        if _HEAD.fullmatch(line):
            inside = True
        elif inside and (row := _ROW.fullmatch(line)) and row["name"] != "total":
            _add(record, row, number)
        elif inside and line.strip() and not line.startswith("--") and (row is None or row["name"] != "total"):
            unused.append(Unused(f"{file}, line {number}", line.strip(), "is no row of a summary of strace"))
    if not record.figures:
        remedy = "make it by 'strace -f -y -o FILE PROGRAM', or 'strace -c -f -o FILE PROGRAM' without -U, -w and -C"
        raise MeasurementError([Problem(file, 0, 0, "", "is neither a trace of strace nor its summary", remedy)])
    return record, unused


def _add(record: Record, row: re.Match[str], number: int) -> None:
    """The calls of one name; several summaries in a file are added up."""
    for key, amount in (
        (row["name"], row["calls"]),
        (f"{row['name']} errors", row["errors"]),
        ("seconds", row["time"]),
    ):
        value = decimal(amount or "")
        if value is not None:
            earlier = record.figures.pop(key, None)
            value += earlier.value if earlier else 0.0
            where = f"{record.name}, line {number}" if key != "seconds" else record.name
            record.add(key, value, "s" if key == "seconds" else "count", where)
