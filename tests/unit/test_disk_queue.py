"""What waits before a disk or a card: groups, elevator, batches, waiting for streams, limits, interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
import simpy

from simulator.devices._line import Line
from simulator.devices.base import Request
from simulator.devices.flash_disk import FlashDisk
from simulator.devices.nic import NetworkCard
from simulator.devices.rotating_disk import RotatingDisk

MS, US, KB, MB, GB = 1e-3, 1e-6, 1e3, 1e6, 1e9


@pytest.fixture
def environment() -> simpy.Environment:
    return simpy.Environment()


def line(environment: simpy.Environment) -> Line:
    """A server that takes a second for each byte."""
    return Line(environment, "server", lambda request: request.size_bytes)


def queued(server: Line, *requests: tuple[str, float]) -> list[Request]:
    return [server.queue(Request(server.environment, size, group)) for group, size in requests]


def order(requests: list[Request]) -> list[str]:
    return [request.group for request in sorted(requests, key=lambda request: request.start_s or 0.0)]


# ---------------------------------------------------------------- groups


def test_equal_groups_take_turns_however_much_each_has_waiting(environment: simpy.Environment) -> None:
    requests = queued(line(environment), *[("a", 1.0)] * 4, *[("b", 1.0)] * 2)
    environment.run()
    assert order(requests) == ["a", "b", "a", "b", "a", "a"]


def test_what_counts_is_time_and_not_requests(environment: simpy.Environment) -> None:
    """Requests of a take three seconds, those of b one: one to three."""
    requests = queued(line(environment), *[("a", 3.0)] * 3, *[("b", 1.0)] * 6)
    environment.run()
    assert order(requests) == ["a", "b", "b", "b", "a", "b", "b", "b", "a"]


def test_four_to_one(environment: simpy.Environment) -> None:
    server = line(environment)
    server.groups.set_group("a", weight=4.0)
    requests = queued(server, *[("b", 1.0)] * 20, *[("a", 1.0)] * 20)
    environment.run(until=20.0)
    had = {name: sum(r.served_s(20.0) for r in requests if r.group == name) for name in "ab"}
    assert had["a"] == pytest.approx(16.0, abs=1.0)


def test_a_weight_that_changes_counts_at_once(environment: simpy.Environment) -> None:
    """Of weight 0.01 b is far behind after its first second; of weight 1 it is a second behind, and they take turns."""
    server = line(environment)
    server.groups.set_group("b", weight=0.01)
    requests = queued(server, *[("b", 1.0)] * 20, *[("a", 1.0)] * 40)
    environment.run(until=10.5)
    assert sum(r.served_s(10.5) for r in requests if r.group == "b") == 1.0
    server.groups.set_group("b", weight=1.0)
    environment.run(until=30.5)
    assert sum(r.served_s(30.5) for r in requests if r.group == "b") == pytest.approx(11.0, abs=1.0)


def test_nobody_is_paid_for_a_pause(environment: simpy.Environment) -> None:
    """b comes after a has had the server for 10 s: they share from then on."""
    server = line(environment)
    a = queued(server, *[("a", 1.0)] * 20)
    environment.run(until=10.0)
    b = queued(server, *[("b", 1.0)] * 10)
    environment.run(until=16.0)
    assert sum(r.served_s(16.0) for r in b) == pytest.approx(3.0, abs=1.0)
    assert sum(r.served_s(16.0) for r in a) == pytest.approx(13.0, abs=1.0)


def test_nobody_owes_anything_after_the_server_has_rested(environment: simpy.Environment) -> None:
    """a has had 100 s while b was not there. After a rest both come, a first: they take turns from the beginning."""
    server = line(environment)
    queued(server, ("a", 100.0))
    environment.run(until=200.0)
    requests = queued(server, *[("a", 1.0)] * 3, *[("b", 1.0)] * 3)
    environment.run()
    assert order(requests) == ["a", "b", "a", "b", "a", "b"]


def test_the_server_works_while_anything_may_go(environment: simpy.Environment) -> None:
    random, server = Random(4), line(environment)
    requests = queued(server, *[(random.choice("abc"), random.uniform(0.1, 3.0)) for _ in range(60)])
    environment.run()
    assert environment.now == pytest.approx(sum(request.service_s for request in requests))


# ---------------------------------------------------------------- limits


def test_bytes_of_a_group_are_paced_and_the_server_is_others_meanwhile(environment: simpy.Environment) -> None:
    """0.5 bytes a second: one-byte requests of a begin at 0, 2 and 4 s; b has the rest."""
    server = line(environment)
    server.groups.set_group("a", bytes_per_s=0.5)
    a, b = queued(server, *[("a", 1.0)] * 3), queued(server, *[("b", 1.0)] * 3)
    environment.run()
    assert [request.start_s for request in a] == [0.0, 2.0, 4.0]
    assert [request.start_s for request in b] == [1.0, 3.0, 5.0]


def test_a_limit_that_is_lifted_lets_go_what_waits(environment: simpy.Environment) -> None:
    server = line(environment)
    server.groups.set_group("a", operations_per_s=0.01)
    requests = queued(server, *[("a", 1.0)] * 3)
    environment.run(until=10.0)
    server.groups.set_group("a", operations_per_s=float("inf"))
    environment.run()
    assert [request.start_s for request in requests] == [0.0, 10.0, 11.0]


def test_the_tighter_of_two_limits_holds(environment: simpy.Environment) -> None:
    server = line(environment)
    server.groups.set_group("a", operations_per_s=0.1, bytes_per_s=0.05, burst_operations=2.0, burst_bytes=1.0)
    requests = queued(server, *[("a", 1.0)] * 3)
    environment.run()
    assert [request.start_s for request in requests] == pytest.approx([0.0, 20.0, 40.0])


# ---------------------------------------------------------------- the arm


def disk(environment: simpy.Environment, **changes: float) -> RotatingDisk:
    """No turn to speak of, 10 MB/s; seeks of 1 to 9 ms over 1 GB."""
    parameters = {
        "capacity_bytes": 1 * GB, "media_bytes_per_s": 10 * MB, "rotation_s": 1 * US,
        "seek_shortest_s": 1 * MS, "seek_longest_s": 9 * MS, "command_s": 0.0,
        "queue_depth_count": 1, "deadline_s": 1.0, "batch_bytes": 1 * MB, "anticipation_s": 0.0,
    }  # fmt: skip
    return RotatingDisk(environment, parameters | changes)


PLACES = (500 * MB, 900 * MB, 100 * MB, 800 * MB)


def by_place(requests: list[Request]) -> list[float]:
    return [r.position_bytes for r in sorted(requests, key=lambda request: request.start_s or 0.0)]


def test_without_depth_the_arm_goes_where_it_is_sent(environment: simpy.Environment) -> None:
    device = disk(environment)
    requests = [device.transfer(1 * KB, place) for place in PLACES]
    environment.run()
    assert by_place(requests) == list(PLACES)


def test_with_depth_the_shortest_way_is_first(environment: simpy.Environment) -> None:
    """The first goes at once, the arm being free; then from 500 to 800, 900 and back to 100 MB."""
    device = disk(environment, queue_depth_count=8)
    requests = [device.transfer(1 * KB, place) for place in PLACES]
    environment.run()
    assert by_place(requests) == [500 * MB, 800 * MB, 900 * MB, 100 * MB]


def test_no_further_than_its_depth_is_looked(environment: simpy.Environment) -> None:
    """At 500 MB two wait in view: 900 and 100 are as far. Then 800 comes into view."""
    device = disk(environment, queue_depth_count=2)
    requests = [device.transfer(1 * KB, place) for place in PLACES]
    environment.run()
    assert by_place(requests) == [500 * MB, 900 * MB, 800 * MB, 100 * MB]


def test_the_turn_of_the_platter_counts_too(environment: simpy.Environment) -> None:
    """No seeks: at 1 ms of the turn the sector at 9 ms comes sooner than that at 0.5 ms."""
    device = disk(environment, queue_depth_count=2, rotation_s=10 * MS, seek_shortest_s=0.0, seek_longest_s=0.0)
    requests = [device.transfer(10 * KB, place) for place in (0, 5 * KB, 90 * KB)]
    environment.run()
    assert by_place(requests) == [0, 90 * KB, 5 * KB]


def far_request_s(environment: simpy.Environment, deadline_s: float) -> float:
    """How long a request at the far end waits while a hundred others are near the arm."""
    device = disk(environment, queue_depth_count=200, deadline_s=deadline_s)
    device.transfer(1 * KB, 0.0)
    far = device.transfer(1 * KB, 990 * MB)
    for number in range(100):
        device.transfer(1 * KB, (2 * number + 1) * 10 * KB)
    environment.run(until=far.done)
    return environment.now


def test_nobody_is_passed_over_for_longer_than_the_deadline(environment: simpy.Environment) -> None:
    assert far_request_s(environment, 10.0) > 0.1
    assert far_request_s(simpy.Environment(), 0.05) < 0.05 + 0.011


def stream(environment: simpy.Environment, device: RotatingDisk, group: str, place: float, log: list[str],
           think_s: float = 0.0) -> Iterator[simpy.Event]:  # fmt: skip
    """Reads 100 kB after 100 kB, one at a time."""
    for number in range(40):
        yield device.transfer(100 * KB, place + number * 100 * KB, group=group).done
        log.append(group)
        if think_s:
            yield environment.timeout(think_s)


def runs(log: list[str]) -> list[int]:
    """How often the same one came in a row."""
    found, last = [], ""
    for name in log:
        if name == last:
            found[-1] += 1
        else:
            found.append(1)
        last = name
    return found


@pytest.mark.parametrize("groups", ["ab", "aa"])
@pytest.mark.parametrize(("think_s", "anticipation_s", "in_a_row"), [
    (0.0, 5 * MS, 5), (2 * MS, 5 * MS, 5), (2 * MS, 1 * MS, 1), (2 * MS, 0.0, 1),
])  # fmt: skip
def test_a_stream_keeps_the_arm_for_a_batch_if_it_comes_in_time(
    environment: simpy.Environment, groups: str, think_s: float, anticipation_s: float, in_a_row: int
) -> None:
    """Batches of 500 kB are five reads; between streams of one tenant, and of two."""
    device = disk(environment, batch_bytes=500 * KB, anticipation_s=anticipation_s, queue_depth_count=4)
    logs: list[tuple[str, str]] = []

    class Log(list[str]):
        def __init__(self, name: str) -> None:
            self.name = name

        def append(self, group: str) -> None:
            logs.append((self.name, group))

    for number, (group, place) in enumerate(zip(groups, (0.0, 600 * MB), strict=True)):
        environment.process(stream(environment, device, group, place, Log(str(number)), think_s))
    environment.run()
    found = runs([name for name, _ in logs])[2:-2]
    assert sorted(found)[len(found) // 2] == in_a_row


def test_the_arm_does_not_wait_when_nobody_else_wants_it(environment: simpy.Environment) -> None:
    """One stream and pauses: a request that comes elsewhere after the anticipation is over goes at once."""
    device = disk(environment, anticipation_s=5 * MS)
    for number in range(3):
        environment.run(until=device.transfer(100 * KB, number * 100 * KB).done)
    environment.run(until=environment.now + 6 * MS)
    other = device.transfer(1 * KB, 800 * MB, group="b")
    assert other.start_s == environment.now


def test_weights_hold_for_tenants_with_one_request_at_a_time_if_the_arm_waits(environment: simpy.Environment) -> None:
    """Random reads, four to one; without waiting for the next request of the heavier they would take turns."""
    parts = []
    for anticipation_s in (0.0, 5 * MS):
        random, environment = Random(8), simpy.Environment()
        device = disk(environment, anticipation_s=anticipation_s)
        device.set_group("heavy", weight=4.0)
        made: list[Request] = []

        def reader(
            group: str, device: RotatingDisk = device, random: Random = random, made: list[Request] = made
        ) -> Iterator[simpy.Event]:
            while True:
                made.append(device.transfer(1 * KB, random.randrange(1000) * MB, group=group))
                yield made[-1].done

        environment.process(reader("heavy"))
        environment.process(reader("light"))
        environment.run(until=20.0)
        (row,) = device.rows()
        parts.append(sum(r.served_s(20.0) for r in made if r.group == "heavy") / row.busy_s)
    assert parts == pytest.approx([0.5, 0.8], abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_closes_at_any_time(seed: int) -> None:
    """Charges of all groups are what the disk was busy, whatever waits, is held back, changes or is waited for."""
    random, environment = Random(seed), simpy.Environment()
    device = disk(environment, anticipation_s=3 * MS, queue_depth_count=4, batch_bytes=200 * KB, deadline_s=0.05)
    made: list[Request] = []
    for _ in range(300):
        environment.run(until=environment.now + random.expovariate(1 / (6 * MS)))
        group = random.choice("abc")
        if random.random() < 0.2:
            device.set_group(group, weight=random.uniform(0.2, 5.0), bytes_per_s=random.choice([2 * MB, float("inf")]))
        place = random.choice([0.0, made[-1].position_bytes + made[-1].size_bytes if made else 0.0, 700 * MB])
        made.append(device.transfer(random.choice([4 * KB, 100 * KB]), place, group=group))
        (row,) = device.rows()
        assert row.busy_s == pytest.approx(sum(r.served_s(environment.now) for r in made), rel=1e-9, abs=1e-12)
        assert row.busy_s + row.idle_s == pytest.approx(environment.now)
    environment.run()
    assert all(request.done.processed for request in made)
    (row,) = device.rows()
    assert row.busy_s == pytest.approx(sum(request.service_s for request in made))


# ---------------------------------------------------------------- flash


def test_a_latecomer_does_not_wait_for_the_whole_queue_of_a_flash_disk(environment: simpy.Environment) -> None:
    """1000 reads of one tenant wait for four channels; the first of another is next when a channel is free."""
    parameters = {
        "capacity_bytes": 1 * GB, "channels_count": 4, "stripe_bytes": 10 * KB, "command_s": 0.0,
        "read_s": 50 * US, "channel_bytes_per_s": 100 * MB, "write_s": 20 * US, "write_command_s": 0.0,
        "write_bytes_per_s": 500 * MB, "interface_bytes_per_s": 1 * GB,
    }  # fmt: skip
    device = FlashDisk(environment, parameters)
    for _ in range(1000):
        device.transfer(1 * KB, group="hog")
    environment.run(until=1000 * US)
    request = device.transfer(1 * KB, group="other")
    environment.run(until=request.done)
    assert environment.now - request.queued_s <= 2 * 61 * US


# ---------------------------------------------------------------- network card


def card(environment: simpy.Environment, **changes: float) -> NetworkCard:
    """A packet of 1000 bytes takes 1 us; none of the frame's own."""
    parameters = {
        "link_bytes_per_s": 1 * GB, "frame_bytes": 0, "offload_bytes": 0, "coalesce_s": 0.0, "coalesce_frames": 8
    }  # fmt: skip
    return NetworkCard(environment, parameters | changes)


def test_without_coalescing_each_packet_interrupts(environment: simpy.Environment) -> None:
    device = card(environment)
    one, five = device.transfer("receive", 1 * KB, 1), device.transfer("receive", 5 * KB, 5)
    device.transfer("send", 5 * KB, 5)
    environment.run(until=one.done)
    assert environment.now == pytest.approx(1 * US)
    environment.run()
    assert (one.interrupts, five.interrupts, device.interrupts) == (1.0, 5.0, 6.0)


def test_a_lone_packet_waits_for_others_that_do_not_come(environment: simpy.Environment) -> None:
    device = card(environment, coalesce_s=20 * US)
    request = device.transfer("receive", 1 * KB, 1)
    environment.run(until=request.done)
    assert environment.now == pytest.approx(21 * US)
    assert request.served_s(environment.now) == pytest.approx(1 * US)
    assert request.interrupts == device.interrupts == 1.0


def test_packets_that_come_in_time_share_an_interrupt(environment: simpy.Environment) -> None:
    """The first is held until 21 us; the second, of 10 us, is told with it."""
    device = card(environment, coalesce_s=20 * US)
    first = device.transfer("receive", 1 * KB, 1)
    environment.run(until=10 * US)
    second = device.transfer("receive", 1 * KB, 1)
    environment.run(until=first.done & second.done)
    assert environment.now == pytest.approx(21 * US)
    assert (first.interrupts, second.interrupts, device.interrupts) == (0.5, 0.5, 1.0)


def test_enough_packets_are_not_held(environment: simpy.Environment) -> None:
    """Eight make an interrupt: of twenty in a row two at once, the last four when their first has waited for 20 us."""
    device = card(environment, coalesce_s=20 * US)
    requests = [device.transfer("receive", 1 * KB, 1) for _ in range(20)]
    environment.run(until=requests[7].done)
    assert environment.now == pytest.approx(8 * US)
    environment.run(until=requests[15].done)
    assert environment.now == pytest.approx(16 * US)
    environment.run(until=requests[19].done)
    assert environment.now == pytest.approx(37 * US)
    assert device.interrupts == 3.0 == pytest.approx(sum(request.interrupts for request in requests))


def test_one_long_request_is_announced_as_its_packets_come(environment: simpy.Environment) -> None:
    """Twenty packets in one piece: two interrupts on the way, the third for the last four, held since 17 us."""
    device = card(environment, coalesce_s=20 * US)
    request = device.transfer("receive", 20 * KB, 20)
    environment.run(until=request.done)
    assert environment.now == pytest.approx(37 * US)
    assert request.interrupts == device.interrupts == 3.0


def test_sending_is_never_held(environment: simpy.Environment) -> None:
    device = card(environment, coalesce_s=20 * US)
    environment.run(until=device.transfer("send", 1 * KB, 1).done)
    assert environment.now == pytest.approx(1 * US)


def test_groups_share_a_direction_and_not_the_other(environment: simpy.Environment) -> None:
    """a sends 100 packets at once, b one: it waits for two at most. What b receives is nobody's business."""
    device = card(environment)
    device.set_group("a", weight=1.0)
    for _ in range(100):
        device.transfer("send", 1 * KB, 1, group="a")
    sent, received = device.transfer("send", 1 * KB, 1, group="b"), device.transfer("receive", 1 * KB, 1, group="b")
    environment.run(until=received.done)
    assert environment.now == pytest.approx(1 * US)
    environment.run(until=sent.done)
    assert environment.now == pytest.approx(2 * US)


def test_a_limit_counts_in_each_direction(environment: simpy.Environment) -> None:
    """100 MB/s: ten packets a direction in 90 us and their own time, both ways."""
    device = card(environment)
    device.set_group("a", bytes_per_s=100 * MB)
    for direction in ("send", "receive"):
        for _ in range(10):
            device.transfer(direction, 1 * KB, 1, group="a")
    environment.run()
    assert environment.now == pytest.approx(91 * US)


def test_without_weights_first_come_is_first_served_and_limits_hold(environment: simpy.Environment) -> None:
    """b waits for the hundred packets of a. Those of c pass its limit at 0, 10, 20 us, and wait in the same line."""
    device = card(environment)
    device.set_group("c", bytes_per_s=100 * MB)
    for _ in range(100):
        device.transfer("send", 1 * KB, 1, group="a")
    b = device.transfer("send", 1 * KB, 1, group="b")
    c = [device.transfer("send", 1 * KB, 1, group="c") for _ in range(3)]
    environment.run()
    assert [request.start_s for request in (b, *c)] == pytest.approx([100 * US, 101 * US, 102 * US, 103 * US])
