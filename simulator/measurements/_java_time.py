"""The processor time of a run: as perf stat, the shell's ``time`` or GNU time say it."""

from __future__ import annotations

import re

from simulator.errors import MeasurementError, Problem
from simulator.measurements import _perf_lines
from simulator.measurements._numerals import seconds_of
from simulator.measurements.base import Record, Unused

_SHELL = re.compile(r"(real|user|sys)\s+(?:(\d{1,9})m)?(\d{1,9}[.,]\d{1,9})s?")
_GNU = re.compile(r"(\d{1,9}\.\d+)user (\d{1,9}\.\d+)system (?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d+)?)elapsed .*")
_GNU_LONG = re.compile(r"(User|System) time \(seconds\): (\d{1,9}\.\d+)")
_NAMES = {
    "real": "elapsed", "user": "user time", "sys": "system time", "User": "user time", "System": "system time",
    "user_time": "user time", "system_time": "system time", "duration_time": "elapsed", "task-clock": "processor time",
}  # fmt: skip


def read(text: str, file: str) -> tuple[Record, list[Unused]]:
    """``processor time`` in seconds, of all threads and of the kernel for them.

    Raises:
        MeasurementError: nothing says it.
    """
    record = Record("time")
    if _perf_lines.form(text):
        _of_perf(record, text, file)
    else:
        for number, line in enumerate(text.splitlines(), 1):
            _of_time(record, line.strip(), f"{file}, line {number}")
    parts = [record.figures[name] for name in ("user time", "system time") if name in record.figures]
    if len(parts) == 2:
        places = " and ".join(dict.fromkeys(part.where for part in parts))
        record.add("processor time", sum(part.value for part in parts), "s", places)
    if "processor time" not in record.figures:
        message = "says nothing of processor time"
        remedy = "take the output of 'perf stat -o FILE java ...', or of the shell's 'time java ...'"
        raise MeasurementError([Problem(file, 0, 0, "", message, remedy)])
    return record, []


def _of_perf(record: Record, text: str, file: str) -> None:
    for row in _perf_lines.rows(text):
        if not isinstance(row, _perf_lines.Row) or row.value is None:
            continue
        name, scale = _NAMES.get(row.event), seconds_of(row.unit) if row.unit else 1.0
        if name is not None and scale is not None:
            record.add(name, row.value * scale, "s", f"{file}, line {row.line}")


def _of_time(record: Record, line: str, where: str) -> None:
    if found := _SHELL.fullmatch(line):
        seconds = 60.0 * float(found[2] or 0) + float(found[3].replace(",", "."))
        record.add(_NAMES[found[1]], seconds, "s", where)
    elif found := _GNU.fullmatch(line):
        record.add("user time", float(found[1]), "s", where)
        record.add("system time", float(found[2]), "s", where)
        elapsed = 3600.0 * float(found[3] or 0) + 60.0 * float(found[4]) + float(found[5])
        record.add("elapsed", elapsed, "s", where)
    elif found := _GNU_LONG.fullmatch(line):
        record.add(_NAMES[found[1]], float(found[2]), "s", where)
