"""A relational database on the same machine as its client, each client with a server process of its own.

One operation: one tuple delivered or changed. The client sends a query over a local socket and waits; the
server computes, touches memory for its sorts, reads blocks through the kernel's page cache (its own buffers are
small), for a change appends to its log and waits for the disk, and answers. That client and server block on
each other, and so switch, follows from the waiting.
"""

from __future__ import annotations

from simulator.demands import Fault, Fetch, File, Post, Read, SystemCall, WriteThrough
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class Database(Program):
    """Some clients and as many server processes."""

    PARAMETERS = (
        Parameter("clients_count", "count", "clients at a time"),
        Parameter("queries_count", "count", "queries of all clients together"),
        Parameter("query_tuples_count", "count", "tuples a query delivers or changes"),
        Parameter("tuple_cycles", "cycles", "user cycles for a tuple"),
        Parameter("query_variation_ratio", "ratio", "standard deviation of a query's cycles over the mean"),
        Parameter("tuple_faults_count", "count", "pages touched for the first time for a tuple"),
        Parameter("tuple_blocks_count", "count", "blocks read for a tuple"),
        Parameter("tuple_messages_count", "count", "messages to and fro for a tuple"),
        Parameter("tuple_log_bytes", "bytes", "log written and waited for, for a tuple; 0 for a reader"),
        Parameter("database_bytes", "bytes", "size of the database; in memory after the load"),
        Parameter("block_bytes", "bytes", "block that the server reads"),
        Parameter("working_set_bytes", "bytes", "what a server wants to find in the cache"),
    )
    CHOSEN = frozenset({"clients_count", "queries_count", "query_tuples_count"})
    COUNTS = ("compute", "page_fault", "system_call", "copy", "socket", "block_stack")

    def threads(self) -> list[ThreadPlan]:
        """Pairs of client and server."""
        working_set = self.parameters.working_set_bytes
        pairs = []
        for number in range(int(self.parameters.clients_count)):
            pairs.append(ThreadPlan(f"client-{number}", self._client(number), working_set))
            pairs.append(ThreadPlan(f"server-{number}", self._server(number), working_set, endless=True))
        return pairs

    def warm_files(self) -> tuple[File, ...]:
        """The database."""
        return (self._file(),)

    def _file(self) -> File:
        return File(
            self.context.path("database"), int(self.parameters.database_bytes), int(self.parameters.block_bytes)
        )

    def _rounds(self) -> int:
        """Exchanges of a question and an answer for one query, one at least."""
        return max(1, round(self.parameters.tuple_messages_count * self.parameters.query_tuples_count / 2))

    def _client(self, number: int) -> Demands:
        for _ in range(int(self.parameters.queries_count / self.parameters.clients_count)):
            start_s = self.context.now
            for _ in range(self._rounds()):
                yield Post(f"query-{number}")
                yield Fetch(f"answer-{number}")
            self.context.done(f"client-{number}", "query", start_s)

    def _server(self, number: int) -> Demands:
        parameters, draws = self.parameters, self.context.draws(f"server-{number}")
        file, log = self._file(), File(self.context.path("log"), 0, int(parameters.block_bytes))
        rounds, tuples = self._rounds(), parameters.query_tuples_count
        part = tuples / rounds
        blocks = file.size_bytes // file.unit_bytes
        while True:
            cycles = draws.lognormal(parameters.tuple_cycles * part, parameters.query_variation_ratio)
            for turn in range(rounds):
                yield Fetch(f"query-{number}")
                yield from self.compute(cycles)
                yield Fault(count=parameters.tuple_faults_count * part)
                yield SystemCall("null_io", count=parameters.tuple_blocks_count * part)
                yield Read(file, draws.below(blocks) * file.unit_bytes, file.unit_bytes)
                if parameters.tuple_log_bytes and turn == rounds - 1:
                    for _ in range(int(tuples)):
                        yield WriteThrough(log, int(parameters.tuple_log_bytes))
                yield Post(f"answer-{number}")

    def value(self, operations: float, elapsed_s: float) -> float:
        """Tuples a second."""
        return operations * self.parameters.query_tuples_count / elapsed_s


PROGRAM = Database
