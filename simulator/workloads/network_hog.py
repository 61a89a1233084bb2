"""A neighbour whose connections move as much as they can for ever.

One operation: some chunks given to a socket, or taken from it.
"""

from __future__ import annotations

from simulator.demands import ReceiveData, SendData
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class NetworkHog(Program):
    """Connections, each with a thread of its own."""

    PARAMETERS = (
        Parameter("connections_count", "count", "connections"),
        Parameter("chunks_count", "count", "chunks of an operation"),
        Parameter("chunk_bytes", "bytes", "data of one call"),
        Parameter("payload_bytes", "bytes", "data in one packet: the link's packet size less the headers"),
        Parameter("receive_ratio", "ratio", "part of the operations that receives; the rest sends"),
    )
    CHOSEN = frozenset({"connections_count", "chunks_count", "chunk_bytes", "receive_ratio"})
    COUNTS = ("system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The connections' ends on this machine."""
        names = [f"connection-{number}" for number in range(int(self.parameters.connections_count))]
        return [ThreadPlan(name, self._move(name), endless=True) for name in names]

    def _move(self, name: str) -> Demands:
        parameters, draws = self.parameters, self.context.draws(f"direction-{name}")
        chunk_bytes, payload_bytes, chunks = parameters.chunk_bytes, parameters.payload_bytes, parameters.chunks_count
        while True:
            start_s = self.context.now
            received = draws.uniform() < parameters.receive_ratio
            if received:
                yield ReceiveData(chunk_bytes, payload_bytes, count=chunks)
            else:
                yield SendData(chunk_bytes, payload_bytes, count=chunks)
            self.context.done(name, "receive" if received else "send", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabits a second."""
        return operations * self.parameters.chunks_count * self.parameters.chunk_bytes * 8.0 / elapsed_s / 1e6


PROGRAM = NetworkHog
