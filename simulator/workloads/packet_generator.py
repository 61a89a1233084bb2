"""A program with a driver of its own that sends as many packets as it can, like DPDK's testpmd.

One operation: one burst of packets, written into the card's ring past the kernel; the program goes on while the ring
has room.
"""

from __future__ import annotations

from simulator.demands import DriveCard
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class PacketGenerator(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("bursts_count", "count", "bursts sent"),
        Parameter("burst_count", "count", "packets of a burst"),
        Parameter("packet_bytes", "bytes", "size of a packet as the program names it, without checksum"),
        Parameter("link_header_bytes", "bytes", "part of it that the card counts as its own: the link's header"),
        Parameter("work_cycles", "cycles", "user cycles for a packet: buffer, descriptor, its driver"),
        Parameter("ring_count", "count", "packets that the ring holds"),
    )
    CHOSEN = frozenset({"bursts_count", "burst_count", "packet_bytes", "link_header_bytes"})
    COUNTS = ("compute", "transfer")

    def threads(self) -> list[ThreadPlan]:
        """The sender."""
        return [ThreadPlan("sender", self._sender())]

    def _sender(self) -> Demands:
        parameters = self.parameters
        packets = parameters.burst_count
        size_bytes = parameters.packet_bytes - parameters.link_header_bytes
        window_bytes = size_bytes * parameters.ring_count
        for _ in range(int(parameters.bursts_count)):
            start_s = self.context.now
            yield from self.compute(parameters.work_cycles * packets)
            yield DriveCard("send", size_bytes, packets, window_bytes)
            self.context.done("sender", "burst", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Million packets a second."""
        return operations * self.parameters.burst_count / elapsed_s / 1e6


PROGRAM = PacketGenerator
