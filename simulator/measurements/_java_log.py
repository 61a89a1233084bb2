"""Lines of a log of the Java virtual machine: what stands in brackets before a message, of any decoration chosen.

``-Xlog`` (JDK 9 and later) puts decorations before each message: ``[0.123s][info][gc,heap]``. Which ones there are is
the user's choice (``-Xlog:gc*:file=F:uptimemillis,tags``), and so may be none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

_DECORATED = re.compile(r"((?:\[[^\]]*\])*) ?(.*)")
_BRACKET = re.compile(r"\[([^\]]*)\]")
_UPTIME = re.compile(r"(\d{1,12}[.,]\d{1,9})s")
_COUNTED = re.compile(r"(\d{1,19})(ms|ns)")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]\d{1,6}(?:[+-]\d{4})?")
_TAGS = re.compile(r"[a-z0-9_]+(?:,[a-z0-9_]+)*")
_LEVELS = ("trace", "debug", "info", "warning", "error")
_BEGUN_S = 10.0
"""A virtual machine says something of itself long before it has been up for so long."""
_KIB = 1024.0
_SCALES = {"B": 1.0, "K": _KIB, "M": _KIB**2, "G": _KIB**3, "T": _KIB**4}


class Line(NamedTuple):
    """One line.

    Attributes:
        number: in the file, from 1.
        time_s: when, since the start of the virtual machine or of anything else; None where the line does not say.
        tags: ``gc,heap``; empty where the line does not say.
        message: what is said.
    """

    number: int
    time_s: float | None
    tags: str
    message: str


class Span(NamedTuple):
    """Which time a log covers.

    Attributes:
        first_s: of its first line, 0 where the log begins with the virtual machine.
        last_s: of its last line.
        since_start: whether times count from the start of the virtual machine.
    """

    first_s: float
    last_s: float
    since_start: bool

    @property
    def length_s(self) -> float:
        """How long the log is."""
        return self.last_s - self.first_s


def lines(text: str) -> Iterator[Line]:
    """The lines that are not empty, taken apart."""
    for number, line in enumerate(text.splitlines(), 1):
        found = _DECORATED.match(line)
        assert found is not None
        if not found[2].strip():
            continue
        times, tags = [], ""
        for bracket in _BRACKET.findall(found[1]):
            inside = bracket.strip()
            time_s = _time_s(inside)
            if time_s is not None:
                times.append(time_s)
            elif _TAGS.fullmatch(inside) and inside not in _LEVELS:
                tags = inside
        yield Line(number, min(times, default=None), tags, found[2].rstrip())


def span(found: list[Line]) -> Span | None:
    """The time between the first and the last line; None where no line says when it was."""
    times = [line.time_s for line in found if line.time_s is not None]
    if not times:
        return None
    since_start = times[0] <= _BEGUN_S
    return Span(0.0 if since_start else times[0], max(times), since_start)


def size_bytes(digits: str, unit: str) -> float:
    """``21888K``."""
    return float(digits) * _SCALES[unit]


def _time_s(text: str) -> float | None:
    """Seconds of a decoration: since the start, or since another moment."""
    if found := _UPTIME.fullmatch(text):
        return float(found[1].replace(",", "."))
    if found := _COUNTED.fullmatch(text):
        return float(found[1]) * (1e-3 if found[2] == "ms" else 1e-9)
    if _DATE.fullmatch(text):
        try:
            return datetime.fromisoformat(text.replace(",", ".")).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
    return None
