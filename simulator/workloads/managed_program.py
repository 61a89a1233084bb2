"""A program that does the same work again and again, by some threads that make objects: the general case of a program
for a Java virtual machine, and its natively compiled twin.

One operation: one iteration, from the moment its threads begin together until the last of them is done; its classes
are loaded in the first one, or before it where the program sets itself up first (an operation ``setup`` of its own);
then what it executes once is its report at the end.
Each thread does its part of the iteration in portions: it computes (as class files: executes bytecodes and makes
objects), does a part of the portion alone under the program's lock, calls the system, and waits for what is outside
(clients, timers, disks). The iterations' times in order are what warming up looks like.
"""

from __future__ import annotations

from simulator.demands import Allocate, Demand, Fetch, Lock, Post, Sleep, SystemCall, Unlock
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan

_LOCK, _DONE = "state", "done"


class ManagedProgram(Program):
    """Threads that begin each iteration together; the first one tells the others."""

    PARAMETERS = (
        Parameter("iterations_count", "count", "iterations, one after the other"),
        Parameter("threads_count", "count", "threads among which the work of an iteration is divided"),
        Parameter("portions_count", "count", "portions of a thread's iteration, each simulated as one piece of work"),
        Parameter("iteration_cycles", "cycles", "user cycles of an iteration in machine code, of all threads together"),
        Parameter("locked_ratio", "ratio", "part of them that is done under the program's only lock"),
        Parameter("iteration_calls_count", "count", "calls of an iteration that neither block nor move data"),
        Parameter("iteration_wait_s", "s", "what each thread waits for something outside in an iteration"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
        Parameter(
            "setup_cycles",
            "cycles",
            "user cycles in machine code before the first iteration; its classes are then loaded before it, too",
            optional=True,
        ),
        Parameter(
            "setup_bytes",
            "bytes",
            "memory that it takes for that in machine code; class files have it in the heap",
            optional=True,
        ),
    )
    CHOSEN = frozenset({"iterations_count", "portions_count"})
    COUNTS = ("compute", "system_call")

    def threads(self) -> list[ThreadPlan]:
        """The first, which counts the iterations, and its helpers."""
        working_set_bytes = self.parameters.working_set_bytes
        helpers = range(2, int(self.parameters.threads_count) + 1)
        return [
            ThreadPlan("thread-1", self._first(helpers), working_set_bytes),
            *(ThreadPlan(f"thread-{number}", self._helper(number), working_set_bytes) for number in helpers),
        ]

    @property
    def _prepared(self) -> bool:
        """Whether it loads its classes and sets itself up before its first iteration."""
        return "setup_cycles" in self.parameters

    def begins(self) -> tuple[Demand, ...]:
        """Its classes, where it sets itself up first; otherwise these are loaded within the first iteration."""
        return super().begins()[:1] if self._prepared else ()

    def _setup(self) -> Demands:
        """What it makes before its first iteration, and keeps."""
        cycles, size_bytes = self.parameters.get("setup_cycles", 0.0), self.parameters.get("setup_bytes", 0.0)
        if size_bytes and self.class_files is None:
            yield Allocate(size_bytes)
        if cycles:
            yield from self.compute(cycles)

    def _first(self, helpers: range) -> Demands:
        start_s = self.context.now
        yield from self._setup()
        if self.context.now > start_s:
            self.context.done("thread-1", "setup", start_s)
        first = () if self._prepared else super().begins()
        for _ in range(int(self.parameters.iterations_count)):
            start_s = self.context.now
            yield from first
            first = ()
            yield from (Post(f"begin-{number}") for number in helpers)
            yield from self._part()
            yield from (Fetch(_DONE) for _ in helpers)
            self.context.done("thread-1", "iteration", start_s)
        if self._prepared and self.class_files is not None:
            yield from self.class_files.once()

    def _helper(self, number: int) -> Demands:
        for _ in range(int(self.parameters.iterations_count)):
            yield Fetch(f"begin-{number}")
            yield from self._part()
            yield Post(_DONE)

    def _part(self) -> Demands:
        """One thread's part of an iteration."""
        parameters = self.parameters
        portions = int(parameters.portions_count)
        divided = portions * parameters.threads_count
        cycles, locked = parameters.iteration_cycles / divided, parameters.locked_ratio
        calls, wait_s = parameters.iteration_calls_count / divided, parameters.iteration_wait_s / portions
        for _ in range(portions):
            yield from self.compute(cycles * (1.0 - locked))
            if locked:
                yield Lock(_LOCK)
                yield from self.compute(cycles * locked)
                yield Unlock(_LOCK)
            if calls:
                yield SystemCall("null", count=calls)
            if wait_s:
                yield Sleep(wait_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for an iteration, in the mean."""
        return elapsed_s / operations


PROGRAM = ManagedProgram
