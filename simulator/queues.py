"""Where threads meet: bounded queues drained by a service, mailboxes, locks. No time passes in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from simulator.plans import Enqueue, Move, Plan

if TYPE_CHECKING:
    import simpy

    from simulator.devices.base import Request


_NOTHING = 1e-9
"""Fewer slots than this are rounding."""


class Item(NamedTuple):
    """One piece of work in a queue, whom to tell when it is done, and under whose name devices are used for it.

    What is to ``finish`` it is done by a server once the devices have done their part.
    """

    work: Plan
    done: simpy.Event
    slots: float
    group: str = ""
    finish: Plan = ()


Waited = tuple[str, float] | None
"""The state of a thread, and how long it was in it, while devices worked on an item in its name."""


class Ring:
    """A bounded queue and the state of its servers, one or several.

    Args:
        event: makes an event.
        capacity: slots; an item larger than the ring fits when the ring is empty.
    """

    def __init__(self, event: Callable[[], simpy.Event], capacity: float) -> None:
        self._event = event
        self.capacity = capacity
        self.items: deque[Item] = deque()
        self.through: deque[tuple[Item, Waited]] = deque()
        """What the devices have done their part of, to be finished."""
        self.used = 0.0
        self._noticed_at = -1.0
        self._kicks = 0
        self._sleepers: deque[simpy.Event] = deque()
        self._senders: deque[tuple[simpy.Event, float]] = deque()

    def admit(self, slots: float) -> simpy.Event | None:
        """Room for one item: None if it is there and taken; else the event of its coming, first come, first served."""
        if not self._senders and self._fits(slots):
            self.used += slots
            return None
        room = self._event()
        self._senders.append((room, slots))
        return room

    def withdraw(self, room: simpy.Event | None, slots: float) -> None:
        """A sender that was admitted, or waits for room, will never come: others go on in its place."""
        if room is not None and not room.triggered:
            self._senders = deque(waiting for waiting in self._senders if waiting[0] is not room)
        else:
            self.used -= slots
        self._admit_waiting()

    def kick_is_due(self) -> bool:
        """Whether a server sleeps that nobody has kicked yet."""
        due = len(self._sleepers) > self._kicks
        self._kicks += due
        return due

    def put(self, operation: Enqueue, group: str = "") -> Item:
        """Append an item that was admitted, and wake the server that sleeps longest, if one does."""
        item = Item(operation.work, self._event(), operation.slots, group, operation.finish)
        self.items.append(item)
        if self._sleepers:
            self._sleepers.popleft().succeed()
            self._kicks = max(0, self._kicks - 1)
        return item

    def take(self, at_most: int) -> list[Item]:
        """The next batch; senders that waited for room go on in their order."""
        batch = [self.items.popleft() for _ in range(min(at_most, len(self.items)))]
        self.used -= sum(item.slots for item in batch)
        self._admit_waiting()
        return batch

    def put_back(self, items: Sequence[Item]) -> None:
        """What a server had taken and will not do, because it has ended: it comes first again."""
        self.items.extendleft(reversed(items))
        self.used += sum(item.slots for item in items)
        for _ in range(min(len(items), len(self._sleepers))):
            self._sleepers.popleft().succeed()

    def abandoned(self) -> None:
        """All its servers have ended: nobody sleeps before it any more."""
        self._sleepers.clear()
        self._kicks = 0

    def come_back(self, item: Item, waited: Waited) -> None:
        """The devices have done their part of an item: a server that sleeps is woken to finish it."""
        self.through.append((item, waited))
        if self._sleepers:
            self._sleepers.popleft().succeed()
            self._kicks = min(self._kicks, len(self._sleepers))

    def take_through(self) -> list[tuple[Item, Waited]]:
        """All that is to be finished."""
        taken = list(self.through)
        self.through.clear()
        return taken

    def server_waits(self) -> simpy.Event:
        """A server has nothing to do; the event comes with an item."""
        sleeper = self._event()
        self._sleepers.append(sleeper)
        return sleeper

    def notice_is_due(self, now_s: float) -> bool:
        """Whether a completion at this instant must be announced, or goes with one that was just announced."""
        due = now_s != self._noticed_at
        self._noticed_at = now_s
        return due

    def _admit_waiting(self) -> None:
        while self._senders and self._fits(self._senders[0][1]):
            room, slots = self._senders.popleft()
            self.used += slots
            room.succeed()

    def _fits(self, slots: float) -> bool:
        return self.used < _NOTHING or self.used + slots <= self.capacity + _NOTHING


class Flight(NamedTuple):
    """One piece of data under way: until when, how much, and the transfer to be booked at its end, if it is ours."""

    done: simpy.Event
    size_bytes: float
    transfer: tuple[Request, Move] | None = None


class UnderWay:
    """What a thread has sent off to one device or queue and not waited for yet, oldest first."""

    def __init__(self) -> None:
        self._flights: deque[Flight] = deque()
        self.size_bytes = 0.0

    def __len__(self) -> int:
        return len(self._flights)

    @property
    def newest(self) -> Flight | None:
        """What was sent off last, if it is still under way."""
        return self._flights[-1] if self._flights else None

    @property
    def oldest(self) -> Flight:
        """What ends first."""
        return self._flights[0]

    def add(self, flight: Flight) -> None:
        """One more."""
        self._flights.append(flight)
        self.size_bytes += flight.size_bytes

    def exceeds(self, window_bytes: float) -> bool:
        """Whether the thread must wait for the oldest; one alone may exceed the window, if there is one."""
        return self.size_bytes > window_bytes and (len(self._flights) > 1 or not window_bytes)

    def retire(self) -> Flight:
        """Take the oldest out."""
        flight = self._flights.popleft()
        self.size_bytes = self.size_bytes - flight.size_bytes if self._flights else 0.0
        return flight


class Mailbox:
    """Messages that wait for a reader, or readers that wait for a message; at most one of both."""

    def __init__(self, event: Callable[[], simpy.Event], messages: int = 0) -> None:
        self._event = event
        self.messages = messages
        self._readers: deque[tuple[simpy.Event, Callable[[bool], object], Callable[[], bool]]] = deque()

    @property
    def waited_for(self) -> bool:
        """Whether a reader waits for the next message, asleep."""
        return bool(self._readers) and self._readers[0][2]()

    def put(self, interrupts: bool = False) -> None:
        """One message more; the longest waiting reader gets it, by an interrupt to another processor or without."""
        if self._readers:
            arrival, made_runnable, _ = self._readers.popleft()
            arrival.succeed(made_runnable(interrupts))
        else:
            self.messages += 1

    def get(
        self, made_runnable: Callable[[bool], object] = lambda _: None, asleep: Callable[[], bool] = lambda: True
    ) -> simpy.Event | None:
        """None if a message was there and is taken; else the event of its arrival.

        Args:
            made_runnable: called at the instant of the arrival, with whether it takes an interrupt; what it returns is
                the value of the event.
            asleep: whether whoever waits must be woken then; a reader may look by itself.
        """
        if self.messages:
            self.messages -= 1
            return None
        arrival = self._event()
        self._readers.append((arrival, made_runnable, asleep))
        return arrival

    def forget(self, arrival: simpy.Event) -> None:
        """A reader that waits will never come."""
        self._readers = deque(reader for reader in self._readers if reader[0] is not arrival)


def lock(event: Callable[[], simpy.Event]) -> Mailbox:
    """A lock is a mailbox that holds one message: taking it locks, putting it back unlocks."""
    return Mailbox(event, messages=1)
