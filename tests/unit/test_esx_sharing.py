"""Equal pages under a hypervisor that keeps its guests' memory: found in the first pass, not in large pages."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.devices.memory import Memory
from simulator.layers._guest_memory import GuestMemory, HostMemory
from simulator.layers._memory_reclaim import Reclaim
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import Use

MIB = 2.0**20
PAGES = 100 * MIB / 4096


class Cache:
    resident_bytes = dirty_bytes = 0.0


class Host:
    """Guests of 100 MiB each, half of it data that is the same in all; a pass takes 100 s."""

    def __init__(self, guests: int = 2, **choices: str) -> None:
        product = Catalog().layer("vmware-esx-4.1", "dell-2650")
        self.host = HostMemory(2000 * MIB, 1000 * MIB)
        for index in range(guests):
            space = Memory({"capacity_bytes": 200 * MIB})
            space.hold("program app", 100 * MIB)
            guest = GuestMemory(f"guest-{index}", 200 * MIB, space=space, cache=Cache(), programs={"app": "app"},
                                alike={"data_alike_ratio": 0.5})  # fmt: skip
            guest.settle()
            self.host.guests[guest.name] = guest
        self.guest = self.host.guests["guest-0"]
        numbers = Parameters({**product.values(), "share_pass_s": 100.0, "share_most_count": 1e9})
        structure = {**product.structure, "large_pages": "off", **choices}
        place: Any = Place(host=self.host, guest=self.guest)
        self.reclaim = Reclaim(numbers, structure, place, lambda demand: ())
        self.second = 0

    def look(self, seconds: int) -> dict[str, float]:
        """So many looks of the thread; cycles by mechanism."""
        found: dict[str, float] = {}
        for _ in range(seconds):
            self.second += 1
            for step in self.reclaim._look(float(self.second)):
                if isinstance(step, Use):
                    found[step.mechanism] = found.get(step.mechanism, 0.0) + step.cycles
        return found

    @property
    def shared(self) -> float:
        return sum(guest.shared_bytes for guest in self.host.guests.values())

    def broken(self) -> float:
        """Shared pages that the first guest pays for at its next use of memory."""
        return sum(counts[-1] for counts in self.reclaim._once(lambda guest: guest.settle()))


def test_by_hand_consumed_falls_in_the_first_pass_and_stays() -> None:
    """50 MiB are the same in both; the second guest is looked at in the second half of a pass."""
    host = Host()
    assert host.look(45)["sharing"] == pytest.approx(45 / 100 * 2 * PAGES * 6000)
    assert host.shared == 0.0
    host.look(30)
    assert 15 * MIB < host.shared < 35 * MIB
    host.look(40)
    assert host.shared == pytest.approx(50 * MIB)
    assert host.guest.consumed_bytes == pytest.approx(75 * MIB)
    host.look(100)
    assert host.shared == pytest.approx(50 * MIB)
    assert host.broken() == 0.0


def test_large_pages_are_shared_when_memory_is_short_and_from_then_on() -> None:
    host = Host(large_pages="on")
    host.look(110)
    assert host.shared == 0.0
    host.host.state = "soft"
    host.look(1)
    assert host.shared == pytest.approx(50 * MIB)
    host.host.state = "high"
    host.look(10)
    assert host.shared == pytest.approx(50 * MIB)


def test_who_writes_a_shared_page_pays_for_it() -> None:
    host = Host()
    host.look(110)
    assert host.guest.space is not None
    host.guest.space.hold("program app", -50 * MIB)
    host.guest.settle()
    host.look(10)
    assert host.broken() == pytest.approx(PAGES / 4)
    assert host.host.guests["guest-1"].broken_pages == 0.0
    assert host.broken() == 0.0
    assert host.shared < 30 * MIB


def test_pages_that_were_taken_are_no_writes() -> None:
    host = Host()
    host.look(110)
    host.guest.take(40 * MIB)
    host.look(10)
    assert host.broken() == 0.0
    assert host.shared < 50 * MIB


def test_without_it_nothing_is_looked_at() -> None:
    host = Host(sharing="off")
    assert "sharing" not in host.look(110)
    assert host.shared == 0.0
