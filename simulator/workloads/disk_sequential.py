"""A large file read or written from the beginning, past the page cache, like fio with direct sequential jobs.

One operation: one block. Some blocks are under way at a time; the next free job takes the next block.
"""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.workloads._transfers import CHOSEN, PARAMETERS, in_order, names, transfers
from simulator.workloads.base import Program, ThreadPlan


class DiskSequential(Program):
    """Jobs that share one position in one file."""

    PARAMETERS = (Parameter("blocks_count", "count", "blocks of all jobs together"), *PARAMETERS)
    CHOSEN = frozenset({"blocks_count", *CHOSEN})
    COUNTS = ("compute", "system_call", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The jobs."""
        jobs, place = names(self), in_order(self)
        turns = range(int(self.parameters.blocks_count / len(jobs)))
        return [ThreadPlan(name, transfers(self, name, place, turns)) for name in jobs]

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes a second."""
        return operations * self.parameters.block_bytes / elapsed_s / 1e6


PROGRAM = DiskSequential
