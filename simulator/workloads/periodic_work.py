"""A small piece of work at regular times, like a player, a controller or a game; or the same without a pause.

One operation: one piece. Its latency counts from the moment at which it was due, so whoever comes late, or is
interrupted, has it longer; a piece that is late does not move those after it. What passed until it began to run is a
request of the kind ``wake``, which counts as no operation. Other threads of the same program may compute beside it:
they share its group.
"""

from __future__ import annotations

from simulator.demands import Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class PeriodicWork(Program):
    """One thread that is due now and then, and some that never wait."""

    PARAMETERS = (
        Parameter("pieces_count", "count", "pieces of work"),
        Parameter("period_s", "s", "from one to the next; 0: the next begins when the last is done"),
        Parameter("phase_s", "s", "when the first is due, from a tick of the timer"),
        Parameter("slack_s", "s", "how late its timer may come, so that it comes with others"),
        Parameter("piece_cycles", "cycles", "user cycles of a piece"),
        Parameter("worth_count", "count", "what a piece counts in the figure of merit"),
        Parameter("beside_count", "count", "threads that compute beside it without a pause"),
        Parameter("working_set_bytes", "bytes", "what each thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"pieces_count", "period_s", "worth_count", "beside_count"})
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The one that counts, and those beside it."""
        parameters = self.parameters
        beside = [f"beside-{number}" for number in range(int(parameters.beside_count))]
        return [
            ThreadPlan("periodic", self._periodic(), parameters.working_set_bytes),
            *(ThreadPlan(name, self._computes(), parameters.working_set_bytes, endless=True) for name in beside),
        ]

    def _periodic(self) -> Demands:
        parameters, context = self.parameters, self.context
        due_s = context.now + parameters.phase_s
        for _ in range(int(parameters.pieces_count)):
            if due_s > context.now:
                yield Sleep(due_s + parameters.slack_s - context.now)
            if parameters.period_s:
                context.began("periodic", due_s)
            yield from self.compute(parameters.piece_cycles)
            context.done("periodic", "piece", due_s)
            due_s = due_s + parameters.period_s if parameters.period_s else context.now

    def _computes(self) -> Demands:
        while True:
            yield from self.compute(self.parameters.piece_cycles * _LONG)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Pieces a second, or what they are worth."""
        return operations * self.parameters.worth_count / elapsed_s


_LONG = 100.0
"""Pieces of work that those beside it do at a time: how finely they are simulated."""
PROGRAM = PeriodicWork
