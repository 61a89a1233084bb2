"""Disks against their closed forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices.flash_disk import FlashDisk
from simulator.devices.rotating_disk import RotatingDisk

GB = 1e9
RATE, TURN_S, SHORTEST_S, LONGEST_S = 40e6, 0.006, 0.0005, 0.0085
DISK = {
    "capacity_bytes": 36 * GB,
    "media_bytes_per_s": RATE,
    "rotation_s": TURN_S,
    "seek_shortest_s": SHORTEST_S,
    "seek_longest_s": LONGEST_S,
    "command_s": 0.0,
    "queue_depth_count": 1,
    "deadline_s": 0.5,
    "batch_bytes": 2e6,
    "anticipation_s": 0.0,
}


def test_random_requests() -> None:
    random, environment = Random(2), simpy.Environment()
    disk = RotatingDisk(environment, DISK)
    requests = [disk.transfer(4e3, random.random() * 36 * GB) for _ in range(20_000)]
    environment.run()
    services_s = [request.service_s for request in requests]
    # E sqrt|u - v| of two uniform places = integral of 2 (1 - d) sqrt(d) = 2 (2/3 - 2/5) = 8/15
    seek_s = SHORTEST_S + (LONGEST_S - SHORTEST_S) * 8 / 15
    expected_s = laws.random_request_s(seek_s, TURN_S, 4e3, RATE)
    assert sum(services_s) / len(services_s) == pytest.approx(expected_s, rel=0.01)


@pytest.mark.parametrize("streams", [1, 2, 3, 8])
@pytest.mark.parametrize("batch_bytes", [64e3, 1e6])
def test_streams_lose_their_sequentiality_to_each_other(streams: int, batch_bytes: float) -> None:
    """Streams 36 GB / 8 apart take turns; a pause before each request leaves the platter anywhere in its turn."""
    random, environment = Random(3), simpy.Environment()
    disk = RotatingDisk(environment, DISK)
    distance_bytes, rounds = 36 * GB / 8, 2_000

    def client() -> Iterator[simpy.Event]:
        yield disk.transfer(1.0, 0.0).done  # the first stream's file is open
        for turn in range(rounds):
            for stream in range(streams):
                yield environment.timeout(random.random() * TURN_S)
                yield disk.transfer(batch_bytes, 1.0 + stream * distance_bytes + turn * batch_bytes).done

    environment.process(client())
    environment.run()
    (row,) = disk.rows()
    found = rounds * streams * batch_bytes / row.busy_s

    def seek_s(distance: int) -> float:
        return SHORTEST_S + (LONGEST_S - SHORTEST_S) * (distance / 8) ** 0.5

    # streams - 1 steps to the next one, one step back to the first
    seeks_s = (streams - 1) * seek_s(1) + seek_s(streams - 1)
    switch_s = seeks_s / streams + TURN_S / 2 if streams > 1 else 0.0
    assert found == pytest.approx(laws.alternating_streams_bytes_per_s(batch_bytes, RATE, switch_s), rel=0.02)


@pytest.mark.parametrize("streams", [2, 3, 8])
@pytest.mark.parametrize("batch_bytes", [256e3, 1e6])
@pytest.mark.parametrize("tenants", ["one", "each"])
def test_streams_have_the_arm_for_a_batch(streams: int, batch_bytes: float, tenants: str) -> None:
    """k streams of 32 to 96 kB, one request at a time each: rate = b / (b / R + seek and half a turn).

    The request that fills a batch is carried out to its end: b is larger by half a request in the mean, seen from
    within one: E[S^2] / (2 E[S]) = (64^2 + 64^2 / 12) / 128 = 34.7 kB. Every seek takes 5 ms here.
    """
    environment, moved, until_s = simpy.Environment(), [0.0], 12.0
    changes = {"batch_bytes": batch_bytes, "anticipation_s": 0.005, "queue_depth_count": 8}
    disk = RotatingDisk(environment, DISK | changes | {"seek_shortest_s": 0.005, "seek_longest_s": 0.005})

    def client(stream: int) -> Iterator[simpy.Event]:
        random, place = Random(stream), stream * 36 * GB / 8 + 1.0
        while True:
            size_bytes = random.uniform(32e3, 96e3)
            group = "" if tenants == "one" else str(stream)
            yield disk.transfer(size_bytes, place, group=group).done
            place += size_bytes
            moved[0] += size_bytes

    for stream in range(streams):
        environment.process(client(stream))
    environment.run(until=until_s)
    (row,) = disk.rows()
    assert row.busy_s == pytest.approx(until_s, rel=1e-9)
    # with one tenant the stream that is reached soonest is next: of k - 1 others, less than half a turn away
    turn_s = TURN_S / 2 if tenants == "each" else TURN_S / streams
    expected = laws.alternating_streams_bytes_per_s(batch_bytes + 34.7e3, RATE, 0.005 + turn_s)
    assert moved[0] / until_s == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("groups", [("",), ("a", "b", "c")])
@pytest.mark.parametrize(
    ("size", "second_moment_s2"),
    [(lambda random: 40e3, 1e-6), (lambda random: random.uniform(0.0, 80e3), 4e-6 / 3)],
    ids=["M/D/1", "M/G/1"],
)
def test_arrivals_by_chance_wait_as_pollaczek_and_khinchine_say(
    groups: tuple[str, ...], size: Callable[[Random], float], second_moment_s2: float
) -> None:
    """Load 0.7 of a disk that takes a millisecond in the mean; the same for all tenants together (conservation law)."""
    random, environment = Random(9), simpy.Environment()
    disk = RotatingDisk(environment, DISK | {"rotation_s": 1e-9, "seek_shortest_s": 0.0, "seek_longest_s": 0.0})
    requests = []

    def arrivals() -> Iterator[simpy.Event]:
        for _ in range(20_000):
            yield environment.timeout(random.expovariate(700.0))
            requests.append(disk.transfer(size(random), random.random() * GB, group=random.choice(groups)))

    environment.process(arrivals())
    environment.run()
    waits_s = [request.start_s - request.queued_s for request in requests]
    expected_s = laws.mg1_wait_s(700.0, 1e-3, second_moment_s2)
    assert sum(waits_s) / len(waits_s) == pytest.approx(expected_s, rel=0.06)


US, MB = 1e-6, 1e6
FLASH = {
    "capacity_bytes": 1e12,
    "channels_count": 16,
    "stripe_bytes": 16e3,
    "command_s": 1 * US,
    "read_s": 58 * US,
    "channel_bytes_per_s": 100 * MB,
    "write_s": 12 * US,
    "write_command_s": 3 * US,
    "write_bytes_per_s": 500 * MB,
    "interface_bytes_per_s": 1000 * MB,
}
READ_S, WRITE_S = (1 + 58 + 40) * US, (1 + 3 + 8 + 12) * US
"""One request of 4 kB alone: 4 kB take 40 us of a channel, 8 us of the way in, 4 us of the way out."""


def requests_per_s(depth: int, size_bytes: float, write: bool, **changes: float) -> float:
    """What a disk does for clients that each have one request under way all the time."""
    environment, rounds = simpy.Environment(), 6_400 // depth
    disk = FlashDisk(environment, FLASH | changes)

    def client() -> Iterator[simpy.Event]:
        for _ in range(rounds):
            yield disk.transfer(size_bytes, write=write).done

    for _ in range(depth):
        environment.process(client())
    environment.run()
    (row,) = disk.rows()
    assert row.busy_s + row.idle_s == pytest.approx(16 * environment.now)
    return depth * rounds / environment.now


@pytest.mark.parametrize("depth", [1, 2, 8, 16, 17, 64])
def test_reads_of_a_flash_disk_at_any_depth(depth: int) -> None:
    """``min(n, 16) / 99 us``: the controller could take up a million a second, the interface carry 250,000."""
    expected = laws.parallel_requests_per_s(READ_S, depth, 16, serial_s=4 * US)
    assert requests_per_s(depth, 4e3, write=False) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("depth", [1, 2, 16, 64])
def test_writes_of_a_flash_disk_at_any_depth(depth: int) -> None:
    """From the third on the way in is full: 3 us of map and 8 us of bytes for each."""
    expected = laws.parallel_requests_per_s(WRITE_S, depth, 16, serial_s=11 * US)
    assert requests_per_s(depth, 4e3, write=True) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("depth", [1, 16, 64])
def test_the_interface_bounds_a_flash_disk(depth: int) -> None:
    expected = laws.parallel_requests_per_s(READ_S, depth, 16, serial_s=4e3 / (100 * MB))
    assert requests_per_s(depth, 4e3, write=False, interface_bytes_per_s=100 * MB) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("depth", [1, 16, 64])
def test_the_controller_bounds_a_flash_disk(depth: int) -> None:
    latency_s = READ_S + 29 * US
    expected = laws.parallel_requests_per_s(latency_s, depth, 16, serial_s=30 * US)
    assert requests_per_s(depth, 4e3, write=False, command_s=30 * US) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("depth", "expected_bytes_per_s"), [(1, 256e3 / 315e-6), (4, 1e9), (32, 1e9)])
def test_large_reads_of_a_flash_disk(depth: int, expected_bytes_per_s: float) -> None:
    """Alone, 16 pieces of 16 kB take 160 us of their channels but 256 us of the interface: 1 + 58 + 256 us."""
    found = requests_per_s(depth, 256e3, write=False) * 256e3
    assert found == pytest.approx(expected_bytes_per_s, rel=0.01)
