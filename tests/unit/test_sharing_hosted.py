"""Guests' memory on a host that swaps: what a kernel that knows nothing of its guests does with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.demands import File
from simulator.devices.memory import Memory
from simulator.layers._guest_memory import CACHE, FREE, KERNEL, GuestMemory
from simulator.layers._hosted_pages import HostedPages
from simulator.layers._page_cache import PageCache
from simulator.layers._resident_pages import Counts
from simulator.layers._similarity import kinds
from simulator.parameters import Parameters

MIB = 2.0**20
PAGE = 4096.0
FIGURES = {
    "swap_bytes": 400 * MIB, "swap_cluster_count": 8.0, "swap_batch_count": 32.0, "swap_gap_ratio": 0.01,
}  # fmt: skip


class Guest:
    """A guest of 300 MiB with a kernel of 10 MiB, on a host with 100 MiB for guests."""

    def __init__(self, room: float = 100 * MIB) -> None:
        self.space = Memory({"capacity_bytes": 300 * MIB})
        self.space.hold(KERNEL, 10 * MIB)
        self.cache = PageCache(290 * MIB, 0.2)
        self.memory = GuestMemory("guest", 300 * MIB, space=self.space, cache=self.cache)
        self.pages = HostedPages(Parameters(FIGURES), room, PAGE)
        self.pages.host(self.memory)

    def take(self, size: float) -> tuple[float, float, float]:
        self.space.hold("program app", size)
        return amounts(self.pages.used("guest"))

    def read(self, size: float) -> tuple[float, float, float]:
        """A file, unit by unit, through the guest's page cache."""
        found, file = (0.0, 0.0, 0.0), File("file", int(size), int(MIB))
        for index in range(int(size / MIB)):
            self.cache.find(file, index)
            counts = [*self.pages.used("guest"), *self.pages.cached("guest", "file", index * MIB, MIB)]
            found = tuple(a + b for a, b in zip(found, amounts(iter(counts)), strict=True))
        return found


def amounts(found: Iterator[Counts]) -> tuple[float, float, float]:
    """Bytes written, bytes read in clusters, and single pages."""
    counts = list(found)
    written = sum(direct + behind for direct, _, _, behind in counts) * 32 * PAGE
    return written, sum(each[1] for each in counts) * 8 * PAGE, sum(each[2] for each in counts)


def test_what_fits_costs_nothing() -> None:
    guest = Guest()
    assert guest.take(80 * MIB) == (0.0, 0.0, 0.0)
    for _ in range(3):
        assert amounts(guest.pages.gone_through("guest", "app", 80 * MIB, 80 * MIB, 0.0)) == (0.0, 0.0, 0.0)
    assert guest.pages.hosted_bytes("guest")[1] == 0.0


def test_by_hand_a_file_in_the_guests_page_cache_is_written_to_the_hosts_swap() -> None:
    """The guest has the whole file; the host, who has 100 MiB, does not know that it is on the disk already."""
    guest = Guest()
    written, read, _ = guest.read(120 * MIB)
    assert written == pytest.approx(30 * MIB, rel=0.05)  # with the 10 of the kernel
    assert read == 0.0
    for _ in range(2):
        written, read, _ = guest.read(120 * MIB)
        assert (written, read) == pytest.approx((120 * MIB, 120 * MIB), rel=0.05)


def test_memory_given_up_and_taken_anew_is_read_to_be_overwritten() -> None:
    guest = Guest()
    guest.take(180 * MIB)
    guest.take(-180 * MIB)
    swapped = guest.pages.hosted_bytes("guest")[1]
    assert swapped == pytest.approx(90 * MIB, rel=0.05)  # the host was not told
    _, read, _ = guest.take(180 * MIB)
    assert read == pytest.approx(80 * MIB, rel=0.02)  # the other 10 that are away are the kernel's
    fresh = Guest()
    assert fresh.take(180 * MIB)[1] == 0.0


def test_at_random_the_part_that_is_away_is_missed() -> None:
    guest = Guest()
    guest.take(190 * MIB)
    amounts(guest.pages.at_random("guest", "app", 200_000, 190 * MIB))
    single = amounts(guest.pages.at_random("guest", "app", 1000, 190 * MIB))[2]
    assert single == pytest.approx(1000 * (1.0 - 100 / 190), rel=0.03)


def test_pages_saved_by_merging_make_room() -> None:
    guest = Guest()
    guest.pages.relieve(50 * MIB)
    written, read, _ = guest.take(130 * MIB)
    assert (written, read) == (0.0, 0.0)
    guest.pages.relieve(0.0)
    assert guest.pages.hosted_bytes("guest")[1] == pytest.approx(40 * MIB, rel=0.05)


class Swapped:
    """The guest's own paging."""

    def __init__(self, resident: float) -> None:
        self.resident = resident

    def resident_bytes(self, owner: str) -> float:
        """Of its only program."""
        return self.resident


@pytest.mark.parametrize("away", [False, True])
def test_a_guest_that_swaps_out_what_the_host_has_swapped_has_it_read_first(away: bool) -> None:
    guest = Guest(100 * MIB if away else 200 * MIB)
    guest.memory.paging = paging = Swapped(150 * MIB)
    guest.take(150 * MIB)
    paging.resident = 120 * MIB
    read = amounts(guest.pages.written_out("guest", 30 * MIB))[1]
    assert read == pytest.approx(30 * MIB if away else 0.0, rel=0.05)


def test_a_guest_that_is_gone_leaves_nothing() -> None:
    guest = Guest()
    guest.take(150 * MIB)
    guest.pages.forget("guest")
    assert guest.pages.hosted_bytes("guest") == (0.0, 0.0)


def test_by_hand_what_of_a_guest_is_like_others() -> None:
    memory = Guest().memory
    memory.image, memory.programs = "linux", {"app": "database"}
    memory.alike = {
        "kernel_alike_ratio": 0.5, "files_alike_ratio": 0.5, "data_alike_ratio": 0.1, "data_zero_ratio": 0.2,
        "free_zero_ratio": 1.0, "twice_ratio": 0.1,
    }  # fmt: skip
    for name, size in ((KERNEL, 20), (CACHE, 40), (FREE, 10), ("app", 100)):
        memory._region(name).add(size * PAGE, 1.0)
    found = {kind.key: (kind.pages, kind.alike) for kind in kinds(memory)}
    assert found == {
        "kernel of linux": (10, 1.0), "files of linux": (20, 1.0), "data of database": (10, 1.0),
        "zero": (30, float("inf")), "twice in guest": (10, 2.0), "only in guest": (90, 1.0),
    }  # fmt: skip
