"""The lock of a batch folder: one process at a time works in it.

The operating system holds the lock for the process and lets go when it ends, however it ends: a lock cannot go
stale, and a process number that is used again means nothing.

Folders that several machines share:

* NFS hands the lock to its server, as do most file systems of clusters: it holds between machines.
* Where the mount has no locks at all (``ENOLCK`` and the like), a file ``.claim`` stands for it, made so that only one
  can make it. What a killed process leaves behind is removed by the next on the same machine; on another machine
  nobody can tell, and the message says which file to remove.
* Where the mount locks only within one machine, two machines can work in a folder at once without knowing. That costs
  time and harms nothing: each appends to segments of its own, writes tables under names of its own before they get
  their final ones, and both come to the same bytes.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from simulator.batch.storage import refused
from simulator.errors import ResultsError
from simulator.results import heads

NAME, CLAIM = heads.LOCK, heads.CLAIM
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


class Lock:
    """Held inside ``with``; nothing of it is left behind.

    Raises:
        ResultsError: another process holds it.
        UsageError: nothing can be written there.
        StorageError: nothing can be written any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = folder / NAME

    def __enter__(self) -> Lock:
        while True:
            try:
                self._descriptor = os.open(self._held, os.O_RDWR | os.O_CREAT, 0o666)
            except OSError as error:
                raise refused(self._folder, error) from error
            try:
                _take(self._descriptor)
            except OSError as error:
                self._without(error)
                return self
            if self._is_the_file():
                with suppress(OSError):  # on a full disk others are not told who it is
                    os.ftruncate(self._descriptor, 0)
                    os.write(self._descriptor, _me().encode())
                return self
            os.close(self._descriptor)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Removed while it is held: whoever has opened this file meanwhile sees that it is not the folder's any more.
        with suppress(OSError):
            self._held.unlink()
        os.close(self._descriptor)

    def _is_the_file(self) -> bool:
        """Whether what is locked is still the folder's file: its last holder may have removed it."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._held.stat())
        except FileNotFoundError:
            return False

    def _without(self, error: OSError) -> None:
        """There is no lock to be had: somebody has it, or there are none here."""
        try:
            if error.errno in _HELD:
                owner = os.read(self._descriptor, 200).decode(errors="replace") or "another process"
                raise ResultsError(
                    f"{self._folder}: {owner.removesuffix(_here())} is working in this folder; wait for it, or choose "
                    "another place (--out)"
                )
            with suppress(OSError):
                self._held.unlink()
            self._claim()
        except BaseException:
            os.close(self._descriptor)
            raise
        self._held = self._folder / CLAIM

    def _claim(self) -> None:
        claim = self._folder / CLAIM
        while True:
            try:
                descriptor = os.open(claim, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            except FileExistsError:
                self._supersede(claim)
                continue
            except OSError as error:
                raise refused(self._folder, error) from error
            with suppress(OSError):
                os.write(descriptor, _me().encode())
            os.close(descriptor)
            return

    def _supersede(self, claim: Path) -> None:
        """Removes the claim of a process that is no more.

        Raises:
            ResultsError: it may still be working.
        """
        with suppress(FileNotFoundError):
            owner = claim.read_text("utf-8", "replace") or "another process"
            if not _has_ended(owner):
                raise ResultsError(
                    f"{self._folder}: {owner.removesuffix(_here())} is working in this folder, or was killed there; "
                    f"wait for it, or remove {claim} if it is no more"
                )
            claim.unlink()


def _me() -> str:
    return f"process {os.getpid()}{_here()}"


def _here() -> str:
    return f" on {socket.gethostname()}"


def _has_ended(owner: str) -> bool:
    """Whether it is a process of this machine that is no more."""
    number = owner.removesuffix(_here()).removeprefix("process ")
    if os.name != "posix" or not owner.endswith(_here()) or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


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
