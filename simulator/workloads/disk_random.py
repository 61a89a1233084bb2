"""Small blocks of a large file read and written at random places past the page cache, like fio with random jobs.

One operation: one block. Each job has one request under way; as many jobs as the queue shall be deep.
"""

from __future__ import annotations

from simulator.parameters import Parameter
from simulator.workloads._transfers import CHOSEN, PARAMETERS, at_random, names, transfers
from simulator.workloads.base import Program, ThreadPlan


class DiskRandom(Program):
    """Jobs on one file."""

    PARAMETERS = (Parameter("blocks_count", "count", "blocks of all jobs together"), *PARAMETERS)
    CHOSEN = frozenset({"blocks_count", *CHOSEN})
    COUNTS = ("compute", "system_call", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The jobs."""
        jobs = names(self)
        turns = range(int(self.parameters.blocks_count / len(jobs)))
        return [ThreadPlan(name, transfers(self, name, at_random(self, name), turns)) for name in jobs]

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = DiskRandom
