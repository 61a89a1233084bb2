"""A file read from the disk and written to another one, through the page cache, like dd.

One operation: one block read and written. What the kernel has not yet written back at the end is not waited for.
"""

from __future__ import annotations

from simulator.demands import File, Read, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class FileCopy(Program):
    """The copy."""

    PARAMETERS = (
        Parameter("file_bytes", "bytes", "size of the file"),
        Parameter("block_bytes", "bytes", "data read and written at a time"),
        Parameter("read_bytes", "bytes", "what the kernel reads ahead"),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
    )
    CHOSEN = frozenset({"file_bytes", "block_bytes"})
    WHOLE = True
    COUNTS = ("system_call", "page_cache", "copy", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The copy."""
        return [ThreadPlan("main", self._main())]

    def _main(self) -> Demands:
        parameters = self.parameters
        size_bytes, block_bytes = int(parameters.file_bytes), int(parameters.block_bytes)
        source = File(self.context.path("source"), size_bytes, int(parameters.read_bytes))
        for position in range(0, size_bytes, block_bytes):
            start_s = self.context.now
            yield Read(source, position, min(block_bytes, size_bytes - position))
            yield Write(block_bytes, block_bytes / parameters.page_bytes)
            self.context.done("main", "block", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for the copy."""
        return elapsed_s


PROGRAM = FileCopy
