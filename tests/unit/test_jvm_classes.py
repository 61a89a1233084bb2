"""The start of a Java virtual machine, and its classes: what is paid for which, and what an archive saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.plans import PROGRAM
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Ask, Below, Send, Step, Use
from simulator.validation import readings

Make = Callable[..., Any]
GHZ, MIB = 1e9, 2**20
NUMBERS = {
    "c2_cycles": 1.0, "interpreter_cycles": 9.0, "vm_classes_count": 400.0, "class_cycles": 2e5,
    "application_class_cycles": 3e5, "archived_class_cycles": 2e4, "link_cycles": 5e4, "linked_class_cycles": 1e3,
    "class_faults_count": 2.0, "application_class_faults_count": 4.0, "loader_bytecodes_count": 1e3,
    "loader_methods_count": 10.0, "start_faults_count": 1000.0, "archive_faults_count": 500.0,
    "g1_start_faults_count": 300.0, "parallel_start_faults_count": 100.0, "service_thread_cycles": 1e5,
    "service_thread_faults_count": 2.0, "start_bytecodes_count": 1e6, "graph_bytecodes_count": 2e6,
    "system_start_cycles": 0.0, "c1_start_cycles": 3e6,
    "c2_start_cycles": 7e6, "heap_table_ratio": 1 / 512, "initial_heap_ratio": 1 / 64,
}  # fmt: skip
"""Round numbers for the costs."""
JAR = d.Portable("one.jar", 1, 1.0, 10.0, 400, library_ratio=0.75)
"""300 classes of the JDK and 100 of its own."""
FIGURES = {"start_cycles": 1e8, "start_read_bytes": 0.0, "start_unit_bytes": 4096.0, "start_wait_s": 0.0}
ONE_PROCESSOR = Place(memory_bytes=8192 * MIB, processors_count=1)
"""A heap of 128 MiB at the start: 64 pages of tables."""


@cache
def numbers() -> dict[str, float]:
    return {**Catalog().layer("hotspot-17", "epyc-zen4-vm").values(), **NUMBERS}


def virtual_machine(place: Place = ONE_PROCESSOR, **structure: str) -> JavaVirtualMachine:
    given = {"mode": "tiered", "sharing": "on", "collector": "automatic"} | structure
    return JavaVirtualMachine(numbers(), given, place)


def cycles(steps: Iterable[Step], mechanism: str) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use) and step.mechanism == mechanism)


def faults(steps: Iterable[Step]) -> float:
    asked = (step.demand for step in steps if isinstance(step, Below))
    return sum(demand.count for demand in asked if isinstance(demand, d.Fault))


def executed(steps: Iterable[Step]) -> float:
    asked = (step.demand for step in steps if isinstance(step, Ask))
    return sum(demand.count for demand in asked if isinstance(demand, d.Execute))


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize(
    ("sharing", "loading", "linking", "pages", "bytecodes"),
    [
        ("on", 300 * 2e4 + 100 * 3e5, 400 * 5e4, 100 * 4, 100 * 1e3),
        ("off", 300 * 2e5 + 100 * 3e5, 400 * 5e4, 300 * 2 + 100 * 4, 100 * 1e3),
        ("application", 400 * 2e4, 400 * 5e4, 0, 0),
        ("linked", 400 * 2e4, 400 * 1e3, 0, 0),
    ],
)
def test_what_an_archive_saves(sharing: str, loading: float, linking: float, pages: float, bytecodes: float) -> None:
    """300 classes of the JDK and 100 from a jar: taken from an archive or parsed, then linked."""
    steps = list(virtual_machine(sharing=sharing).lower(d.LoadClasses(JAR)))
    assert cycles(steps, "class_loading") == pytest.approx(loading)
    assert cycles(steps, "class_linking") == pytest.approx(linking)
    assert faults(steps) == pytest.approx(pages)
    assert executed(steps) == pytest.approx(bytecodes)
    operations = sum(step.operations for step in steps if isinstance(step, Use) and step.mechanism == "class_loading")
    assert operations == pytest.approx(400)


def test_an_archive_is_mapped_and_a_jar_is_read() -> None:
    steps = list(virtual_machine().lower(d.LoadClasses(JAR)))
    reads = [step.demand for step in steps if isinstance(step, Below) and isinstance(step.demand, d.Read)]
    sizes = [300 * numbers()["archived_class_bytes"], 100 * numbers()["class_file_bytes"]]
    assert [(read.size_bytes, read.mapped) for read in reads] == [(sizes[0], True), (sizes[1], False)]


def test_a_product_without_a_cache_of_linked_classes_refuses_it() -> None:
    with pytest.raises(ScenarioError, match="linked_class_cycles"):
        load({"machine": "epyc-zen4-vm", "stacks": {"a": "linux-6 | hotspot-17(sharing=linked)"},
              "tenants": {"app": {"workload": "java-hello"}}})  # fmt: skip


def test_a_class_loader_is_interpreted_first(laid: Make, java: Make) -> None:
    """Of 400 classes 100 come from a jar: 1000 bytecodes each, at ten cycles with the interpreter."""
    own = laid(java(numbers(), mode="interpreter", sharing="on"), "os | jvm")
    thread = own.thread("main", d.LoadClasses(JAR))
    own.run(until=1.0)
    whole = 300 * 2e4 + 100 * 3e5 + 400 * 5e4 + 100 * 1e3 * 10
    assert thread.ended_s == pytest.approx(whole / GHZ, rel=1e-9)
    assert own.cycles(thread, "interpretation") == pytest.approx(100 * 1e3 * 9)


# ---------------------------------------------------------------- the start


def test_a_start_with_the_serial_collector() -> None:
    """One processor: 14 threads of which the launcher and 12 others are its own, main is the program's.

    Two compilers and their sweeper, the thread of collections, and nine that sleep: 13. 1000 + 500 + 64 + 13 * 2 pages.
    The serial collector cannot take the graph of modules from the archive: 1e6 + 2e6 bytecodes.
    """
    machine = virtual_machine()
    steps = list(machine.start(FIGURES))
    assert len(machine.services()) == 13
    assert cycles(steps, "start") == 1e8
    assert cycles(steps, "thread_start") == pytest.approx(13 * 1e5)
    assert cycles(steps, "class_loading") == pytest.approx(400 * 2e4)
    assert cycles(steps, "class_linking") == pytest.approx(400 * 5e4)
    assert faults(steps) == pytest.approx(1000 + 500 + 64 + 13 * 2)
    assert executed(steps) == pytest.approx(3e6)
    ready = [step.work for step in steps if isinstance(step, Send)]
    assert [cycles(work, "compilation") for work in ready] == [3e6, 7e6]


def test_g1_has_more_threads_and_takes_the_graph_of_modules_from_the_archive() -> None:
    """Two processors: two workers, one thread that marks and three more: 19 with main 20."""
    machine = virtual_machine(Place(memory_bytes=8192 * MIB, processors_count=2))
    steps = list(machine.start(FIGURES))
    assert len(machine.services()) == 19
    assert faults(steps) == pytest.approx(1000 + 500 + 300 + 64 + 19 * 2)
    assert executed(steps) == pytest.approx(1e6)


def test_without_an_archive_its_own_classes_are_parsed() -> None:
    with_it, without = (list(virtual_machine(sharing=sharing).start(FIGURES)) for sharing in ("on", "off"))
    assert cycles(without, "class_loading") == pytest.approx(400 * 2e5)
    assert faults(without) - faults(with_it) == pytest.approx(400 * 2 - 500)


def test_an_interpreter_has_no_compilers_to_get_ready() -> None:
    machine = virtual_machine(mode="interpreter")
    assert not [step for step in machine.start(FIGURES) if isinstance(step, Send)]
    assert len(machine.services()) == 10


def test_its_threads_are_there_by_name() -> None:
    machine = virtual_machine(Place(memory_bytes=8192 * MIB, processors_count=4))
    found = {service.name for service in machine.services()}
    workers = {f"collector-worker-{number}" for number in (1, 2, 3, 4)}
    assert {"c1-compiler", "c2-compiler-1", "c2-compiler-2", "collector", "marking", "finalizer"} | workers <= found
    assert len(found) == len(machine.services())


# ---------------------------------------------------------------- a whole run


def tables(**structure: str) -> dict[str, list[list[Any]]]:
    chosen = ", ".join(f"{name}={value}" for name, value in structure.items())
    scenario = load({
        "machine": "epyc-zen4-vm", "stacks": {"a": f"linux-6 | hotspot-17({chosen})"},
        "tenants": {"app": {"workload": "java-hello", "boot": True, "vcpus": 1, "cpus": [0]}},
    })  # fmt: skip
    return run_point(scenario.points()[0], 0)["tables"]


def test_the_start_is_the_virtual_machine_s_own_cost() -> None:
    """What its start executes is caused by the virtual machine, in C2's price and beyond: no work of the program."""
    found = tables(mode="interpreter", collector="serial")
    columns = [names("charges").index(name) for name in ("tenant", "thread", "cause", "mechanism", "cycles")]
    rows = [[row[column] for column in columns] for row in found["charges"]]
    started = [row for row in rows if row[1].startswith("start of")]
    causes = {row[2] for row in started if row[3] in ("compute", "interpretation")}
    assert all("hotspot-17" in cause for cause in causes)
    assert causes and PROGRAM not in {row[2] for row in started}


def test_an_empty_program_has_eleven_threads_without_compilers_and_fourteen_with_them() -> None:
    """As measured: 11 with the interpreter only, 14 by default on one processor, 14 with C1 only."""
    for mode, count in (("interpreter", 11), ("tiered", 14), ("c1", 14)):
        assert readings.read(tables(mode=mode, collector="serial"))["app"]["threads_count"] == count


def test_a_process_is_its_program_and_what_runs_it() -> None:
    """Processor time is that of start, program and compilers, waits for the disk apart; there is no setup here."""
    found = readings.read(tables(mode="tiered", collector="serial"))["app"]
    assert 0.02 < found["processor_s"] < found["elapsed_with_boot_s"]
    assert found["c1_methods_count"] > found["c2_methods_count"] >= 0.0
    assert "setup_s" not in found


def test_a_program_with_a_setup_loads_its_classes_before_its_first_iteration() -> None:
    """Natively setup takes what its cycles and its memory take: 54.6 million cycles and 8192 pages, some 27 ms."""
    native = load({
        "machine": "epyc-zen4-vm", "stacks": {"a": "linux-6 |"},
        "tenants": {"app": {"workload": "native-trees", "parameters": {"iterations_count": 2}}},
    })  # fmt: skip
    found = readings.read(run_point(native.points()[0], 0)["tables"])["app"]
    assert found["setup_s"] == pytest.approx(27.689e-3, rel=0.02)
    assert found["iteration 1"] == pytest.approx(11.6595e-3, rel=0.01)
