"""A replica of a key-value store: one of several tenants, each of which has all the data.

Workers answer what the front end asks: a ``get`` is looked up, a ``put`` is written to a log and copied to the other
replicas before it is answered. Who does not take a copy in time is left behind, and not tried again for a while; what
it has missed it never learns. One operation: one request of the front
end. Each key has a version, which a ``put`` raises: what a replica has lost (a roll-back, a crash) shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from simulator.demands import AccessMemory, Allocate, Demand, File, WriteThrough
from simulator.letters import Letter
from simulator.parameters import Parameter
from simulator.workloads._letters import Call, TalkingProgram, said
from simulator.workloads.base import ClassFiles, Context, Demands, ThreadPlan


class StoreReplica(TalkingProgram):
    """Workers, a thread that takes copies, and one that says that it is there once the data are."""

    PARAMETERS = (
        Parameter("workers_count", "count", "threads that answer"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("value_bytes", "bytes", "size of a value, in an answer and in a copy"),
        Parameter("beat_bytes", "bytes", "size of a heartbeat, and of whatever says only that something was done"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("get_cycles", "cycles", "user cycles of a get"),
        Parameter("put_cycles", "cycles", "user cycles of a put, or of a copy of one"),
        Parameter("request_accesses_count", "count", "accesses to the data for a request"),
        Parameter("data_bytes", "bytes", "memory of the data"),
        Parameter("log_bytes", "bytes", "what is written for a put, and waited for; 0: nothing is"),
        Parameter("copy_timeout_s", "s", "how long a copy is waited for"),
        Parameter("retry_s", "s", "how long a replica that did not take one is left out"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"workers_count", "value_bytes", "data_bytes", "copy_timeout_s", "retry_s"})
    COUNTS = ("compute", "memory", "system_call", "copy", "network_stack", "driver", "block_stack")

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self.versions: Counter[int] = Counter()
        others = [name for name in context.tenants_of("store_replica") if name != context.tenant]
        self.left_out_until_s = dict.fromkeys(others, 0.0)

    def threads(self) -> list[ThreadPlan]:
        """All of them."""
        working_set_bytes = self.parameters.working_set_bytes
        names = [f"worker-{number}" for number in range(int(self.parameters.workers_count))]
        workers = [ThreadPlan(name, self._worker(name), working_set_bytes, endless=True) for name in names]
        return [
            *workers,
            ThreadPlan("copies", self._copies(), working_set_bytes, endless=True),
            ThreadPlan("beats", self._beats(), endless=True),
        ]

    def _worker(self, name: str) -> Demands:
        parameters = self.parameters
        log = File(self.context.path("log"), 0, max(1, int(parameters.log_bytes)))
        while True:
            letter = yield from self.listen(name, "requests", parameters.request_bytes)
            if letter is None:
                continue
            start_s, asked = self.context.now, said(letter)
            if asked.kind == "put":
                self.versions[asked.key] += 1
                version = self.versions[asked.key]
                yield from self._put(log)
                yield from self._copy(name, Call(0, "", "copy", asked.key, version))
                yield from self.answer(letter, parameters.beat_bytes, version)
            else:
                yield from self._look(parameters.get_cycles)
                yield from self.answer(letter, parameters.value_bytes, self.versions[asked.key])
            self.context.done(name, asked.kind, start_s)

    def _put(self, log: File) -> Demands:
        yield from self._look(self.parameters.put_cycles)
        if self.parameters.log_bytes:
            yield WriteThrough(log, int(self.parameters.log_bytes))

    def _look(self, cycles: float) -> Iterator[Demand]:
        parameters = self.parameters
        yield AccessMemory("random", parameters.data_bytes, count=parameters.request_accesses_count)
        yield from self.compute(cycles)

    def _copy(self, name: str, copy: Call) -> Demands:
        """All others get it, one after the other; whoever does not take it in time is given up."""
        parameters = self.parameters
        for other, until_s in self.left_out_until_s.items():
            if self.context.now < until_s:
                continue
            start_s, sizes = self.context.now, (parameters.value_bytes, parameters.beat_bytes)
            letter = yield from self.call(name, other, "copies", copy, sizes, parameters.copy_timeout_s)
            if letter is None:
                self.left_out_until_s[other] = self.context.now + parameters.retry_s
                self.context.failed(name, f"no copy to {other}", start_s)

    def _copies(self) -> Demands:
        log = File(self.context.path("copies"), 0, max(1, int(self.parameters.log_bytes)))
        while True:
            letter = yield from self.listen("copies", "copies", self.parameters.value_bytes)
            if letter is not None:
                yield from self._taken(letter, log)

    def _taken(self, letter: Letter, log: File) -> Demands:
        copy = said(letter)
        self.versions[copy.key] = max(self.versions[copy.key], copy.version)
        yield from self._put(log)
        yield from self.answer(letter, self.parameters.beat_bytes)

    def _beats(self) -> Demands:
        yield Allocate(self.parameters.data_bytes)
        while True:
            letter = yield from self.listen("beats", "beats", self.parameters.beat_bytes)
            if letter is not None:
                yield from self.answer(letter, self.parameters.beat_bytes)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = StoreReplica
