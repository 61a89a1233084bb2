"""A kernel compiled from its sources on a local disk.

One operation: some source files, each compiled by a chain of processes (driver, preprocessor, compiler,
assembler) that ``make`` starts and waits for. A file demands user cycles, process starts, first touches of the
compiler's memory, file look-ups, reads of headers that are already in memory, and object files written.
Sources are read from the disk the first time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from simulator.demands import (
    AccessMemory,
    Create,
    Delete,
    Demand,
    Fault,
    Fetch,
    File,
    Post,
    Read,
    StartProcess,
    SystemCall,
    Write,
)
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class KernelBuild(Program):
    """``make`` with one job at a time, or with some."""

    PARAMETERS = (
        Parameter("files_count", "count", "source files compiled"),
        Parameter("jobs_count", "count", "files compiled at a time; one if nothing is said", optional=True),
        Parameter("alone_files_count", "count", "files that one job compiles while the others wait", optional=True),
        Parameter("file_accesses_count", "count", "accesses that find no translation, for a file", optional=True),
        Parameter("accessed_bytes", "bytes", "memory in small pages that these accesses lie in", optional=True),
        Parameter("group_count", "count", "files that are simulated as one operation"),
        Parameter("file_cycles", "cycles", "user cycles to compile a file"),
        Parameter("file_variation_ratio", "ratio", "standard deviation of a file's cycles over the mean"),
        Parameter("file_processes_count", "count", "processes executed for a file"),
        Parameter("file_faults_count", "count", "first touches of memory for a file, process starts apart"),
        Parameter("file_opens_count", "count", "files opened and closed for a file, headers included"),
        Parameter("file_stats_count", "count", "file look-ups for a file"),
        Parameter("file_reads_count", "count", "reads from the page cache for a file"),
        Parameter("file_creates_count", "count", "temporary and object files made for a file"),
        Parameter("source_bytes", "bytes", "size of a source file, read from disk"),
        Parameter("object_bytes", "bytes", "size of an object file"),
        Parameter(
            "intermediate_bytes", "bytes", "size of the intermediate files, deleted before they are written back"
        ),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
        Parameter("working_set_bytes", "bytes", "what the compiler wants to find in the cache"),
    )
    CHOSEN = frozenset({"files_count", "group_count"})
    WHOLE = True
    COUNTS = ("compute", "process", "page_fault", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """``make``; with several jobs one thread for each, which takes every so manieth group of files."""
        working_set_bytes, jobs = self.parameters.working_set_bytes, int(self.parameters.get("jobs_count", 1.0))
        if jobs == 1:
            return [ThreadPlan("make", self._make(), working_set_bytes)]
        return [ThreadPlan(f"make-{job}", self._make(job, jobs), working_set_bytes) for job in range(jobs)]

    def _make(self, job: int = 0, jobs: int = 1) -> Demands:
        parameters, draws = self.parameters, self.context.draws(f"file-{job}" if jobs > 1 else "file")
        group = parameters.group_count
        groups = int(parameters.files_count / group)
        alone = min(groups - 1, int(parameters.get("alone_files_count", 0.0) / group)) if jobs > 1 else 0
        source_bytes = int(parameters.source_bytes * group)
        sources = File(
            self.context.path("sources"), int(parameters.source_bytes * parameters.files_count), source_bytes
        )
        yield from (Fetch("go"),) if job and alone else ()
        for number in _numbers(job, jobs, alone, groups):
            yield from (Post("go") for _ in range(jobs - 1) if alone and number == alone)
            start_s = self.context.now
            yield Read(sources, number * source_bytes, source_bytes)
            yield from self._chain(group)
            cycles = parameters.file_cycles * group
            yield from self.compute(draws.lognormal(cycles, parameters.file_variation_ratio / group**0.5))
            yield from self._accesses(group)
            yield from self._files(group)
            self.context.done("make", "files", start_s)

    def _accesses(self, group: float) -> Demands:
        parameters = self.parameters
        if "file_accesses_count" in parameters:
            page_bytes, count = parameters.page_bytes, parameters.file_accesses_count * group
            yield AccessMemory("random", parameters.accessed_bytes, page_bytes, count=count)

    def _chain(self, group: float) -> Demands:
        parameters = self.parameters
        yield StartProcess("exec", count=parameters.file_processes_count * group)
        yield Fault(count=parameters.file_faults_count * group)
        yield SystemCall("open_close", count=parameters.file_opens_count * group)
        yield SystemCall("stat", count=parameters.file_stats_count * group)
        yield SystemCall("null_io", count=parameters.file_reads_count * group)

    def _files(self, group: float) -> Demands:
        parameters = self.parameters
        page_bytes = parameters.page_bytes
        created, intermediate = parameters.file_creates_count * group, parameters.intermediate_bytes * group
        demands: tuple[Demand, ...] = (
            Create(count=created),
            Write(intermediate, intermediate / page_bytes, calls=intermediate / page_bytes, kept=False),
            Delete(count=created - group),
            Delete(intermediate / page_bytes),
            Write(parameters.object_bytes * group, parameters.object_bytes * group / page_bytes),
        )
        yield from demands

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for the build."""
        return elapsed_s


def _numbers(job: int, jobs: int, alone: int, groups: int) -> Iterator[int]:
    """The groups of files of one job: the first so many are the first job's, of the others each job takes a part."""
    return chain(range(0, 0 if job else alone), range(alone + job, groups, jobs))


PROGRAM = KernelBuild
