"""A long computation in user mode, like the programs of SPEC CINT2000.

One operation: one chunk of a program. It demands user cycles, and the first touches of the memory that the
program takes as it goes; nothing else. The counts of cycles follow from the native score, the touches from the
memory that the suite's programs use.
"""

from __future__ import annotations

from simulator.demands import Fault
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class CpuBound(Program):
    """One thread, no waiting."""

    PARAMETERS = (
        Parameter("chunks_count", "count", "chunks of the whole computation"),
        Parameter("chunk_cycles", "cycles", "user cycles of one chunk"),
        Parameter("chunk_variation_ratio", "ratio", "standard deviation of a chunk over its mean"),
        Parameter("chunk_faults_count", "count", "pages touched for the first time in a chunk"),
        Parameter("reference_s", "s", "score times elapsed time: the suite's own scale"),
        Parameter("working_set_bytes", "bytes", "what the program wants to find in the cache"),
    )
    CHOSEN = frozenset({"chunks_count", "chunk_cycles"})
    WHOLE = True
    COUNTS = ("compute", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The computation."""
        return [ThreadPlan("main", self._main(), self.parameters.working_set_bytes)]

    def _main(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("chunk")
        for _ in range(int(parameters.chunks_count)):
            start_s = self.context.now
            yield from self.compute(draws.lognormal(parameters.chunk_cycles, parameters.chunk_variation_ratio))
            yield Fault(count=parameters.chunk_faults_count)
            self.context.done("main", "chunk", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """The suite's score: reference time over elapsed time."""
        return self.parameters.reference_s / elapsed_s


PROGRAM = CpuBound
