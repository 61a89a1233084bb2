"""Any program, as its counts: what ``perf stat`` and ``strace -c`` say of one run on bare metal.

One operation: one part of the run, each part like every other: user cycles of a known mix of instructions, words of a
working set fetched at random and rows read in order, system calls by kind, file data read and written, pages touched
for the first time, processes started, and messages exchanged with a partner, each waited for. What the schedule makes
of it (switches, ticks, waits) is not counted but follows. Files that are read were in memory before.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.demands import (
    AccessMemory,
    Create,
    Delete,
    Demand,
    Fault,
    Fetch,
    File,
    Mix,
    Post,
    Read,
    StartProcess,
    SystemCall,
    Write,
)
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan

_CALLS = ("null", "null_io", "stat", "open_close", "select")
_LINE_BYTES = 64.0
"""A row is asked for by cache lines, as everywhere."""


def _calls() -> Iterator[Parameter]:
    meanings = {
        "null": "calls that hardly do anything (getpid, brk, sigaction...)",
        "null_io": "reads and writes beside those of file data",
        "stat": "look-ups of a name (stat, access, readlink, one directory entry read)",
        "open_close": "files opened and closed again",
        "select": "waits for one of a hundred descriptors",
    }
    for name in _CALLS:
        yield Parameter(f"{name}_count", "count", meanings[name])


class Profile(Program):
    """A program of which nothing is known but what it asked for, and how often."""

    PARAMETERS = (
        Parameter("parts_count", "count", "parts, one like the other, that the run consists of"),
        Parameter("simulated_count", "count", "of these, those simulated; the others take as long"),
        Parameter("user_cycles", "cycles", "user cycles, waits for the memory apart"),
        Parameter("user_instructions_count", "count", "user instructions retired"),
        Parameter("user_accesses_count", "count", "loads and stores among them"),
        Parameter("user_branches_count", "count", "jumps, calls and returns among them"),
        Parameter("user_branch_misses_count", "count", "of these, those that the processor guesses wrongly"),
        Parameter("user_floats_count", "count", "floating-point operations among them"),
        Parameter("random_accesses_count", "count", "words that are waited for, anywhere in the random set"),
        Parameter("random_set_bytes", "bytes", "memory that these lie in"),
        Parameter("row_bytes", "bytes", "memory read or written in order, beyond what the cache holds"),
        *_calls(),
        Parameter("read_bytes", "bytes", "file data read from the page cache"),
        Parameter("read_calls_count", "count", "calls that read them"),
        Parameter("written_bytes", "bytes", "file data written into the page cache, pages that were not there before"),
        Parameter("written_calls_count", "count", "calls that write them"),
        Parameter("creates_count", "count", "files made"),
        Parameter("deletes_count", "count", "files removed"),
        Parameter("dropped_pages_count", "count", "pages given back: unmapped, or removed with their files"),
        Parameter("page_faults_count", "count", "first touches of pages, those of process starts apart"),
        Parameter("protection_faults_count", "count", "writes to protected pages, and protections changed"),
        Parameter("forks_count", "count", "processes forked that execute no other program"),
        Parameter("execs_count", "count", "processes forked that execute another program"),
        Parameter("exchanges_count", "count", "messages through a pipe to a partner, each answered before the next"),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
        Parameter("working_set_bytes", "bytes", "what the program wants to find in the cache"),
    )
    WHOLE = True
    COUNTS = ("compute", "memory", "process", "page_fault", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The program, and its partner if it has one."""
        working_set_bytes = self.parameters.working_set_bytes
        main = ThreadPlan("main", self._parts(), working_set_bytes)
        if not self.parameters.exchanges_count:
            return [main]
        return [main, ThreadPlan("partner", self._answers(), working_set_bytes)]

    def warm_files(self) -> tuple[File, ...]:
        """What it reads."""
        return (self._file(),) if self.parameters.read_bytes else ()

    def _file(self) -> File:
        size_bytes = max(1, int(self.parameters.read_bytes))
        return File(self.context.path("data"), size_bytes, size_bytes)

    def _parts(self) -> Demands:
        part = 1.0 / self.parameters.parts_count
        for _ in range(int(self.parameters.simulated_count)):
            start_s = self.context.now
            yield from self._computed(part)
            yield from (demand for demand in self._asked(part) if demand.count)
            for _ in range(self._exchanges()):
                yield Post("question", pipe=True)
                yield Fetch("answer", pipe=True)
            self.context.done("main", "part", start_s)

    def _exchanges(self) -> int:
        """Messages of one part, whole ones."""
        return round(self.parameters.exchanges_count / self.parameters.parts_count)

    def _answers(self) -> Demands:
        """The partner answers what it is sent."""
        for _ in range(int(self.parameters.simulated_count) * self._exchanges()):
            yield Fetch("question", pipe=True)
            yield Post("answer", pipe=True)

    def _computed(self, part: float) -> Demands:
        parameters = self.parameters
        cycles = parameters.user_cycles * part
        if not cycles:
            return
        counts = ("user_instructions", "user_accesses", "user_branches", "user_floats", "user_branch_misses")
        mix = Mix(*(parameters[f"{name}_count"] / parameters.user_cycles for name in counts))
        yield from self.compute(cycles, mix=mix)
        if parameters.random_accesses_count:
            yield AccessMemory("random", parameters.random_set_bytes, count=parameters.random_accesses_count * part)
        if parameters.row_bytes:
            yield AccessMemory("stream", parameters.row_bytes, count=parameters.row_bytes * part / _LINE_BYTES)

    def _asked(self, part: float) -> Iterator[Demand]:
        """What it asks of its system in one part."""
        parameters = self.parameters
        for name in _CALLS:
            yield SystemCall(name, count=parameters[f"{name}_count"] * part)
        read_bytes, written_bytes = parameters.read_bytes * part, parameters.written_bytes * part
        if read_bytes >= 1.0:
            yield Read(self._file(), 0, int(read_bytes), calls=parameters.read_calls_count * part)
        yield Create(count=parameters.creates_count * part)
        if written_bytes:
            pages, calls = written_bytes / parameters.page_bytes, parameters.written_calls_count * part
            yield Write(written_bytes, pages, calls=calls, kept=False)
        deletes, dropped = parameters.deletes_count * part, parameters.dropped_pages_count * part
        yield Delete(dropped / deletes, count=deletes) if deletes else Delete(dropped, count=min(1.0, dropped))
        yield Fault(count=parameters.page_faults_count * part)
        yield Fault("protection", count=parameters.protection_faults_count * part)
        yield StartProcess("fork", count=parameters.forks_count * part)
        yield StartProcess("exec", count=parameters.execs_count * part)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all of it."""
        return elapsed_s * self.parameters.parts_count / self.parameters.simulated_count


PROGRAM = Profile
