"""One thread that reads or writes a file by plain calls, one after the other, like fio with the sync engine.

One operation: one block. Calls go through the page cache; a file in memory (tmpfs) has nothing below it. At random
places, the position is set by a call of its own. A file that is written lies there already, or its pages are new.
"""

from __future__ import annotations

from simulator.demands import File, Read, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan

_SCATTER = 2654435761
"""A number without a part in common with numbers of blocks: its multiples lie all over the file."""


class FileInput(Program):
    """The thread."""

    PARAMETERS = (
        Parameter("blocks_count", "count", "blocks read or written"),
        Parameter("block_bytes", "bytes", "size of a block"),
        Parameter("file_bytes", "bytes", "size of the file"),
        Parameter("unit_bytes", "bytes", "how much the system reads at a time: read-ahead in order, else a block"),
        Parameter("write_ratio", "ratio", "1: blocks are written, 0: read"),
        Parameter("random_ratio", "ratio", "1: at random places, 0: in order"),
        Parameter("memory_ratio", "ratio", "1: the file lies in memory, 0: on the disk"),
        Parameter("new_ratio", "ratio", "part of what is written that was not in memory before"),
        Parameter("block_cycles", "cycles", "user cycles for a block"),
    )
    CHOSEN = frozenset(
        {"blocks_count", "block_bytes", "file_bytes", "write_ratio", "random_ratio", "memory_ratio", "new_ratio"}
    )
    COUNTS = ("compute", "system_call", "copy", "page_cache", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The only one."""
        return [ThreadPlan("job", self._job())]

    def _job(self) -> Demands:
        parameters, context = self.parameters, self.context
        size_bytes, random, written = int(parameters.block_bytes), parameters.random_ratio, parameters.write_ratio
        in_memory = bool(parameters.memory_ratio)
        unit_bytes = int(parameters.unit_bytes)
        file = File(context.path("file"), int(parameters.file_bytes), unit_bytes, in_memory=in_memory)
        blocks = file.size_bytes // size_bytes
        for number in range(int(parameters.blocks_count)):
            start_s = context.now
            yield from self.compute(parameters.block_cycles)
            yield SystemCall("null", count=random)
            if written:
                pages = parameters.new_ratio * size_bytes / 4096.0
                yield Write(size_bytes, new_pages=pages, kept=not in_memory, in_memory=in_memory)
            else:
                place = number * _SCATTER % blocks if random else number % blocks
                yield Read(file, place * size_bytes, size_bytes)
            context.done("job", "write" if written else "read", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes a second."""
        return operations * self.parameters.block_bytes / elapsed_s / 1e6


PROGRAM = FileInput
