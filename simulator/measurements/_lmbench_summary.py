"""The summary of lmbench (``make see``): tables of hosts, cut at the dashes above their rows."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from simulator.measurements._numerals import half_digit, prefixed
from simulator.measurements.base import Measurement, Record

_TITLE = re.compile(r"\s*L M B E N C H\s+(?P<version>\d) \. (?P<minor>\d)\s+S U M M A R Y")
_RULER = re.compile(r"\s*-{5,}(?:\s+-+){2,}\s*")
_TABLES: dict[str, tuple[tuple[str, ...], str, float]] = {
    "Basic system parameters": (
        ("description", "Mhz", "tlb pages", "cache line", "memory parallelism", "scal load"), "count", 1.0),
    "Processor, Processes": (
        ("Mhz", "null call", "null I/O", "stat", "open/close", "select 100 TCP", "signal installation",
         "signal handler", "fork", "exec", "shell"), "s", 1e-6),
    "Context switching": (
        ("2p/0K", "2p/16K", "2p/64K", "8p/16K", "8p/64K", "16p/16K", "16p/64K"), "s", 1e-6),
    "*Local* Communication latencies": (
        ("2p/0K", "Pipe latency", "AF_UNIX", "UDP latency", "RPC/UDP", "TCP", "RPC/TCP", "TCP connection"), "s", 1e-6),
    "File & VM system latencies": (
        ("0K create", "0K delete", "10K create", "10K delete", "mmap of the largest file", "protection fault",
         "page fault", "select 100 fd"), "s", 1e-6),
    "*Local* Communication bandwidths": (
        ("Pipe bandwidth", "AF_UNIX bandwidth", "TCP bandwidth", "file reread", "mmap reread", "bcopy (libc)",
         "bcopy (hand)", "memory read", "memory write"), "bytes_per_s", 1e6),
    "Memory latencies": (("Mhz", "L1", "L2", "main memory", "random memory", "guesses"), "s", 1e-9),
}  # fmt: skip
"""For each table: its columns after host and system, their unit, and how much one of what is printed is of it."""
_UNITS = {"Mhz": ("hz", 1e6), "cache line": ("bytes", 1.0)}


def recognise(text: str) -> bool:
    """Whether a text holds such a summary."""
    return any(_TITLE.match(line) for line in text.splitlines()) or "Processor, Processes - times" in text


def read(text: str, found: Measurement) -> None:
    """One record for each host and system: medians of its rows, with their range."""
    values: dict[str, dict[str, list[tuple[float, float, int]]]] = {}
    units: dict[str, str] = {}
    for number, title, host, system, cells in _rows(text, found):
        columns, unit, scale = _TABLES[title]
        if title == "Memory latencies" and len(cells) == 5:
            columns = (*columns[:4], "guesses")
        row = values.setdefault(f"{host} {system}", {})
        for name, cell in zip(columns, cells, strict=False):
            name_unit, name_scale = _UNITS.get(name, (unit, scale))
            value = prefixed(cell) if cell else None
            if value is not None and value >= 0.0:
                units[name] = name_unit
                half = half_digit(cell) * (1e3 if cell.endswith("K") else 1e6 if cell.endswith("M") else 1.0)
                row.setdefault(name, []).append((value * name_scale, half * name_scale, number))
            elif cell and name not in ("description", "guesses"):
                found.drop(f"line {number}", f"{name} {cell}", "is no figure")
    for name, figures in values.items():
        host, _, system = name.partition(" ")
        record = Record(name, texts={"host": host, "kernel": system.removeprefix("Linux ").rstrip("-.")})
        for each, measured in figures.items():
            _add(record, each, measured, units[each])
        if record.figures:
            found.records.append(record)


def _add(record: Record, name: str, measured: list[tuple[float, float, int]], unit: str) -> None:
    """The median of some rows, with the range of all of them and of their last digits."""
    value = statistics.median(each for each, _, _ in measured)
    low = min(each - half for each, half, _ in measured)
    high = max(each + half for each, half, _ in measured)
    lines = [str(number) for _, _, number in measured]
    where = f"line{'s' if len(lines) > 1 else ''} {', '.join(lines)}"
    record.add(name, value, unit, where, (max(0.0, low), high))


def _rows(text: str, found: Measurement) -> Iterator[tuple[int, str, str, str, list[str]]]:
    """Line, table, host, system and cells of every row."""
    title, spans, unknown = "", list[tuple[int, int]](), ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip().expandtabs()
        if version := _TITLE.match(line):
            found.version = f"{version['version']}.{version['minor']}"
        elif (" - " in line and "is better" in line) or line.startswith(("Basic ", "Memory latencies")):
            title = next((name for name in _TABLES if line.strip().startswith(name)), "")
            unknown, spans = "" if title else line.strip(), []
            if unknown:
                found.drop(f"line {number}", unknown.partition(" - ")[0], "no number of a kernel")
        elif _RULER.fullmatch(line) and title:
            spans = [match.span() for match in re.finditer("-+", line)]
        elif spans and not line:
            spans = []
        elif spans:
            row = _row(line, spans)
            if row is None:
                found.drop(f"line {number}", line.strip()[:60], "is no row of the table above")
            else:
                yield (number, title, *row)


def _row(line: str, spans: list[tuple[int, int]]) -> tuple[str, str, list[str]] | None:
    """Host, system and one cell for each column, empty where nothing stands; None: no row."""
    host, system = line[slice(*spans[0])].strip(), line[spans[0][1] : spans[1][1]].strip()
    if not host or not re.match(r"[A-Za-z]", system) or host.endswith(":"):
        return None
    columns = spans[2:]
    if not any(prefixed(text) is not None for text in line[spans[1][1] :].split()):
        return None
    found = [(match[0], match.end()) for match in re.finditer(r"\S+", line) if match.start() >= spans[1][1]]
    if len(found) == len(columns):
        return host, system, [text for text, _ in found]
    cells = [""] * len(columns)
    for text, end in found:
        nearest = min(range(len(columns)), key=lambda index: abs(columns[index][1] - end))
        cells[nearest] = f"{cells[nearest]} {text}".strip()
    return host, system, cells
