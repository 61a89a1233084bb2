"""A program that writes a set of pages, one after the other, at a rate of its own: what migrations are measured with.

One operation: the pages that are due since the last one, written; then it sleeps until the next are due. What it holds
beyond the set it took at its start and does not touch again.
"""

from __future__ import annotations

from simulator.demands import Allocate, Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan
from simulator.writing import Writing


class PageDirtier(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("held_bytes", "bytes", "memory that it takes at its start, the set included"),
        Parameter("set_bytes", "bytes", "pages that it writes in turn, again and again"),
        Parameter("write_bytes_per_s", "bytes_per_s", "pages that it writes in a second"),
        Parameter("step_s", "s", "time between two of its turns"),
        Parameter("byte_cycles", "cycles", "user cycles for each byte of a page that it writes"),
        Parameter("pieces_count", "count", "turns; so many that something else ends it, or as many as are asked"),
    )
    CHOSEN = frozenset({"held_bytes", "set_bytes", "write_bytes_per_s", "step_s", "pieces_count"})
    COUNTS = ("compute", "memory", "system_call", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The program."""
        return [ThreadPlan("main", self._main())]

    def writing(self) -> Writing:
        """A turn's pages, in turn."""
        parameters = self.parameters
        turn_bytes = parameters.write_bytes_per_s * parameters.step_s
        return Writing(swept_operation_bytes=turn_bytes, swept_set_bytes=parameters.set_bytes)

    def _main(self) -> Demands:
        parameters = self.parameters
        yield Allocate(parameters.held_bytes)
        yield from self.compute(parameters.held_bytes * parameters.byte_cycles)
        turn_bytes, begun_s = parameters.write_bytes_per_s * parameters.step_s, self.context.now
        for number in range(int(parameters.pieces_count)):
            start_s = self.context.now
            if turn_bytes:
                yield from self.compute(turn_bytes * parameters.byte_cycles)
            self.context.done("main", "turn", start_s)
            due_s = begun_s + (number + 1) * parameters.step_s
            if due_s > self.context.now:
                yield Sleep(due_s - self.context.now)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Bytes written in a second."""
        return operations * self.parameters.write_bytes_per_s * self.parameters.step_s / elapsed_s


PROGRAM = PageDirtier
