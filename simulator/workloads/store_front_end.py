"""The front end of a replicated key-value store: it passes clients' requests on to replicas that it takes for alive.

A heartbeat asks each replica now and then; who does not answer in time is taken for dead until it answers again. A
``put`` goes to the first that is alive, a ``get`` to each in turn; who does not answer a request in time is taken for
dead as well, and the next one is asked: the fail-over. One operation: one request that was answered.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator.demands import Sleep
from simulator.letters import Letter
from simulator.parameters import Parameter
from simulator.workloads._letters import Call, Heard, TalkingProgram, said
from simulator.workloads.base import ClassFiles, Context, Demands, ThreadPlan


class StoreFrontEnd(TalkingProgram):
    """Workers, and a thread for each replica that feels its pulse."""

    PARAMETERS = (
        Parameter("workers_count", "count", "requests that are worked on at the same time"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("value_bytes", "bytes", "size of a value in an answer"),
        Parameter("beat_bytes", "bytes", "size of a heartbeat"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("request_cycles", "cycles", "user cycles for a request"),
        Parameter("beat_s", "s", "time between two heartbeats"),
        Parameter("timeout_s", "s", "how long an answer of a replica is waited for"),
        Parameter("working_set_bytes", "bytes", "what a thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"workers_count", "beat_s", "timeout_s", "value_bytes"})
    TALKS_TO = ("store_replica",)
    COUNTS = ("compute", "system_call", "copy", "network_stack", "driver")

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self.alive = dict.fromkeys(context.tenants_of("store_replica"), True)
        self._turn = 0

    def threads(self) -> list[ThreadPlan]:
        """All of them."""
        working_set_bytes = self.parameters.working_set_bytes
        names = [f"worker-{number}" for number in range(int(self.parameters.workers_count))]
        return [
            *(ThreadPlan(name, self._worker(name), working_set_bytes, endless=True) for name in names),
            *(ThreadPlan(f"pulse of {name}", self._pulse(name), endless=True) for name in self.alive),
        ]

    def _pulse(self, replica: str) -> Demands:
        thread, size_bytes = f"pulse of {replica}", self.parameters.beat_bytes
        while True:
            yield Sleep(self.parameters.beat_s)
            start_s, sizes = self.context.now, (size_bytes, size_bytes)
            letter = yield from self.call(thread, replica, "beats", Call(0, ""), sizes, self.parameters.timeout_s)
            if letter is None:
                self.context.failed(thread, "no heartbeat", start_s)
            self.alive[replica] = letter is not None

    def _worker(self, name: str) -> Demands:
        parameters = self.parameters
        while True:
            letter = yield from self.listen(name, "requests", parameters.request_bytes)
            if letter is None:
                continue
            start_s, asked = self.context.now, said(letter)
            yield from self.compute(parameters.request_cycles)
            found = yield from self._asked(name, asked)
            size_bytes = parameters.value_bytes if asked.kind == "get" else parameters.beat_bytes
            yield from self.answer(letter, size_bytes, said(found).version if found is not None else -1)
            if found is not None:
                self.context.done(name, asked.kind, start_s)

    def _asked(self, name: str, asked: Call) -> Heard:
        """The first answer of a replica; None if none that is alive answers."""
        parameters = self.parameters
        size_bytes = parameters.value_bytes if asked.kind == "get" else parameters.beat_bytes
        request_bytes = parameters.request_bytes + (parameters.value_bytes if asked.kind == "put" else 0.0)
        for replica in self._candidates(asked.kind):
            start_s, sizes = self.context.now, (request_bytes, size_bytes)
            letter: Letter | None = yield from self.call(name, replica, "requests", asked, sizes, parameters.timeout_s)
            if letter is not None:
                return letter
            self.alive[replica] = False
            self.context.failed(name, f"no answer of {replica}", start_s)
        return None

    def _candidates(self, kind: str) -> list[str]:
        """Replicas that are taken for alive, in the order in which they are asked."""
        alive = [name for name, each in self.alive.items() if each]
        if kind == "put" or not alive:
            return alive
        self._turn += 1
        first = self._turn % len(alive)
        return alive[first:] + alive[:first]

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations / elapsed_s


PROGRAM = StoreFrontEnd
