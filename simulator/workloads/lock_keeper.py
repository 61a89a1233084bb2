"""A Java program that takes the lock of a class of the library and does not give it back for long.

One operation: the lock taken and kept once. Whoever shares the virtual machine shares the class, and waits.
"""

from __future__ import annotations

from simulator.demands import Lock, Sleep, Unlock
from simulator.parameters import Parameter
from simulator.workloads._library import LIBRARY_LOCK
from simulator.workloads.base import Demands, Program, ThreadPlan


class LockKeeper(Program):
    """One thread."""

    INTERFACE = "bytecode"
    PARAMETERS = (
        Parameter("keep_s", "s", "how long it keeps the lock"),
        Parameter("free_s", "s", "how long it leaves it free"),
        Parameter("look_cycles", "cycles", "user cycles before it takes the lock"),
    )
    CHOSEN = frozenset({"keep_s", "free_s"})
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The keeper."""
        return [ThreadPlan("main", self._main(), endless=True)]

    def _main(self) -> Demands:
        parameters = self.parameters
        while True:
            start_s = self.context.now
            yield from self.compute(parameters.look_cycles)
            yield Lock(LIBRARY_LOCK, shared=True)
            self.context.done("main", "lock", start_s)
            yield Sleep(parameters.keep_s)
            yield Unlock(LIBRARY_LOCK, shared=True)
            yield Sleep(parameters.free_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Locks taken a second."""
        return operations / elapsed_s


PROGRAM = LockKeeper
