"""Files fetched from a server on the network, one after the other, each by a program of its own, like curl in a loop.

One operation: one file. A process is started, connects, asks, waits for the server and takes what arrives.
"""

from __future__ import annotations

from simulator.demands import ReceiveData, ReceiveRequest, SendData, StartProcess
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class Downloads(Program):
    """The loop."""

    PARAMETERS = (
        Parameter("files_count", "count", "files that are simulated"),
        Parameter("all_files_count", "count", "files that the time is told for"),
        Parameter("file_bytes", "bytes", "size of a file"),
        Parameter("chunk_bytes", "bytes", "data taken by one call"),
        Parameter("payload_bytes", "bytes", "data in one packet"),
        Parameter("file_processes_count", "count", "processes executed for a file"),
        Parameter("file_cycles", "cycles", "user cycles for a file"),
        Parameter("file_trips_count", "count", "times that the server is waited for, for a file"),
        Parameter("server_s", "s", "such a wait: the network there and back and the server"),
    )
    CHOSEN = frozenset({"files_count", "all_files_count", "file_bytes"})
    COUNTS = ("compute", "process", "page_fault", "system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The loop."""
        return [ThreadPlan("main", self._main())]

    def _main(self) -> Demands:
        parameters = self.parameters
        payload_bytes = parameters.payload_bytes
        for _ in range(int(parameters.files_count)):
            start_s = self.context.now
            yield StartProcess("exec", count=parameters.file_processes_count)
            yield from self.compute(parameters.file_cycles)
            for _ in range(int(parameters.file_trips_count)):
                yield SendData(1.0, payload_bytes)
                yield ReceiveRequest(1.0, payload_bytes, parameters.server_s)
            left_bytes = parameters.file_bytes
            while left_bytes > 0.0:
                yield ReceiveData(min(left_bytes, parameters.chunk_bytes), payload_bytes)
                left_bytes -= parameters.chunk_bytes
            self.context.done("main", "file", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds for all files at this rate."""
        return elapsed_s / operations * self.parameters.all_files_count


PROGRAM = Downloads
