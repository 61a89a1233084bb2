"""A program that repeats its work: its iterations, several collections simulated as one, and DaCapo's programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.layers._jvm_collection import Collector
from simulator.layers.base import Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.log import Log as Lines
from simulator.scenario import load
from simulator.steps import Log
from simulator.validation import claims, dacapo, published, readings
from simulator.validation.claims import Experiment

MIB = 2**20


def scenario(stack: str, workload: str = "managed", **tenant: Any) -> dict[str, Any]:
    """One stack on the suite's machine."""
    app = {"workload": workload, **tenant}
    return {"machine": "dacapo-7950x", "stacks": {"it": stack}, "tenants": {"app": app}}


def run(stack: str, workload: str = "managed", **tenant: Any) -> Mapping[str, float]:
    """The readings of one run."""
    (point,) = load(scenario(stack, workload, **tenant)).points()
    return readings.read(run_point(point, 0)["tables"])["app"]


# ---------------------------------------------------------------- iterations


def test_natively_an_iteration_takes_its_cycles_divided_among_its_threads() -> None:
    """9 billion cycles on two of the cores of 4.5 GHz: a second, and its timer's ticks."""
    alone = {"iteration_cycles": "9 G cycles", "locked_ratio": 0, "iteration_calls_count": 0, "iterations_count": 3}
    found = run("linux-6 |", parameters=alone)
    for number in (1, 2, 3):
        assert found[f"iteration {number}"] == pytest.approx(1.0, rel=5e-3)
    assert "iteration 4" not in found and "steady_iteration_s" not in found


def test_waits_and_calls_come_on_top_and_a_lock_lets_one_at_a_time() -> None:
    """Four threads: a second of computing each; half a second of waiting each; all of it under the lock: one by one."""
    alone = {"iteration_cycles": "18 G cycles", "iteration_calls_count": 0, "iterations_count": 1, "threads_count": 4}
    waiting = run("linux-6 |", parameters={**alone, "locked_ratio": 0, "iteration_wait_s": "500 ms"})
    assert waiting["iteration 1"] == pytest.approx(1.5, rel=5e-3)
    locked = run("linux-6 |", parameters={**alone, "locked_ratio": "100 %"})
    assert locked["iteration 1"] == pytest.approx(4.0, rel=1e-2)


def test_in_class_files_the_first_iteration_is_the_slowest_and_loads_the_classes() -> None:
    found = run("linux-6 | hotspot-21")
    assert found["iteration 1"] > 1.1 * found["steady_iteration_s"]
    mean = sum(found[f"iteration {number}"] for number in range(5, 10)) / 5
    assert found["steady_iteration_s"] == pytest.approx(mean)


# ---------------------------------------------------------------- collections


def test_as_many_workers_as_the_heap_and_the_threads_are_worth() -> None:
    """32 processors have 23 collector threads; two for each thread that makes objects, one for each 43.6 MB."""
    parameters = Catalog().layer("hotspot-21", "dacapo-7950x").values()

    def workers(heap_bytes: float, makers: int) -> int:
        place = Place(memory_bytes=64 * 2**30, processors_count=32, limits={"heap": heap_bytes})
        collection: Collector = JavaVirtualMachine(parameters, {"collector": "g1"}, place).collection
        for _ in range(makers):
            collection.heap.reserve(1.0, 1.0)
        return collection.active_threads

    assert [workers(50 * MIB, 1), workers(50 * MIB, 6), workers(50 * MIB, 12)] == [2, 12, 23]
    assert [workers(420 * MIB, 1), workers(2048 * MIB, 1)] == [10, 23]


def test_several_collections_simulated_as_one_take_as_long_and_are_as_many() -> None:
    """The same program with each collection simulated, and with eight as one."""
    heap = {"hotspot-21": {"heap": "120 MiB"}}
    (point,) = load(scenario("linux-6 | hotspot-21(collector=serial)", "allocation-heavy", limits=heap)).points()

    def grained(grain: float) -> Mapping[str, float]:
        point["tenants"]["app"]["bytecode"]["collection_grain_count"] = grain
        return readings.read(run_point(point, 0)["tables"])["app"]

    each, coarse = grained(1.0), grained(8.0)
    assert coarse["collections"] == pytest.approx(each["collections"], rel=0.15)
    assert coarse["mean_pause_s"] == pytest.approx(each["mean_pause_s"], rel=0.15)
    assert coarse["steady_iteration_s"] == pytest.approx(each["steady_iteration_s"], rel=0.05)


def test_a_line_that_stands_for_several_is_several_lines() -> None:
    """Four pauses within 2 ms are half a millisecond each, one after the other."""
    now = [1.0]
    lines = Lines(lambda: now[0])
    lines.note("vm", "node", Log("pause", lambda: 5.0, "bytes"))
    now[0] = 1.002
    lines.note("vm", "node", Log("pause", lambda: 3.0, "bytes", ends=True, times=4))
    assert [row[3] for row in lines.rows] == pytest.approx([1.0, 1.0005, 1.001, 1.0015])
    assert [row[4] for row in lines.rows] == pytest.approx([0.0005] * 4)
    assert {tuple(row[5:]) for row in lines.rows} == {(5.0, 3.0, "bytes")}


# ---------------------------------------------------------------- scenarios


def test_a_limit_may_be_so_many_times_a_number_of_the_workload() -> None:
    """jython's least heap is 25 MB."""
    written = scenario(
        "linux-6 | hotspot-21", "dacapo-jython", limits={"hotspot-21": {"heap": "2.5 x least_heap_bytes"}}
    )
    (point,) = load(written).points()
    assert point["tenants"]["app"]["limits"] == {"hotspot-21": {"heap": 2.5 * 25 * MIB}}


def test_a_number_that_the_workload_has_not_is_refused() -> None:
    limits = {"hotspot-21": {"heap": "2 x least_heap_bytes"}}
    with pytest.raises(ScenarioError, match=r"managed has no number 'least_heap_bytes'"):
        load(scenario("linux-6 | hotspot-21", limits=limits))


def _experiment(row: dict[str, Any]) -> Experiment:
    heaps = ["2 x least_heap_bytes", "3 x least_heap_bytes"]
    written = scenario("linux-6 | hotspot-21", "dacapo-jython", limits={"hotspot-21": {"heap": heaps}})
    written["tenants"]["app"]["workload"] = ["dacapo-jython", "dacapo-pmd"]
    written["published"] = {"table": dacapo.TABLE, "platforms": {"java": "it"}, "rows": [row]}
    return Experiment("it", load(written))


def test_a_piece_of_a_metric_may_be_a_piece_of_a_value_of_an_axis() -> None:
    at = {"workload": "dacapo-{program}", "heap": "{times} x least_heap_bytes"}
    row = {"benchmark": "{program}", "metric": "time at {times}x heap", "read": "steady_iteration_s", "at": at}
    metrics = [("pmd", "time at 3x heap"), ("pmd", "time at 7x heap"), ("lisp", "time at 3x heap"), ("pmd", "pauses")]
    figures = [
        published.Figure("s", "t", "java", name, metric, "ms", "1", "", "judges", line=line)
        for line, (name, metric) in enumerate(metrics)
    ]
    experiment = _experiment(row)
    (claim,) = claims.claims(experiment, figures)
    axes = experiment.points[claim.point]["axes"]
    assert claim.figure.metric == "time at 3x heap" and set(axes.values()) >= {"dacapo-pmd", "3 x least_heap_bytes"}
    assert claim.factor == 1000.0


def test_a_piece_that_stands_nowhere_is_refused() -> None:
    row = {"benchmark": "*", "read": "steady_iteration_s", "at": {"workload": "dacapo-{program}"}}
    with pytest.raises(ScenarioError, match=r"\{program\} stands for nothing"):
        _experiment(row)


# ---------------------------------------------------------------- DaCapo's programs

GIVEN = {
    "least_heap": 10.0, "kernel_percent": 0.0, "boost_percent": 16.0, "memory_percent": 1.0, "steady_2x": 1000.0,
    "one_processor": 2100.0, "warm_up": 100.0,
}  # fmt: skip


def test_a_program_has_as_many_threads_as_it_keeps_processors_busy() -> None:
    """2.1 times as long on one processor: two threads. Neither clock nor memory matter to the others: they wait."""
    assert dacapo.division(GIVEN) == (0.0, 2)
    waiting, threads = dacapo.division({**GIVEN, "boost_percent": 1.9, "memory_percent": 0.0, "one_processor": 1000.0})
    assert (waiting, threads) == (pytest.approx(0.9), 1)
    waiting, threads = dacapo.division({**GIVEN, "boost_percent": 3.8, "memory_percent": 0.0, "one_processor": 2000.0})
    assert (waiting, threads) == (pytest.approx(0.8), 10)


def test_what_is_made_in_an_iteration_is_told_by_the_best_row_there_is() -> None:
    """Turnover 30 times 10 MB; a rate of 200 MB a second for two seconds; 20 collections in ten iterations."""
    assert dacapo.allocated_bytes({**GIVEN, "turnover": 30.0, "allocation_rate": 1.0}, 2.0) == 300 * MIB
    assert dacapo.allocated_bytes({**GIVEN, "allocation_rate": 200.0}, 2.0) == 400e6
    assert dacapo.allocated_bytes({**GIVEN, "collections": 20.0}, 2.0) == pytest.approx(2 * 0.56 * 10 * MIB)


def test_rows_that_judge_are_never_read_and_missing_ones_are_named() -> None:
    own = [
        published.Figure("s", "stats-x", *dacapo.ROWS[name][:1], "pmd", dacapo.ROWS[name][1], "ms", str(value), "", use)
        for use in ("calibrates", "judges")
        for name, value in GIVEN.items()
    ]
    assert dacapo.rows(own, "pmd") == GIVEN
    with pytest.raises(SystemExit, match="pmd: the table has no row"):
        dacapo.rows(own[len(GIVEN) :], "pmd")


def test_every_program_of_the_table_is_in_the_catalog_with_what_was_fitted() -> None:
    catalog = Catalog()
    programs = dacapo.programs(published.load(dacapo.TABLE))
    fitted = {(each.product, each.parameter) for each in catalog.fitted()}
    assert len(programs) == 22
    for name in programs:
        own = {parameter for product, parameter in fitted if product == f"dacapo-{name}"}
        assert {"iteration_cycles", "methods_count"} <= own
        assert catalog.workload(f"dacapo-{name}", "dacapo-7950x").interface == "bytecode"
