"""A rotating disk: one arm over turning tracks, served in order of arrival.

A request that begins where the last one ended goes on at the media rate (the disk's buffer bridges the gap
between commands). Any other pays a seek, by the square root of the distance, and then waits until its first
sector comes by: half a turn in the mean (LAWS: random request = seek + half a turn + size / rate). Streams that
alternate therefore lose their sequentiality to each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt

import simpy

from simulator.devices.base import DeviceRow, Line, Request
from simulator.parameters import Parameter, Parameters


class RotatingDisk:
    """One disk.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
        phase: where the head stands over its track at time 0, as a fraction of a turn.
    """

    PARAMETERS = (
        Parameter("capacity_bytes", "bytes", "size of the disk"),
        Parameter("media_bytes_per_s", "bytes_per_s", "sustained transfer rate of the media"),
        Parameter("rotation_s", "s", "time of one turn"),
        Parameter("seek_shortest_s", "s", "seek to the next track"),
        Parameter("seek_longest_s", "s", "seek over the whole disk"),
        Parameter("command_s", "s", "time of the controller for one command"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float], phase: float = 0.0) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self.track_bytes = self.parameters.media_bytes_per_s * self.parameters.rotation_s
        self.phase = phase
        self._line = Line(environment, "disk")
        self._head_bytes = 0.0

    def transfer(self, size_bytes: float, position_bytes: float = 0, write: bool = False) -> Request:
        """Queue one request; reads and writes take the same time on the media."""
        start_s = max(self.environment.now, self._line.free_at_s)
        request = self._line.queue(self.service_s(size_bytes, position_bytes, start_s))
        self._head_bytes = position_bytes + size_bytes
        return request

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds a request takes whose turn comes at ``start_s``: command, seek, turn, transfer."""
        parameters = self.parameters
        transfer_s = size_bytes / parameters.media_bytes_per_s
        if position_bytes == self._head_bytes and start_s > 0.0:
            return parameters.command_s + transfer_s
        reach_s = parameters.command_s + self.seek_s(position_bytes)
        angle = ((start_s + reach_s) / parameters.rotation_s + self.phase) % 1.0
        sector = (position_bytes % self.track_bytes) / self.track_bytes
        return reach_s + (sector - angle) % 1.0 * parameters.rotation_s + transfer_s

    def seek_s(self, position_bytes: float) -> float:
        """Seconds from the present track to that of ``position_bytes``; 0 on the same track."""
        parameters = self.parameters
        tracks = abs(position_bytes // self.track_bytes - self._head_bytes // self.track_bytes)
        if not tracks:
            return 0.0
        stroke = min(1.0, tracks * self.track_bytes / parameters.capacity_bytes)
        return parameters.seek_shortest_s + (parameters.seek_longest_s - parameters.seek_shortest_s) * sqrt(stroke)

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far."""
        return [self._line.row()]


DEVICE = RotatingDisk
