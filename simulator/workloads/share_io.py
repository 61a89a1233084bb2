"""A file in a folder of the host that the guest mounts, read or written block by block (9pfs).

One operation: one block.
"""

from __future__ import annotations

from simulator.demands import UseShare
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class ShareInput(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("blocks_count", "count", "blocks read or written"),
        Parameter("block_bytes", "bytes", "size of a block"),
        Parameter("message_bytes", "bytes", "data of one message at most"),
        Parameter("write_ratio", "ratio", "1: blocks are written, 0: read"),
        Parameter("work_cycles", "cycles", "user cycles for a block"),
    )
    CHOSEN = frozenset({"blocks_count", "block_bytes", "write_ratio"})
    COUNTS = ("compute", "system_call", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The only one."""
        return [ThreadPlan("job", self._job())]

    def _job(self) -> Demands:
        parameters = self.parameters
        for _ in range(int(parameters.blocks_count)):
            start_s = self.context.now
            yield from self.compute(parameters.work_cycles)
            yield UseShare(int(parameters.block_bytes), int(parameters.message_bytes), bool(parameters.write_ratio))
            self.context.done("job", "block", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Microseconds for a block."""
        return elapsed_s / operations * 1e6


PROGRAM = ShareInput
