"""A whole trace of strace: every call with its arguments, so that bytes, files and threads can be told.

With ``-y`` a descriptor names what it stands for, and so reads of files are told from those of pipes, sockets and
terminals; without it none is. A call of another process in between is put together again from its two halves
("unfinished", "resumed").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.measurements.base import Record

FILE_READ, FILE_WRITE, NEW_FILE, THREAD = "read of a file", "write of a file", "open of a new file", "clone of a thread"
READ_BYTES, WRITTEN_BYTES = "bytes read of files", "bytes written to files"
_READS = ("read", "pread64", "readv", "preadv", "preadv2")
_WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
_OPENS = ("open", "openat", "openat2")
_CLONES = ("clone", "clone3")
_WHO = r"(?:\[pid\s+(?P<pid>\d+)\]\s+|(?P<number>\d+)\s+)?(?:\d[\d:.]*\s+)?"
_CALL = re.compile(rf"{_WHO}(?P<name>[a-z_]\w*)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|0x[0-9a-f]+|\?)(?P<rest>.*)")
_UNFINISHED = re.compile(rf"{_WHO}(?P<name>[a-z_]\w*)\((?P<arguments>.*?)\s*<unfinished \.\.\.>")
_RESUMED = re.compile(
    rf"{_WHO}<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)\)\s+= (?P<result>-?\d+|0x[0-9a-f]+|\?)(?P<rest>.*)"
)
_FILE = re.compile(r"\d+</(?!dev/|proc/|sys/)[^>]*>")


def recognise(lines: Iterable[str]) -> bool:
    """Whether some lines are of a trace."""
    return any(_CALL.fullmatch(line) for line in lines)


def read(lines: Iterable[str], record: Record) -> list[tuple[int, str]]:
    """Count the calls of a trace in a record; returns the lines that are none, with their numbers."""
    counts: dict[str, float] = {}
    unfinished: dict[str, str] = {}
    others = []
    for number, line in enumerate(lines, 1):
        if call := _CALL.fullmatch(line):
            _count(counts, call["name"], call["arguments"], call["result"])
        elif begun := _UNFINISHED.fullmatch(line):
            unfinished[_who(begun)] = begun["arguments"]
        elif resumed := _RESUMED.fullmatch(line):
            arguments = unfinished.pop(_who(resumed), "") + resumed["arguments"]
            _count(counts, resumed["name"], arguments, resumed["result"])
        elif line.strip() and not re.search(r"(?:\+\+\+|---) .+ (?:\+\+\+|---)$|exit(?:_group)?\(", line):
            others.append((number, line))
    for name, amount in counts.items():
        unit = "bytes" if name in (READ_BYTES, WRITTEN_BYTES) else "count"
        record.add(name, amount, unit, record.name)
    record.texts["form"] = "trace"
    return others


def _who(match: re.Match[str]) -> str:
    return match["pid"] or match["number"] or ""


def _count(counts: dict[str, float], name: str, arguments: str, result: str) -> None:
    failed = result.startswith("-")
    bytes_moved = 0.0 if failed or not result.isdecimal() else min(float(result), 1e18)
    if name in _READS and _FILE.match(arguments) and not failed:
        counts[READ_BYTES] = counts.get(READ_BYTES, 0.0) + bytes_moved
        name = FILE_READ
    elif name in _WRITES and _FILE.match(arguments) and not failed:
        counts[WRITTEN_BYTES] = counts.get(WRITTEN_BYTES, 0.0) + bytes_moved
        name = FILE_WRITE
    elif name in _OPENS and "O_CREAT" in arguments and not failed:
        name = NEW_FILE
    elif name in _CLONES and "CLONE_THREAD" in arguments:
        name = THREAD
    counts[name] = counts.get(name, 0.0) + 1.0
    if failed:
        counts[f"{name} errors"] = counts.get(f"{name} errors", 0.0) + 1.0
