"""A file compressed into another one, like gzip.

One operation: one piece of the file, read in order from the disk, worked on byte by byte, and written smaller into
the page cache, from where the kernel writes it back.
"""

from __future__ import annotations

from simulator.demands import Fault, File, Read, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class Compression(Program):
    """One thread, one file."""

    PARAMETERS = (
        Parameter("pieces_count", "count", "pieces of the file"),
        Parameter("piece_bytes", "bytes", "size of a piece: what the system reads ahead"),
        Parameter("byte_cycles", "cycles", "user cycles for a byte of the file"),
        Parameter("piece_variation_ratio", "ratio", "standard deviation of a piece's cycles over the mean"),
        Parameter("output_ratio", "ratio", "size of what is written over what is read"),
        Parameter("read_call_bytes", "bytes", "data of one call that reads"),
        Parameter("write_call_bytes", "bytes", "data of one call that writes"),
        Parameter("piece_faults_count", "count", "pages touched for the first time in a piece"),
        Parameter("page_bytes", "bytes", "unit of the page cache"),
        Parameter("working_set_bytes", "bytes", "window and tables that it wants to find in the cache"),
    )
    CHOSEN = frozenset({"pieces_count"})
    COUNTS = ("compute", "system_call", "copy", "page_cache", "page_fault")

    def threads(self) -> list[ThreadPlan]:
        """The compressor."""
        return [ThreadPlan("main", self._main(), self.parameters.working_set_bytes)]

    def _main(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("piece")
        pieces, size_bytes = int(parameters.pieces_count), int(parameters.piece_bytes)
        file = File(self.context.path("input"), pieces * size_bytes, size_bytes)
        written_bytes = size_bytes * parameters.output_ratio
        more_reads = size_bytes / parameters.read_call_bytes - 1.0
        write = Write(written_bytes, written_bytes / parameters.page_bytes, written_bytes / parameters.write_call_bytes)
        for number in range(pieces):
            start_s = self.context.now
            yield Read(file, number * size_bytes, size_bytes)
            yield SystemCall("null_io", count=more_reads)
            cycles = draws.lognormal(parameters.byte_cycles * size_bytes, parameters.piece_variation_ratio)
            yield from self.compute(cycles)
            yield Fault(count=parameters.piece_faults_count)
            yield write
            self.context.done("main", "piece", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes of the file a second."""
        return operations * self.parameters.piece_bytes / elapsed_s / 1e6


PROGRAM = Compression
