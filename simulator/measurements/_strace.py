"""The summary of ``strace -c``: how often each system call was made, how many failed, and how long they took."""

from __future__ import annotations

import re

from simulator.errors import MeasurementError, Problem
from simulator.measurements._numerals import decimal
from simulator.measurements.base import Record, Unused

_HEAD = re.compile(r"\s*% time\s+seconds\s+usecs/call\s+calls\s+errors\s+(?:syscall|name)\s*")
_ROW = re.compile(r"\s*[\d.,]+\s+(?P<time>[\d.,]+)\s+\d+\s+(?P<calls>\d+)(?:\s+(?P<errors>\d+))?\s+(?P<name>\S+)\s*")


def recognise(text: str) -> bool:
    """Whether a text holds such a summary."""
    return any(_HEAD.fullmatch(line) for line in text.splitlines())


def read(text: str, file: str) -> tuple[Record, list[Unused]]:
    """A figure for each call: ``openat`` and, where some failed, ``openat errors``.

    Raises:
        MeasurementError: it is no such summary, or has nothing in it.
    """
    record, unused, inside = Record(file), list[Unused](), False
    for number, line in enumerate(text.splitlines(), 1):
        if _HEAD.fullmatch(line):
            inside = True
        elif inside and (row := _ROW.fullmatch(line)) and row["name"] != "total":
            _add(record, row, number)
        elif inside and line.strip() and not line.startswith("--") and (row is None or row["name"] != "total"):
            unused.append(Unused(f"{file}, line {number}", line.strip(), "is no row of a summary of strace"))
    if not record.figures:
        remedy = "make it by 'strace -c -f -o FILE PROGRAM', without -U, -w and -C"
        raise MeasurementError([Problem(file, 0, 0, "", "is no summary of strace -c", remedy)])
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
