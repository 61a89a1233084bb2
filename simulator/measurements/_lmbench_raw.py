"""Result files of lmbench as its programs print them: sentences for single figures, tables by size."""

from __future__ import annotations

import re
from collections.abc import Iterator

from simulator.measurements._numerals import decimal, half_digit, seconds_of
from simulator.measurements.base import Measurement, Record

_HEADER = re.compile(r"\[lmbench(?P<version>[\d.]+) results for (?P<system>\S+) (?P<host>\S+) (?P<release>\S+)")
_SENTENCE = re.compile(
    r"(?P<what>[A-Z][\w /'+.:()-]*?)(?: on \S+| using \S+| to \S+)?: (?P<value>[\d.]+) "
    r"(?P<unit>microseconds|nanoseconds)"
)
SENTENCES = {
    "Simple syscall": "null call", "Simple read": "read", "Simple write": "write", "Simple stat": "stat",
    "Simple open/close": "open/close", "Select on 100 tcp fd's": "select 100 TCP",
    "Signal handler installation": "signal installation", "Signal handler overhead": "signal handler",
    "Protection fault": "protection fault", "Pagefaults": "page fault", "AF_UNIX sock stream latency": "AF_UNIX",
    "Process fork+exit": "fork", "Process fork+execve": "exec", "Process fork+/bin/sh -c": "shell",
    "TCP latency": "TCP",
}  # fmt: skip
"""What a sentence is called here; others keep their own words."""
_TABLE = re.compile(
    r'"?(?P<title>(?:[A-Za-z][\w /]*? )?(?:bandwidth|latency|mappings|mmap|bcopy (?:un)?aligned))(?: using \S+)?'
)
_CONTEXT = re.compile(r'"size=(?P<size>\d+)k ovr=(?P<own>[\d.]+)')
_STRIDE = re.compile(r'"stride=(?P<stride>\d+)')
_CELLS = re.compile(r"(?P<size>[\d.]+k?)\s+(?P<cells>[\d.]+(?:\s+[\d.]+)*)(?: MB/sec)?")
_MHZ = re.compile(r"\[(?:mhz|MHZ): (?P<value>\d+(?:\.\d+)?) MHz")
_DATE = re.compile(r"\[[A-Z][a-z]{2} .*\b(?P<year>(?:19|20)\d\d)\b.*\]")
_TLB = re.compile(r"tlb: (?P<value>\d+) pages")
_CACHE = re.compile(r"L(?P<level>\d) cache: (?P<size>\d+) bytes (?P<latency>[\d.]+) nanoseconds (?P<line>\d+) linesize")


def recognise(text: str) -> bool:
    """Whether a text holds a result of this kind."""
    lines = text.splitlines()
    return any(_HEADER.match(line) for line in lines) or any(_known(line) for line in lines)


def read(text: str, found: Measurement) -> None:
    """One record for each result in the file; without a header there is one."""
    reader = _Reader(found)
    for number, line in enumerate(text.splitlines(), 1):
        reader.line(number, line.strip())
    found.records += [record for record in reader.records if record.figures]


def _known(line: str) -> bool:
    match = _SENTENCE.match(line.strip())
    return match is not None and match["what"] in SENTENCES


class _Reader:
    """Keeps the table that the lines belong to."""

    def __init__(self, found: Measurement) -> None:
        self.found = found
        self.records = [Record("result")]
        self.table = ""

    def line(self, number: int, line: str) -> None:
        """One line, of whichever form."""
        if line and not self._about(number, line) and not self._figure(number, line):
            self._table(number, line)

    def _about(self, number: int, line: str) -> bool:
        """What was measured: a new result, its clock, its date."""
        if header := _HEADER.match(line):
            self.found.version = header["version"]
            texts = {"host": header["host"], "kernel": header["release"]}
            self.records.append(Record(f"{header['host']} {header['release']}", texts=texts))
        elif mhz := _MHZ.match(line):
            ends = _digits(mhz["value"], 1e6)
            self.records[-1].add("Mhz", (decimal(mhz["value"]) or 0.0) * 1e6, "hz", f"line {number}", ends)
        elif date := _DATE.match(line):
            self.found.year = int(date["year"])
        else:
            return False
        return True

    def _figure(self, number: int, line: str) -> bool:
        """A sentence with one figure."""
        record, where = self.records[-1], f"line {number}"
        if sentence := _SENTENCE.match(line):
            self._sentence(record, where, sentence)
        elif tlb := _TLB.match(line):
            record.add("tlb pages", decimal(tlb["value"]) or 0.0, "count", where)
        elif cache := _CACHE.match(line):
            record.add("cache line", decimal(cache["line"]) or 0.0, "bytes", where)
            record.add(f"L{cache['level']} latency", (decimal(cache["latency"]) or 0.0) * 1e-9, "s", where)
        else:
            return False
        return True

    def _table(self, number: int, line: str) -> None:
        """The head of a table, or one of its rows."""
        if context := _CONTEXT.match(line):
            self.table = f"context switch {context['size']}K"
        elif _STRIDE.match(line) and "latency" in self.table:
            self.table = f"{self.table.partition(' stride')[0]} {line[1:]}"
        elif cells := _CELLS.fullmatch(line):
            for name, value, unit, text in self._cells(cells["size"], cells["cells"].split()):
                scale = 1e-6 if unit == "s" else 1.0
                ends = _digits(text, scale) if text else None
                self.records[-1].add(name, value * scale, unit, f"line {number}", ends)
        elif title := _TABLE.fullmatch(line):
            self.table = title["title"]

    def _sentence(self, record: Record, where: str, match: re.Match[str]) -> None:
        value, scale = decimal(match["value"]), seconds_of(match["unit"]) or 1.0
        if value is not None:
            name = SENTENCES.get(match["what"], match["what"])
            record.add(name, value * scale, "s", where, _digits(match["value"], scale))

    def _cells(self, size: str, cells: list[str]) -> Iterator[tuple[str, float, str, str]]:
        """Name, value, unit and digits of what a row of the present table says; times in microseconds."""
        values = [decimal(cell) or 0.0 for cell in cells]
        if self.table.startswith("context switch") and size.isdigit():
            yield f"{size}p/{self.table.split()[-1]}", values[0], "s", cells[0]
        elif self.table == "File system latency" and len(values) == 3:
            for verb, each in (("create", values[1]), ("delete", values[2])):
                if each:
                    yield f"{size.upper()} {verb}", 1e6 / each, "s", ""
        elif "latency" in self.table:
            yield f"{self.table} {size} MB", values[0] * 1e-3, "s", ""
        elif self.table in ("mappings", "mmap"):
            yield f"mmap {size} MB", values[0], "s", cells[0]
        elif self.table:
            yield f"{self.table} {size} MB", values[0] * 1e6, "bytes_per_s", ""


def _digits(text: str, scale: float) -> tuple[float, float]:
    """What a printed number may have been before it was rounded."""
    value, half = decimal(text) or 0.0, half_digit(text)
    return max(0.0, value - half) * scale, (value + half) * scale
