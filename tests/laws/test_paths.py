"""What goes through one device after the other, and through a link with a buffer before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import pytest
import simpy

from simulator import laws
from simulator.devices.nic import NetworkCard
from simulator.devices.processor import Processor
from simulator.devices.rotating_disk import RotatingDisk
from simulator.queues import Ring

Draws = Callable[..., list[float]]
# A disk whose requests take only their transfer: no seek, a turn of a nanosecond.
PLAIN_DISK = {
    "capacity_bytes": 1e9,
    "media_bytes_per_s": 1.0,
    "rotation_s": 1e-9,
    "seek_shortest_s": 0.0,
    "seek_longest_s": 0.0,
    "command_s": 0.0,
    "queue_depth_count": 1,
    "deadline_s": 0.0,
    "batch_bytes": 0.0,
    "anticipation_s": 0.0,
}
LINK_BYTES_PER_S, PACKET_BYTES = 1e6, 1e3


def link(environment: simpy.Environment, bytes_per_s: float) -> NetworkCard:
    """A card whose frames have no bytes of their own."""
    return NetworkCard(
        environment,
        {
            "link_bytes_per_s": bytes_per_s,
            "frame_bytes": 0.0,
            "offload_bytes": 0.0,
            "coalesce_s": 0.0,
            "coalesce_frames": 1,
        },
    )


def test_processor_disk_and_card_in_a_row(draws: Draws) -> None:
    """0.5 requests a second; 1 s of a shared processor, 0.8 s of the disk, 0.6 s of the link; all exponential."""
    random, environment, jobs = Random(49), simpy.Environment(), 40_000
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 1.0})
    disk, card = RotatingDisk(environment, PLAIN_DISK), link(environment, 1.0)
    times_s = []

    def request(*sizes: float) -> Iterator[simpy.Event]:
        start_s = environment.now
        yield cpu.run(sizes[0])
        yield disk.transfer(0.8 * sizes[1]).done
        yield card.transfer("send", 0.6 * sizes[2], 1.0).done
        times_s.append(environment.now - start_s)

    def arrivals() -> Iterator[simpy.Event]:
        for gap, *sizes in zip(*(draws(random, jobs) for _ in range(4)), strict=True):
            yield environment.timeout(gap / 0.5)
            environment.process(request(*sizes))

    environment.process(arrivals())
    environment.run()
    expected_s = laws.tandem_response_s(0.5, (1.0, 1 / 0.8, 1 / 0.6))
    assert sum(times_s) / jobs == pytest.approx(expected_s, rel=0.04)


@pytest.mark.parametrize("backlog", [0, 1, 7, 100])
def test_a_packet_waits_for_the_bytes_before_it(backlog: int) -> None:
    environment = simpy.Environment()
    card = link(environment, LINK_BYTES_PER_S)
    for _ in range(backlog):
        card.transfer("send", PACKET_BYTES, 1.0)
    last = card.transfer("send", PACKET_BYTES, 1.0)
    environment.run()
    assert last.start_s == pytest.approx(backlog * PACKET_BYTES / LINK_BYTES_PER_S)


@pytest.mark.parametrize("buffer_bytes", [10e3, 100e3, 1e6])
def test_a_buffer_that_stays_full_delays_everything_by_its_length(buffer_bytes: float) -> None:
    """Twice what the link carries is offered: the larger the buffer, the longer the delay, and nothing is gained."""
    environment = simpy.Environment()
    card, ring = link(environment, LINK_BYTES_PER_S), Ring(environment.event, buffer_bytes)
    delays_s: list[float] = []

    def packet() -> Iterator[simpy.Event]:
        room = ring.admit(PACKET_BYTES)
        if room is not None:
            yield room
        start_s = environment.now
        yield card.transfer("send", PACKET_BYTES, 1.0).done
        ring.withdraw(None, PACKET_BYTES)
        delays_s.append(environment.now - start_s)

    def offer() -> Iterator[simpy.Event]:
        while True:
            environment.process(packet())
            yield environment.timeout(PACKET_BYTES / (2 * LINK_BYTES_PER_S))

    environment.process(offer())
    environment.run(until=4.0)
    assert max(delays_s) == pytest.approx(buffer_bytes / LINK_BYTES_PER_S)
    assert delays_s[-1] == pytest.approx(buffer_bytes / LINK_BYTES_PER_S)
    assert len(delays_s) * PACKET_BYTES == pytest.approx(4.0 * LINK_BYTES_PER_S, rel=0.001)


@pytest.mark.parametrize(
    ("packets", "round_trip_s", "bytes_per_s"), [(10, 0.05, 2e5), (50, 0.05, 1e6), (80, 0.08, 1e6)]
)
def test_a_window_fills_a_link_and_then_only_its_buffer(packets: int, round_trip_s: float, bytes_per_s: float) -> None:
    """49 ms there and back and 1 ms for a packet: 50 packets are under way; what is more stands before the link."""
    environment = simpy.Environment()
    card = link(environment, LINK_BYTES_PER_S)
    trips_s: list[float] = []

    def slot() -> Iterator[simpy.Event]:
        while True:
            start_s = environment.now
            yield card.transfer("send", PACKET_BYTES, 1.0).done
            yield environment.timeout(0.049)
            trips_s.append(environment.now - start_s)

    for _ in range(packets):
        environment.process(slot())
    environment.run(until=20.0)
    assert trips_s[-1] == pytest.approx(round_trip_s)
    assert len(trips_s) * PACKET_BYTES / environment.now == pytest.approx(bytes_per_s, rel=0.01)
