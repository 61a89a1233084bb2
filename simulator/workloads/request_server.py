"""A server for clients who each wait for their answer before they ask again: a key-value store, a web or a Java server.

One operation: one request answered. Each worker thread goes round in a loop: it asks which of its clients have sent
something, takes all of that (or as much as fits into a round), works, answers, and looks again. With nothing there
it blocks until the next request arrives and pays for being woken; under load it never blocks, and system calls,
packets and wake-ups are shared by what has gathered meanwhile. Requests look up words at random places of the
server's data, some read a file from the page cache. The data were put there before the clock starts.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simulator.demands import (
    AccessMemory,
    Allocate,
    Demand,
    Fault,
    File,
    Lock,
    Read,
    ReceiveData,
    ReceiveRequest,
    SendData,
    SystemCall,
    Unlock,
    Write,
)
from simulator.parameters import Parameter
from simulator.workloads._library import LIBRARY_LOCK
from simulator.workloads.base import Context, Demands, Draws, Program, ThreadPlan


class Clients:
    """A worker's clients, each thinking or waiting for an answer; times of arrival in order.

    Args:
        context: gives each client a stream of luck of its own.
        numbers: of the clients.
        think_s: mean time from an answer to the next request.
        variation: its standard deviation over the mean.
    """

    def __init__(self, context: Context, numbers: range, think_s: float, variation: float) -> None:
        self._draws = {number: context.draws(f"client-{number}") for number in numbers}
        self._think_s, self._variation = think_s, variation
        self._arrivals = [(context.now + draws.uniform() * think_s, number) for number, draws in self._draws.items()]
        heapify(self._arrivals)

    @property
    def next_s(self) -> float:
        """When the next request arrives, or has arrived."""
        return self._arrivals[0][0]

    def arrived(self, now_s: float, at_most: int) -> list[tuple[float, int]]:
        """Time and client of the requests that are there; they are taken."""
        taken: list[tuple[float, int]] = []
        while self._arrivals and len(taken) < at_most and self.next_s <= now_s:
            taken.append(heappop(self._arrivals))
        return taken

    def answered(self, number: int, now_s: float) -> None:
        """A client has its answer and thinks."""
        think_s = self._draws[number].lognormal(self._think_s, self._variation)
        heappush(self._arrivals, (now_s + think_s, number))


class RequestServer(Program):
    """Some worker threads, each with clients of its own."""

    PARAMETERS = (
        Parameter("workers_count", "count", "threads that answer"),
        Parameter("clients_count", "count", "clients of all threads together"),
        Parameter("requests_count", "count", "requests of all clients together"),
        Parameter("round_requests_count", "count", "requests taken in one round at most, and answered at its end"),
        Parameter("client_s", "s", "time from an answer to the client's next request: the client and the network"),
        Parameter("client_variation_ratio", "ratio", "standard deviation of that time over the mean"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("answer_bytes", "bytes", "size of an answer"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("request_cycles", "cycles", "user cycles for a request, waits for memory apart"),
        Parameter("request_variation_ratio", "ratio", "standard deviation of a request's cycles over the mean"),
        Parameter("request_locked_cycles", "cycles", "of these, those under a lock of the process's library"),
        Parameter("request_accesses_count", "count", "words of the data that a request looks up one after the other"),
        Parameter("data_bytes", "bytes", "size of the data that these words lie in"),
        Parameter("request_faults_count", "count", "pages touched for the first time for a request"),
        Parameter("request_opens_count", "count", "files opened and closed for a request"),
        Parameter("request_stats_count", "count", "files looked up for a request"),
        Parameter("request_reads_ratio", "ratio", "part of the requests that read a file"),
        Parameter("files_bytes", "bytes", "files that are asked for; in memory after the warm-up"),
        Parameter("file_bytes", "bytes", "size of one of these files"),
        Parameter("request_log_bytes", "bytes", "log written for a request"),
        Parameter("working_set_bytes", "bytes", "what a worker wants to find in the cache"),
        Parameter(
            "resident_bytes",
            "bytes",
            "memory that its process takes at its start, in machine code; none if nothing is said",
            optional=True,
        ),
    )
    CHOSEN = frozenset({"workers_count", "clients_count", "requests_count"})
    COUNTS = ("compute", "memory", "page_fault", "system_call", "copy", "network_stack", "driver", "page_cache")

    def threads(self) -> list[ThreadPlan]:
        """The workers that have clients: the others would wait for ever."""
        working_set_bytes = self.parameters.working_set_bytes
        numbers = range(self._busy())
        return [ThreadPlan(f"worker-{number}", self._worker(number), working_set_bytes) for number in numbers]

    def _busy(self) -> int:
        return int(min(self.parameters.workers_count, self.parameters.clients_count))

    def begins(self) -> tuple[Demand, ...]:
        """Its classes, or the memory of its process; of a Java virtual machine the heap holds what there is."""
        resident_bytes = self.parameters.get("resident_bytes", 0.0)
        own = (Allocate(resident_bytes),) if resident_bytes and self.class_files is None else ()
        return (*super().begins(), *own)

    def warm_files(self) -> tuple[File, ...]:
        """What the clients ask for."""
        return (self._file(),) if self.parameters.request_reads_ratio else ()

    def _file(self) -> File:
        return File(self.context.path("documents"), int(self.parameters.files_bytes), int(self.parameters.file_bytes))

    def _worker(self, number: int) -> Demands:
        parameters, context, name = self.parameters, self.context, f"worker-{number}"
        own = range(number, int(parameters.clients_count), int(parameters.workers_count))
        clients = Clients(context, own, parameters.client_s, parameters.client_variation_ratio)
        work, pages = context.draws(f"cycles-{name}"), context.draws(f"file-{name}")
        left = int(parameters.requests_count / self._busy())
        request_bytes, payload_bytes = parameters.request_bytes, parameters.payload_bytes
        while left:
            yield SystemCall("select")
            wait_s = clients.next_s - context.now
            if wait_s > 0.0:
                taken = clients.arrived(clients.next_s, 1)
                yield ReceiveRequest(request_bytes, payload_bytes, wait_s, arrives_s=taken[0][0])
            else:
                taken = clients.arrived(context.now, min(left, int(parameters.round_requests_count)))
                yield ReceiveData(request_bytes, payload_bytes, count=len(taken))
            yield from self._answer(len(taken), work, pages)
            for arrived_s, client in taken:
                context.done(name, "request", arrived_s)
                clients.answered(client, context.now + context.sending_s)
            left -= len(taken)

    def _answer(self, requests: int, work: Draws, pages: Draws) -> Demands:
        """What so many requests take together, in the middle of one round."""
        parameters = self.parameters
        cycles, variation = parameters.request_cycles, parameters.request_variation_ratio
        yield SystemCall("open_close", count=requests * parameters.request_opens_count)
        yield SystemCall("stat", count=requests * parameters.request_stats_count)
        for _ in range(requests):
            yield from self._read(pages)
        yield from self._work(sum(work.lognormal(cycles, variation) for _ in range(requests)), requests)
        words = requests * parameters.request_accesses_count
        yield AccessMemory("random", parameters.data_bytes, count=words)
        yield Fault(count=requests * parameters.request_faults_count)
        yield SendData(parameters.answer_bytes, parameters.payload_bytes, count=requests)
        if parameters.request_log_bytes:
            yield Write(requests * parameters.request_log_bytes, calls=requests)

    def _work(self, cycles: float, requests: int) -> Demands:
        """Computation, a part of it (a line of the log is written) under the lock of a class of the library."""
        locked_cycles = min(cycles, requests * self.parameters.request_locked_cycles)
        yield from self.compute(cycles - locked_cycles)
        if locked_cycles:
            yield Lock(LIBRARY_LOCK, shared=True)
            yield from self.compute(locked_cycles)
            yield Unlock(LIBRARY_LOCK, shared=True)

    def _read(self, draws: Draws) -> Demands:
        """A file, if the request is one for a file."""
        if self.parameters.request_reads_ratio and draws.uniform() < self.parameters.request_reads_ratio:
            file = self._file()
            yield Read(file, draws.below(file.size_bytes // file.unit_bytes) * file.unit_bytes, file.unit_bytes)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = RequestServer
