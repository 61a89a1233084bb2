"""A program that makes files and moves them to another directory, as mail is delivered: written here, moved there.

One operation: one file made, moved and removed. Moving takes a lock of the whole file system, so that programs of all
tenants that share the kernel wait for each other there, in containers as well; a virtual machine's kernel has its own.
"""

from __future__ import annotations

from itertools import count

from simulator.demands import Create, Delete, Rename
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan, turns


class NameMover(Program):
    """Some threads, each with files of its own."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads"),
        Parameter("files_count", "count", "files that all threads together move; 0: for ever"),
        Parameter("moves_count", "count", "times that a file is moved"),
        Parameter("file_cycles", "cycles", "user cycles for a file"),
    )
    CHOSEN = frozenset({"threads_count", "files_count", "moves_count"})
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        parameters = self.parameters
        endless = not parameters.files_count
        shares = turns(parameters.files_count, parameters.threads_count)
        return [
            ThreadPlan(f"mover-{number}", self._move(f"mover-{number}", None if endless else files), endless=endless)
            for number, files in enumerate(shares)
        ]

    def _move(self, name: str, files: int | None) -> Demands:
        parameters = self.parameters
        for _ in count() if files is None else range(files):
            start_s = self.context.now
            yield Create()
            yield from self.compute(parameters.file_cycles)
            for _ in range(int(parameters.moves_count)):
                yield Rename()
            yield Delete()
            self.context.done(name, "file", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Files a second."""
        return operations / elapsed_s


PROGRAM = NameMover
