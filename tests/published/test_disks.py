"""The flash disks of the catalog against native figures of the machines they stand for.

Every figure is one that may calibrate. Those that a parameter was made from must come back out of the disk at work;
the others (marked ``check``) were not used.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest
import simpy

from simulator.catalog import Catalog
from simulator.devices.flash_disk import FlashDisk

KIB, MIB = 1024, 1024**2


def latency_s(machine: str, depth: int, size_bytes: int, write: bool = False) -> float:
    """Mean time of a request while so many are under way all the time."""
    environment, rounds = simpy.Environment(), max(20, 4_000 // depth)
    disk = FlashDisk(environment, Catalog().machine(machine).devices["disk"].values())

    def client() -> Generator[simpy.Event, None, None]:
        for _ in range(rounds):
            yield disk.transfer(size_bytes, write=write).done

    for _ in range(depth):
        environment.process(client())
    environment.run()
    return float(environment.now) / rounds


@pytest.mark.parametrize(
    ("machine", "depth", "size_bytes", "write", "published_per_s", "tolerance"),
    [
        # Agache et al. 2020, fio on the bare machine
        ("firecracker-m5d", 32, 4 * KIB, False, 301_182, 0.02),
        ("firecracker-m5d", 32, 4 * KIB, True, 32 * 6_255, 0.01),  # 178,048 with a flush after each 32
        ("firecracker-m5d", 32, 128 * KIB, False, 13_182, 0.01),
        ("firecracker-m5d", 32, 128 * KIB, True, 6_255, 0.01),
        # Felter et al. 2014, fio, 8 jobs of depth 16
        ("felter-x3650", 128, 4 * KIB, False, 84_044, 0.01),
        ("felter-x3650", 128, 4 * KIB, True, 112_034, 0.01),
        # data sheets of the disks of the Arndale board and of the two machines of today
        ("arndale", 32, 4 * KIB, False, 86_000, 0.01),
        ("arndale", 32, 4 * KIB, True, 32_000, 0.02),  # check
        ("laptop-2025", 512, 4 * KIB, False, 1_200_000, 0.03),
        ("laptop-2025", 512, 4 * KIB, True, 1_550_000, 0.01),
        ("server-2025", 512, 4 * KIB, False, 2_100_000, 0.03),
        ("server-2025", 512, 4 * KIB, True, 675_000, 0.01),
    ],
)
def test_a_full_queue(
    machine: str, depth: int, size_bytes: int, write: bool, published_per_s: float, tolerance: float
) -> None:
    assert depth / latency_s(machine, depth, size_bytes, write) == pytest.approx(published_per_s, rel=tolerance)


@pytest.mark.parametrize(
    ("machine", "depth", "size_bytes", "write", "published_s", "system_s", "tolerance"),
    [
        ("firecracker-m5d", 1, 4 * KIB, False, 59.51e-6, 16.4e-6, 0.01),
        ("firecracker-m5d", 1, 4 * KIB, True, 29.27e-6, 16.4e-6, 0.01),
        ("firecracker-m5d", 1, 128 * KIB, False, 209.83e-6, 16.4e-6, 0.04),
        ("firecracker-m5d", 1, 128 * KIB, True, 1 / 6_094, 16.4e-6, 0.15),  # check: the disk hides 20 of 164 us
        ("firecracker-m5d", 32, 4 * KIB, False, 105.81e-6, 0.0, 0.02),  # check
        ("felter-x3650", 1, MIB, False, 1_993.81e-6, 0.0, 0.02),
        ("felter-x3650", 2, MIB, False, 2_533.53e-6, 0.0, 0.03),  # check
        ("felter-x3650", 128, 4 * KIB, False, 1_519.79e-6, 0.0, 0.01),
        ("felter-x3650", 128, 4 * KIB, True, 1_140.45e-6, 0.0, 0.01),
    ],
)
def test_how_long_a_request_takes(
    machine: str, depth: int, size_bytes: int, write: bool, published_s: float, system_s: float, tolerance: float
) -> None:
    """The time that a program sees is the disk's and that of the system."""
    found_s = latency_s(machine, depth, size_bytes, write) + system_s
    assert found_s == pytest.approx(published_s, rel=tolerance)
