"""A service that fills memory bit by bit and then works on a part of it: what a server's memory mostly is.

One operation: one request, some user cycles on words anywhere in the active data, and now and then something read from
its files, any of them. The rest of what it holds is never used again, and the page cache keeps all files that were read
before the clock started: memory that somebody else could have, if only it were known which.
"""

from __future__ import annotations

from dataclasses import replace

from simulator.demands import AccessMemory, Allocate, File, Read, Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan
from simulator.writing import Writing


class MemoryUser(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("held_bytes", "bytes", "memory that it takes"),
        Parameter("step_bytes", "bytes", "memory taken at a time"),
        Parameter("step_s", "s", "pause after each"),
        Parameter("byte_cycles", "cycles", "user cycles to fill a byte"),
        Parameter("active_bytes", "bytes", "what it works on, of what it took first"),
        Parameter("cached_bytes", "bytes", "files that were read before and lie in the page cache"),
        Parameter("requests_count", "count", "requests; so many that something else ends it, or as many as are asked"),
        Parameter("request_cycles", "cycles", "user cycles for a request"),
        Parameter("request_accesses_count", "count", "words of its data for a request that no cache has"),
        Parameter("request_reads_count", "count", "parts of its files read for a request, less than one"),
        Parameter("read_bytes", "bytes", "such a part"),
    )
    CHOSEN = frozenset({"held_bytes", "step_bytes", "step_s", "active_bytes", "cached_bytes", "requests_count"})
    COUNTS = ("compute", "memory", "system_call", "page_fault", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The service."""
        return [ThreadPlan("main", self._main())]

    def writing(self) -> Writing:
        """As its file says, and nowhere but in the part that it works on."""
        found = super().writing()
        return replace(found, random_set_bytes=min(found.random_set_bytes, self.parameters.active_bytes))

    def warm_files(self) -> tuple[File, ...]:
        """What was read before."""
        return (self._files(),) if self.parameters.cached_bytes else ()

    def _files(self) -> File:
        return File(self.context.path("files"), int(self.parameters.cached_bytes), int(self.parameters.read_bytes))

    def _main(self) -> Demands:
        parameters = self.parameters
        for _ in range(-int(-parameters.held_bytes // parameters.step_bytes)):
            yield Allocate(parameters.step_bytes)
            yield from self.compute(parameters.step_bytes * parameters.byte_cycles)
            if parameters.step_s:
                yield Sleep(parameters.step_s)
        words = AccessMemory("random", parameters.active_bytes, count=parameters.request_accesses_count)
        files, draws = self._files(), self.context.draws("read")
        for _ in range(int(parameters.requests_count)):
            start_s = self.context.now
            if draws.uniform() < parameters.request_reads_count and files.size_bytes >= files.unit_bytes:
                place = draws.below(files.size_bytes // files.unit_bytes)
                yield Read(files, place * files.unit_bytes, files.unit_bytes)
            yield from self.compute(parameters.request_cycles, on=words)
            self.context.done("main", "request", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = MemoryUser
