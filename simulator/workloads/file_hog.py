"""A neighbour that writes a large file through the page cache and reads it again, for ever, like IOzone.

It writes the file, writes it again, reads it and reads it again (IOzone's first two tests). The file is larger than the
memory: what is dirty fills the page cache until the writer must wait for the disk, and what is read pushes out of the
cache whatever others on the same system had in it. A run is shorter than one pass over the file: it goes through it
stretch by stretch, writing one and reading another that is half the file away and in nobody's cache any more.

One operation: one record.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.demands import Demand, File, Read, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class FileHog(Program):
    """One thread, as IOzone has it where nothing else is asked for."""

    PARAMETERS = (
        Parameter("file_bytes", "bytes", "size of the file, larger than the memory"),
        Parameter("record_bytes", "bytes", "data of one call"),
        Parameter("stretch_bytes", "bytes", "part of the file that is written, and another read, before the next"),
        Parameter("window_bytes", "bytes", "read at a time from the disk"),
        Parameter("passes_count", "count", "how often the file is written, and then read, in a round"),
        Parameter("record_cycles", "cycles", "user cycles for a record"),
    )
    CHOSEN = frozenset({"file_bytes", "record_bytes", "stretch_bytes", "passes_count"})
    COUNTS = ("compute", "system_call", "copy", "page_cache", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The writer and reader."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        parameters = self.parameters
        file = File(self.context.path("large file"), int(parameters.file_bytes), int(parameters.window_bytes), 2**33)
        record_bytes, passes = int(parameters.record_bytes), int(parameters.passes_count)
        stretch_bytes, far_bytes, begin_bytes = int(parameters.stretch_bytes), file.size_bytes // 2, 0
        while True:
            for kind, away_bytes in (*(("write", 0),) * passes, *(("read", far_bytes),) * passes):
                for offset_bytes in range(begin_bytes, begin_bytes + stretch_bytes, record_bytes):
                    start_s = self.context.now
                    yield from self.compute(parameters.record_cycles)
                    yield from self._record(kind, file, (offset_bytes + away_bytes) % file.size_bytes, record_bytes)
                    self.context.done("main", kind, start_s)
            begin_bytes = (begin_bytes + stretch_bytes) % file.size_bytes

    def _record(self, kind: str, file: File, offset_bytes: int, record_bytes: int) -> Iterator[Demand]:
        if kind == "write":
            yield Write(record_bytes, new_pages=record_bytes / 4096.0)
        else:
            yield Read(file, offset_bytes, record_bytes)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes a second."""
        return operations * self.parameters.record_bytes / elapsed_s / 1e6


PROGRAM = FileHog
