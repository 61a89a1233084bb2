"""Which demand of a profile each system call of Linux is."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.measurements import _strace_trace as trace
from simulator.measurements.base import Figure, Record

_NAMES: Mapping[str, str] = {
    "null_io": "read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2 lseek sendfile splice "
    "copy_file_range sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg fsync fdatasync",
    "stat": "stat lstat fstat stat64 lstat64 fstat64 newfstatat fstatat64 statx statfs fstatfs access faccessat "
    "faccessat2 readlink readlinkat getdents getdents64 chmod fchmodat utimensat chdir getxattr lgetxattr getcwd",
    "open": "open openat openat2",
    "select": "select pselect6 poll ppoll epoll_wait epoll_pwait epoll_pwait2",
    "creates": "creat mkdir mkdirat mknod mknodat symlink symlinkat link linkat rename renameat renameat2",
    "deletes": "unlink unlinkat rmdir",
    "protection_faults": "mprotect pkey_mprotect",
    "clones": "clone clone3 fork vfork",
    "execs": "execve execveat",
    "contained": "wait4 waitpid waitid exit exit_group close rt_sigreturn",
    "sleeps": "nanosleep clock_nanosleep pause",
}
KIND = {name: kind for kind, names in _NAMES.items() for name in names.split()} | {
    trace.FILE_READ: "file_reads", trace.FILE_WRITE: "file_writes", trace.NEW_FILE: "creates",
}  # fmt: skip
"""What a call is; one that is not here is as short as ``getpid``."""
SLEEPS = "sleeps"
_BYTES = (trace.READ_BYTES, trace.WRITTEN_BYTES)


class Calls:
    """How often each kind was called, and by which calls.

    A call that failed is as short as one that looks a name up (``openat``, ``execve``) or does nothing. A first
    ``execve`` is that of the program itself. Who closes has opened: closing is part of ``open_close``, waiting and
    exiting of the process.
    """

    def __init__(self, record: Record) -> None:
        self.file = record.name
        self.traced = record.texts.get("form") == "trace"
        self._bytes = {name: record.figures[name].value for name in _BYTES if name in record.figures}
        self._by_kind: dict[str, list[tuple[Figure, float]]] = {}
        for name, figure in record.figures.items():
            if name.endswith(" errors") or name in ("seconds", *_BYTES):
                continue
            errors = record.figures.get(f"{name} errors")
            failed = min(errors.value if errors else 0.0, figure.value)
            kind = KIND.get(name, "null")
            missed = "stat" if kind in ("open", "execs", "creates", "deletes") else kind
            self._note(kind, figure, figure.value - failed)
            self._note(missed, figure, failed)

    def _note(self, kind: str, figure: Figure, amount: float) -> None:
        if amount:
            self._by_kind.setdefault(kind, []).append((figure, amount))

    def count(self, *kinds: str) -> float:
        """How many calls there were of some kinds."""
        return sum(amount for kind in kinds for _, amount in self._by_kind.get(kind, ()))

    def moved_bytes(self, name: str) -> float:
        """Bytes of files read or written, by a trace."""
        return self._bytes.get(name, 0.0)

    def names(self, *kinds: str) -> str:
        """Which calls these were, each with its number, and the file that says so."""
        found = (f"{each.name} {amount:.0f}" for kind in kinds for each, amount in self._by_kind.get(kind, ()))
        return f"{self.file}: {', '.join(found) or 'none'}"

    @property
    def started(self) -> tuple[float, float]:
        """Processes forked that executed nothing, and those that did."""
        execs = max(0.0, self.count("execs") - 1.0)
        return max(0.0, self.count("clones") - execs), execs
