"""What a Java virtual machine touches of its heap, and what that takes where the system below has written pages out."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.layers._jvm_heap import Habits
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.steps import Below, Hold, Later, Send, Step

MIB = 2.0**20


def virtual_machine(collector: str, processors: float = 1.0) -> Any:
    """One with a heap of 90 MiB, in which a program that keeps 30 MiB has filled eden once."""
    product = Catalog().layer("hotspot-21", "laptop-2025")
    place = Place(
        memory_bytes=1024 * MIB, processors_count=processors, limits={"heap": 90 * MIB, "initial_heap": 90 * MIB}
    )
    machine: Any = JavaVirtualMachine(product.values(), {**product.structure, "collector": collector}, place)
    machine.heap.keep("app", Habits(30 * MIB, 1 * MIB, 0.01))
    fill(machine)
    return machine


def fill(machine: Any) -> None:
    eden_bytes = machine.collection.eden_bytes
    machine.heap.reserve(eden_bytes, eden_bytes)
    machine.heap.made("app", eden_bytes)


def touched(steps: Any) -> list[d.Touch]:
    """What steps touch, those of the collector's other threads with them."""
    found: list[Step] = []
    for step in steps:
        found += step.work if isinstance(step, Send) else [step]
    return [each.demand for each in found if isinstance(each, Below) and isinstance(each.demand, d.Touch)]


@pytest.mark.parametrize(("collector", "passes"), [("serial", 4), ("parallel", 2)])
def test_a_full_collection_goes_through_the_whole_heap_several_times(collector: str, passes: int) -> None:
    machine = virtual_machine(collector, processors=3.0)
    heap, threads = machine.heap, machine.collection.active_threads
    parts = touched(machine.collection.full())
    assert len(parts) == threads
    assert sum(each.size_bytes for each in parts) == pytest.approx(passes * heap.occupied_bytes)
    assert {each.extent_bytes for each in parts} == {heap.occupied_bytes}


def test_a_young_collection_touches_what_it_copies() -> None:
    machine = virtual_machine("serial")
    copied_bytes = machine.heap.find(3 * MIB).copied_bytes
    (eden,) = touched(machine.collection.young())
    assert eden.size_bytes == pytest.approx(copied_bytes)
    assert eden.extent_bytes == machine.heap.touched_bytes


def test_new_objects_touch_the_pages_of_an_eden_that_was_full_before() -> None:
    """Beyond the process and the old part of the heap, from end to end."""
    machine = virtual_machine("serial")
    demand = d.NewObjects(64 * 1024, 30 * MIB, "app")
    assert not touched(machine.lower(demand))
    for step in list(machine.collection.young()):
        if isinstance(step, Later):
            list(step.make(0.0))
    machine.allocation._cross()
    (eden,) = touched(machine.lower(demand))
    heap = machine.heap
    assert (eden.size_bytes, eden.extent_bytes) == (64 * 1024, heap.touched_bytes)
    assert eden.start_bytes == machine.parameters.footprint_bytes + heap.old_touched_bytes > 30 * MIB


def test_pages_of_eden_are_held_once_whichever_threads_touch_them() -> None:
    machine = virtual_machine("serial")
    eden_bytes = machine.collection.eden_bytes
    assert list(machine.allocation._spread(0.0)) == [Hold(eden_bytes, program=False)]
    machine.heap.used_bytes = 0.0  # collected, and filled again by another thread that had touched new pages too
    fill(machine)
    assert not machine.allocation._spread(0.0)
