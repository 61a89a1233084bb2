"""A script that works through documents with desktop programs and makes no pauses, like an office benchmark.

One operation: one document: the program is started, looks up hundreds of settings, opens libraries, fonts and
templates, reads the document from the disk, works on it, and saves it in a new file.
"""

from __future__ import annotations

from simulator.demands import Create, Demand, Fault, File, Read, StartProcess, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class Office(Program):
    """One user's session."""

    PARAMETERS = (
        Parameter("documents_count", "count", "documents worked through"),
        Parameter("document_processes_count", "count", "processes started for a document"),
        Parameter("document_settings_count", "count", "settings and files looked up for a document"),
        Parameter("document_opens_count", "count", "files opened and closed for a document"),
        Parameter("document_reads_count", "count", "reads of what is in memory already for a document"),
        Parameter("document_faults_count", "count", "pages touched for the first time for a document"),
        Parameter("document_cycles", "cycles", "user cycles for a document"),
        Parameter("document_variation_ratio", "ratio", "standard deviation of a document's cycles over the mean"),
        Parameter("document_bytes", "bytes", "size of a document, read from the disk and saved"),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
        Parameter("working_set_bytes", "bytes", "what the program wants to find in the cache"),
    )
    CHOSEN = frozenset({"documents_count"})
    WHOLE = True
    COUNTS = ("compute", "process", "page_fault", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The script."""
        return [ThreadPlan("script", self._script(), self.parameters.working_set_bytes)]

    def _script(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("document")
        size_bytes = int(parameters.document_bytes)
        documents = int(parameters.documents_count)
        files = File(self.context.path("documents"), documents * size_bytes, size_bytes)
        for number in range(documents):
            start_s = self.context.now
            yield from self._open()
            yield Read(files, number * size_bytes, size_bytes)
            yield from self.compute(draws.lognormal(parameters.document_cycles, parameters.document_variation_ratio))
            yield Create()
            yield Write(size_bytes, size_bytes / parameters.page_bytes)
            self.context.done("script", "document", start_s)

    def _open(self) -> Demands:
        """What it takes until a program shows a document."""
        parameters = self.parameters
        demands: tuple[Demand, ...] = (
            StartProcess("exec", count=parameters.document_processes_count),
            SystemCall("stat", count=parameters.document_settings_count),
            SystemCall("open_close", count=parameters.document_opens_count),
            SystemCall("null_io", count=parameters.document_reads_count),
            Fault(count=parameters.document_faults_count),
        )
        yield from demands

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all documents."""
        return elapsed_s


PROGRAM = Office
