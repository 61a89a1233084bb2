"""Small blocks of a large file read and written at random places past the page cache, like fio with random jobs.

One operation: one block. Each job has one request under way; as many jobs as the queue shall be deep. After so many
blocks the program may wait for all that is under way and have it made safe (fio's ``fsync``), before any job goes on;
the time of that belongs to no block.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.demands import Demand, DirectTransfer, File, Lock, Unlock
from simulator.parameters import Parameter
from simulator.workloads._transfers import CHOSEN, PARAMETERS, at_random, names, transfers
from simulator.workloads.base import Program, ThreadPlan


class DiskRandom(Program):
    """Jobs on one file."""

    PARAMETERS = (
        Parameter("blocks_count", "count", "blocks of all jobs together"),
        Parameter("flush_blocks_count", "count", "blocks after which all that was written is made safe; 0: never"),
        *PARAMETERS,
    )
    CHOSEN = frozenset({"blocks_count", "flush_blocks_count", *CHOSEN})
    COUNTS = ("compute", "system_call", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The jobs."""
        jobs = names(self)
        turns = int(self.parameters.blocks_count / len(jobs))
        flush_blocks = self.parameters.flush_blocks_count
        if not flush_blocks or not self.parameters.write_ratio:
            return [ThreadPlan(name, transfers(self, name, at_random(self, name), range(turns))) for name in jobs]
        self._arrived = 0
        each = max(1, round(flush_blocks / len(jobs)))
        return [ThreadPlan(name, self._rounds(name, jobs, turns, each)) for name in jobs]

    def _rounds(self, name: str, jobs: list[str], turns: int, each: int) -> Iterator[Demand]:
        """So many blocks of this job at a time; whoever ends such a round last has all made safe, and lets all go on.

        A lock of each job is its gate: free at the start, then given free again by the last one of each round.
        """
        place, parameters = at_random(self, name), self.parameters
        file = File(self.context.path("blocks"), int(parameters.file_bytes), int(parameters.block_bytes))
        for _ in range(max(1, turns // each)):
            yield Lock(f"gate of {name}")
            yield from transfers(self, name, place, range(each))
            self._arrived += 1
            if self._arrived == len(jobs):
                self._arrived = 0
                written = int(each * len(jobs) * parameters.write_ratio * parameters.block_bytes)
                yield DirectTransfer(file, 0, written, write=True, flush=True)
                for job in jobs:
                    yield Unlock(f"gate of {job}")

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = DiskRandom
