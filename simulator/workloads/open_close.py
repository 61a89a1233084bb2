"""A file opened and closed again and again, as micro-benchmarks of system calls do.

One operation: one open of a file that is there, and one close unless that is left for later.
"""

from __future__ import annotations

from simulator.demands import SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class OpenClose(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("files_count", "count", "files opened and closed, one after the other"),
        Parameter("file_cycles", "cycles", "user cycles for each"),
        Parameter("close_ratio", "ratio", "1: each is closed again, 0: all are closed afterwards"),
    )
    CHOSEN = frozenset({"files_count"})
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The loop."""
        return [ThreadPlan("loop", self._loop())]

    def _loop(self) -> Demands:
        for _ in range(int(self.parameters.files_count)):
            start_s = self.context.now
            yield from self.compute(self.parameters.file_cycles)
            yield SystemCall("open_close" if self.parameters.close_ratio else "open")
            self.context.done("loop", "open", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Microseconds for one."""
        return elapsed_s / operations * 1e6


PROGRAM = OpenClose
