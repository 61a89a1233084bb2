"""Segment files: what workers have finished, safe against being killed at any moment.

A segment belongs to one process, which appends one record per line:

    <run> <mark> <checksum> <length> <payload as compact JSON>

``started`` comes before a run, ``ok``, ``failed`` or ``over-budget`` after it. A line cut short by a kill, or damaged,
fails its checksum and is as if it had never been written.
"""

from __future__ import annotations

import json
import os
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.budget import Budget
from simulator.errors import Spent

STARTED, OK, FAILED, OVER = "started", "ok", "failed", "over-budget"
SUFFIX = ".seg"
SYNC_EVERY_S = 1.0


class Place(NamedTuple):
    """Where one valid record stands."""

    run: str
    mark: str
    path: Path
    offset: int


def record(run: str, mark: str, content: object) -> bytes:
    """One line of a segment."""
    payload = json.dumps(content, separators=(",", ":")).encode("ascii")
    return b"%s %08x %d %s\n" % (f"{run} {mark}".encode("ascii"), _checksum(run, mark, payload), len(payload), payload)


def run_of(line: bytes) -> str:
    """Which run a record is of."""
    return line.split(b" ", 1)[0].decode("ascii")


def mark_of(line: bytes) -> str:
    """``started``, ``ok``, ``failed`` or ``over-budget``."""
    return line.split(b" ", 2)[1].decode("ascii")


class Segment:
    """The file that one process appends to; never one that another process has written."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}{SUFFIX}"
        self._file = self.path.open("xb")
        self._synced_s = time.monotonic()

    def append(self, line: bytes) -> None:
        """Hands a record to the operating system; to the disk (against a power cut) once a second."""
        self._file.write(line)
        self._file.flush()
        if time.monotonic() - self._synced_s >= SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()

    def close(self) -> None:
        self._file.close()


def places(folder: Path) -> Iterator[Place]:
    """Every valid record of a folder, segment by segment."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        offset = 0
        with path.open("rb") as file:
            for line in file:
                parts = _parse(line)
                if parts is not None:
                    yield Place(parts[0], parts[1], path, offset)
                offset += len(line)


def finished(folder: Path, budget: Budget | None = None) -> dict[str, Place]:
    """The record of every finished run; of a run recorded twice the first, since both say the same.

    Of a run that was ended by its budget, and again by a larger one, that counts which came further; if another time
    it came to its own end, only that.

    Args:
        folder: where the segments lie.
        budget: a run that was ended by less than this is not finished; if not given every one is.
    """
    found: dict[str, Place] = {}
    for place in places(folder):
        if place.mark == STARTED or (place.mark == OVER and budget is not None and budget.allows_more(spent(place))):
            continue
        known = found.get(place.run)
        if known is None or (known.mark == OVER and _further(place, known)):
            found[place.run] = place
    return found


def spent(place: Place) -> Spent:
    """What a run had taken when its budget ended it."""
    return Spent(*content(place)["spent"])


def _further(place: Place, known: Place) -> bool:
    return place.mark != OVER or spent(place)[::-1] > spent(known)[::-1]


def starts(folder: Path) -> Counter[str]:
    """How often each run has been begun, whether or not it has ended."""
    return Counter(place.run for place in places(folder) if place.mark == STARTED)


def content(place: Place) -> dict[str, Any]:
    """What a record says."""
    with place.path.open("rb") as file:
        file.seek(place.offset)
        parts = _parse(file.readline())
    if parts is None:
        raise OSError(f"{place.path}: the record at byte {place.offset} has changed while it was read")
    loaded: dict[str, Any] = json.loads(parts[2])
    return loaded


def _checksum(run: str, mark: str, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(f"{run} {mark}".encode("ascii")))


def _parse(line: bytes) -> tuple[str, str, bytes] | None:
    """Run, mark and payload of a line; None if it is torn or damaged."""
    try:
        head, mark_bytes, checksum, length, payload = line.rstrip(b"\n").split(b" ", 4)
        run, mark = head.decode("ascii"), mark_bytes.decode("ascii")
        whole = line.endswith(b"\n") and len(payload) == int(length)
        return (run, mark, payload) if whole and _checksum(run, mark, payload) == int(checksum, 16) else None
    except ValueError:
        return None
