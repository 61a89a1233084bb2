"""One client that sends a small request, waits for the answer, and sends the next, like netperf's TCP_RR.

One operation: one transaction. The server sleeps between two requests, so each pays for being woken: in the
kernel, in every layer that had fallen idle, and in the machine.
"""

from __future__ import annotations

from simulator.demands import ReceiveRequest, SendData
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class RequestResponse(Program):
    """The server."""

    PARAMETERS = (
        Parameter("transactions_count", "count", "transactions"),
        Parameter("request_bytes", "bytes", "size of a request"),
        Parameter("answer_bytes", "bytes", "size of an answer"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("client_s", "s", "time between answer and next request, client and network"),
        Parameter("client_variation_ratio", "ratio", "standard deviation of that time over the mean"),
        Parameter("server_cycles", "cycles", "user cycles of the server for a transaction"),
        Parameter("working_set_bytes", "bytes", "what the server wants to find in the cache"),
    )
    CHOSEN = frozenset({"transactions_count", "request_bytes", "answer_bytes"})
    COUNTS = ("compute", "system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The server."""
        return [ThreadPlan("server", self._server(), self.parameters.working_set_bytes)]

    def _server(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("client")
        for _ in range(int(parameters.transactions_count)):
            think_s = draws.lognormal(parameters.client_s, parameters.client_variation_ratio)
            think_s += self.context.sending_s
            start_s = self.context.now + think_s
            yield ReceiveRequest(parameters.request_bytes, parameters.payload_bytes, think_s, arrives_s=start_s)
            yield from self.compute(parameters.server_cycles)
            yield SendData(parameters.answer_bytes, parameters.payload_bytes)
            self.context.done("server", "transaction", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Transactions a second."""
        return operations / elapsed_s


PROGRAM = RequestResponse
