"""The heap of the Java virtual machine: what a collection finds, what it takes, and when which one comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from math import exp
from typing import Any

import pytest

from simulator import demands as d
from simulator import discovery
from simulator.catalog import Catalog
from simulator.errors import Refused
from simulator.experiment import run_point
from simulator.layers._jvm_generations import PaddedMean
from simulator.layers._jvm_heap import Habits, Heap
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.parameters import Parameters
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Below, Freeze, Later, Log, Use
from simulator.validation import readings

GHZ, MIB = 1e9, 2**20
Make = Callable[..., Any]
NUMBERS = {
    "pause_cycles": 1e5, "stop_cycles": 0.0, "worker_cycles": 0.0, "refill_cycles": 0.0, "copy_cycles_per_byte": 5.0,
    "compact_cycles_per_byte": 4.0, "parallel_compact_cycles_per_byte": 8.0, "mark_cycles_per_byte": 2.0,
    "remark_cycles": 4e5, "cleanup_cycles": 1e5, "free_least_ratio": 0.02, "system_start_cycles": 0.0,
    "system_stack_bytes": 0.0, "fresh_page_cycles": 0.0,
}  # fmt: skip
"""Round numbers for the costs; HotSpot's rules as they are in the catalog."""
HEAP_BYTES = 30e6
"""Of which the serial collector makes 10 MB young: 8 of eden and two survivor spaces; 20 MB are old."""
ALIVE_BYTES = 8e5 * (1.0 - exp(-10.0))
"""Of 800 kB of short-lived objects in use at any one time, what a young collection finds after 8 MB."""
PAUSE_CYCLES = 1e5 + ALIVE_BYTES * 5.0
"""A young one: that fixed part, and so much copied at five cycles a byte."""


@cache
def numbers() -> dict[str, float]:
    return {**Catalog().layer("hotspot-17", "epyc-zen4-vm").values(), **NUMBERS}


def virtual_machine(own: Mapping[str, float] | None = None, place: Place | None = None, **structure: str) -> Any:
    given = {"mode": "tiered", "sharing": "on", "collector": "serial"} | structure
    return JavaVirtualMachine({**numbers(), **(own or {})}, given, place or Place(limits={"heap": HEAP_BYTES}))


# ---------------------------------------------------------------- what a young collection finds


def heap(*programs: tuple[str, Habits, float], **own: float) -> Heap:
    """A heap in which some programs have made so much since the last collection."""
    made = Heap(Parameters({**numbers(), **own}), HEAP_BYTES, HEAP_BYTES)
    for name, habits, size_bytes in programs:
        made.keep(name, habits)
        made.reserve(size_bytes, size_bytes)
        made.made(name, size_bytes)
    return made


def test_short_lived_objects_are_nearly_as_many_however_large_eden_is() -> None:
    """1 MB in use: after 1 MB made 632 kB of it are in eden, after 8 MB all but 335 bytes in a million."""
    for made_bytes, alive_bytes in ((1e6, 1e6 * (1 - exp(-1))), (8e6, 1e6 * (1 - exp(-8)))):
        found = heap(("app", Habits(0.0, 1e6), made_bytes)).find(1e6)
        assert found.copied_bytes == pytest.approx(alive_bytes) and found.promoted_bytes == 0.0


def test_what_the_survivor_space_does_not_hold_is_promoted_and_dies_in_the_old_part() -> None:
    """1 MB alive, room for 400 kB: 600 kB go to the old part."""
    made = heap(("app", Habits(0.0, 1e6), 100e6))
    found = made.find(4e5)
    assert (found.copied_bytes, found.promoted_bytes) == (pytest.approx(1e6), pytest.approx(6e5))
    made.copied(found, 4e5)
    assert (made.garbage_bytes, made.survivors_bytes) == (pytest.approx(6e5), pytest.approx(4e5))


def test_an_object_ages_until_half_the_space_is_full_of_younger_ones() -> None:
    """1 % of 10 MB gets old; half of a space of 500 kB is full with the third hundred kB: who has survived three times.

    From the fourth collection on each promotes 100 kB, and has copied 400 kB, the promoted ones for the last time.
    """
    made, promoted, copied = heap(("app", Habits(0.0, 0.0, 0.01), 10e6)), [], []
    for _ in range(5):
        found = made.find(5e5)
        made.copied(found, 5e5)
        made.reserve(10e6, 10e6)
        made.made("app", 10e6)
        copied.append(found.copied_bytes)
        promoted.append(found.promoted_bytes)
    assert copied == pytest.approx([1e5, 2e5, 3e5, 4e5, 4e5])
    assert promoted == pytest.approx([0.0, 0.0, 0.0, 1e5, 1e5])


def test_nothing_gets_older_than_fifteen_collections() -> None:
    made = heap(("app", Habits(0.0, 0.0, 0.01), 1e6))
    for _ in range(30):
        found = made.find(1e9)
        made.copied(found, 1e9)
        made.reserve(1e6, 1e6)
        made.made("app", 1e6)
    assert (found.copied_bytes, found.promoted_bytes) == (pytest.approx(16e4), pytest.approx(1e4))


def test_programs_that_share_a_heap_have_their_own_habits() -> None:
    """Newly kept data are copied once into the old part; the rest of eden is divided as it was made."""
    made = heap(("one", Habits(2e6, 1e6), 6e6), ("two", Habits(0.0, 0.0, 0.1), 4e6))
    found = made.find(1e9)
    assert found.arriving_bytes == 2e6
    assert found.passing_bytes == pytest.approx(1e6 * (1.0 - exp(-6 * 0.8)))
    assert found.tenured_bytes == pytest.approx(0.1 * 4e6 * 0.8)


def test_threads_divide_what_is_left_of_eden() -> None:
    """Four that fill it together: from the second round on each gets a quarter at a time, whoever comes first."""
    made = heap(("app", Habits(), 0.0))
    assert made.reserve(8e6, 1e9) == 8e6
    made.made("app", 8e6)
    for _ in range(4):
        made.reserve(0.0, 1e9)
    for _ in range(4):
        made.made("app", 0.0)
    made.copied(made.find(1e6), 1e6)
    parts = [made.reserve(made.room_bytes(8e6), 1e9) for _ in range(4)]
    assert parts == pytest.approx([2e6] * 4) and made.is_full(8e6)


def test_the_padded_mean_of_promotions_is_hotspot_s() -> None:
    """10, then 0: the first two count as in a plain mean (5); a 0 says nothing of deviations. 0 again: a third less."""
    mean = PaddedMean(0.1, 3.0)
    mean.add(10.0)
    assert mean.padded == 10.0
    mean.add(0.0)
    mean.add(0.0)
    assert mean.padded == pytest.approx(10.0 / 3)
    mean.add(10.0 / 3 + 4.0)
    assert mean.padded == pytest.approx(10.0 / 3 + 1.0 + 3.0 * (4.0 - 1.0) / 4)


# ---------------------------------------------------------------- running: a system that costs nothing below


@pytest.fixture
def layers(java: Make) -> Make:
    """Makes a system that costs nothing, and a virtual machine on it with a heap of 30 MB."""
    return lambda own=None, **structure: java({**numbers(), **(own or {})}, **structure)


def kinds(own: Any) -> list[str]:
    """What the log says was done, in order."""
    return [row[2] for row in own.house.log.rows]


def test_a_collection_for_each_eden_full(laid: Make, layers: Make) -> None:
    """20 MB of objects, 8 MB of eden: two collections of 4.1 ms, which stop every thread of this virtual machine.

    Another virtual machine on the same system goes on.
    """
    own = laid(layers(), {"app": "os | jvm", "other": "os | jvm"}, cores_count=4)
    maker = own.thread("maker", d.NewObjects(20e6, 0.0, "app", 8e5))
    beside = own.thread("beside", d.Compute(count=0.1 * GHZ))
    other = own.thread("other", d.Compute(count=0.1 * GHZ), tenant="other")
    own.run(until=1.0)
    assert maker.ended_s == pytest.approx(2 * PAUSE_CYCLES / GHZ, rel=1e-9)
    assert own.spent(beside) == {"useful": 0.1, "overhead_wait": pytest.approx(2 * PAUSE_CYCLES / GHZ)}
    assert other.ended_s == pytest.approx(0.1, rel=1e-12)
    assert own.charged(own.service("collector"))["os/jvm[app]", "collection"] == 2


def test_its_log_says_what_it_did_when_and_what_was_free_again(laid: Make, layers: Make) -> None:
    own = laid(layers(), "os | jvm", cores_count=2)
    own.thread("maker", d.NewObjects(9e6, 0.0, "app", 8e5))
    own.run(until=1.0)
    node, thread, kind, start_s, duration_s, before, after, unit = own.house.log.rows[0]
    assert (node, thread, kind, unit) == ("os/jvm[app]", "collector", "pause young", "bytes")
    assert (start_s, duration_s) == (0.0, pytest.approx(PAUSE_CYCLES / GHZ))
    assert (before, after) == (pytest.approx(8e6), pytest.approx(ALIVE_BYTES))


def test_objects_beyond_a_full_eden_are_not_forgotten(laid: Make, layers: Make) -> None:
    """In small portions or at once: a collection for every 8 MB."""
    own = laid(layers(), "os | jvm", cores_count=2)
    thread = own.thread("maker", *[d.NewObjects(1e6, 0.0, "app", 8e5)] * 81)
    own.run(until=1.0)
    assert thread.ended_s == pytest.approx(10 * PAUSE_CYCLES / GHZ, rel=1e-9)


def test_what_the_program_keeps_is_copied_until_it_is_old(laid: Make, layers: Make) -> None:
    """4 MB of live data: the first of two collections finds them, and 795 kB more, at five cycles a byte.

    A fifth of all that fits into the survivor space of 1 MB and fills it: the next collection promotes it.
    """
    own = laid(layers(), "os | jvm", cores_count=2)
    thread = own.thread("maker", d.NewObjects(20e6, 4e6, "app", 8e5))
    own.run(until=1.0)
    alive_bytes = 4e6 + 8e5 * (1.0 - exp(-5.0))
    second = PAUSE_CYCLES + 4e6 * (1e6 / alive_bytes) * 5.0
    assert thread.ended_s == pytest.approx((1e5 + alive_bytes * 5.0 + second) / GHZ, rel=1e-9)
    assert own.house.nodes["os/jvm[app]"].layer.heap.kept_bytes == pytest.approx(4e6)


def test_a_promotion_that_may_find_no_room_makes_a_full_collection_follow(laid: Make, layers: Make) -> None:
    """19.5 MB of 20 old ones are live; eden filled for the first two times arrives in the old generation but for 1 MB.

    Then it has room for 5 MB, less than the 7 and 8 MB that these promoted, and than eden. A young collection is
    tried all the same, and a full one moves all 20.3 MB that live at four cycles a byte. So it remains: the padded mean
    of what is promoted does not fall below the 0.5 MB that are left.
    """
    own = laid(layers(), "os | jvm", cores_count=2)
    own.thread("maker", d.NewObjects(6 * 8e6, 19.5e6, "app", 8e5))
    own.run(until=2.0)
    assert kinds(own) == ["pause young"] * 2 + ["pause young", "pause full"] * 4
    full_s = own.house.log.rows[-1][4]
    assert full_s == pytest.approx((1e5 + (19.5e6 + 8e5) * 4.0) / GHZ)


def test_the_parallel_collector_does_a_full_collection_at_once(laid: Make, layers: Make) -> None:
    """The same program: once the old generation is nearly full, full collections are instead of young ones.

    Two workers at eight cycles a byte take as long as one at four.
    """
    own = laid(layers(collector="parallel"), "os | jvm", cores_count=2)
    own.thread("maker", d.NewObjects(60e6, 19.5e6, "app", 8e5))
    own.run(until=2.0)
    assert kinds(own)[0] == "pause young" and kinds(own)[-5:] == ["pause full"] * 5
    assert own.house.log.rows[-1][4] == pytest.approx((1e5 + (19.5e6 + 8e5) * 4.0) / GHZ)


def test_live_data_that_do_not_fit_end_the_program(laid: Make, layers: Make) -> None:
    """20 MB old and 8 of eden, of which 2 % of the heap must stay free: 27.5 MB are too much, 27 are not."""
    own = laid(layers(), {"app": "os | jvm", "other": "os | jvm"}, cores_count=2)
    fits = own.thread("maker", d.NewObjects(0.3e6, 27e6, "app", 8e5))
    own.run(until=1.0)
    assert fits.ended_s is not None and fits.ended_s < 1.0
    own.thread("maker", d.NewObjects(1.0, 27.5e6, "other", 8e5), tenant="other")
    with pytest.raises(Refused, match=r"^out of memory: Java heap space$"):
        own.run(until=2.0)


def test_two_collectors_take_half_the_time_for_copying(laid: Make, layers: Make) -> None:
    """On two processors the parallel collector has two workers; the stop itself is nobody's to share."""
    own = laid(layers(collector="parallel"), "os | jvm", cores_count=2)
    thread = own.thread("maker", d.NewObjects(7.5e6, 0.0, "app", 8e5))
    own.run(until=1.0)
    alive_bytes = 8e5 * (1.0 - exp(-7.5 / 0.8))
    assert thread.ended_s == pytest.approx((1e5 + alive_bytes * 5.0 / 2) / GHZ, rel=1e-9)
    for number in (1, 2):
        worker = own.service(f"collector-worker-{number}")
        assert own.cycles(worker, "collection") == pytest.approx(alive_bytes * 5.0 / 2)


def test_each_worker_takes_something_of_every_pause(laid: Make, layers: Make) -> None:
    own = laid(layers(collector="parallel", own={"worker_cycles": 3e5}), "os | jvm", cores_count=2)
    thread = own.thread("maker", d.NewObjects(7.5e6, 0.0, "app"))
    own.run(until=1.0)
    assert thread.ended_s == pytest.approx((1e5 + 3e5) / GHZ, rel=1e-9)


def test_full_collections_that_free_nothing_end_a_program_of_the_parallel_collector(laid: Make, layers: Make) -> None:
    """26.9 MB of 27.5 that fit: what is free is less than 2 % of the heap, and nothing but collections is done."""
    own = laid(layers(collector="parallel", own={"free_least_ratio": 0.005}), "os | jvm", cores_count=2)
    own.thread("maker", d.NewObjects(80e6, 27.0e6, "app"))
    with pytest.raises(Refused, match=r"^out of memory: GC overhead limit exceeded$"):
        own.run(until=9.0)


def test_programs_in_one_virtual_machine_stop_together_and_keep_their_own(laid: Make, layers: Make) -> None:
    """Both stand on the machine's one virtual machine: what one makes stops the other; live data add up."""
    own = laid(layers(), {"app": "os / jvm |", "other": "os / jvm |"}, cores_count=3)
    own.thread("maker", d.NewObjects(8e6, 4e6, "app"))
    beside = own.thread("beside", d.Compute(count=0.1 * GHZ), tenant="other")
    own.run(until=0.5)
    assert own.spent(beside)["overhead_wait"] == pytest.approx((1e5 + 4e6 * 5.0) / GHZ)
    own.thread("more", d.NewObjects(1e3, 5e6, "other"), tenant="other")
    own.run(until=1.0)
    assert own.house.nodes["os/jvm"].layer.heap.live_bytes == 9e6


def test_who_runs_out_of_memory_gives_back_what_it_kept() -> None:
    """Of 7 MB that were kept one lies in the survivor space, six in the old part, of which five are garbage now."""
    made = heap(("one", Habits(2e6), 3e6), ("two", Habits(5e6), 5e6))
    made.copied(made.find(1e6), 1e6)
    made.give_up("two")
    assert (made.live_bytes, made.kept_bytes, made.garbage_bytes) == (2e6, 1e6, 5e6)


# ---------------------------------------------------------------- pages


def test_eden_is_touched_once() -> None:
    """Until it has been filled new objects touch new pages; after the first collection eden's pages are there."""
    machine = virtual_machine()
    demand = d.NewObjects(4096.0 * 3, 0.0, "app")
    assert Below(d.Fault(count=3.0)) in list(machine.lower(demand))
    machine.heap.keep("app", Habits())
    machine.heap.reserve(8e6, 8e6)
    machine.heap.made("app", 8e6)
    machine.heap.copied(machine.heap.find(1e6), 1e6)
    machine.allocation._cross()
    assert Below(d.Fault(count=3.0)) not in list(machine.lower(demand))


def test_promotion_touches_the_old_generation_once() -> None:
    """1000 pages are kept: 1 MB of them, a space full, goes there one collection later than the others."""
    machine, faults = virtual_machine(), []
    machine.heap.keep("app", Habits(4096.0 * 1000))
    for _ in range(3):
        machine.heap.reserve(8e6, 8e6)
        machine.heap.made("app", machine.collection.eden_bytes)
        steps = list(machine.collection.collect(0.0))
        below = [each.demand for each in steps if isinstance(each, Below)]
        faults.append(sum(demand.count for demand in below if isinstance(demand, d.Fault)))
        list(next(each for each in steps if isinstance(each, Later)).make(0.0))
    assert faults == [756.0, 245.0, 0.0]


def test_a_pause_is_a_freeze_of_the_programs_around_the_collector_s_work() -> None:
    """The log counts from the moment in which all have stopped."""
    machine = virtual_machine()
    machine.heap.keep("app", Habits())
    machine.heap.reserve(8e6, 8e6)
    machine.heap.made("app", 8e6)
    pause = list(machine.collection.collect(0.0))[:-1]
    assert [pause[0], pause[-1]] == [Freeze(True), Freeze(False)]
    assert [type(step) for step in (pause[2], pause[-2])] == [Log, Log]


def test_a_heap_grows_from_its_first_size() -> None:
    """A 64th of the memory seen, a quarter of it at most; what a limit asks for is there from the start."""
    machine = virtual_machine(place=Place(memory_bytes=6400 * MIB))
    assert (machine.heap.capacity_bytes, machine.heap.size_bytes) == (100 * MIB, 1600 * MIB)
    asked = virtual_machine(place=Place(memory_bytes=6400 * MIB, limits={"heap": 64 * MIB, "initial_heap": 16 * MIB}))
    assert (asked.heap.capacity_bytes, asked.heap.size_bytes) == (16 * MIB, 64 * MIB)
    assert virtual_machine().heap.capacity_bytes == HEAP_BYTES


# ---------------------------------------------------------------- G1


def test_g1_s_young_part_is_what_is_free_beyond_the_reserve() -> None:
    """64 regions of 1 MiB, 40 of them old, nothing survives: 24 are free, 7 of these the reserve.

    17 outside, and 3 of the reserve (5 % of the heap) may be eaten: 20. With 10 old ones 60 % are the limit.
    """
    machine = virtual_machine(collector="g1", place=Place(processors_count=2, limits={"heap": 64.0 * MIB}))
    regions, made = machine.collection.regions, machine.heap
    for _ in range(60):
        regions.survival.add(0.0)
    made.kept_bytes = 40.0 * MIB
    assert (regions.region_bytes, regions.free_bytes, regions.eden_bytes()) == (MIB, 24 * MIB, 20 * MIB)
    made.kept_bytes = 10.0 * MIB
    assert regions.eden_bytes() == 38 * MIB


def test_g1_expects_survivors_before_it_knows_of_any() -> None:
    """0.4 of eden, with twice and a tenth the room: 64 regions over 1.88 are 34."""
    machine = virtual_machine(collector="g1", place=Place(processors_count=64, limits={"heap": 64.0 * MIB}))
    assert machine.collection.eden_bytes == 34 * MIB


def test_g1_adapts_the_threshold_of_marking_to_the_young_part() -> None:
    """45 % of the heap at first; then 85 % less what the young part wants (38 of 64 regions) and is promoted."""
    machine = virtual_machine(collector="g1", place=Place(processors_count=2, limits={"heap": 64.0 * MIB}))
    regions = machine.collection.regions
    for _ in range(60):
        regions.survival.add(0.0)
    assert regions.threshold_bytes() == pytest.approx(0.45 * 64 * MIB)
    regions.markings = 3
    assert regions.threshold_bytes() == pytest.approx((0.85 * 64 - 38) * MIB)


def test_g1_marks_beside_the_program(laid: Make, layers: Make) -> None:
    """20 MB live of 30: more than the threshold. Marking them takes 40 ms of one thread, which stop nobody.

    It ends with two pauses; nothing has died in the old part, so that no mixed collection follows.
    """
    own = laid(layers(collector="g1"), "os | jvm", cores_count=4)
    own.thread("maker", d.NewObjects(60e6, 20e6, "app", 8e5))
    beside = own.thread("beside", d.Compute(count=0.2 * GHZ))
    own.run(until=1.0)
    found = kinds(own)
    assert found[-3:] == ["pause remark", "concurrent mark", "pause cleanup"]
    assert "pause young, marking begins" in found and "pause full" not in found
    marking = next(row for row in own.house.log.rows if row[2] == "concurrent mark")
    assert marking[4] >= (20e6 + 8e5) * 2.0 / GHZ
    marked = own.cycles(own.service("marking"), "collection")
    assert marked == pytest.approx((20e6 + 8e5) * 2.0 * found.count("pause remark"))
    pauses_s = sum(row[4] for row in own.house.log.rows if row[2].startswith("pause"))
    assert own.spent(beside)["overhead_wait"] == pytest.approx(pauses_s)


def test_what_died_in_old_regions_is_given_back_by_mixed_collections(laid: Make, layers: Make) -> None:
    """A tenth of what is made gets old and dies there: marking finds it, and young collections empty these regions."""
    own = laid(layers(collector="g1"), "os | jvm", cores_count=4)
    rows = [each for _ in range(400) for each in (d.NewObjects(1e6, 8e6, "app", 2e5, 0.1), d.Compute(count=2e6))]
    own.thread("maker", *rows)
    own.run(until=9.0)
    found = kinds(own)
    assert found.count("pause mixed") >= 3 and "pause full" not in found


# ---------------------------------------------------------------- Z

Z = {"z_pause_cycles": 1e4, "z_object_ratio": 1.25, "z_page_bytes": 1e5, "load_cycles": 2.0, "loads_ratio": 0.1}
"""Round numbers: a heap of 30 MB with one page in reserve holds 23.92 MB of what would take 29.9 MB."""


def test_z_reads_every_reference_through_a_barrier() -> None:
    """A tenth of the bytecodes at two cycles, whether it works or not; G1 only while it marks."""
    machine = virtual_machine(Z, collector="z", mode="interpreter")
    program = d.Portable("one.jar", 1, 1.0, 10.0, 400)
    assert Use("barrier", cycles=0.2) in list(machine.lower(d.Execute(program)))
    beside = virtual_machine(collector="g1", mode="interpreter")
    assert "barrier" not in [step.mechanism for step in beside.lower(d.Execute(program)) if isinstance(step, Use)]


def test_z_has_a_quarter_of_the_processors_if_the_heap_is_large_enough() -> None:
    """Two in a hundred of the heap are pages of 2 MiB: 1000 MiB have ten, so that 64 processors get ten, 8 two."""
    for processors, heap_mib, count in ((64, 1000, 10), (8, 1000, 2), (8, 50, 1)):
        place = Place(processors_count=processors, limits={"heap": heap_mib * MIB * 1.0})
        machine = virtual_machine(collector="z", place=place)
        assert machine.marking_threads == count
        assert [each.name for each in machine.services() if each.queue == "marking"][-1].startswith("marking")


def test_z_stops_nobody_for_longer_than_it_looks_at_roots(laid: Make, layers: Make) -> None:
    """The first cycle begins at a tenth of the heap: 2.392 MB. Of these 2 MB are kept, and 800 kB in use of the rest.

    What lives, a quarter larger, is marked at two cycles a byte, and moved at five; three pauses of 10 us.
    """
    own = laid(layers(Z, collector="z"), "os | jvm", cores_count=4)
    own.thread("maker", d.NewObjects(2.392e6, 2e6, "app", 8e5))
    beside = own.thread("beside", d.Compute(count=0.2 * GHZ))
    own.run(until=1.0)
    assert kinds(own) == ["pause mark start", "pause mark end", "pause relocate start", "concurrent cycle"]
    alive_bytes = 2e6 + 8e5 * (1.0 - exp(-0.392 / 0.8))
    worked_s = alive_bytes * 1.25 * (2.0 + 5.0) / GHZ
    assert own.house.log.rows[-1][4] == pytest.approx(worked_s + 3 * 1e-5)
    assert own.spent(beside)["overhead_wait"] == pytest.approx(3e-5)


def test_what_is_made_while_z_works_stays_until_its_next_cycle(laid: Make, layers: Make) -> None:
    own = laid(layers(Z, collector="z"), "os | jvm", cores_count=4)
    before, later = d.NewObjects(2.392e6, 2e6, "app"), d.NewObjects(1.5e6, 2e6, "app")
    own.thread("maker", before, d.Compute(count=1e6), later)
    own.run(until=1.0)
    made = own.house.nodes["os/jvm[app]"].layer.heap
    assert (made.kept_bytes, made.used_bytes) == (pytest.approx(2e6), pytest.approx(1.5e6))


def test_whoever_allocates_faster_than_z_works_waits_for_it(laid: Make, layers: Make) -> None:
    """Nothing but allocation: 80 MB of objects need several times the heap, and every time the end of a cycle."""
    own = laid(layers(Z, collector="z"), "os | jvm", cores_count=4)
    maker = own.thread("maker", *[d.NewObjects(1e6, 10e6, "app", 8e5)] * 80)
    own.run(until=9.0)
    cycles_count = kinds(own).count("concurrent cycle")
    assert cycles_count >= (80e6 - 23.92e6) / (23.92e6 - 10e6)
    assert maker.spent["overhead_wait"] > 0.8 * maker.ended_s


# ---------------------------------------------------------------- real programs


def run(stack: str, **tenant: Any) -> dict[str, list[dict[str, Any]]]:
    """One run of the server in class files on today's Linux, or of what else is asked for."""
    app = {"workload": "java-server", **tenant}
    scenario = {"machine": "epyc-zen4-vm", "stacks": {"it": stack}, "tenants": {"app": app}}
    (point,) = load(scenario).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def test_a_smaller_heap_collects_more_often_and_a_tiny_one_is_too_small() -> None:
    heaps = [{"hotspot-17": {"heap": heap}} for heap in ("80 MiB", "400 MiB")]
    small, large = (
        len(run("linux-6 | hotspot-17", limits=limits, parameters={"requests_count": 300})["log"]) for limits in heaps
    )
    assert small > 2 * large > 0
    tiny = run("linux-6 | hotspot-17", limits={"hotspot-17": {"heap": "40 MiB"}})
    assert tiny["tenants"][0]["outcome"] == "out of memory: Java heap space"


def test_a_heap_larger_than_its_container_is_killed_by_the_system() -> None:
    """The Java virtual machine would take 2 GiB; its container may have 128 MiB: the heap is never full before that."""
    tables = run("linux-6 | docker-27 / hotspot-17", memory="128 MiB", limits={"hotspot-17": {"heap": "2 GiB"}})
    assert tables["tenants"][0]["outcome"].startswith("killed: by the out-of-memory killer of")


def test_readings_of_the_pauses_are_those_of_the_log() -> None:
    scenario = {
        "machine": "epyc-zen4-vm", "stacks": {"it": "linux-6 | hotspot-17(collector=serial)"},
        "tenants": {"app": {"workload": "java-server", "limits": {"hotspot-17": {"heap": "80 MiB"}}}},
    }  # fmt: skip
    (point,) = load(scenario).points()
    tables = run_point(point, 0)["tables"]
    durations = sorted(row[names("log").index("duration_s")] for row in tables["log"])
    found = readings.read(tables)["app"]
    assert (found["collections"], found["full_collections"]) == (len(durations), 0.0)
    assert found["pauses_s"] == pytest.approx(sum(durations)) == found["mean_pause_s"] * len(durations)
    assert found["pause_max_s"] == durations[-1] >= found["pause_p50_s"]
    assert found["pause_share"] == pytest.approx(sum(durations) / found["elapsed_s"])


@pytest.mark.parametrize("collector", sorted(discovery.members("layers.collectors")))
def test_every_collector_there_is_runs_a_real_program(collector: str) -> None:
    """Found by existing: both ledgers are checked by the run itself, and every pause stands in its log."""
    tables = run(f"linux-6 | hotspot-21(collector={collector})", limits={"hotspot-21": {"heap": "160 MiB"}})
    assert tables["tenants"][0]["outcome"] == "ok"
    assert any(row["kind"].startswith("pause ") for row in tables["log"])
    assert all(row["duration_s"] > 0.0 and row["before"] >= 0.0 <= row["after"] for row in tables["log"])


def test_a_pause_is_longer_where_collectors_do_not_get_their_processors() -> None:
    """Four workers, as many as it is told to count on; the machine has two processors, its container half of one.

    What took both takes four times as long, and more if a period of the quota ends meanwhile.
    """
    limits = {"hotspot-21": {"heap": "120 MiB", "processors": 4}}

    def longest_s(**tenant: Any) -> float:
        tables = run("linux-6 | docker-27 / hotspot-21(collector=parallel)", limits=limits, **tenant)
        found: float = max(row["duration_s"] for row in tables["log"])
        return found

    free_s, capped_s = longest_s(), longest_s(cap=0.5)
    assert capped_s > 3.0 * free_s


def test_a_heap_that_is_too_small_at_first_grows() -> None:
    """2 MiB of 200 at the start: the heap has grown before long, and a run that begins with all of it collects less."""

    def logged(**limits: str) -> list[dict[str, Any]]:
        stack = "linux-6 | hotspot-21(collector=serial)"
        return run(stack, limits={"hotspot-21": limits}, parameters={"requests_count": 300})["log"]

    small, whole = logged(heap="200 MiB", initial_heap="16 MiB"), logged(heap="200 MiB")
    assert len(small) > len(whole)
    assert max(row["before"] for row in small) > 40 * MIB
    assert any(row["kind"] == "pause full" for row in small)
    assert not any(row["kind"] == "pause full" for row in whole)
