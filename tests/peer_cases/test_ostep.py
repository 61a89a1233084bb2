"""OSTEP's homework simulators: the disk and first-come-first-served scheduling.

Arpaci-Dusseau and Arpaci-Dusseau, Operating Systems: Three Easy Pieces, ``disk.py`` and ``scheduler.py``.
"""

from __future__ import annotations

import pytest
import simpy

from simulator.devices._line import Line
from simulator.devices.base import Request
from simulator.devices.rotating_disk import RotatingDisk

# One sector is a byte: 12 on a track, 30 time units each; every seek takes 40. At time 0 the head is half-way through
# sector 6, so sector 10 comes by after 3.5 sectors: 105.
GEOMETRY = {
    "capacity_bytes": 36.0,
    "media_bytes_per_s": 12.0 / 360.0,
    "rotation_s": 360.0,
    "seek_shortest_s": 40.0,
    "seek_longest_s": 40.0,
    "command_s": 0.0,
    "queue_depth_count": 1.0,
    "deadline_s": 1e6,
    "batch_bytes": 36.0,
    "anticipation_s": 0.0,
}
PHASE = 6.5 / 12.0


@pytest.mark.parametrize(
    ("sectors", "services", "total"),
    [
        ([10], [135], 135),  # 105 + 30
        ([10, 11], [135, 30], 165),  # the next sector follows
        ([10, 18], [135, 240], 375),  # at 135 + 40 the head is 10 degrees into the turn; sector 6 of the track at 180
    ],
)
def test_disk(sectors: list[int], services: list[float], total: float) -> None:
    environment = simpy.Environment()
    disk = RotatingDisk(environment, GEOMETRY, phase=PHASE)
    requests = [disk.transfer(1.0, sector) for sector in sectors]
    environment.run()
    assert [request.service_s for request in requests] == pytest.approx(services, rel=1e-12)
    assert environment.now == pytest.approx(total, rel=1e-12)


def test_first_come_first_served() -> None:
    """Jobs of 1, 4 and 7 at time 0: response 0, 1, 5; turnaround 1, 5, 12."""
    environment = simpy.Environment()
    line = Line(environment, "cpu", lambda request: request.size_bytes)
    requests = [line.queue(Request(environment, length)) for length in (1, 4, 7)]
    environment.run()
    responses = [request.start_s for request in requests]
    turnarounds = [request.start_s + request.service_s for request in requests]
    assert (responses, turnarounds) == ([0, 1, 5], [1, 5, 12])
    assert (sum(responses) / 3, sum(turnarounds) / 3) == (2.0, 6.0)
