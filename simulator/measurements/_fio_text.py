"""fio's normal output, of versions 2 and 3: the lines above and below each job's results."""

from __future__ import annotations

import re

from simulator.measurements._numerals import decimal, prefixed, seconds_of
from simulator.measurements.base import Measurement, Record

_OPENING = re.compile(
    r"(?P<name>.+?): \(g=(?P<group>\d+)\): rw=(?P<rw>\w+), bs=(?P<bs>.*?), ioengine=(?P<engine>\w+), "
    r"iodepth=(?P<depth>\d+)"
)
_RESULT = re.compile(r"(?P<name>.+?): \(groupid=(?P<group>\d+), jobs=(?P<jobs>\d+)\): err=\s*(?P<error>\d+):")
_DATE = re.compile(r"\b(?P<year>(?:19|20)\d\d)\s*$")
_RATE = re.compile(r"\s*(?P<direction>read|write)\s*: (?P<rest>.*)")
_LATENCY = re.compile(r"\s*(?P<kind>s?lat|clat) \((?P<unit>[num]?sec)\)\s*: min=.*?\bavg=\s*(?P<mean>[\d.]+[kKM]?)")
_CPU = re.compile(r"\s*cpu\s*: usr=(?P<user>[\d.]+)%, sys=(?P<system>[\d.]+)%")
_VERSION = re.compile(r"fio-(?P<version>\d\S*)$")
_SIZE = re.compile(r"(?P<number>[\d.]+)\s*(?P<prefix>[KMGT]?)(?P<binary>i?)B?")


def recognise(text: str) -> bool:
    """Whether a text is fio's normal output."""
    return any(_RESULT.match(line) for line in text.splitlines())


def read(text: str, found: Measurement) -> None:
    """One record for each result; what was asked of the job stands in the lines above all of them."""
    reader = _Reader(found)
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("Run status group"):
            break
        reader.line(f"line {number}", line)
    found.records[:] = [record for record in found.records if record.figures]


class _Reader:
    """Keeps what was asked of the jobs, and the direction that the lines are about."""

    def __init__(self, found: Measurement) -> None:
        self.found = found
        self.asked: dict[str, dict[str, str]] = {}
        self.direction = ""

    def line(self, where: str, line: str) -> None:
        if version := _VERSION.match(line):
            self.found.version = version["version"]
        elif opening := _OPENING.match(line):
            texts = {"rw": opening["rw"], "ioengine": opening["engine"], "iodepth": opening["depth"]}
            self.asked[opening["name"]] = texts | {"bs": opening["bs"]}
        elif result := _RESULT.match(line):
            self._result(result, where, line)
        elif self.found.records:
            self._figures(self.found.records[-1], where, line)

    def _result(self, result: re.Match[str], where: str, line: str) -> None:
        if result["error"] != "0":
            self.found.drop(where, result["name"], f"ended with error {result['error']}")
        if date := _DATE.search(line):
            self.found.year = int(date["year"])
        texts = {"numjobs": result["jobs"], "group": result["group"], **self.asked.get(result["name"], {})}
        self.found.records.append(Record(result["name"], texts=texts))

    def _figures(self, record: Record, where: str, line: str) -> None:
        if rate := _RATE.match(line):
            self.direction = rate["direction"]
            _rate(record, self.direction, rate["rest"], where)
        elif self.direction and (latency := _LATENCY.match(line)):
            mean = prefixed(latency["mean"])
            if mean and latency["kind"] != "slat":
                scale = seconds_of(latency["unit"]) or 1.0
                record.add(f"{self.direction} {latency['kind']}", mean * scale, "s", where)
        elif cpu := _CPU.match(line):
            record.add("usr_cpu", (decimal(cpu["user"]) or 0.0) / 100.0, "ratio", where)
            record.add("sys_cpu", (decimal(cpu["system"]) or 0.0) / 100.0, "ratio", where)
            self.direction = ""


def size_bytes(text: str) -> float | None:
    """A size as fio writes it: ``4096B``, ``1024KiB``, ``4k``, ``1M``; a kilobyte has 1024 bytes. None: not a size."""
    match = _SIZE.fullmatch(text.strip().upper().replace("IB", "iB").removesuffix("I"))
    value = decimal(match["number"]) if match else None
    if match is None or value is None:
        return None
    return value * 1024.0 ** " KMGT".index(match["prefix"] or " ")


def _rate(record: Record, direction: str, rest: str, where: str) -> None:
    """IOPS, bandwidth and time of one direction, in the words of version 3 or 2."""
    iops = re.search(r"\biops\s*=\s*([\d.]+[kKM]?)", rest, re.IGNORECASE)
    bandwidth = re.search(r"\bbw\s*=\s*([\d.]+\s*[KMGT]?i?B)/s", rest, re.IGNORECASE)
    runtime = re.search(r"(?:/|runt\w*=\s*)(\d+)\s*msec", rest)
    if not iops or not bandwidth or not runtime:
        return
    value, rate, time_s = prefixed(iops[1]), size_bytes(bandwidth[1]), (decimal(runtime[1]) or 0.0) * 1e-3
    if value and rate is not None:
        record.add(f"{direction} iops", value, "count", where)
        record.add(f"{direction} bandwidth", rate, "bytes_per_s", where)
        record.add(f"{direction} runtime", time_s, "s", where)
        record.add(f"{direction} operations", value * time_s, "count", where)
