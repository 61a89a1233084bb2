"""Segment files: what workers have finished, safe against being killed at any moment.

A segment belongs to one process, which appends one record per line:

    <run> <mark> <checksum> <length> <payload as compact JSON>

``started`` comes before a run, ``ok``, ``failed`` or ``over-budget`` after it. A line cut short by a kill, or damaged,
fails its checksum and is as if it had never been written.

What can go wrong, and what then:

* The process is killed in the middle of a line. Nobody appends to its segment any more: the torn line is the last one.
* The disk is full, the quota used up, the file too long, the disk broken. The segment is cut back to its last whole
  record and never appended to again, because a line behind a torn one would be lost with it. The error is a
  ``StorageError``, of the batch and not of the run.
* The power fails. Records are handed to the disk once a second; what had not reached it fails its checksum.
* The folder is removed and made again while a worker keeps its segment open (a worker of a cluster lives longer than
  a batch): ``own`` sees that the file is no longer there, and begins a new one.
* A run is recorded twice, in any order and by any two processes, because its worker was taken for dead. Both say the
  same, and the first that is found counts. Only where one says that the run has failed, because its worker died, and
  the other one how it went, it has not failed.
* A run was ended by its budget, and is run again with a larger one. Its own end counts if it has come to it, else the
  record that came further of those that the budget in force would have ended as well.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from simulator.batch.storage import failed, guarded
from simulator.budget import Budget
from simulator.errors import Spent, StorageError

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
    """The file that one process appends to, from any of its threads; never one that another process has written.

    Raises:
        StorageError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:12]}{SUFFIX}"
        self._turn = threading.Lock()
        self._whole_bytes = 0
        with guarded(folder):
            self._file = self.path.open("xb", buffering=0)
        self._status = os.fstat(self._file.fileno())
        self._synced_s = time.monotonic()

    def append(self, line: bytes) -> None:
        """Hands a record to the operating system; to the disk (against a power cut) once a second.

        Raises:
            StorageError: it takes no more; this record is not kept, those before it are, and no other may follow.
        """
        with self._turn:
            try:
                self._write(line)
            except OSError as error:
                self._give_up()
                raise failed(self.path.parent, error) from error
            except ValueError as error:
                raise StorageError(f"{self.path}: closed, since an earlier record could not be written") from error

    def close(self) -> None:
        """Append no more."""
        self._file.close()

    def usable(self) -> bool:
        """Whether records may be appended: none has failed, and the file is still where it was."""
        if self._file.closed:
            return False
        try:
            return os.path.samestat(self.path.stat(), self._status)
        except OSError:
            return False

    def _write(self, line: bytes) -> None:
        left = memoryview(line)
        while left:
            left = left[self._file.write(left) :]
        if time.monotonic() - self._synced_s >= SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()
        self._whole_bytes += len(line)

    def _give_up(self) -> None:
        with suppress(OSError):
            self._file.truncate(self._whole_bytes)
        with suppress(OSError):
            self._file.close()


_own: dict[Path, Segment] = {}
_owning = threading.Lock()


def own(folder: Path) -> Segment:
    """This process's segment of ``folder``.

    Raises:
        StorageError: none can be made there.
    """
    with _owning:
        segment = _own.get(folder)
        if segment is None or not segment.usable():
            close(folder)
            segment = _own[folder] = Segment(folder)
        return segment


def close(folder: Path) -> None:
    """Closes this process's segment of ``folder``, if it has one."""
    segment = _own.pop(folder, None)
    if segment is not None:
        segment.close()


class Records:
    """What is recorded in a folder. Nothing is read twice: a second look reads what was appended since the first.

    Attributes:
        ended: the record of every run that has come to its own end.
        over: of other runs what ended them by its budget, with what they had taken.
        begun: how often each other run has been begun.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._forget()

    def look(self) -> Records:
        """Take in what has been recorded since.

        Raises:
            StorageError: a segment cannot be read.
        """
        with guarded(self._folder):
            sizes = {path: path.stat().st_size for path in sorted(self._folder.glob(f"*{SUFFIX}"))}
            if any(sizes.get(path, 0) < seen for path, seen in self._seen_bytes.items()):
                self._forget()  # somebody has removed a segment, or cut it
            for path, size in sizes.items():
                if size > self._seen_bytes.get(path, 0):
                    self._read(path)
        return self

    def _forget(self) -> None:
        self._seen_bytes: dict[Path, int] = {}
        self.ended: dict[str, Place] = {}
        self.over: dict[str, list[tuple[Spent, Place]]] = {}
        self.begun: Counter[str] = Counter()

    def _read(self, path: Path) -> None:
        for place, end in _whole_lines(path, self._seen_bytes.get(path, 0)):
            self._seen_bytes[path] = end
            if place is not None:
                self._take(place)

    def _take(self, place: Place) -> None:
        before = self.ended.get(place.run)
        if place.mark == STARTED:
            self.begun[place.run] += before is None
        elif place.mark == OVER:
            self.over.setdefault(place.run, []).append((Spent(*content(place)["spent"]), place))
            self.begun.pop(place.run, None)
        elif before is None or (before.mark == FAILED and place.mark == OK):
            self.ended[place.run] = place
            self.begun.pop(place.run, None)


_records: dict[Path, Records] = {}


def records(folder: Path) -> Records:
    """What is recorded in a folder by now; remembered until ``forget``."""
    return _records.setdefault(folder, Records(folder)).look()


def forget(folder: Path) -> None:
    """Nobody asks for the records of a folder any more."""
    _records.pop(folder, None)


def finished(folder: Path, budget: Budget | None = None) -> dict[str, Place]:
    """The record of every run that has ended.

    Args:
        folder: where the segments lie.
        budget: a run that was ended by less than this has not ended; if not given every one has.
    """
    found = records(folder)
    if not found.over:
        return found.ended
    furthest: dict[str, Place] = {}
    for run, over in found.over.items():
        final = [each for each in over if budget is None or not budget.allows_more(each[0])]
        if final:
            furthest[run] = max(final, key=lambda each: (each[0].events, each[0].simulated_s))[1]
    return {**furthest, **found.ended}


def starts(folder: Path) -> Counter[str]:
    """How often each run has been begun that has not ended."""
    return Counter(records(folder).begun)


def content(place: Place, number: Callable[[str], object] | None = None) -> dict[str, Any]:
    """What a record says.

    Args:
        place: where it stands.
        number: what becomes of the text of a number that is no integer; a float if not given.

    Raises:
        StorageError: it cannot be read, or does not say any more what it said.
    """
    with guarded(place.path.parent), place.path.open("rb") as file:
        file.seek(place.offset)
        parts = _parse(file.readline())
    if parts is None:
        raise StorageError(
            f"{place.path}: the record at byte {place.offset} has changed while it was read; see to its disk and run "
            "the same command again"
        )
    loaded: dict[str, Any] = json.loads(parts[2], parse_float=number)
    return loaded


def _whole_lines(path: Path, offset: int) -> Iterator[tuple[Place | None, int]]:
    """What stands on every line from an offset on, nothing where it is damaged, and where the next line begins."""
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return  # torn, or still being written
            parts = _parse(line)
            begin, offset = offset, offset + len(line)
            yield (Place(parts[0], sys.intern(parts[1]), path, begin) if parts is not None else None), offset


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
