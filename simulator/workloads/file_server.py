"""A file server's work on a local file system, without its network, like dbench with one client.

One operation: one file worked through: made, written, looked up, read again, and mostly deleted before the
kernel would write it back. Everything happens in the page cache.
"""

from __future__ import annotations

from simulator.demands import Create, Delete, Demand, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class FileServer(Program):
    """One client."""

    PARAMETERS = (
        Parameter("files_count", "count", "files worked through"),
        Parameter("file_bytes", "bytes", "data moved for a file, read and written"),
        Parameter("file_variation_ratio", "ratio", "standard deviation of a file's size over the mean"),
        Parameter("file_new_pages_count", "count", "pages taken into the page cache for a file, and dropped with it"),
        Parameter("file_calls_count", "count", "reads and writes for a file"),
        Parameter("file_opens_count", "count", "opens and closes for a file"),
        Parameter("file_stats_count", "count", "look-ups for a file"),
        Parameter("file_cycles", "cycles", "user cycles for a file"),
        Parameter("working_set_bytes", "bytes", "what the client wants to find in the cache"),
    )
    CHOSEN = frozenset({"files_count"})
    COUNTS = ("compute", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The client."""
        return [ThreadPlan("client", self._client(), self.parameters.working_set_bytes)]

    def _client(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("file")
        for _ in range(int(parameters.files_count)):
            start_s = self.context.now
            size = draws.lognormal(1.0, parameters.file_variation_ratio)
            pages = parameters.file_new_pages_count * size
            yield from self.compute(parameters.file_cycles * size)
            demands: tuple[Demand, ...] = (
                Create(),
                SystemCall("open_close", count=parameters.file_opens_count),
                SystemCall("stat", count=parameters.file_stats_count),
                Write(parameters.file_bytes * size, pages, parameters.file_calls_count, kept=False),
                Delete(pages),
            )
            yield from demands
            self.context.done("client", "file", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes a second."""
        return operations * self.parameters.file_bytes / elapsed_s / 1e6


PROGRAM = FileServer
