"""What every device has in common: a name, a time ledger, and charges that say who used it and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import simpy

from simulator.parameters import Parameters


class Key(NamedTuple):
    """Under what a use of a device is booked."""

    device: str
    cause: str
    mechanism: str


class Charge:
    """What accumulated under one key."""

    __slots__ = ("cycles", "operations", "service_s", "size_bytes")

    def __init__(self) -> None:
        self.cycles = self.size_bytes = self.operations = self.service_s = 0.0

    def add(self, *, cycles: float = 0.0, size_bytes: float = 0.0, operations: float, service_s: float) -> None:
        """Book one use."""
        self.cycles += cycles
        self.size_bytes += size_bytes
        self.operations += operations
        self.service_s += service_s


Ledger = dict[Key, Charge]
"""The charges of one payer."""


class DeviceRow(NamedTuple):
    """One device's time ledger at the end of a run."""

    device: str
    capacity: float
    time_s: float
    busy_s: float
    idle_s: float


class Piece(NamedTuple):
    """What one server does for a request that is divided among several: from when, and for how long."""

    start_s: float
    service_s: float

    def served_s(self, now_s: float) -> float:
        """Service it has had by now."""
        return min(self.service_s, max(0.0, now_s - self.start_s))


class Request(NamedTuple):
    """One transfer in a device's queue: when its service begins, how long it takes, when it is done.

    A request that is divided among several servers says in ``pieces`` what each does; its service is their sum.
    """

    start_s: float
    service_s: float
    done: simpy.Event
    pieces: tuple[Piece, ...] = ()

    def served_s(self, now_s: float) -> float:
        """Service it has had by now; all of it once it is done."""
        if self.pieces:
            return sum(piece.served_s(now_s) for piece in self.pieces)
        return min(self.service_s, max(0.0, now_s - self.start_s))


class Disk(Protocol):
    """What a machine asks of its disk, whatever the kind."""

    parameters: Parameters

    def transfer(self, size_bytes: float, position_bytes: float = 0, write: bool = False) -> Request:
        """Queue one request."""

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds from start to end of a request whose turn comes at ``start_s``, on a disk that has no other."""

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far."""


class Line:
    """One server in order of arrival: what a disk arm and one direction of a link have in common."""

    def __init__(self, environment: simpy.Environment, name: str) -> None:
        self.environment = environment
        self.name = name
        self.free_at_s = environment.now
        self._given_s = 0.0

    def queue(self, service_s: float) -> Request:
        """Append one request that takes ``service_s`` once its turn comes."""
        now_s = self.environment.now
        start_s = max(now_s, self.free_at_s)
        self.free_at_s = start_s + service_s
        self._given_s += service_s
        return Request(start_s, service_s, self.environment.timeout(self.free_at_s - now_s))

    def row(self) -> DeviceRow:
        """The time ledger so far; service that lies beyond the present is not yet given."""
        time_s = self.environment.now
        busy_s = self._given_s - max(0.0, self.free_at_s - time_s)
        return DeviceRow(self.name, 1.0, time_s, busy_s, time_s - busy_s)


class EndOfInstant:
    """Something to be done once when all that happens at this instant has happened, however often it is asked for.

    Args:
        environment: simulated time.
        action: what to do.
    """

    def __init__(self, environment: simpy.Environment, action: Callable[[], None]) -> None:
        self._environment, self._action = environment, action
        self._asked = False

    def ask(self) -> None:
        """Do it before time goes on."""
        if not self._asked:
            self._asked = True
            last = _Last(self._environment)
            assert last.callbacks is not None
            last.callbacks.append(self._do)

    def _do(self, _: simpy.Event) -> None:
        self._asked = False
        self._action()


class _Last(simpy.Event):
    """An event that comes after all others of its instant that are known."""

    def __init__(self, environment: simpy.Environment) -> None:
        super().__init__(environment)
        self._ok = True
        self._value = None
        environment.schedule(self, priority=_AFTER_ALL)  # type: ignore[arg-type]


_AFTER_ALL = 2
