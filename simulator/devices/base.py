"""What every device has in common: a name, a time ledger, and charges that say who used it and why."""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import NamedTuple, Protocol, TypedDict, Unpack

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
    """One device's time ledger at the end of a run.

    Attributes:
        loaded_s: time in which it served anything at all; not a number where it keeps no account of it.
        energy_j: what the whole machine drew, in the row of its processors; not a number where nobody knows.
    """

    device: str
    capacity: float
    time_s: float
    busy_s: float
    idle_s: float
    loaded_s: float = nan
    energy_j: float = nan


class Piece(NamedTuple):
    """What one server does for a request that is divided among several: from when, and for how long."""

    start_s: float
    service_s: float

    def served_s(self, now_s: float) -> float:
        """Service it has had by now."""
        return min(self.service_s, max(0.0, now_s - self.start_s))


class Completion(simpy.Event):
    """An event whose time becomes known only some time after it was made."""

    def due(self, delay_s: float) -> None:
        """It happens after ``delay_s``, whatever else does."""
        self._ok, self._value = True, None
        self.env.schedule(self, delay=delay_s)


class Request:
    """One transfer at a device: it waits, is served, and is done.

    Args:
        environment: simulated time.
        size_bytes: what is to be moved.
        group: for whom, see ``GroupRules``.
        requests: how many it is, of equal size, of which each begins when the one before is done.
        apart: whether these lie apart from each other.
        position_bytes: where it lies, if that matters.
        write: whether it goes to the device.

    Attributes:
        queued_s: when it was asked for.
        start_s: when its service began; None while it waits.
        service_s: how long its service takes; 0 while it waits.
        pieces: of a request that is divided among several servers what each does; its service is their sum.
        ended: the end of its service.
        done: whoever asked is told; the end of its service, unless the device says later.
        interrupts: by how many interrupts of a network card it was told, in parts of those it shared with others.
    """

    __slots__ = (
        "apart", "done", "ended", "group", "interrupts", "number", "pieces", "position_bytes", "queued_s", "requests",
        "service_s", "size_bytes", "start_s", "write",
    )  # fmt: skip

    def __init__(
        self,
        environment: simpy.Environment,
        size_bytes: float,
        group: str = "",
        position_bytes: float = 0.0,
        write: bool = False,
        requests: float = 1.0,
        apart: bool = False,
    ) -> None:
        self.requests, self.apart = requests, apart
        self.size_bytes, self.group, self.position_bytes, self.write = size_bytes, group, position_bytes, write
        self.queued_s = environment.now
        self.number = 0
        self.start_s: float | None = None
        self.service_s = 0.0
        self.pieces: tuple[Piece, ...] = ()
        self.ended = Completion(environment)
        self.done: simpy.Event = self.ended
        self.interrupts = 0.0

    def served_s(self, now_s: float) -> float:
        """Service it has had by now; all of it once it is done."""
        if self.start_s is None:
            return 0.0
        if self.pieces:
            return sum(piece.served_s(now_s) for piece in self.pieces)
        return min(self.service_s, max(0.0, now_s - self.start_s))

    def part(self, now_s: float) -> float:
        """Which part of it the device has carried out by now."""
        if self.start_s is None:
            return 0.0
        return self.served_s(now_s) / self.service_s if self.service_s else 1.0


class GroupRules(TypedDict, total=False):
    """What holds at a device for all requests of one group: of a tenant, or of a system. What is left out stays.

    Without any rule a group has weight 1 and no limits. A limit paces the moments at which requests are let through to
    the device; over any time t it lets through at most ``max(burst, one request) + rate t``.
    """

    weight: float
    """Its part of the device's time beside the others that want it."""
    together: bool
    """Whether it has no part of its own: its requests wait in one line with those of all others of this kind, which
    count as one group of weight 1."""
    bytes_per_s: float
    """At most so many bytes a second; infinite: no limit."""
    burst_bytes: float
    """So many bytes may pass at once after a pause."""
    operations_per_s: float
    """At most so many requests a second; infinite: no limit."""
    window_bytes: float
    """Of what waits only the first so many bytes can be put into order: the rest still stands in the group's own queue,
    in order of arrival, as a guest's requests beyond what fits into its ring; infinite: all can."""
    burst_operations: float
    """So many requests may pass at once after a pause."""


class Disk(Protocol):
    """What a machine asks of its disk, whatever the kind."""

    parameters: Parameters

    def transfer(
        self, size_bytes: float, position_bytes: float = 0, write: bool = False, group: str = "",
        requests: float = 1.0, apart: bool = False,
    ) -> Request:  # fmt: skip
        """Queue one request for a group, or a train of them, see ``Request``."""

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds from start to end of a request whose turn comes at ``start_s``, on a disk that has no other."""

    def set_group(self, group: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group; for what has not begun."""

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far."""


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
