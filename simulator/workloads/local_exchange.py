"""A client and a server on the same machine that hand requests over to each other: a web server under its load
generator, a cache, a database, two ends of a pipe.

One operation: one exchange, which may carry several requests. The client prepares, hands over and sleeps; the server
wakes, works, answers, and finishes what nobody waits for (its log, closing the connection) while the client, awake
again, works on the answer. The thread that is woken goes on at once, so that of many connections one at a time has
work; that holds best where little is done for each request. On one processor the two take turns. On two, what follows
the answer overlaps, and each hand-over finds the other's processor asleep: how much that costs emerges.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator.demands import AccessMemory, Create, Demand, Fetch, File, Post, Write, WriteThrough
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class LocalExchange(Program):
    """Pairs of a client and a server."""

    PARAMETERS = (
        Parameter("pairs_count", "count", "clients, each with a server thread of its own"),
        Parameter("exchanges_count", "count", "exchanges of all pairs together that are simulated"),
        Parameter("exchange_requests_count", "count", "requests that one exchange carries"),
        Parameter("all_requests_count", "count", "requests that a time is told for; 0: a rate is told"),
        Parameter("request_cycles", "cycles", "cycles of client and server for a request, kernel's network included"),
        Parameter("serial_ratio", "ratio", "part of that work before the answer is there, which one of the two does"),
        Parameter("request_accesses_count", "count", "accesses to small pages that a request finds no translation for"),
        Parameter("pages_bytes", "bytes", "memory that these accesses lie in"),
        Parameter("request_messages_count", "count", "messages of one exchange to the server"),
        Parameter("answer_messages_count", "count", "messages of one exchange to the client"),
        Parameter("message_bytes", "bytes", "size of a message"),
        Parameter("request_creates_count", "count", "files made for a request"),
        Parameter("request_pages_count", "count", "pages of new file data for a request"),
        Parameter("request_log_count", "count", "blocks of a log written for a request and waited for"),
        Parameter("log_bytes", "bytes", "size of such a block"),
        Parameter("working_set_bytes", "bytes", "what each end wants to find in the cache"),
        Parameter("page_bytes", "bytes", "small page of the processor"),
    )
    CHOSEN = frozenset({"exchanges_count", "all_requests_count", "pairs_count"})
    COUNTS = ("compute", "memory", "socket", "copy", "page_cache", "system_call", "block_stack")

    def threads(self) -> list[ThreadPlan]:
        """The pairs."""
        working_set_bytes = self.parameters.working_set_bytes
        plans = []
        for number in range(int(self.parameters.pairs_count)):
            plans.append(ThreadPlan(f"client-{number}", self._client(number), working_set_bytes))
            plans.append(ThreadPlan(f"server-{number}", self._server(number), working_set_bytes, endless=True))
        return plans

    def _client(self, number: int) -> Demands:
        parameters = self.parameters
        asked, answered = f"asked-{number}", f"answered-{number}"
        before, after = self._halves()
        for _ in range(int(parameters.exchanges_count / parameters.pairs_count)):
            start_s = self.context.now
            yield from before
            yield Post(asked, self._bytes("request"), parameters.request_messages_count)
            yield Fetch(answered, self._bytes("answer"), parameters.answer_messages_count)
            yield from after
            self.context.done(f"client-{number}", "exchange", start_s)

    def _server(self, number: int) -> Demands:
        parameters = self.parameters
        asked, answered = f"asked-{number}", f"answered-{number}"
        before, after = self._halves()
        files, log, logged = tuple(self._files()), File(self.context.path("log"), 0, int(parameters.log_bytes)), 0.0
        while True:
            yield Fetch(asked, self._bytes("request"), parameters.request_messages_count)
            yield from before
            yield from files
            logged += parameters.request_log_count * parameters.exchange_requests_count
            while logged >= 1.0:
                yield WriteThrough(log, int(parameters.log_bytes))
                logged -= 1.0
            yield Post(answered, self._bytes("answer"), parameters.answer_messages_count)
            yield from after

    def _bytes(self, direction: str) -> float:
        return self.parameters[f"{direction}_messages_count"] * self.parameters.message_bytes

    def _halves(self) -> tuple[tuple[Demand, ...], tuple[Demand, ...]]:
        """What one end does before it hands over, and what it does while the other is at work, too."""
        parameters = self.parameters
        cycles = parameters.request_cycles * parameters.exchange_requests_count / 2.0
        accesses = parameters.request_accesses_count * parameters.exchange_requests_count / 2.0
        return tuple(
            (
                *self.compute(cycles * part),
                AccessMemory("random", parameters.pages_bytes, parameters.page_bytes, count=accesses * part),
            )
            for part in (parameters.serial_ratio, 1.0 - parameters.serial_ratio)
        )  # type: ignore[return-value]

    def _files(self) -> Iterator[Demand]:
        """Files that the server makes."""
        parameters = self.parameters
        creates, pages = (
            parameters[f"request_{each}_count"] * parameters.exchange_requests_count for each in ("creates", "pages")
        )
        if creates:
            yield Create(count=creates)
        if pages:
            yield Write(pages * parameters.page_bytes, pages, calls=pages, kept=False)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second; or seconds for all requests at this rate."""
        rate = operations * self.parameters.exchange_requests_count / elapsed_s
        return self.parameters.all_requests_count / rate if self.parameters.all_requests_count else rate


PROGRAM = LocalExchange
