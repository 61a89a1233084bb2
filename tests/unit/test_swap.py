"""Swapping: what LRU keeps, what it costs, and where it is felt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import simpy

from simulator.devices.memory import Memory, OutOfMemory
from simulator.errors import Refused
from simulator.layers._resident_pages import Counts, Pages
from simulator.parameters import Parameters

MIB = 2.0**20
PAGE = 4096.0
FIGURES = {
    "swap_bytes": 100 * MIB, "swap_cluster_count": 8.0, "swap_batch_count": 32.0, "swap_gap_ratio": 0.01,
}  # fmt: skip


def pages(room: float = 100 * MIB, **figures: float) -> Pages:
    return Pages(Parameters({**FIGURES, **figures}), room, PAGE)


def amounts(found: Iterator[Counts]) -> tuple[float, float, float]:
    """Bytes written, bytes read in clusters, and single pages."""
    counts = list(found)
    written = sum(direct + behind for direct, _, _, behind in counts) * 32 * PAGE
    return written, sum(each[1] for each in counts) * 8 * PAGE, sum(each[2] for each in counts)


# ---------------------------------------------------------------- LRU


def test_by_hand_a_row_that_does_not_fit_is_missed_as_a_whole_each_time() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    assert amounts(memory.fresh(["app"])) == pytest.approx((20 * MIB, 0.0, 0.0), rel=0.01)
    for _ in range(3):
        written, read, single = amounts(memory.row(["app"], 120 * MIB, 120 * MIB, 0.0))
        assert (written, read) == pytest.approx((120 * MIB, 120 * MIB), rel=0.02)
        assert single == 0.0
    assert memory.swapped_bytes("app") == pytest.approx(20 * MIB, rel=0.02)


def test_a_row_that_fits_is_missed_once_and_never_again() -> None:
    """What is idle beside it goes out once."""
    memory = pages()
    memory.hold("idle", 60 * MIB)
    memory.hold("app", 80 * MIB)
    assert amounts(memory.fresh(["app"]))[0] == pytest.approx(40 * MIB, rel=0.01)
    for _ in range(3):
        assert amounts(memory.row(["app"], 80 * MIB, 80 * MIB, 0.0)) == (0.0, 0.0, 0.0)
    _, read, _ = amounts(memory.row(["idle"], 60 * MIB, 60 * MIB, 0.0))
    assert read == pytest.approx(60 * MIB, rel=0.02)  # 40 had gone; those that were there went as the others came


def test_the_cliff_is_at_the_size_of_the_memory() -> None:
    missed = []
    for size in (98 * MIB, 100 * MIB, 102 * MIB):
        memory = pages()
        memory.hold("app", size)
        amounts(memory.fresh(["app"]))
        missed.append(amounts(memory.row(["app"], size, size, 0.0))[1] / size)
    assert missed[:2] == [0.0, 0.0]
    assert missed[2] == pytest.approx(1.0, abs=0.02)


def test_parts_of_a_row_by_several_threads_are_one_row() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    parts = [amounts(memory.row(["app"], 10 * MIB, 120 * MIB, 0.0))[1] for _ in range(12)]
    assert sum(parts) == pytest.approx(120 * MIB, rel=0.02)


def test_a_row_that_begins_further_up_leaves_the_others_alone() -> None:
    """Two rows of 60 MiB are 120 MiB in turn, though each would fit."""
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    for start in (0.0, 60 * MIB, 0.0, 60 * MIB):
        read = amounts(memory.row(["app"], 60 * MIB, 60 * MIB, start))[1]
    assert read == pytest.approx(60 * MIB, rel=0.03)


def test_at_random_the_part_that_is_not_there_is_missed() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    for _ in range(5):
        single = amounts(memory.scattered(["app"], 100_000, 120 * MIB))[2]
    assert single == pytest.approx(100_000 * (1.0 - 100 / 120), rel=0.01)
    assert amounts(memory.scattered(["app"], 1000, 120 * MIB))[2] == pytest.approx(167, rel=0.01)


def test_at_random_a_set_that_fits_takes_the_place_of_what_is_idle() -> None:
    memory = pages()
    memory.hold("app", 90 * MIB)
    memory.hold("idle", 60 * MIB)
    amounts(memory.fresh(["idle"]))
    amounts(memory.scattered(["app"], 1e6, 90 * MIB))
    assert amounts(memory.scattered(["app"], 1e5, 90 * MIB)) == (0.0, 0.0, 0.0)


def test_what_is_read_was_written_before() -> None:
    memory = pages()
    memory.hold("app", 150 * MIB)
    amounts(memory.fresh(["app"]))
    for size in (150 * MIB, 40 * MIB, 150 * MIB):
        amounts(memory.row(["app"], size, size, 0.0))
        amounts(memory.scattered(["app"], 1e5, 130 * MIB))
    amounts(memory.fresh(["app"]))
    now_out = 150 * MIB - memory._owners["app"].resident_bytes
    pending = memory._owners["app"].missed_bytes
    assert memory.out_bytes - memory.in_bytes == pytest.approx(now_out - pending, abs=1.0)
    assert memory.in_bytes > 0.0


def test_a_limit_pushes_out_its_own_pages_only() -> None:
    memory = pages()
    memory.enroll("small", [("docker", 20 * MIB)])
    memory.hold("other", 60 * MIB)
    memory.hold("small", 30 * MIB)
    assert amounts(memory.row(["other"], 60 * MIB, 60 * MIB, 0.0)) == (0.0, 0.0, 0.0)
    assert amounts(memory.row(["small"], 30 * MIB, 30 * MIB, 0.0))[1] == pytest.approx(30 * MIB, rel=0.05)
    assert memory.swapped_bytes("small") == pytest.approx(10 * MIB, rel=0.05)


def test_memory_given_back_is_neither_read_nor_written() -> None:
    memory = pages()
    memory.hold("app", 150 * MIB)
    amounts(memory.fresh(["app"]))
    memory.hold("app", -150 * MIB)
    memory.hold("next", 90 * MIB)
    assert amounts(memory.fresh(["next"])) == (0.0, 0.0, 0.0)
    assert amounts(memory.row(["app"], 10 * MIB, 10 * MIB, 0.0)) == (0.0, 0.0, 0.0)


def test_the_kernels_thread_writes_up_to_its_gap_and_the_others_write_the_rest() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    counts = list(memory.fresh(["app"]))
    assert sum(behind for *_, behind in counts) * 32 * PAGE == pytest.approx(MIB)
    memory.written(MIB)
    assert memory.behind_bytes == 0.0


def test_data_that_were_there_before_must_fit_into_memory_and_swap() -> None:
    memory = pages()
    assert amounts(memory.stream(["app"], 50 * MIB, 150 * MIB))[0] > 0.0
    with pytest.raises(Refused, match="out of memory: 201 MiB of data do not fit into memory and swap"):
        amounts(memory.scattered(["other"], 10, 201 * MIB))


def test_memory_and_swap_are_held_together() -> None:
    memory = Memory({"capacity_bytes": 100 * MIB}, "vm", swap_bytes=50 * MIB)
    memory.hold("app", 140 * MIB)
    assert memory.free_bytes == -40 * MIB
    with pytest.raises(OutOfMemory, match="app wants 20 MiB of vm and its swap, 10 MiB are free"):
        memory.hold("app", 20 * MIB)


# ---------------------------------------------------------------- disks


def _served_s(device: Any, environment: simpy.Environment, **asked: Any) -> float:
    request = device.transfer(asked.pop("size_bytes"), **asked)
    environment.run(until=request.done)
    return float(environment.now)


def test_a_train_of_reads_takes_as_long_as_its_requests_one_after_the_other() -> None:
    from simulator.catalog import Catalog
    from simulator.devices.flash_disk import FlashDisk

    figures = Catalog().machine("laptop-2025").devices["disk"].values()
    figures.pop("read_variation_ratio", None)
    alone, train = simpy.Environment(), simpy.Environment()
    disk = FlashDisk(alone, figures)
    for _ in range(10):
        last_s = _served_s(disk, alone, size_bytes=8 * PAGE)
    found_s = _served_s(FlashDisk(train, figures), train, size_bytes=80 * PAGE, requests=10.0)
    assert found_s == pytest.approx(last_s, rel=1e-9)


def test_a_train_apart_turns_the_disk_for_each_request() -> None:
    from simulator.catalog import Catalog
    from simulator.devices.rotating_disk import RotatingDisk

    figures = Catalog().machine("dell-2650").devices["disk"].values()
    found = []
    for apart in (False, True):
        environment = simpy.Environment()
        disk = RotatingDisk(environment, figures)
        found.append(_served_s(disk, environment, size_bytes=80 * PAGE, requests=10.0, apart=apart))
    further_s = 9 * (figures["seek_shortest_s"] + figures["rotation_s"] / 2)
    assert found[1] - found[0] == pytest.approx(further_s)
