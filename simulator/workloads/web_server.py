"""A web server for many clients over a fast local network, like SPEC WEB99's Apache.

One operation: one request of a client, answered by a worker process with a file from the page cache or a page
made for it; a part of the requests append to a log. Clients are always there: the number that a server supports
is its rate of bytes over the least that a client must get.
"""

from __future__ import annotations

from simulator.demands import Fault, File, Read, ReceiveRequest, SendData, SystemCall, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class WebServer(Program):
    """Some worker processes."""

    PARAMETERS = (
        Parameter("workers_count", "count", "worker processes"),
        Parameter("requests_count", "count", "requests of all clients together"),
        Parameter("answer_bytes", "bytes", "mean size of an answer"),
        Parameter("answer_variation_ratio", "ratio", "standard deviation of an answer's size over the mean"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("payload_bytes", "bytes", "data in one packet"),
        Parameter("request_cycles", "cycles", "user cycles for a request, pages made for it included"),
        Parameter("request_faults_count", "count", "pages touched for the first time for a request"),
        Parameter("request_opens_count", "count", "files opened and closed for a request"),
        Parameter("request_stats_count", "count", "look-ups for a request"),
        Parameter("request_selects_count", "count", "polls of the connections for a request"),
        Parameter("request_log_bytes", "bytes", "log written for a request"),
        Parameter("files_bytes", "bytes", "files that are asked for; in memory after the warm-up"),
        Parameter("file_bytes", "bytes", "size of one of these files"),
        Parameter("client_bytes_per_s", "bytes_per_s", "least that a conforming client must get"),
        Parameter("think_s", "s", "time until a worker's next request arrives"),
        Parameter("working_set_bytes", "bytes", "what a worker wants to find in the cache"),
    )
    CHOSEN = frozenset({"workers_count", "requests_count"})
    COUNTS = ("compute", "page_fault", "system_call", "copy", "network_stack", "driver", "page_cache")

    def threads(self) -> list[ThreadPlan]:
        """The workers."""
        working_set = self.parameters.working_set_bytes
        return [
            ThreadPlan(f"worker-{number}", self._worker(number), working_set)
            for number in range(int(self.parameters.workers_count))
        ]

    def warm_files(self) -> tuple[File, ...]:
        """What the clients ask for."""
        return (self._file(),)

    def _file(self) -> File:
        return File(self.context.path("documents"), int(self.parameters.files_bytes), int(self.parameters.file_bytes))

    def _worker(self, number: int) -> Demands:
        parameters, draws, file = self.parameters, self.context.draws(f"worker-{number}"), self._file()
        files = file.size_bytes // file.unit_bytes
        for _ in range(int(parameters.requests_count / parameters.workers_count)):
            think_s = draws.exponential(parameters.think_s)
            answer_bytes = draws.lognormal(parameters.answer_bytes, parameters.answer_variation_ratio)
            start_s = self.context.now + think_s
            yield ReceiveRequest(parameters.request_bytes, parameters.payload_bytes, think_s)
            yield SystemCall("select", count=parameters.request_selects_count)
            yield SystemCall("open_close", count=parameters.request_opens_count)
            yield SystemCall("stat", count=parameters.request_stats_count)
            yield Read(file, draws.below(files) * file.unit_bytes, file.unit_bytes)
            yield from self.compute(parameters.request_cycles)
            yield Fault(count=parameters.request_faults_count)
            yield SendData(answer_bytes, parameters.payload_bytes)
            yield Write(parameters.request_log_bytes)
            self.context.done(f"worker-{number}", "request", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Clients that get at least their rate."""
        rate = operations * self.parameters.answer_bytes / elapsed_s
        return rate / self.parameters.client_bytes_per_s


PROGRAM = WebServer
