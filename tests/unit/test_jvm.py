"""The Java virtual machine: what a bytecode, a class and a collection cost, and what it makes of its machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Below, Use

GHZ, MIB = 1e9, 2**20
Make = Callable[..., Any]
NUMBERS = {
    "c2_cycles": 1.0, "interpreter_cycles": 9.0, "c1_cycles": 0.5, "groups_count": 4.0,
    "body_bytecodes_count": 10.0, "c1_compile_cycles": 1e3, "c2_compile_cycles": 1e4, "class_cycles": 2e5,
    "archived_class_cycles": 2e4, "native_call_cycles": 100.0,
    "system_start_cycles": 0.0, "system_stack_bytes": 0.0,
}  # fmt: skip
"""Round numbers for the costs; HotSpot's rules as they are in the catalog."""
ONE = d.Portable("one.jar", 1, 1.0, 10.0, 400)
"""A program of one method, ten bytecodes long."""
HEAP_BYTES = 30e6
"""Of which the serial collector makes 10 MB young: 8 of eden and two survivor spaces; 20 MB are old."""


@cache
def numbers() -> dict[str, float]:
    return {**Catalog().layer("hotspot-17", "epyc-zen4-vm").values(), **NUMBERS}


def virtual_machine(place: Place | None = None, own: Mapping[str, float] | None = None, **structure: str) -> Any:
    given = {"mode": "tiered", "sharing": "on", "collector": "automatic"} | structure
    return JavaVirtualMachine({**numbers(), **(own or {})}, given, place or Place(limits={"heap": HEAP_BYTES}))


# ---------------------------------------------------------------- steps


def test_an_interpreted_bytecode_is_one_cycle_of_the_program_and_nine_of_the_interpreter() -> None:
    steps = list(virtual_machine(mode="interpreter").lower(d.Execute(ONE)))
    assert steps == [Below(d.Compute(count=1.0)), Use("interpretation", cycles=9.0, operations=1.0)]


def test_what_is_asked_of_the_system_passes_unchanged() -> None:
    """A call goes through native code; a lock, a fault or a word of memory does not."""
    machine = virtual_machine()
    for call in (d.SystemCall("stat"), d.Sleep(1.0), d.SendData(1e4, 1448.0), d.Write(1e4)):
        assert list(machine.lower(call)) == [Use("native_call", cycles=100.0), Below(call)]
    for own in (d.Compute(), d.Lock("table"), d.Fault(), d.AccessMemory("random", 1e9)):
        assert list(machine.lower(own)) == [Below(own)]


# ---------------------------------------------------------------- what it makes of the machine


@pytest.mark.parametrize(
    ("processors", "memory_mib", "heap_mib", "collector", "collectors", "compilers"),
    [
        (1, 512, 128, "serial", 1, {"c1": 1, "c2": 1}),  # a quarter; one processor
        (1, 8192, 2048, "serial", 1, {"c1": 1, "c2": 1}),
        (2, 1791, 447.75, "serial", 1, {"c1": 1, "c2": 1}),  # a little too small for the server class
        (2, 1792, 448, "g1", 2, {"c1": 1, "c2": 1}),
        (2, 256, 124.8, "serial", 1, {"c1": 1, "c2": 1}),  # a quarter is less than 96 MB times 1.3
        (2, 200, 100, "serial", 1, {"c1": 1, "c2": 1}),  # and a half is, too
        (4, 8192, 2048, "g1", 4, {"c1": 1, "c2": 2}),  # 2 * 1 * 3/2 = 3
        (16, 8192, 2048, "g1", 13, {"c1": 4, "c2": 8}),  # 8 + 8 * 5/8; 4 * 2 * 3/2 = 12
        (64, 8192, 2048, "g1", 43, {"c1": 6, "c2": 12}),  # 8 + 56 * 5/8; 6 * 2 * 3/2 = 18
    ],
)
def test_it_takes_what_it_sees(
    processors: int, memory_mib: float, heap_mib: float, collector: str, collectors: int, compilers: dict[str, int]
) -> None:
    machine = virtual_machine(Place(memory_bytes=memory_mib * MIB, processors_count=processors))
    assert machine.heap.size_bytes == pytest.approx(heap_mib * MIB)
    assert (machine.collector, machine.collector_threads) == (collector, collectors)
    assert machine.compiler_threads == compilers


def test_a_limit_and_a_choice_go_before_the_rule() -> None:
    place = Place(memory_bytes=8192 * MIB, processors_count=1, limits={"heap": 1e8})
    machine = virtual_machine(place, collector="parallel", mode="c1")
    assert (machine.heap.size_bytes, machine.collector, machine.compiler_threads) == (1e8, "parallel", {"c1": 2})


# ---------------------------------------------------------------- real programs


def run(stack: str, **tenant: Any) -> dict[str, list[dict[str, Any]]]:
    """One run of the portable compressor on today's Linux, or in what else is asked for."""
    app = {"workload": "compression", **tenant}
    scenario = {"machine": "epyc-zen4-vm", "stacks": {"it": stack}, "tenants": {"app": app}}
    (point,) = load(scenario).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def value(tables: Mapping[str, list[dict[str, Any]]]) -> float:
    found: float = tables["tenants"][0]["value"]
    return found


def seconds(tables: Mapping[str, list[dict[str, Any]]], mechanism: str) -> float:
    return sum(row["service_s"] for row in tables["charges"] if row["mechanism"] == mechanism)


def test_a_program_gets_faster_while_it_runs() -> None:
    """Both ledgers are checked by the run itself."""
    tables = run("linux-6 | hotspot-17")
    latencies = [row["latency_s"] for row in tables["requests"]]
    assert tables["tenants"][0]["build"] == "bytecode" and tables["tenants"][0]["outcome"] == "ok"
    steady = sorted(latencies[len(latencies) // 2 :])[len(latencies) // 4]
    assert latencies[0] > 1.1 * steady
    assert seconds(tables, "compilation") > 0.0 and seconds(tables, "class_loading") > 0.0


def test_an_interpreter_alone_is_much_slower_and_c1_alone_a_little() -> None:
    tiered = value(run("linux-6 | hotspot-17"))
    assert value(run("linux-6 | hotspot-17(mode=interpreter)")) < tiered / 5
    assert tiered / 2 < value(run("linux-6 | hotspot-17(mode=c1)")) < tiered


def test_the_program_s_own_work_is_the_same_whatever_code_it_runs_in() -> None:
    modes = ("tiered", "interpreter", "c1", "c2")
    useful = [seconds(run(f"linux-6 | hotspot-21(mode={mode})"), "compute") for mode in modes]
    assert useful == pytest.approx([useful[0]] * len(modes), rel=1e-9)


def test_the_same_seed_gives_the_same_rows() -> None:
    assert repr(run("linux-6 | hotspot-17")) == repr(run("linux-6 | hotspot-17"))


def test_its_start_is_part_of_a_tenant_s_boot() -> None:
    """178 million cycles and 4743 faults at 3.65 GHz, and 40 MiB read from a flash disk."""
    boot_s = run("linux-6 | hotspot-17", boot=True)["tenants"][0]["boot_s"]
    assert 0.04 < boot_s < 0.4
    assert run("linux-6 | hotspot-17(sharing=off)", boot=True)["tenants"][0]["boot_s"] > boot_s + 0.015
