"""Two programs on one machine that send each other a small message in turn, like NetPIPE or ping.

One operation: one message there and one back. Both ends sleep between two messages, so each pays for being woken.
"""

from __future__ import annotations

from simulator.demands import Peer, ReceiveRequest, SendData, Sleep
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class LocalRoundTrip(Program):
    """The end that the stack is made for."""

    PARAMETERS = (
        Parameter("round_trips_count", "count", "messages there and back"),
        Parameter("message_bytes", "bytes", "size of a message"),
        Parameter("payload_bytes", "bytes", "data in one packet at most"),
        Parameter("pause_s", "s", "time between two round trips"),
        Parameter("outside_ratio", "ratio", "1: the other end is on the lowest system, 0: on the program's own"),
        Parameter("working_set_bytes", "bytes", "what it wants to find in the cache"),
    )
    CHOSEN = frozenset({"round_trips_count", "message_bytes", "pause_s", "outside_ratio"})
    COUNTS = ("system_call", "copy", "network_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """One."""
        return [ThreadPlan("main", self._turn(), self.parameters.working_set_bytes)]

    def _turn(self) -> Demands:
        parameters = self.parameters
        peer: Peer = "machine" if parameters.outside_ratio else "system"
        size_bytes, payload_bytes = parameters.message_bytes, parameters.payload_bytes
        for _ in range(int(parameters.round_trips_count)):
            start_s = self.context.now
            yield SendData(size_bytes, payload_bytes, peer=peer, answered=True)
            yield ReceiveRequest(size_bytes, payload_bytes, 0.0, peer=peer, answered=True)
            self.context.done("main", "round trip", start_s)
            if parameters.pause_s:
                yield Sleep(parameters.pause_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Round trips a second."""
        return operations / elapsed_s


PROGRAM = LocalRoundTrip
