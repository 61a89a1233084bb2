"""A neighbour whose sockets take or give small datagrams as fast as they can, for ever.

One operation: some datagrams. Each passes the stack by itself, and is taken or given by a call of its own: nothing
merges them to larger units, as it does with a connection's data. Whoever sends them is never short of any.
"""

from __future__ import annotations

from simulator.demands import ReceiveData, SendData
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class PacketFlood(Program):
    """Sockets, each with a thread of its own."""

    PARAMETERS = (
        Parameter("sockets_count", "count", "sockets"),
        Parameter("burst_count", "count", "datagrams of an operation"),
        Parameter("payload_bytes", "bytes", "data of a datagram"),
        Parameter("datagram_cycles", "cycles", "user cycles for a datagram: looked at and thrown away"),
        Parameter("receive_ratio", "ratio", "part of the operations that receives; the rest sends"),
    )
    CHOSEN = frozenset({"sockets_count", "burst_count", "payload_bytes", "receive_ratio"})
    COUNTS = ("compute", "system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The sockets' threads."""
        names = [f"socket-{number}" for number in range(int(self.parameters.sockets_count))]
        return [ThreadPlan(name, self._move(name), endless=True) for name in names]

    def _move(self, name: str) -> Demands:
        parameters, draws = self.parameters, self.context.draws(f"direction-{name}")
        size_bytes, payload_bytes = parameters.burst_count * parameters.payload_bytes, parameters.payload_bytes
        while True:
            start_s = self.context.now
            received = draws.uniform() < parameters.receive_ratio
            if received:
                yield ReceiveData(size_bytes, payload_bytes, datagrams=True)
            else:
                yield SendData(size_bytes, payload_bytes, datagrams=True)
            yield from self.compute(parameters.datagram_cycles * parameters.burst_count)
            self.context.done(name, "receive" if received else "send", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Thousands of datagrams a second."""
        return operations * self.parameters.burst_count / elapsed_s / 1e3


PROGRAM = PacketFlood
