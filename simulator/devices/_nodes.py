"""Sockets with memories of their own (NUMA): where a tenant's memory lies, and from where it is reached.

Scope and limits: which thread runs on which processor is not known, so what is remote is an expected share. Pages do
not move, and a virtual machine is not shown the sockets. Rules:
    home        an owner's memory lies on one socket, chosen when it first accesses memory: the one with the fewest
                threads at home (first touch, by a system that starts programs where there is room)
    too large   of what does not fit the memory of one socket, the rest lies evenly on the others
    threads     an owner that has no more threads than a socket has processors is kept at home, as far as the threads
                at home there leave room; the rest runs on other sockets where these have room, and reaches home over
                the link. One with more threads fills its home and spreads evenly over the others
    rows        of an owner that is spread, rows read in order are local: the thread that reads them touched them
                first. A set accessed at random belongs to all its threads and lies at home
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import NamedTuple

INFINITE = float("inf")


class Way(NamedTuple):
    """How accesses reach the memory: the part that each socket's controller serves, and the part over the link."""

    controllers: tuple[float, ...]
    remote: float


class Nodes:
    """The sockets of one machine and the owners of what runs on it.

    Args:
        sockets: how many.
        processors: of one socket.
        memory_bytes: of one socket.
    """

    def __init__(self, sockets: int, processors: float, memory_bytes: float = INFINITE) -> None:
        self.sockets, self.processors, self.memory_bytes = sockets, processors, memory_bytes
        self._threads: Counter[Hashable] = Counter()
        self._homes: dict[Hashable, int] = {}

    def begin(self, owner: Hashable) -> None:
        """One more of an owner's threads runs."""
        if owner not in self._homes:
            there = self._at_home()
            self._homes[owner] = min(range(self.sockets), key=lambda socket: there[socket])
        self._threads[owner] += 1

    def end(self, owner: Hashable) -> None:
        """One fewer. The owner keeps its home: its memory stays where it is."""
        self._threads[owner] -= 1

    def ways(self, owner: Hashable, extent_bytes: float) -> tuple[Way, Way]:
        """How an owner's rows and its sets are reached, of ``extent_bytes`` altogether."""
        home, at_home = self._homes[owner], self._part_at_home(owner)
        fits = min(1.0, self.memory_bytes / extent_bytes) if extent_bytes else 1.0
        lies = self._around(home, fits)
        elsewhere = lies[home - 1] if self.sockets > 1 else 0.0
        remote = at_home * (1.0 - fits) + (1.0 - at_home) * (1.0 - elsewhere)
        sets = Way(lies, remote)
        if self._threads[owner] <= self.processors:
            return sets, sets
        return Way(self._around(home, at_home), 0.0), sets

    def _around(self, home: int, part: float) -> tuple[float, ...]:
        """A part at home, the rest evenly on the others."""
        others = (1.0 - part) / (self.sockets - 1) if self.sockets > 1 else 0.0
        return tuple(part if socket == home else others for socket in range(self.sockets))

    def _at_home(self) -> list[float]:
        """Threads on each socket if all that can be kept at home are."""
        there = [0.0] * self.sockets
        for owner, home in self._homes.items():
            threads = self._threads[owner]
            if threads <= self.processors:
                there[home] += threads
                continue
            for socket, part in enumerate(self._around(home, self._spread(threads))):
                there[socket] += threads * part
        return there

    def _spread(self, threads: float) -> float:
        """The part at home of an owner that has more threads than its home has processors."""
        return max(self.processors / threads, 1.0 / self.sockets)

    def _part_at_home(self, owner: Hashable) -> float:
        threads, home = self._threads[owner], self._homes[owner]
        if threads > self.processors:
            return self._spread(threads)
        there = self._at_home()
        over = there[home] - self.processors
        if over <= 0.0:
            return 1.0
        room = sum(max(0.0, self.processors - count) for socket, count in enumerate(there) if socket != home)
        return 1.0 - min(over, room) / there[home]
