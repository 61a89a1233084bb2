"""Linear equations solved by blocks that fit into the cache, like Linpack.

One operation: one block of the matrix updated: floating-point work, and the block's lines fetched from memory in
order. The pages of the matrix are touched for the first time before the clock starts; what little the library
touches while it runs is counted.
"""

from __future__ import annotations

from simulator.demands import AccessMemory, Fault, Mix
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan, turns


class Linpack(Program):
    """Some threads that share the blocks."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads that share the blocks"),
        Parameter("blocks_count", "count", "block updates of all threads together"),
        Parameter("block_operations_count", "count", "floating-point operations of an update"),
        Parameter("block_cycles", "cycles", "user cycles of an update, its data in the cache"),
        Parameter("operation_accesses_count", "count", "words loaded or stored for an operation"),
        Parameter("operation_branches_count", "count", "branches for an operation"),
        Parameter("block_lines_count", "count", "cache lines fetched from memory for an update"),
        Parameter("block_faults_count", "count", "pages touched for the first time in an update"),
        Parameter("matrix_bytes", "bytes", "size of the matrix"),
        Parameter("working_set_bytes", "bytes", "a block, which the thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"threads_count", "blocks_count", "block_operations_count", "matrix_bytes"})
    WHOLE = True
    COUNTS = ("compute", "memory", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The solvers."""
        parameters = self.parameters
        shares = turns(parameters.blocks_count, parameters.threads_count)
        names = (f"thread-{number}" for number in range(len(shares)))
        return [
            ThreadPlan(name, self._solve(name, blocks), parameters.working_set_bytes)
            for name, blocks in zip(names, shares, strict=True)
        ]

    def _solve(self, name: str, blocks: int) -> Demands:
        parameters, mix = self.parameters, self._mix()
        for _ in range(blocks):
            start_s = self.context.now
            lines = AccessMemory("stream", parameters.matrix_bytes, count=parameters.block_lines_count)
            yield from self.compute(parameters.block_cycles, on=lines, mix=mix)
            yield Fault(count=parameters.block_faults_count)
            self.context.done(name, "block", start_s)

    def _mix(self) -> Mix:
        """What a cycle consists of, each operation, load and branch an instruction: vectors are taken apart."""
        parameters = self.parameters
        floats = parameters.block_operations_count / parameters.block_cycles
        accesses, branches = floats * parameters.operation_accesses_count, floats * parameters.operation_branches_count
        return Mix(floats + accesses + branches, accesses, branches, floats)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Thousand millions of floating-point operations a second."""
        return operations * self.parameters.block_operations_count / elapsed_s / 1e9


PROGRAM = Linpack
