"""OSTEP's homework simulators: the disk, first-come-first-served scheduling, and a cache that must be warmed.

Arpaci-Dusseau and Arpaci-Dusseau, Operating Systems: Three Easy Pieces, ``disk.py``, ``scheduler.py`` and ``multi.py``.
"""

from __future__ import annotations

import pytest
import simpy

from simulator.demands import AccessMemory
from simulator.devices._line import Line
from simulator.devices.base import Request
from simulator.devices.processor import Processor
from simulator.devices.rotating_disk import RotatingDisk
from simulator.layers.hardware import Hardware
from simulator.sharing.tree import Share
from simulator.steps import Use

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


# Work of 30 units on a set of 200 bytes; cold it takes 1 a tick, warm 2; after 10 cold ticks the set is warm. So a warm
# job takes 15 ticks, and warming costs 5 more: 10 ticks for what takes 5. An access of one byte a time, 200 of them a
# set: cold 5 / 200 ticks longer than warm.
WORK, WARM_RATE, SET = 30.0, 2.0, 200.0
WARMING = 10.0 - 10.0 / WARM_RATE


def test_a_cold_set_is_fetched_once_and_then_warm() -> None:
    """Pushed out altogether while others ran: 10 cold and 20 / 2 warm ticks are 20."""
    environment = simpy.Environment()
    parameters = {"cache_bytes": 300.0, "cache_kernel_bytes": 0.0, "cache_line_bytes": 1.0}
    miss = {"cache_miss_s": WARMING / SET}
    cpu = Processor(environment, {"cores_count": 1.0, "frequency_hz": 1.0, **parameters, **miss})
    job, other = Share("job", cpu.root), Share("other", cpu.root)
    for share, set_bytes in ((job, SET), (other, 300.0)):
        assert cpu.resume(share, set_bytes) == 0.0
    environment.run(until=cpu.run(WORK / WARM_RATE, job, stall_s=cpu.resume(job, SET)))
    assert environment.now == pytest.approx(20.0)


@pytest.mark.parametrize(("cache_bytes", "ticks"), [(300.0, 15.0), (1e-9, 30.0)], ids=["warm", "never warm"])
def test_a_set_that_never_gets_warm_is_cold_at_each_access(cache_bytes: float, ticks: float) -> None:
    """The limits of the same model: all of the set in the cache, or nothing of it ever. 600 accesses, three a byte."""
    accesses = 3.0 * SET
    machine = Hardware({
        "cache_bytes": cache_bytes, "cache_line_bytes": 1.0, "page_bytes": 4096.0, "tlb_entries_count": 1.0,
        "table_entry_bytes": 8.0, "cached_access_s": WORK / WARM_RATE / accesses, "memory_access_s": WORK / accesses,
        "memory_bytes_per_s": 1.0,
    })  # fmt: skip
    uses = [use for use in machine.lower(AccessMemory("random", SET)) if isinstance(use, Use)]
    assert accesses * sum(use.stall_s for use in uses) == pytest.approx(ticks)
