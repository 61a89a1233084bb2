"""The rotating disk against its closed forms."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
import simpy

from simulator import laws
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
}


def test_random_requests() -> None:
    random, disk = Random(2), RotatingDisk(simpy.Environment(), DISK)
    services_s = [disk.transfer(4e3, random.random() * 36 * GB).service_s for _ in range(20_000)]
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
