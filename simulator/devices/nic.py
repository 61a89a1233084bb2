"""A network card on a full-duplex link: one queue in each direction, served at the rate of the link.

Every packet carries the frame's own bytes (preamble, header, checksum, gap) beside what the kernel hands over.
The machine at the other end is never short of data and never the bottleneck, unless a demand says it thinks.
"""

from __future__ import annotations

from collections.abc import Mapping

import simpy

from simulator.devices.base import DeviceRow, Line, Request
from simulator.parameters import Parameter, Parameters


class NetworkCard:
    """One card.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
    """

    PARAMETERS = (
        Parameter("link_bytes_per_s", "bytes_per_s", "rate of the link as far as card and bus can drive it"),
        Parameter("frame_bytes", "bytes", "bytes a frame takes on the link beside its payload"),
        Parameter("offload_bytes", "bytes", "largest unit that it cuts into packets by itself; 0: packet by packet"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.parameters = Parameters(parameters)
        self._lines = {direction: Line(environment, f"nic-{direction}") for direction in ("send", "receive")}

    def transfer(self, direction: str, size_bytes: float, packets: float) -> Request:
        """Queue packets of ``size_bytes`` altogether in one direction."""
        wire_bytes = size_bytes + packets * self.parameters.frame_bytes
        return self._lines[direction].queue(wire_bytes / self.parameters.link_bytes_per_s)

    def rows(self) -> list[DeviceRow]:
        """The time ledgers so far, one a direction."""
        return [line.row() for line in self._lines.values()]


DEVICE = NetworkCard
