"""One TCP connection that moves as much as it can, like ttcp.

One operation: one chunk given to the socket or taken from it, in packets of the connection's size. Link and
processor work at the same time as far as the socket's window allows.
"""

from __future__ import annotations

from simulator.demands import Demand, ReceiveData, SendData
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class BulkNetwork(Program):
    """One sender or one receiver."""

    PARAMETERS = (
        Parameter("chunks_count", "count", "chunks moved"),
        Parameter("chunk_bytes", "bytes", "data of one call"),
        Parameter("payload_bytes", "bytes", "data in one packet: the link's packet size less the headers"),
        Parameter("receive_ratio", "ratio", "part of the chunks that is received; the rest is sent"),
    )
    CHOSEN = frozenset({"chunks_count", "chunk_bytes", "receive_ratio"})
    COUNTS = ("system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The connection's end on this machine."""
        return [ThreadPlan("main", self._main())]

    def _main(self) -> Demands:
        parameters, draws = self.parameters, self.context.draws("direction")
        for _ in range(int(parameters.chunks_count)):
            start_s = self.context.now
            received = draws.uniform() < parameters.receive_ratio
            kind: type[Demand] = ReceiveData if received else SendData
            yield kind(parameters.chunk_bytes, parameters.payload_bytes)  # type: ignore[call-arg]
            self.context.done("main", "receive" if received else "send", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabits a second."""
        return operations * self.parameters.chunk_bytes * 8.0 / elapsed_s / 1e6


PROGRAM = BulkNetwork
