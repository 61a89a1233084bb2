"""A flash disk (SSD): a controller in front of flash channels that work at the same time, behind one interface.

Scope and limits: no position counts, so sequential and random requests cost the same. The disk has free blocks: there
is no garbage collection, no faster first part of the flash, no throttling by heat. What its write buffer takes it
passes on to the flash as fast as it came, so ``write_bytes_per_s`` is the rate of a long write and there are no bursts
beyond it. A flush is a write like any other.

Mechanism: a request goes to the channel that is free first and holds it until its data are through; more wait in
order of arrival. A large one is divided evenly into at most as many pieces as there are channels, of not less than
``stripe_bytes``, and each piece goes to the channel that is then free first. What happens while a channel is held:
    command   the controller takes up one command after the other, ``command_s`` each: no more than 1 / ``command_s``
              requests a second, whatever the depth
    read      ``read_s`` until the first byte, then its bytes at the channel's rate, through the interface
    write     its bytes through the interface and into the flash, then ``write_s`` until it is safe
Reads leave the disk by one direction of the interface and writes enter by the other; each carries one piece after the
other, and a piece that must wait for it keeps its channel (the data lie in the channel's register). Starts never run
backwards, so nothing in either direction waits for what was asked later.

    alone                        command + read + size / min(k r, B), k pieces at r each, interface B; likewise writes
    at depth n, small requests   min(n, channels) / latency, but at most 1 / command and B / size (LAWS)

Accounts: the unit is the channel-second. A request's service is the time of all channels it holds, ``pieces`` says of
each from when and for how long; capacity is ``channels_count``, and capacity x time = held + idle at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapreplace

import simpy

from simulator.devices.base import DeviceRow, Piece, Request
from simulator.parameters import Parameter, Parameters


class FlashDisk:
    """One disk.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
    """

    PARAMETERS = (
        Parameter("capacity_bytes", "bytes", "size of the disk"),
        Parameter("channels_count", "count", "requests that the flash serves at the same time"),
        Parameter("stripe_bytes", "bytes", "smallest piece of a large request that goes to a channel of its own"),
        Parameter("command_s", "s", "time of the controller for one command, one after the other"),
        Parameter("read_s", "s", "from a read command to its first byte"),
        Parameter("write_s", "s", "from a write's last byte until it is safe"),
        Parameter("channel_bytes_per_s", "bytes_per_s", "what one channel reads"),
        Parameter("write_bytes_per_s", "bytes_per_s", "what all channels together write for long"),
        Parameter("interface_bytes_per_s", "bytes_per_s", "what the interface carries in one direction"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self._free_at_s = [environment.now] * int(self.parameters.channels_count)
        self._commanded_s = self._read_s = self._written_s = environment.now
        self._given_s = 0.0

    def transfer(self, size_bytes: float, position_bytes: float = 0, write: bool = False) -> Request:
        """Queue one request; where it lies does not matter."""
        count = self._pieces(size_bytes)
        first = max(self.environment.now, self._free_at_s[0])
        self._commanded_s = max(first, self._commanded_s) + self.parameters.command_s
        pieces = tuple(self._hold(size_bytes / count, write) for _ in range(count))
        service_s = sum(piece.service_s for piece in pieces)
        self._given_s += service_s
        end_s = max(piece.start_s + piece.service_s for piece in pieces)
        done = self.environment.timeout(max(0.0, end_s - self.environment.now))
        return Request(first, service_s, done, pieces if count > 1 else ())

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds a request takes on a disk that has nothing else to do, whenever and wherever."""
        parameters = self.parameters
        if write:
            return parameters.command_s + size_bytes / self._write_bytes_per_s + parameters.write_s
        channels_s = size_bytes / self._pieces(size_bytes) / parameters.channel_bytes_per_s
        return parameters.command_s + parameters.read_s + max(channels_s, size_bytes / parameters.interface_bytes_per_s)

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far; what channels are held for beyond the present is not yet given."""
        time_s, channels = self.environment.now, float(len(self._free_at_s))
        busy_s = self._given_s - sum(max(0.0, free_at_s - time_s) for free_at_s in self._free_at_s)
        return [DeviceRow("disk", channels, time_s, busy_s, channels * time_s - busy_s)]

    @property
    def _write_bytes_per_s(self) -> float:
        return min(self.parameters.write_bytes_per_s, self.parameters.interface_bytes_per_s)

    def _pieces(self, size_bytes: float) -> int:
        """Into how many a request is divided."""
        return max(1, min(len(self._free_at_s), int(size_bytes // self.parameters.stripe_bytes)))

    def _hold(self, size_bytes: float, write: bool) -> Piece:
        """The channel that is free first works for one piece."""
        start_s = max(self.environment.now, self._free_at_s[0])
        begin_s = max(start_s, self._commanded_s)
        end_s = self._write(size_bytes, begin_s) if write else self._read(size_bytes, begin_s)
        heapreplace(self._free_at_s, end_s)
        return Piece(start_s, end_s - start_s)

    def _read(self, size_bytes: float, begin_s: float) -> float:
        """When its last byte has left both the channel and the interface."""
        first_s = begin_s + self.parameters.read_s
        self._read_s = max(self._read_s, first_s) + size_bytes / self.parameters.interface_bytes_per_s
        return max(first_s + size_bytes / self.parameters.channel_bytes_per_s, self._read_s)

    def _write(self, size_bytes: float, begin_s: float) -> float:
        """When its last byte is safe."""
        self._written_s = max(self._written_s, begin_s) + size_bytes / self._write_bytes_per_s
        return self._written_s + self.parameters.write_s


DEVICE = FlashDisk
