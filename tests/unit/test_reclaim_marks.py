"""What taking memory takes, decision by decision: without a machine, so that each number can be found by hand."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from simulator.demands import File
from simulator.layers._control_groups import Delay
from simulator.layers._page_cache import PageCache
from simulator.layers._reclaim import Counts, Reclaim
from simulator.layers.base import Limit, Place
from simulator.parameters import Parameters
from simulator.sharing.tree import INFINITE

MIB, GIB, PAGE = 2.0**20, 2.0**30, 4096.0
FIGURES = Parameters(
    {
        "reserve_root_bytes": 16 * 2.0**10, "reserve_most_bytes": 256 * MIB, "mark_gap_ratio": 0.001,
        "reclaim_cycles": 1000.0, "charge_batch_count": 64.0, "high_full_s": 64.0, "high_most_s": 2.0,
        "high_least_s": 0.01, "write_back_bytes": MIB,
    }
)  # fmt: skip
UNIT = int(128 * 2.0**10)


def kernel(free_bytes: float, files_bytes: float, *, swaps: bool = False) -> SimpleNamespace:
    """One of 1 GiB: marks 4, 5 and 6 MiB (5.024 and 6.048). So much is free, so much has clean pages of nobody's."""
    cache = PageCache(free_bytes + files_bytes, 0.2)
    cache.warm(File("old", int(files_bytes), UNIT))
    memory = Reclaim(FIGURES, Place(memory_bytes=1 * GIB), cache, lambda demand: (), swaps=swaps)
    return SimpleNamespace(cache=cache, memory=memory)


def paid(found: Iterator[Counts]) -> tuple[float, float, float]:
    """Bytes of files that the asker dropped, how often the thread was woken, seconds asleep."""
    counts = list(found)
    asleep = sum(each[3] + each[4] * 0.01 for each in counts)
    return sum(each[0] for each in counts) * PAGE, sum(each[2] for each in counts), asleep


def take(it: SimpleNamespace, owner: str, size_bytes: float) -> tuple[float, float, float]:
    """A tenant's program gets so much."""
    found = paid(it.memory._needed(it.memory.home(owner), size_bytes))
    it.memory.hold(owner, size_bytes)
    it.cache.resize(it.cache.capacity_bytes - size_bytes)
    return found


def touch(it: SimpleNamespace, owner: str, file: File) -> None:
    """A tenant's program reads a whole file."""
    for index in range(-(-file.size_bytes // UNIT)):
        if not it.cache.find(file, index):
            for _ in it.memory.came_in(file, index).decide([owner], 1.0):
                pass


def test_above_low_nothing_happens() -> None:
    assert take(kernel(20 * MIB, 100 * MIB), "app", 14 * MIB) == (0.0, 0.0, 0.0)


def test_between_low_and_min_the_thread_is_woken_and_the_asker_pays_nothing() -> None:
    it = kernel(20 * MIB, 100 * MIB)
    assert take(it, "app", 15.5 * MIB) == (0.0, 1.0, 0.0)
    assert take(it, "app", 0.25 * MIB) == (0.0, 0.0, 0.0), "it is awake already"
    for _ in it.memory._behind([], 1.0):
        pass
    assert it.memory.marks.high_bytes <= it.cache.free_bytes < it.memory.marks.high_bytes + 2 * UNIT
    assert take(it, "app", 1.5 * MIB)[1] == 1.0, "it slept"


def test_below_min_the_asker_frees_up_to_min_itself() -> None:
    """20 MiB free, 30 wanted: 10 and the 4 of the mark are to go."""
    it = kernel(20 * MIB, 100 * MIB)
    dropped, woken, _ = take(it, "app", 30 * MIB)
    assert woken == 1.0
    assert 14 * MIB <= dropped < 14 * MIB + 2 * UNIT


def limited(most: float = INFINITE, high: float = INFINITE, low: float = 0.0, **rest: bool) -> SimpleNamespace:
    it = kernel(600 * MIB, 100 * MIB, **rest)
    it.memory.enroll("app", [Limit("box", most, high, low)])
    it.memory.enroll("other", [Limit("bin", INFINITE, INFINITE, 0.0)])
    return it


def test_a_hard_limit_takes_of_the_group_s_own_files_only() -> None:
    """100 MiB at most, 40 of files: 80 of programs push 20 out, and the other group's and nobody's stay."""
    it = limited(most=100 * MIB)
    touch(it, "other", File("theirs", int(50 * MIB), UNIT))
    touch(it, "app", File("mine", int(40 * MIB), UNIT))
    dropped, woken, asleep = take(it, "app", 80 * MIB)
    assert (woken, asleep) == (0.0, 0.0)
    assert dropped == pytest.approx(20 * MIB)
    assert it.memory.home("app").used_bytes == pytest.approx(100 * MIB)
    assert it.memory.home("other").file_bytes == 50 * MIB
    assert it.cache.root.file_bytes == (100 + 50 + 20) * MIB


def test_the_kernel_s_formula_of_the_delay() -> None:
    """5 % over 100 MiB with a batch of 256 KiB: 64 s * 0.05^2 = 0.16 s; at twice the limit 2 s, not 64."""
    delay = Delay(64.0, 2.0, 0.01, 64 * PAGE)
    assert delay.of(105 * MIB - 64 * PAGE, 64 * PAGE, 100 * MIB) == pytest.approx(0.16)
    assert delay.of(200 * MIB, 64 * PAGE, 100 * MIB) == 2.0
    assert delay.of(101.2 * MIB - 64 * PAGE, 64 * PAGE, 100 * MIB) == 0.0
    assert delay.of(99 * MIB, 0.5 * MIB, 100 * MIB) == 0.0


@pytest.mark.parametrize(("swaps", "least_s"), [(False, 0.16), (True, 0.0)])
def test_over_a_soft_limit_own_files_go_and_then_it_sleeps_unless_it_swaps(swaps: bool, least_s: float) -> None:
    it = limited(high=100 * MIB, swaps=swaps)
    touch(it, "app", File("mine", int(40 * MIB), UNIT))
    assert take(it, "app", 90 * MIB) == (pytest.approx(30 * MIB), 0.0, 0.0)
    dropped, _, asleep = take(it, "app", 15 * MIB)
    assert dropped == pytest.approx(10 * MIB)
    assert (asleep >= least_s) if least_s else (asleep == 0.0)


def test_pages_are_charged_to_who_touched_them_first() -> None:
    it, file = limited(), File("shared", int(10 * MIB), UNIT)
    touch(it, "app", file)
    touch(it, "other", file)
    assert it.memory.home("app").file_bytes == 10 * MIB
    assert it.memory.home("other").file_bytes == 0.0


@pytest.mark.parametrize(("low", "left"), [(0.0, 0.0), (50 * MIB, 40 * MIB)])
def test_a_promise_makes_files_go_last_though_they_are_oldest(low: float, left: float) -> None:
    it = limited(low=low)
    it.cache.evict(100 * MIB)
    touch(it, "app", File("mine", int(40 * MIB), UNIT))
    touch(it, "other", File("theirs", int(60 * MIB), UNIT))
    it.cache.evict(50 * MIB)
    assert it.memory.home("app").file_bytes == left
    it.cache.evict(50 * MIB)
    assert it.memory.home("app").file_bytes == 0.0, "a promise is no reservation"
