"""A network card on a full-duplex link: one queue in each direction, served at the rate of the link.

Every packet carries the frame's own bytes (preamble, header, checksum, gap) beside what the kernel hands over.
The machine at the other end is never short of data and never the bottleneck, unless a demand says it thinks.

A card sends and receives in order of arrival, whoever asks. Groups that are given weights share each direction by them
over the bytes on the wire; all others together are one of weight 1 beside them. Limits count these bytes, in each
direction by itself (see ``_fair_queue``). Interrupts for packets that have arrived may be held back for a while, so
that several share one (see ``_interrupts``).

Scope and limits: nothing is lost. A limit on what is received acts where the packets arrive, as if their sender
slowed down at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import simpy

from simulator.devices._interrupts import Interrupts
from simulator.devices._line import Line
from simulator.devices.base import DeviceRow, GroupRules, Request
from simulator.parameters import Parameter, Parameters

_SEND, _RECEIVE = "send", "receive"


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
        Parameter(
            "coalesce_s", "s", "how long a received packet may wait to be announced with others; 0: each by itself"
        ),
        Parameter("coalesce_frames", "count", "so many packets that wait are announced at once"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.environment = environment
        self.parameters = given = Parameters(parameters)
        self._lines = {
            name: Line(environment, f"nic-{name}", self._wire_s, together=True) for name in (_SEND, _RECEIVE)
        }
        self._interrupts = Interrupts(environment, given.coalesce_s, given.coalesce_frames)

    def transfer(self, direction: str, size_bytes: float, packets: float, group: str = "") -> Request:
        """Queue packets of ``size_bytes`` altogether in one direction, for a group."""
        line = self._lines[direction]
        request = Request(self.environment, self._wire_bytes(size_bytes, packets), group)
        line.queue(request)
        if direction == _RECEIVE:
            self._interrupts.expect(request, packets)
        return request

    def service_s(self, size_bytes: float, packets: float) -> float:
        """Seconds that packets of ``size_bytes`` altogether take on the link."""
        return self._wire_bytes(size_bytes, packets) / self.parameters.link_bytes_per_s

    def set_group(self, group: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group, in each direction by itself; for what has not begun."""
        for line in self._lines.values():
            line.groups.set_group(group, **rules)

    @property
    def interrupts(self) -> float:
        """How often it has announced what it received."""
        return self._interrupts.count

    def rows(self) -> list[DeviceRow]:
        """The time ledgers so far, one a direction."""
        return [line.row() for line in self._lines.values()]

    def _wire_bytes(self, size_bytes: float, packets: float) -> float:
        return size_bytes + packets * self.parameters.frame_bytes

    def _wire_s(self, request: Request) -> float:
        return request.size_bytes / self.parameters.link_bytes_per_s


DEVICE = NetworkCard
