"""What keeping a state costs, by hand: pages, first touches, clusters of a disk, closed forms."""

from __future__ import annotations

from math import exp
from types import SimpleNamespace
from typing import Any

import pytest

from simulator import demands as d
from simulator import laws
from simulator.catalog import Catalog
from simulator.catalog.product import values
from simulator.demands import File
from simulator.operations import kept
from simulator.operations.kept import Memory
from simulator.operations.overlay import Overlay
from simulator.operations.pages import Watch

THREAD: Any = SimpleNamespace(name="main", working_set_bytes=0.0)
PAGE = 4096.0


def figures(product: str, machine: str, section: str = "snapshot") -> dict[str, float]:
    return values(Catalog().layer(product, machine).control[section])


def test_a_fresh_guest_of_qemu_is_kept_in_136_ms() -> None:
    """512 MB to a file in memory: 21 ms, 106,141 empty pages of 0.3 us, 25,061 others that the host writes as well."""
    numbers, pages = figures("qemu-7.2", "epyc-zen4-vm"), Memory(25061, 106141, PAGE)
    host = 25061 * (5615 + 4096 * 0.182)
    cycles = numbers["save_cycles"] + kept.save_cycles(numbers, pages) + host
    assert cycles / 3658.5e6 == pytest.approx(0.136, rel=1e-3)
    assert pages.written_bytes(numbers) == pytest.approx(25061 * 4096 + 113_000, rel=1e-3)


@pytest.mark.parametrize(
    ("mebibytes", "processors", "milliseconds"),
    [(128, 1, 2.974), (1024, 1, 4.472), (8192, 1, 17.026), (32768, 1, 58.085), (128, 2, 3.105), (128, 10, 4.128)],
)
def test_firecracker_maps_a_snapshot_as_its_own_tests_say(
    mebibytes: float, processors: float, milliseconds: float
) -> None:
    numbers = figures("firecracker-1", "firecracker-m5d")
    pages = mebibytes * 2**20 / PAGE
    cycles = kept.restore_cycles(numbers, processors, 0.0) + pages * numbers["map_page_cycles"]
    assert cycles / 2.5e9 == pytest.approx(milliseconds / 1e3, rel=0.05)


def watch(pages: float, present: dict[Any, float] | None = None) -> tuple[Watch, list[float]]:
    asked: list[float] = []

    def price(new: float) -> tuple[()]:
        asked.append(new)
        return ()

    return Watch(pages, PAGE, price, present), asked


def test_words_at_random_find_pages_that_others_have_found() -> None:
    found, asked = watch(1e6)
    words = d.AccessMemory("random", 1000 * PAGE, count=1000.0)
    for _ in range(2):
        found(THREAD, words)
    assert asked == pytest.approx([1000 * (1 - exp(-1)), 1000 * exp(-1) * (1 - exp(-1))])
    assert asked[1] == pytest.approx(laws.first_touches(1000, 1000, asked[0]))


def test_a_row_is_found_once_and_a_memory_has_an_end() -> None:
    found, asked = watch(150.0)
    for _ in range(2):
        found(THREAD, d.Touch(100 * PAGE, 100 * PAGE))
    found(THREAD, d.Allocate(100 * PAGE))
    assert asked == [100.0, 50.0]


def test_a_recorded_working_set_is_there() -> None:
    first, _ = watch(1000.0)
    row, new = d.Touch(100 * PAGE, 100 * PAGE), d.Allocate(20 * PAGE)
    first(THREAD, row)
    first(THREAD, new)
    again, asked = watch(1000.0, first.present)
    again(THREAD, row)
    again(THREAD, new)
    assert not asked
    again(THREAD, new)
    assert asked == [20.0]


def test_a_cluster_is_kept_apart_once_and_what_a_write_leaves_of_it_is_copied() -> None:
    paid: list[tuple[float, float]] = []

    def price(clusters: float, copied_bytes: float) -> tuple[()]:
        paid.append((clusters, copied_bytes))
        return ()

    disk, file = Overlay(65536, price), File("data", 1 << 30, 4096)
    for offset in (0, 65536, 4096, 131072):
        disk(THREAD, d.DirectTransfer(file, offset, 4096, write=True))
    disk(THREAD, d.DirectTransfer(file, 0, 4096))
    assert paid == [(1, 61440)] * 3
    assert disk.size_bytes == 3 * 65536
    disk(THREAD, d.DirectTransfer(file, 3 * 65536 - 4096, 8192, write=True))  # half of it in a cluster that is there
    assert paid[3:] == [(1, 61440)]
    disk(THREAD, d.Write(131072, new_pages=32))
    disk(THREAD, d.Write(131072, new_pages=32, in_memory=True))
    assert disk.clusters == 6
    looked_up: Any = ("looked up",)
    above = Overlay(65536, price, looked_up, disk)
    assert above(THREAD, d.DirectTransfer(file, 0, 4096)) == looked_up
    assert above(THREAD, d.Read(file, 0, 4096)) == ()


def test_laws_of_states() -> None:
    assert laws.epochs_slowdown(0.025, 0.005) == pytest.approx(1.2)
    assert laws.held_output_s(0.025, 0.005) == pytest.approx(0.0175)
    assert laws.lazy_start_s(0.003, 6000, 1e-4) == pytest.approx(0.603)
