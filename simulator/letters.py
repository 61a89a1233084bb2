"""Letters between tenants: what one tenant's program has sent to another's, and who waits for it.

No time passes in here. What a letter costs is paid by the sender's and the receiver's systems (``SendLetter`` and
``ReceiveLetter``); it is there once all of them have passed it on. Who is down gets none: there is nobody to tell the
sender, which finds out by waiting. Who stands still gets it when it goes on: what is kept for it meanwhile, by its own
kernel or by the sender's, which sends again, arrives then.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from simulator.demands import Peer

if TYPE_CHECKING:
    import simpy


class Letter(NamedTuple):
    """What one program tells another.

    Attributes:
        sender: the tenant that sent it.
        content: whatever the two understand; it is never changed.
        sent_s: when its program gave it away.
    """

    sender: str
    content: object
    sent_s: float


Letters = Mapping[str, tuple[Letter, ...]]
"""What has come and was not taken yet, by the name of the door."""


class PostOffice:
    """The letters of all tenants of a run, on whatever machine they are.

    Args:
        event: makes an event.
    """

    def __init__(self, event: Callable[[], simpy.Event]) -> None:
        self._event = event
        self._machines: dict[str, int] = {}
        self._come: defaultdict[tuple[str, str], deque[Letter]] = defaultdict(deque)
        self._waiting: defaultdict[tuple[str, str], deque[simpy.Event]] = defaultdict(deque)
        self._in_hand: defaultdict[tuple[str, str], deque[Letter]] = defaultdict(deque)

    def open(self, tenant: str, machine: int) -> None:
        """A tenant's program runs on a machine from now on."""
        self._machines[tenant] = machine

    def close(self, tenant: str) -> None:
        """Nothing of it runs any more: what comes for it is lost, and so is what has come."""
        self._machines.pop(tenant, None)
        self._forget(tenant)

    def _forget(self, tenant: str) -> None:
        for each in (self._come, self._in_hand):
            for key in [key for key in each if key[0] == tenant]:
                del each[key]
        for key in [key for key in self._waiting if key[0] == tenant]:
            del self._waiting[key]

    def peer(self, tenant: str, machine: int) -> Peer:
        """Where a tenant is, as seen from a machine; who is down is looked for there."""
        return "neighbour" if self._machines.get(tenant, machine) == machine else "far"

    def deliver(self, tenant: str, door: str, letter: Letter) -> None:
        """A letter is there: the longest waiting thread gets it, or the next that asks."""
        if tenant not in self._machines:
            return
        waiting = self._waiting[tenant, door]
        if waiting:
            self._in_hand[tenant, door].append(letter)
            waiting.popleft().succeed(letter)
        else:
            self._come[tenant, door].append(letter)

    def take(self, tenant: str, door: str) -> Letter | None:
        """The oldest letter that has come."""
        come = self._come[tenant, door]
        if not come:
            return None
        self._in_hand[tenant, door].append(come[0])
        return come.popleft()

    def taken(self, tenant: str, door: str, letter: Letter) -> None:
        """A thread has a letter for good, with all that taking it takes."""
        in_hand = self._in_hand[tenant, door]
        if letter in in_hand:
            in_hand.remove(letter)

    def wait(self, tenant: str, door: str) -> simpy.Event:
        """The next letter, once it comes."""
        arrival = self._event()
        self._waiting[tenant, door].append(arrival)
        return arrival

    def give_up(self, tenant: str, door: str, arrival: simpy.Event) -> None:
        """A thread waits no longer."""
        waiting = self._waiting[tenant, door]
        if arrival in waiting:
            waiting.remove(arrival)

    def come(self, tenant: str) -> Letters:
        """What has come for a tenant, a part of its state; what is only being taken has come, too."""
        doors = {door for each in (self._in_hand, self._come) for name, door in each if name == tenant}
        return {door: (*self._in_hand[tenant, door], *self._come[tenant, door]) for door in sorted(doors)}

    def put_back(self, tenant: str, letters: Letters) -> None:
        """What had come is there again, and nothing else."""
        for door, each in letters.items():
            self._come[tenant, door] = deque(each)
