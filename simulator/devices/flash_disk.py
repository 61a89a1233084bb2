"""A flash disk (SSD): a controller in front of flash channels that work at the same time, behind one interface.

Scope and limits: no position counts, so sequential and random requests cost the same. There is one rate for writes,
however much was written before: neither a faster first part of the flash nor a clean-up that begins only when the disk
is full. What the write buffer takes it passes on as fast as it came, so there are no bursts beyond that rate. A
flush is a write of nothing. A train of requests holds one channel, whichever channels its requests would go to.

Mechanism: a request goes to the channel that is free first and holds it until its data are through. More wait, by
group: fair queueing by weight over channel-seconds, and limits (see ``_fair_queue``); those of one group wait in order
of arrival. A large read is divided evenly into at most as many pieces as there are channels, of not less than
``stripe_bytes``, and each piece goes to the channel that is then free first. What happens while a channel is held:
    command   the controller takes up one request after the other, ``command_s`` each: no more than 1 / ``command_s``
              requests a second, whatever the depth
    read      ``read_s`` until the first byte, then its bytes at the channel's rate, and out through the interface.
              Where the disk says how much that varies, reads take log-normal times of that mean, one after the other by
              golden sections of the unit interval: every hundred has its slow one, and no luck is needed. The
              interface takes them as if all were alike
    write     in through the interface and into the flash, ``write_command_s`` and its bytes at ``write_bytes_per_s``,
              then ``write_s`` until it is safe; the buffer spreads every write over the whole flash, so all writes
              share this rate, and a large one is not divided
Reads leave the disk by one direction and writes enter by the other; each carries one piece after the other, and a
piece that must wait for it keeps its channel, where its data lie. Starts never run backwards, so nothing in either
direction waits for what began later.

    alone, read     command + read + max(size / (k r), size / B)       k pieces at r each, interface B
    alone, write    command + write_command + size / min(W, B) + write
    deep queues     channels / latency requests a second, but no more than the controller and the direction can take
                    (``laws.parallel_requests_per_s``)

Accounts: the unit is the channel-second. A request's service is the time of all channels it holds, ``pieces`` says of
each from when and for how long; capacity is ``channels_count``, and capacity x time = held + idle at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapreplace
from math import exp, log
from statistics import NormalDist
from typing import Unpack

import simpy

from simulator.devices._fair_queue import FairQueue
from simulator.devices.base import DeviceRow, GroupRules, Piece, Request
from simulator.parameters import Parameter, Parameters

_NORMAL = NormalDist()
_GRAIN = 1e-12
"""Part of the clock, or of a second, by which a channel may be found free too early."""


_GOLDEN = (5.0**0.5 - 1.0) / 2.0
_VARIES = "reads=vary"
"""Only where a disk says it: the others take the mean each time."""


class FlashDisk:
    """One disk.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
    """

    PARAMETERS = (
        Parameter("capacity_bytes", "bytes", "size of the disk"),
        Parameter("channels_count", "count", "requests that the flash serves at the same time"),
        Parameter("stripe_bytes", "bytes", "smallest piece of a large read that goes to a channel of its own"),
        Parameter("command_s", "s", "time of the controller for one request, one after the other"),
        Parameter("read_s", "s", "from a read command to its first byte"),
        Parameter("read_variation_ratio", "ratio", "standard deviation of that time over the mean", "", _VARIES),
        Parameter("channel_bytes_per_s", "bytes_per_s", "what one channel reads"),
        Parameter("write_s", "s", "from a write's last byte until it is safe"),
        Parameter("write_command_s", "s", "map and clean-up for one write, one after the other, beside its bytes"),
        Parameter("write_bytes_per_s", "bytes_per_s", "what all channels together write"),
        Parameter("interface_bytes_per_s", "bytes_per_s", "what the interface carries in one direction"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        now_s = environment.now
        self._free_at_s = [now_s] * int(self.parameters.channels_count)
        self._all_free_at_s = self._commanded_s = self._read_s = self._written_s = now_s
        self._given_s = 0.0
        self._groups = FairQueue(environment, self._go_on)
        self._timer: simpy.Event | None = None
        self._reads = 0
        self._sigma2 = log(1.0 + self.parameters.get("read_variation_ratio", 0.0) ** 2)

    def transfer(
        self, size_bytes: float, position_bytes: float = 0, write: bool = False, group: str = "",
        requests: float = 1.0, apart: bool = False,
    ) -> Request:  # fmt: skip
        """Queue one request for a group, or a train of them; where it lies does not matter."""
        request = Request(self.environment, size_bytes, group, position_bytes, write, requests, apart)
        if self._all_free_at_s <= request.queued_s:
            self._groups.rest()
        self._groups.put(request)
        self._go_on()
        return request

    def set_group(self, group: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group; for what has not begun."""
        self._groups.set_group(group, **rules)

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds a request takes on a disk that has nothing else to do, whenever and wherever."""
        parameters = self.parameters
        if write:
            return parameters.command_s + self._entering_s(size_bytes) + parameters.write_s
        leaving_s = size_bytes / parameters.interface_bytes_per_s
        channel_s = size_bytes / self._pieces(size_bytes) / parameters.channel_bytes_per_s
        return parameters.command_s + parameters.read_s + max(channel_s, leaving_s)

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far; what channels are held for beyond the present is not yet given."""
        time_s, channels = self.environment.now, float(len(self._free_at_s))
        busy_s = self._given_s - sum(max(0.0, free_at_s - time_s) for free_at_s in self._free_at_s)
        return [DeviceRow("disk", channels, time_s, busy_s, channels * time_s - busy_s)]

    def _go_on(self) -> None:
        """Begin what may, as long as a channel is free; come back when the next one is."""
        if self._timer is not None:
            return
        now_s = self.environment.now
        while (group := self._groups.next_group()) is not None:
            wait_s = self._free_at_s[0] - now_s
            if wait_s > _GRAIN * max(1.0, now_s):
                self._timer = self.environment.timeout(wait_s)
                assert self._timer.callbacks is not None
                self._timer.callbacks.append(self._channel_free)
                return
            request = group.waiting[0]
            self._begin(request)
            self._groups.take(group, request, request.service_s)

    def _channel_free(self, _: simpy.Event) -> None:
        self._timer = None
        self._go_on()

    def _begin(self, request: Request) -> None:
        """Give a request its channels; its end follows."""
        now_s = self.environment.now
        request.start_s = start_s = max(now_s, self._free_at_s[0])
        self._commanded_s = max(start_s, self._commanded_s) + self.parameters.command_s
        pieces = self._written(request) if request.write else self._read(request)
        request.service_s = sum(piece.service_s for piece in pieces)
        request.pieces = pieces if len(pieces) > 1 else ()
        self._given_s += request.service_s
        end_s = max(piece.start_s + piece.service_s for piece in pieces)
        request.ended.due(max(0.0, end_s - now_s))

    def _pieces(self, size_bytes: float) -> int:
        """Into how many a read is divided."""
        return max(1, min(len(self._free_at_s), int(size_bytes // self.parameters.stripe_bytes)))

    def _entering_s(self, size_bytes: float) -> float:
        """How long a write takes up the way into the disk."""
        parameters = self.parameters
        rate = min(parameters.write_bytes_per_s, parameters.interface_bytes_per_s)
        return parameters.write_command_s + size_bytes / rate

    def _read(self, request: Request) -> tuple[Piece, ...]:
        """Each piece waits for the flash, then its last byte leaves the channel and the interface.

        Those of a train are read one after the other: one channel's time is taken for all of them.
        """
        parameters, size_bytes = self.parameters, request.size_bytes
        if request.requests != 1.0:
            service_s = self.service_s(size_bytes / request.requests, 0.0, 0.0)
            return (self._hold(self._begin_s() - parameters.command_s + request.requests * service_s),)
        count = self._pieces(size_bytes)
        channel_s = size_bytes / count / parameters.channel_bytes_per_s
        leaving_s = size_bytes / count / parameters.interface_bytes_per_s
        pieces = []
        for _ in range(count):
            first_s = self._begin_s() + parameters.read_s
            self._read_s = max(self._read_s, first_s) + leaving_s
            later_s = parameters.read_s * (self._slowness() - 1.0)
            pieces.append(self._hold(max(first_s + channel_s, self._read_s) + later_s))
        return tuple(pieces)

    def _slowness(self) -> float:
        """The time of the next read over the mean."""
        if not self._sigma2:
            return 1.0
        self._reads += 1
        normal = _NORMAL.inv_cdf((self._reads * _GOLDEN) % 1.0)
        return exp(self._sigma2**0.5 * normal - self._sigma2 / 2.0)

    def _written(self, request: Request) -> tuple[Piece, ...]:
        """It enters after those before it, then it is made safe; a train as soon as its last one is."""
        requests = request.requests
        entering_s = requests * self._entering_s(request.size_bytes / requests)
        self._written_s = max(self._written_s, self._begin_s()) + entering_s
        return (self._hold(self._written_s + self.parameters.write_s),)

    def _begin_s(self) -> float:
        """When the next piece has a channel and its command has been taken up."""
        return max(self._free_at_s[0], self._commanded_s)

    def _hold(self, end_s: float) -> Piece:
        """The channel that is free first is held until ``end_s``."""
        start_s = max(self.environment.now, self._free_at_s[0])
        heapreplace(self._free_at_s, end_s)
        self._all_free_at_s = max(self._all_free_at_s, end_s)
        return Piece(start_s, end_s - start_s)


DEVICE = FlashDisk
