"""The lines that sysbench 0.4, 0.5 and 1.0 print of a run, whatever the test."""

from __future__ import annotations

import re

from simulator.measurements._numerals import decimal
from simulator.measurements.base import Measurement, Record

VERSION = re.compile(r"sysbench v?(?P<version>\d+\.\d[\w.-]*)")
_FIGURES: tuple[tuple[str, str, str, float], ...] = (
    (r"Number of threads: (\d+)", "threads", "count", 1.0),
    (r"(?:Prime numbers limit|Maximum prime number checked in CPU test): (\d+)", "prime limit", "count", 1.0),
    (r"events per second:\s+([\d.]+)", "events per second", "count", 1.0),
    (r"total time:\s+([\d.]+)s", "total time", "s", 1.0),
    (r"total number of events:\s+(\d+)", "events", "count", 1.0),
    (r"total time taken by event execution:\s+([\d.]+)s?", "sum of latencies", "s", 1.0),
    (r"sum:\s+([\d.]+)", "sum of latencies", "s", 1e-3),
    (r"min:\s+([\d.]+)(?:ms)?", "least latency", "s", 1e-3),
    (r"avg:\s+([\d.]+)(?:ms)?", "mean latency", "s", 1e-3),
    (r"max:\s+([\d.]+)(?:ms)?", "longest latency", "s", 1e-3),
    (r"(?:95th percentile|approx\.\s+95 percentile):\s+([\d.]+)(?:ms)?", "95th percentile", "s", 1e-3),
    (r"[\d.]+ Mi?B transferred \(([\d.]+) Mi?B/sec\)", "memory rate", "bytes_per_s", 1024.0**2),
    (r"(?:Total operations|Operations performed): (\d+) \(.*", "memory operations", "count", 1.0),
    (r"block size: (\d+)KiB", "memory block", "bytes", 1024.0),
    (r"Memory block size: (\d+)K", "memory block", "bytes", 1024.0),
    (r"Block size (\d+)Ki?b?B?", "file block", "bytes", 1024.0),
    (r"([\d.]+)([KMG])i?[bB] total file size", "file size", "bytes", 1.0),
    (r"Periodic FSYNC enabled, calling fsync\(\) each (\d+) requests.*", "flush requests", "count", 1.0),
    (r"reads/s:\s+([\d.]+)", "reads per second", "count", 1.0),
    (r"writes/s:\s+([\d.]+)", "writes per second", "count", 1.0),
    (r"fsyncs/s:\s+([\d.]+)", "fsyncs per second", "count", 1.0),
    (r"Operations performed:\s+(\d+) Read, .*", "reads", "count", 1.0),
    (r"Operations performed:\s+\d+ Read, (\d+) Write.*", "writes", "count", 1.0),
    (r"read:\s+(\d+)", "read queries", "count", 1.0),
    (r"write:\s+(\d+)", "write queries", "count", 1.0),
    (r"other:\s+(\d+)", "other queries", "count", 1.0),
    (r"total:\s+(\d+)", "queries", "count", 1.0),
    (r"transactions:\s+(\d+)\s+\(.*", "transactions", "count", 1.0),
    (r"(?:ignored errors|deadlocks):\s+(\d+)\s+\(.*", "errors", "count", 1.0),
)
_TEXTS = (
    (r"Extra file open flags: (.+)", "flags"), (r"Doing (.+) test", "doing"), (r"operation: (\w+)", "operation"),
    (r"Memory operations type: (\w+)", "operation"), (r"Using (.+) I/O mode", "mode"),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), name, unit, scale) for pattern, name, unit, scale in _FIGURES)
_SAID = tuple((re.compile(pattern), name) for pattern, name in _TEXTS)
_KNOWN = re.compile(
    r"Running the test|Report intermediate|Initializing|Threads started|General statistics|Test execution summary|"
    r"Latency|response time|Threads? fairness|per-request|events \(avg|execution time|CPU speed|File operations|"
    r"Throughput|SQL statistics|OLTP test|queries performed|queries:|Time limit|\(last message|Done|Random number|"
    r"read/write requests|other operations|reconnects|No DB drivers|Number of IO|Read/Write ratio|Periodic FSYNC|"
    r"Calling fsync|\d+ files|total size|scope|read, Mi?B|written, Mi?B|Using|Doing|Skipping|Maximum|\[ *\d+s|"
    r"Running|Memory"
)


def read(text: str, found: Measurement) -> Record:
    """The figures of the file's only run.

    Raises:
        MeasurementError: there are several.
    """
    record, runs = Record("run"), 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if version := VERSION.match(stripped):
            found.version, runs = version["version"], runs + 1
            if runs > 1:
                found.refuse("holds a second run", "give one run of sysbench a file", number)
        elif stripped and not _figure(record, stripped, number) and not _KNOWN.match(stripped):
            found.drop(f"line {number}", stripped[:60], "is no line of sysbench that is known")
    return record


def _figure(record: Record, line: str, number: int) -> bool:
    matched = False
    for pattern, name in _SAID:
        if match := pattern.fullmatch(line):
            record.texts.setdefault(name, match[1])
            matched = True
    for figure, name, unit, scale in _COMPILED:
        if match := figure.fullmatch(line):
            value = decimal(match[1])
            if value is not None:
                prefix = match[2] if match.lastindex == 2 else ""
                record.add(name, value * scale * 1024.0 ** " KMG".index(prefix or " "), unit, f"line {number}")
                matched = True
    return matched
