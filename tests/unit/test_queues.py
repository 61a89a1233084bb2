"""Where threads meet: rings with a server, mailboxes, locks. Small processes append to a log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import simpy

from simulator.plans import Enqueue
from simulator.queues import Mailbox, Ring, lock


@pytest.fixture
def environment() -> simpy.Environment:
    return simpy.Environment()


@pytest.fixture
def log() -> list[tuple[str, float]]:
    return []


def item(slots: float = 1.0) -> Enqueue:
    return Enqueue("queue", work=(), kick=(), notice=(), wait=True, size_bytes=0.0, window_bytes=0.0, slots=slots)


def server(environment: simpy.Environment, ring: Ring, batch: int, seconds: float) -> Iterator[simpy.Event]:
    """Takes batches, works ``seconds`` on each item, and sleeps when there is none."""
    while True:
        if not ring.items:
            yield ring.server_waits()
        for one in ring.take(batch):
            yield environment.timeout(seconds)
            one.done.succeed()


def send(ring: Ring, slots: float = 1.0) -> Iterator[simpy.Event]:
    """Wait for room, then put one item; the value is the item."""
    room = ring.admit(slots)
    if room is not None:
        yield room
    return ring.put(item(slots))


# ---------------------------------------------------------------- ring


def test_items_are_done_in_their_order(environment: simpy.Environment, log: list[tuple[str, float]]) -> None:
    ring = Ring(environment.event, 8)
    environment.process(server(environment, ring, batch=2, seconds=1.0))

    def sender(name: str) -> Iterator[simpy.Event]:
        sent = yield from send(ring)
        yield sent.done
        log.append((name, environment.now))

    for name in "abc":
        environment.process(sender(name))
    environment.run()
    assert log == [("a", 1.0), ("b", 2.0), ("c", 3.0)]


def test_a_kick_is_due_only_while_the_server_sleeps(
    environment: simpy.Environment, log: list[tuple[str, float]]
) -> None:
    """Items at 1.0 (asleep), 1.2 (at work) and 5.0 (asleep again); 0.5 s of work each."""
    ring = Ring(environment.event, 8)
    environment.process(server(environment, ring, batch=8, seconds=0.5))

    def sender() -> Iterator[simpy.Event]:
        for pause_s in (1.0, 0.2, 3.8):
            yield environment.timeout(pause_s)
            log.append(("kick" if ring.kick_is_due() else "no kick", environment.now))
            yield from send(ring)

    environment.process(sender())
    environment.run()
    assert log == [("kick", 1.0), ("no kick", 1.2), ("kick", 5.0)]


def test_a_sleeping_server_is_kicked_once(environment: simpy.Environment) -> None:
    """While the first sender pays for its kick, the second finds that it has been given."""
    ring = Ring(environment.event, 8)
    ring.server_waits()
    assert ring.kick_is_due()
    assert not ring.kick_is_due()


def test_a_full_ring_makes_its_senders_wait_their_turn(
    environment: simpy.Environment, log: list[tuple[str, float]]
) -> None:
    """Two slots, a server that takes two and works 1 s on each: two get in at 0, two more at once, then two at 2."""
    ring = Ring(environment.event, 2)
    wakes: list[str] = []

    def sender(name: str) -> Iterator[simpy.Event]:
        room = ring.admit(1.0)
        if room is not None:
            yield room
            wakes.append(name)
        ring.put(item())
        log.append((name, environment.now))

    for name in "abcdef":
        environment.process(sender(name))
    environment.process(server(environment, ring, batch=2, seconds=1.0))
    environment.run()
    assert log == [("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", 0.0), ("e", 2.0), ("f", 2.0)]
    assert wakes == ["c", "d", "e", "f"]  # each woken once, in order


def test_a_newcomer_does_not_overtake_who_waits_for_room(environment: simpy.Environment) -> None:
    ring = Ring(environment.event, 4)
    assert ring.admit(3.0) is None
    assert ring.admit(3.0) is not None  # waits
    assert ring.admit(1.0) is not None  # would fit, but is not first


def test_what_is_larger_than_the_ring_fits_when_it_is_empty(environment: simpy.Environment) -> None:
    ring = Ring(environment.event, 4)
    assert ring.admit(16.0) is None
    ring.put(item(slots=16.0))
    small = ring.admit(0.5)
    assert small is not None and not small.triggered
    assert len(ring.take(8)) == 1
    assert small.triggered


def test_slots_count_and_items_are_batched(environment: simpy.Environment) -> None:
    """Items of 2 slots in a ring of 5: two fit, a third of 1 slot too; a batch is counted in items."""
    ring = Ring(environment.event, 5)
    items = []
    for slots in (2.0, 2.0, 1.0):
        assert ring.admit(slots) is None
        items.append(ring.put(item(slots)))
    assert ring.take(2) == items[:2]
    assert ring.admit(4.0) is None
    assert ring.take(2) == items[2:]


def test_what_ends_at_one_instant_is_announced_once(environment: simpy.Environment) -> None:
    ring = Ring(environment.event, 8)
    assert [ring.notice_is_due(now_s) for now_s in (0.0, 0.0, 0.0, 1.5, 1.5)] == [True, False, False, True, False]


# ---------------------------------------------------------------- mailbox and lock


def test_messages_wait_for_readers(environment: simpy.Environment) -> None:
    mailbox = Mailbox(environment.event)
    mailbox.put()
    mailbox.put()
    assert mailbox.get() is None
    assert mailbox.get() is None
    assert mailbox.get() is not None  # the third reader has to wait


def test_readers_wait_for_messages_in_their_order(environment: simpy.Environment, log: list[tuple[str, float]]) -> None:
    mailbox = Mailbox(environment.event)

    def reader(name: str) -> Iterator[simpy.Event]:
        arrival = mailbox.get()
        if arrival is not None:
            yield arrival
        log.append((name, environment.now))

    def writer() -> Iterator[simpy.Event]:
        for _ in range(3):
            yield environment.timeout(1.0)
            mailbox.put()

    for name in "abc":
        environment.process(reader(name))
    environment.process(writer())
    environment.run()
    assert log == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert mailbox.messages == 0


def test_one_holds_a_lock(environment: simpy.Environment, log: list[tuple[str, float]]) -> None:
    """Three threads hold it for 2 s each, in the order in which they came."""
    door = lock(environment.event)

    def thread(name: str) -> Iterator[simpy.Event]:
        turn = door.get()
        if turn is not None:
            yield turn
        log.append((f"{name} in", environment.now))
        yield environment.timeout(2.0)
        door.put()

    for name in "abc":
        environment.process(thread(name))
    environment.run()
    assert log == [("a in", 0.0), ("b in", 2.0), ("c in", 4.0)]
    assert door.get() is None  # free again


def test_a_sender_that_is_stopped_gives_its_place_to_others(environment: simpy.Environment) -> None:
    """One slot: the first has it and never puts, the second waits and is stopped, the third goes on."""
    ring = Ring(environment.event, 1)
    assert ring.admit(1.0) is None
    second, third = ring.admit(1.0), ring.admit(1.0)
    assert second is not None and third is not None
    ring.withdraw(second, 1.0)
    assert not third.triggered
    ring.withdraw(None, 1.0)
    assert third.triggered
