"""Sources compiled by ``make`` with several jobs at a time, then linked.

One operation: some source files, each compiled by a chain of processes. A job takes the next files when it is done with
its own, as ``make`` gives them out; the last job to find none left links, alone. A file demands user cycles, process
starts, first touches of the compiler's memory, file look-ups, headers that are already in memory, and an object file.
"""

from __future__ import annotations

from simulator.demands import Create, Delete, Fault, File, Read, StartProcess, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class ParallelBuild(Program):
    """``make`` with so many jobs."""

    PARAMETERS = (
        Parameter("jobs_count", "count", "files compiled at a time"),
        Parameter("files_count", "count", "source files compiled"),
        Parameter("group_count", "count", "files that are simulated as one operation"),
        Parameter("file_cycles", "cycles", "user cycles to compile a file"),
        Parameter("file_variation_ratio", "ratio", "standard deviation of a file's cycles over the mean"),
        Parameter("alone_ratio", "ratio", "what is done alone (configuration, links), of all files' cycles"),
        Parameter("file_processes_count", "count", "processes executed for a file"),
        Parameter("file_faults_count", "count", "first touches of memory for a file, process starts apart"),
        Parameter("file_opens_count", "count", "files opened and closed for a file, headers included"),
        Parameter("file_stats_count", "count", "file look-ups for a file"),
        Parameter("file_reads_count", "count", "reads from the page cache for a file"),
        Parameter("source_bytes", "bytes", "size of a source file, read from disk"),
        Parameter("object_bytes", "bytes", "size of an object file"),
        Parameter("intermediate_bytes", "bytes", "size of intermediate files, deleted before they are written back"),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
        Parameter("working_set_bytes", "bytes", "what the compiler wants to find in the cache"),
    )  # fmt: skip
    CHOSEN = frozenset({"jobs_count", "files_count", "group_count"})
    WHOLE = True
    COUNTS = ("compute", "process", "page_fault", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """A thread for each job."""
        parameters = self.parameters
        jobs, groups = int(parameters.jobs_count), int(parameters.files_count / parameters.group_count)
        draws = self.context.draws("file")
        cycles, variation = parameters.file_cycles * parameters.group_count, parameters.file_variation_ratio
        spread = variation / parameters.group_count**0.5
        self._left = [(number, draws.lognormal(cycles, spread)) for number in reversed(range(groups))]
        self._working = jobs
        return [
            ThreadPlan(f"make-{job}", self._job(f"make-{job}"), parameters.working_set_bytes) for job in range(jobs)
        ]

    def _job(self, name: str) -> Demands:
        parameters = self.parameters
        while self._left:
            number, cycles = self._left.pop()
            start_s = self.context.now
            yield from self._compiled(number, cycles)
            self.context.done(name, "files", start_s)
        self._working -= 1
        if not self._working:
            start_s = self.context.now
            yield from self.compute(parameters.alone_ratio * parameters.files_count * parameters.file_cycles)
            self.context.done(name, "links", start_s)

    def _compiled(self, number: int, cycles: float) -> Demands:
        """So many files at once."""
        parameters, group = self.parameters, self.parameters.group_count
        source_bytes = int(parameters.source_bytes * group)
        whole_bytes = int(parameters.source_bytes * parameters.files_count)
        yield Read(File(self.context.path("sources"), whole_bytes, source_bytes), number * source_bytes, source_bytes)
        yield StartProcess("exec", count=parameters.file_processes_count * group)
        yield Fault(count=parameters.file_faults_count * group)
        yield SystemCall("open_close", count=parameters.file_opens_count * group)
        yield SystemCall("stat", count=parameters.file_stats_count * group)
        yield SystemCall("null_io", count=parameters.file_reads_count * group)
        yield from self.compute(cycles)
        pages = parameters.intermediate_bytes * group / parameters.page_bytes
        yield Create(count=3.0 * group)
        yield Write(parameters.intermediate_bytes * group, pages, calls=pages, kept=False)
        yield Delete(count=2.0 * group)
        yield Delete(pages)
        yield Write(parameters.object_bytes * group, parameters.object_bytes * group / parameters.page_bytes)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for the build."""
        return elapsed_s


PROGRAM = ParallelBuild
