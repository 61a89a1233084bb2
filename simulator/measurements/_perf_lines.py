"""The three forms in which ``perf stat`` prints its counters, read line by line into the same kind of row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.measurements._numerals import SEPARATORS, count, decimal

NEVER = ("<not supported>", "<not counted>")
_NUMBER = rf"\d(?:[\d{SEPARATORS}]*\d)?"
_COUNTER = re.compile(
    rf"\s*(?P<value><not supported>|<not counted>|{_NUMBER})\s+(?:(?P<unit>[A-Za-z]+)\s+)?(?P<event>[A-Za-z_][^\s#]*)"
    r"(?:\s+#(?P<comment>.*?))?"
    r"(?:\s*\(\s*\+-\s*(?P<noise>[\d.,]+)\s*%\s*\))?(?:\s*[(\[]\s*(?P<running>[\d.,]+)\s*%\s*[)\]])?\s*"
)
_TIME = re.compile(
    r"\s*(?P<value>[\d.,]+)(?:\s+\+-\s+(?P<spread>[\d.,]+))?\s+seconds\s+(?P<event>time elapsed|user|sys)\b"
    r"(?:\s*\(\s*\+-\s*(?P<noise>[\d.,]+)\s*%\s*\))?\s*"
)
_TIMES = {"time elapsed": "duration_time", "user": "user_time", "sys": "system_time"}
_INTERVAL = re.compile(rf"\s*\d+[.,]\d{{9}}\s+(?:{_NUMBER}|<not )")
_EVENT = re.compile(r"[A-Za-z_][\w./:=-]*")
HEADER = re.compile(r"\s*Performance counter stats for (?P<what>.+?)(?:\s+\((?P<runs>\d+) runs?\))?\s*:\s*")


@dataclass(frozen=True, slots=True)
class Row:
    """One counter: a value in the unit that stands beside it, or None where perf has none.

    Attributes:
        event: as printed.
        text: the value as printed.
        spread_ratio: standard error of repeated runs over the value; 0 where there were none.
        running_ratio: part of the time that it was counted; perf has scaled it by that.
    """

    line: int
    event: str
    text: str
    value: float | None
    unit: str
    spread_ratio: float = 0.0
    running_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Other:
    """A line that is no counter; ``trouble`` says if it shows that the file is of a kind that cannot be used."""

    line: int
    text: str
    trouble: str = ""


def form(text: str) -> str:
    """``text``, ``CSV`` or ``JSON``, or empty if it is none of them."""
    if "Performance counter stats for" in text:
        return "text"
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if any(line.lstrip().startswith("{") and '"counter-value"' in line for line in lines):
        return "JSON"
    return "CSV" if any(_separator(line) for line in lines) else ""


def rows(text: str) -> Iterator[Row | Other]:
    """Every line that is not blank and no comment."""
    reading = {"text": _of_text, "CSV": _of_csv, "JSON": _of_json}[form(text)]
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield reading(number, line)


def _of_text(number: int, line: str) -> Row | Other:
    if _INTERVAL.match(line):
        return Other(number, line, "is printed at intervals (-I)")
    if re.match(r"(?:CPU|S\d+-|N\d+\s|\S+-\d+\s{2,})", line):
        return Other(number, line, "counts by processor or thread (-A, --per-...)")
    if time := _TIME.fullmatch(line):
        value = decimal(time["value"])
        spread = decimal(time["spread"] or "") or 0.0
        ratio = (decimal(time["noise"] or "") or 0.0) / 100.0 or (spread / value if value else 0.0)
        return Row(number, _TIMES[time["event"]], time["value"], value, "s", ratio)
    counter = _COUNTER.fullmatch(line)
    if counter is None:
        return Other(number, line)
    return Row(
        number,
        counter["event"],
        counter["value"],
        None if counter["value"] in NEVER else count(counter["value"]),
        counter["unit"] or "",
        _percent(counter["noise"], 0.0),
        _percent(counter["running"], 100.0),
    )


def _of_csv(number: int, line: str) -> Row | Other:
    separator = _separator(line)
    if not separator:
        timed = re.match(r"\s*\d+[.,]\d{9}[,;|\t]", line)
        listed = re.match(r"(?:CPU|S\d+-)", line)
        trouble = "is printed at intervals (-I)" if timed else "counts by processor (-A, --per-...)" if listed else ""
        return Other(number, line, trouble)
    value, unit, event, *rest = (part.strip() for part in line.split(separator))
    noise = rest.pop(0) if rest and rest[0].endswith("%") else ""
    running = rest[1] if len(rest) > 1 else ""
    number_read = None if value in NEVER else decimal(value)
    return Row(number, event, value, number_read, unit, _percent(noise.rstrip("%"), 0.0), _percent(running, 100.0))


def _separator(line: str) -> str:
    """What divides the fields of a line of CSV: value, unit, event; empty if it is none."""
    for separator in ",;|\t:":
        fields = [part.strip() for part in line.split(separator)]
        if len(fields) < 5 or not (fields[0] in NEVER or decimal(fields[0]) is not None):
            continue
        if re.fullmatch(r"[A-Za-z]*", fields[1]) and _EVENT.fullmatch(fields[2]):
            return separator
    return ""


def _of_json(number: int, line: str) -> Row | Other:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return Other(number, line)
    if not isinstance(data, dict) or "event" not in data or "counter-value" not in data:
        return Other(number, line)
    if "interval" in data:
        return Other(number, line, "is printed at intervals (-I)")
    if {"cpu", "core", "socket", "node", "thread"} & data.keys():
        return Other(number, line, "counts by processor or thread (-A, --per-...)")
    text = str(data["counter-value"])
    return Row(
        number,
        str(data["event"]),
        text,
        None if text in NEVER else decimal(text),
        str(data.get("unit", "")),
        _percent(str(data.get("variance", "")), 0.0),
        _percent(str(data.get("pcnt-running", "")), 100.0),
    )


def _percent(text: str | None, otherwise: float) -> float:
    value = decimal(text or "")
    return (otherwise if value is None else value) / 100.0
