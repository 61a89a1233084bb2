"""The lock of a batch folder: one process at a time works in it.

The operating system holds the lock for the process and lets go when it ends, however it ends: a lock cannot go
stale, and a process number that is used again means nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType

from simulator.errors import ResultsError

NAME = ".lock"


class Lock:
    """Held inside ``with``.

    Raises:
        ResultsError: another process holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Lock:
        self._file = (self._folder / NAME).open("a+")
        try:
            _take(self._file.fileno())
        except OSError:
            self._file.seek(0)
            owner = self._file.read().strip() or "another process"
            self._file.close()
            raise ResultsError(
                f"{self._folder}: {owner} is working in this folder; wait for it, or choose another place (--out)"
            ) from None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()}")
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.truncate(0)
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
