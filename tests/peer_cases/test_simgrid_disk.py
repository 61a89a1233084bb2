"""SimGrid's disks: bandwidth divided among all that is in flight, by priority.

SimGrid, ``examples/cpp/io-priority`` and ``examples/cpp/io-async``: 40 MB/s for writes, 100 MB/s for reads.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import simpy

from simulator.catalog import Catalog
from simulator.devices.shared_disk import SharedDisk
from simulator.machine import Machine

MB = 1e6
DISK = {"capacity_bytes": 1e12, "read_bytes_per_s": 100 * MB, "write_bytes_per_s": 40 * MB}


def test_io_priority() -> None:
    """Two writers of 4 MB twice.

    2 : 1 until the heavier is through: 0.1 s of work at 2/3 of the disk = 0.15 s; the other has had half of its and
    ends at 0.2. Then even; at 0.3 both have 2 MB left, 0.05 s of work, and it is 2 : 1 again: 0.3 + 0.05 * 3/2 = 0.375,
    and everything is written by 0.4.
    """
    environment = simpy.Environment()
    disk, ends = SharedDisk(environment, DISK), {"heavy": [], "light": []}
    disk.set_group("heavy", weight=2.0)

    def writer(name: str, pause_s: float) -> Iterator[simpy.Event]:
        yield disk.transfer(4 * MB, write=True, group=name).done
        ends[name].append(environment.now)
        yield environment.timeout(pause_s)
        disk.set_group(name, weight=1.0)
        yield disk.transfer(4 * MB, write=True, group=name).done
        ends[name].append(environment.now)

    def raise_priority() -> Iterator[simpy.Event]:
        yield environment.timeout(0.3)
        disk.set_group("heavy", weight=2.0)

    environment.process(writer("heavy", 0.05))
    environment.process(writer("light", 0.0))
    environment.process(raise_priority())
    environment.run()
    assert ends["heavy"] == pytest.approx([0.150, 0.375], rel=1e-12)
    assert ends["light"] == pytest.approx([0.200, 0.400], rel=1e-12)
    (row,) = disk.rows()
    assert (row.busy_s, row.idle_s) == (pytest.approx(0.4), pytest.approx(0.0, abs=1e-12))


def test_io_async() -> None:
    """20 MB at 100 MB/s, beside whatever else its program does; on a machine whose disk is of this kind."""
    environment = simpy.Environment()
    devices = Catalog().machine("dell-2650").figures()
    machine = Machine(environment, {**devices, "disk": {"kind": "shared_disk", "parameters": DISK}})
    request = machine.transfer("disk", 20 * MB, 0, 0, False, "")
    environment.run(until=0.05)
    assert request.served_s(environment.now) == pytest.approx(0.05)
    environment.run(until=request.done)
    assert environment.now == pytest.approx(0.200, rel=1e-12)


def test_requests_of_a_group_share_what_it_has() -> None:
    """a has two requests, b one: a quarter, a quarter, a half. b's 4 MB end at 0.2; of a's 8 MB 4 are left: 0.3."""
    environment = simpy.Environment()
    disk = SharedDisk(environment, DISK)
    first, second = (disk.transfer(4 * MB, write=True, group="a") for _ in "12")
    other = disk.transfer(4 * MB, write=True, group="b")
    environment.run(until=other.done)
    assert environment.now == pytest.approx(0.2)
    assert first.served_s(0.2) == second.served_s(0.2) == pytest.approx(0.05)
    environment.run()
    assert environment.now == pytest.approx(0.3)
