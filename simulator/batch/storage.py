"""Storage that fails: what the operating system says of it, as a sentence that says what to do.

A full disk is no failure of a run and no death of a worker. Whoever writes or reads a file of a batch does it inside
``guarded``; the error then travels from a worker to the parent and to the user as a ``StorageError``, and the batch
stops there. What was recorded before is whole and kept: the same command goes on from it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import StorageError, UsageError, VirtlabError

_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "make room in your quota",
    errno.EFBIG: "raise the limit on the size of a file (ulimit -f)",
    errno.EROFS: "make it writable",
    errno.EACCES: "make it writable",
    errno.EPERM: "make it writable",
    errno.ENOENT: "see who has moved or removed it",
    errno.ENOTDIR: "see who has put a file in its place",
    errno.ESTALE: "see whether its disk is still mounted",
    errno.EMFILE: "raise the limit on open files (ulimit -n), or use fewer jobs",
    errno.ENFILE: "close other programs: too many files are open on this machine",
}
_MISPLACED = (
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
    *(errno.ENAMETOOLONG, errno.EINVAL),
)
"""What is wrong with a place from the first: another one has to be chosen."""


@contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Raises what the file system has against ``folder`` as a ``StorageError``."""
    try:
        yield
    except OSError as error:
        raise failed(folder, error) from error


def failed(folder: Path, error: OSError) -> StorageError:
    """A batch that cannot go on for want of storage."""
    free = f", {_size(_free_bytes(folder))} free" if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    remedy = _REMEDIES.get(error.errno or 0, "see to its disk")
    return StorageError(
        f"{folder}: {_words(error)}{free}; {remedy} and run the same command again: "
        "it goes on with everything that has finished"
    )


def refused(folder: Path, error: OSError) -> VirtlabError:
    """A folder that a batch cannot be begun in: misplaced, or for want of storage."""
    if error.errno in _MISPLACED:
        return UsageError(f"{folder} cannot be written: {_words(error)}; choose another place (--out)")
    return failed(folder, error)


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).rstrip(".")


def _free_bytes(folder: Path) -> int:
    if not hasattr(os, "statvfs"):
        return 0
    for place in (folder, *folder.parents):
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize
    return 0


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
