"""Connections whose other ends are programs on the same machine: iperf or netperf with both ends in one box.

One operation: one chunk given to the socket or taken from it. The other end stands on the program's own system, or on
the lowest system of the machine (the host of a virtual machine or of a container, or the driver domain).
"""

from __future__ import annotations

from simulator.demands import Demand, Peer, ReceiveData, SendData
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class LocalStream(Program):
    """The end of each connection that the stack is made for."""

    PARAMETERS = (
        Parameter("connections_count", "count", "connections, each with a thread at both ends"),
        Parameter("chunks_count", "count", "chunks moved by each"),
        Parameter("chunk_bytes", "bytes", "data of one call"),
        Parameter("payload_bytes", "bytes", "data in one packet, where packets are cut: the packet size less headers"),
        Parameter("receive_ratio", "ratio", "part of the chunks that is received; the rest is sent"),
        Parameter("outside_ratio", "ratio", "1: the other end is on the lowest system, 0: on the program's own"),
    )
    CHOSEN = frozenset({"connections_count", "chunks_count", "chunk_bytes", "receive_ratio", "outside_ratio"})
    COUNTS = ("system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """Those of this end."""
        names = [f"connection-{number}" for number in range(int(self.parameters.connections_count))]
        return [ThreadPlan(name, self._move(name)) for name in names]

    def _move(self, name: str) -> Demands:
        parameters, draws = self.parameters, self.context.draws(f"direction-{name}")
        peer: Peer = "machine" if parameters.outside_ratio else "system"
        for _ in range(int(parameters.chunks_count)):
            start_s = self.context.now
            received = draws.uniform() < parameters.receive_ratio
            kind: type[Demand] = ReceiveData if received else SendData
            yield kind(parameters.chunk_bytes, parameters.payload_bytes, peer=peer)  # type: ignore[call-arg]
            self.context.done(name, "receive" if received else "send", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabits a second."""
        return operations * self.parameters.chunk_bytes * 8.0 / elapsed_s / 1e6


PROGRAM = LocalStream
