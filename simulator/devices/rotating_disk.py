"""A rotating disk: one arm over turning tracks, which tenants share.

A request that begins where the last one ended goes on at the media rate (the disk's buffer bridges the gap
between commands). Any other pays a seek, by the square root of the distance, and then waits until its first
sector comes by: half a turn in the mean (LAWS: random request = seek + half a turn + size / rate). Streams that
alternate therefore lose their sequentiality to each other, the less the larger their batches.

In which order the arm serves what waits: groups in turn by the time of the arm that they have had, divided by their
weights, within a group the shortest ways first, streams in batches; see ``_elevator`` and ``_fair_queue``. With a queue
depth of 1 and no anticipation the requests of one group are served in order of arrival.

Scope and limits: what the scheduler of the system does and what the disk's own queue does are one mechanism here.
Writes are not told done before they are on the media, and no tracks are longer than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Unpack

import simpy

from simulator.devices import _elevator
from simulator.devices._elevator import Elevator
from simulator.devices._fair_queue import Group
from simulator.devices._line import Line
from simulator.devices.base import DeviceRow, GroupRules, Request
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
        *_elevator.PARAMETERS,
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float], phase: float = 0.0) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self.track_bytes = self.parameters.media_bytes_per_s * self.parameters.rotation_s
        self.phase = phase
        self._line = Line(environment, "disk", self._begin, self._choose)
        self._elevator = Elevator(
            environment, self._line.groups, self.parameters, self._positioning_s, self._line.go_on
        )
        self._head_bytes = 0.0

    def transfer(
        self, size_bytes: float, position_bytes: float = 0, write: bool = False, group: str = "",
        requests: float = 1.0, apart: bool = False,
    ) -> Request:  # fmt: skip
        """Queue one request for a group, or a train of them; reads and writes take the same time on the media."""
        return self._line.queue(Request(self.environment, size_bytes, group, position_bytes, write, requests, apart))

    def set_group(self, group: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group; for what has not begun."""
        self._line.groups.set_group(group, **rules)

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds a request takes whose turn comes at ``start_s``: command, seek, turn, transfer."""
        return self._reach_s(position_bytes, start_s) + size_bytes / self.parameters.media_bytes_per_s

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

    def _reach_s(self, position_bytes: float, start_s: float) -> float:
        """Seconds until the head is over the first sector of a request whose turn comes at ``start_s``."""
        parameters = self.parameters
        if position_bytes == self._head_bytes and start_s > 0.0:
            return parameters.command_s
        reach_s = parameters.command_s + self.seek_s(position_bytes)
        angle = ((start_s + reach_s) / parameters.rotation_s + self.phase) % 1.0
        sector = (position_bytes % self.track_bytes) / self.track_bytes
        return reach_s + (sector - angle) % 1.0 * parameters.rotation_s

    def _positioning_s(self, request: Request) -> float:
        return self._reach_s(request.position_bytes, self.environment.now)

    def _further_s(self, request: Request) -> float:
        """What further requests of a train take to begin: in a row a command, apart a short seek and half a turn."""
        parameters = self.parameters
        reach_s = parameters.seek_shortest_s + parameters.rotation_s / 2.0 if request.apart else 0.0
        return max(0.0, request.requests - 1.0) * (parameters.command_s + reach_s)

    def _choose(self) -> tuple[Group, Request] | None:
        return self._elevator.choose()

    def _begin(self, request: Request) -> float:
        """The arm goes; how long it is busy."""
        now_s = self.environment.now
        service_s = self.service_s(request.size_bytes, request.position_bytes, now_s) + self._further_s(request)
        self._elevator.begin(self._line.groups.line(request.group), request, now_s + service_s)
        self._head_bytes = request.position_bytes + request.size_bytes
        return service_s


DEVICE = RotatingDisk
