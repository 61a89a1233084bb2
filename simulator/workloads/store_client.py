"""Clients of a replicated key-value store: each thinks, asks the front end, and waits for the answer, not for ever.

One operation: one request that was answered. What came to nothing is told apart: ``timed out`` (nobody answered in
time), ``unavailable`` (no replica could), ``stale read`` (an older version than the client has seen before: a write
that the store has lost).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from simulator.demands import Sleep
from simulator.parameters import Parameter
from simulator.workloads._letters import Call, TalkingProgram, said
from simulator.workloads.base import ClassFiles, Context, Demands, ThreadPlan, turns


class StoreClient(TalkingProgram):
    """A thread for each client."""

    PARAMETERS = (
        Parameter("clients_count", "count", "clients"),
        Parameter("requests_count", "count", "requests of all clients together"),
        Parameter("think_s", "s", "mean time between answer and next request, exponential"),
        Parameter("put_ratio", "ratio", "part of the requests that write"),
        Parameter("keys_count", "count", "keys, all asked for as often"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("value_bytes", "bytes", "size of a value, in a put and in an answer to a get"),
        Parameter("beat_bytes", "bytes", "size of an answer to a put"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("request_cycles", "cycles", "user cycles for a request and its answer"),
        Parameter("timeout_s", "s", "how long an answer is waited for"),
        Parameter("working_set_bytes", "bytes", "what a client wants to find in the cache"),
    )
    CHOSEN = frozenset({
        "clients_count", "requests_count", "think_s", "put_ratio", "keys_count", "value_bytes", "timeout_s",
    })  # fmt: skip
    TALKS_TO = ("store_front_end",)
    COUNTS = ("compute", "system_call", "copy", "network_stack", "driver")

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self.seen: Counter[int] = Counter()
        self.front_end = next(iter(context.tenants_of("store_front_end")), "front-end")

    def threads(self) -> list[ThreadPlan]:
        """The clients."""
        shares = turns(self.parameters.requests_count, self.parameters.clients_count)
        return [
            ThreadPlan(f"client-{number}", self._client(f"client-{number}", count), self.parameters.working_set_bytes)
            for number, count in enumerate(shares)
        ]

    def _client(self, name: str, count: int) -> Demands:
        parameters, draws = self.parameters, self.context.draws(name)
        for _ in range(count):
            yield Sleep(draws.exponential(parameters.think_s))
            kind = "put" if draws.uniform() < parameters.put_ratio else "get"
            key = draws.below(int(parameters.keys_count))
            start_s, before = self.context.now, self.seen[key]
            yield from self.compute(parameters.request_cycles)
            sizes = (
                (parameters.request_bytes + parameters.value_bytes, parameters.beat_bytes)
                if kind == "put"
                else (parameters.request_bytes, parameters.value_bytes)
            )
            call = Call(0, "", kind, key)
            letter = yield from self.call(name, self.front_end, "requests", call, sizes, parameters.timeout_s)
            if letter is None:
                self.context.failed(name, "timed out", start_s)
                continue
            self._note(name, said(letter), start_s, before)

    def _note(self, name: str, answer: Call, start_s: float, before: int) -> None:
        if answer.version < 0:
            self.context.failed(name, "unavailable", start_s)
            return
        if answer.kind == "get" and answer.version < before:
            self.context.failed(name, "stale read", start_s)
        self.seen[answer.key] = max(self.seen[answer.key], answer.version)
        self.context.done(name, answer.kind, start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests that were answered, a second."""
        return operations / elapsed_s


PROGRAM = StoreClient
