"""A server in one thread that waits for events on many connections, like nginx or Redis.

One operation: one message of a client, answered: a single request, or as many as the client sends at once without
waiting (pipelining). The thread asks which connections have something, goes through them one by one, and asks again:
it answers each before it takes the next (nginx), or all of a round at its end (Redis). With nothing there it blocks.
What crosses the border of the system is paid by the message, the program's work by the request.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simulator.demands import File, Peer, Read, ReceiveData, ReceiveRequest, SendData, SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class EventServer(Program):
    """The only thread, and the clients' side in times of arrival."""

    PARAMETERS = (
        Parameter("connections_count", "count", "connections, each with one message under way"),
        Parameter("pipeline_count", "count", "requests in one message"),
        Parameter("round_messages_count", "count", "messages taken at most before their answers are given"),
        Parameter("messages_count", "count", "messages of all connections together"),
        Parameter("near_ratio", "ratio", "1: the clients are programs of the same machine, 0: on another one"),
        Parameter("client_s", "s", "mean time from an answer to the connection's next message"),
        Parameter(
            "client_turn_s", "s", "part of the clients' work that one thread does for all, one message after the other"
        ),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("answer_bytes", "bytes", "size of an answer"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("request_cycles", "cycles", "user cycles for a request"),
        Parameter("message_cycles", "cycles", "user cycles for a message beyond its requests"),
        Parameter("message_calls_count", "count", "system calls for a message beside those that receive and send"),
        Parameter("file_bytes", "bytes", "file read for a message, in memory after the warm-up; 0: none"),
        Parameter("working_set_bytes", "bytes", "what the thread wants to find in the cache"),
    )
    CHOSEN = frozenset({"connections_count", "pipeline_count", "messages_count"})
    COUNTS = ("compute", "system_call", "copy", "network_stack", "driver", "page_cache")

    def threads(self) -> list[ThreadPlan]:
        """The event loop."""
        return [ThreadPlan("loop", self._loop(), self.parameters.working_set_bytes)]

    def warm_files(self) -> tuple[File, ...]:
        """What is read for the messages."""
        return (self._file(),) if self.parameters.file_bytes else ()

    def _file(self) -> File:
        size_bytes = int(self.parameters.file_bytes)
        return File(self.context.path("document"), size_bytes, size_bytes)

    def _loop(self) -> Demands:
        parameters, context = self.parameters, self.context
        draws = context.draws("clients")
        think_s, most = parameters.client_s, int(parameters.round_messages_count)
        arrivals = [context.now + draws.uniform() * think_s for _ in range(int(parameters.connections_count))]
        heapify(arrivals)
        left, free_s = int(parameters.messages_count), 0.0
        while left > 0:
            yield SystemCall("null_io")
            waited_s = max(0.0, arrivals[0] - context.now)
            taken = [heappop(arrivals)]
            while arrivals and arrivals[0] <= context.now and not waited_s and len(taken) < left:
                taken.append(heappop(arrivals))
            for first in range(0, len(taken), most):
                part = taken[first : first + most]
                yield from self._round(len(part), waited_s)
                for arrived_s in part:
                    context.done("loop", "message", arrived_s)
                    free_s = max(free_s, context.now) + parameters.client_turn_s
                    heappush(arrivals, free_s + draws.exponential(think_s))
            left -= len(taken)

    def _round(self, messages: int, waited_s: float) -> Demands:
        """So many messages taken and worked on one by one, then the answers, one by one."""
        parameters = self.parameters
        size_bytes, payload_bytes = parameters.request_bytes * parameters.pipeline_count, parameters.payload_bytes
        cycles = parameters.message_cycles + parameters.request_cycles * parameters.pipeline_count
        peer: Peer = "machine" if parameters.near_ratio else "far"
        for _ in range(messages):
            if waited_s:
                arrives_s = self.context.now + waited_s
                yield ReceiveRequest(size_bytes, payload_bytes, waited_s, peer=peer, arrives_s=arrives_s, answered=True)
            else:
                yield ReceiveData(size_bytes, payload_bytes, peer=peer, answered=True)
            yield SystemCall("null_io", count=parameters.message_calls_count)
            if parameters.file_bytes:
                yield Read(self._file(), 0, int(parameters.file_bytes))
            yield from self.compute(cycles)
        for _ in range(messages):
            answer_bytes = parameters.answer_bytes * parameters.pipeline_count
            yield SendData(answer_bytes, payload_bytes, peer=peer, answered=True)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Requests a second."""
        return operations * self.parameters.pipeline_count / elapsed_s


PROGRAM = EventServer
