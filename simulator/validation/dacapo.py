"""Catalog files of DaCapo Chopin's programs, from the published rows that calibrate.

``python -m simulator.validation.dacapo [NAME ...]`` writes ``simulator/catalog/workloads/dacapo-NAME.yaml`` for the
programs named, or for all of the table. Sizes and rates are taken from the table; counts that it does not give are
fitted, each on one row, by simulating that row: steady times on heaps of ten and of two times the least, the fifth
iteration in the interpreter and in C1's code, and the excess of the first four iterations. Rows that judge are never
read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.scenario import load
from simulator.validation import published, readings
from simulator.validation._dacapo_file import text

TABLE = "jvm_dacapo_chopin"
WORKLOADS = Path(__file__).parent.parent / "catalog" / "workloads"
MACHINE, LAYER, BASE = "dacapo-7950x", "hotspot-21", "managed"
MEGABYTE = 1048576.0
G1 = "hotspot-21 G1"
STEADY = "steady iteration time at {}x minimum heap"
ITERATION_5 = "iteration 5 time at 2x heap"
ROWS = {
    "allocation_rate": (G1, "allocation rate"),
    "turnover": (G1, "memory turnover (bytes allocated / minimum heap)"),
    "least_heap": (G1, "minimum heap, default size, compressed pointers"),
    "kernel_percent": (G1, "kernel share of CPU time"),
    "boost_percent": (G1, "speed-up from frequency boost"),
    "memory_percent": (G1, "slowdown with slower memory"),
    "collections": (G1, "GC pauses, 10 iterations at 2x heap"),
    "steady_2x": (G1, STEADY.format(2)),
    "steady_10x": (G1, STEADY.format(10)),
    "one_processor": (f"{G1} pinned to one CPU", "steady iteration time at 2x heap"),
    "interpreter": ("hotspot-21 interpreter only", ITERATION_5),
    "c1": ("hotspot-21 C1 only (TieredStopAtLevel=1)", ITERATION_5),
    "warm_up": (G1, "warm-up excess: sum over iterations 1-4 of time minus steady, 2x heap"),
}
"""The rows that are read: platform and metric."""
NEEDED = ("least_heap", "kernel_percent", "boost_percent", "memory_percent", "steady_2x", "one_processor", "warm_up")
BOOST_PERCENT, MEMORY_PERCENT = 19.0, 35.0
"""What a faster clock gains a program at most, and what slower memory takes: what neither explains is waiting."""
CORES = 16
LIVE_RATIO = 1.0 - 0.10 - 0.05
"""Part of the least heap that is kept: G1 keeps a tenth in reserve, and a twentieth is young at least."""
TENURED_RATIO = 0.0005
PASSING_RATIO = 0.076
"""Short-lived objects in use at any one time, over the least heap, where no row tells them: median of the others."""
EDEN_RATIO = 0.56
"""Bytes allocated between two collections at two times the least heap, over the latter: median of nine programs."""
ITERATIONS = 9
COLLECTIONS = 12
"""Collections that are simulated in an iteration, about, at two times the least heap."""
PORTIONS, MANY_THREADS, MANY_PORTIONS = 8, 8, 4
STEPS, TOLERANCE = 7, 2e-3
METHODS = (50.0, 200_000.0)


@dataclass
class Sketch:
    """A program while it is being described.

    Attributes:
        name: in the suite.
        rows: published values by the names of ``ROWS``, as they stand in the table.
        parameters: of the program.
        bytecode: of its class files.
        fitted: names of the counts that were fitted.
    """

    name: str
    rows: Mapping[str, float]
    parameters: dict[str, float] = field(default_factory=dict)
    bytecode: dict[str, float] = field(default_factory=dict)
    fitted: list[str] = field(default_factory=list)

    @property
    def steady_s(self) -> float:
        """The steady time on the largest heap that there is a row for."""
        return self.rows.get("steady_10x", self.rows["steady_2x"]) / 1e3


def programs(figures: list[published.Figure]) -> list[str]:
    """All programs of the table."""
    names = (figure.benchmark for figure in figures if figure.table.startswith("stats-"))
    return list(dict.fromkeys(names))


def rows(figures: list[published.Figure], name: str) -> dict[str, float]:
    """What the table says of a program in rows that calibrate.

    Raises:
        SystemExit: a row is missing without which nothing can be said.
    """
    own = {(each.platform, each.metric): each for each in figures if each.benchmark == name and not each.judges}
    found = {key: float(own[row].value) for key, row in ROWS.items() if row in own}
    missing = [" / ".join(ROWS[key]) for key in NEEDED if key not in found]
    if missing:
        raise SystemExit(f"{name}: the table has no row {', '.join(missing)}")
    return found


# ---------------------------------------------------------------- what the table says


def sketch(name: str, given: Mapping[str, float]) -> Sketch:
    """A program as the table has it, before anything is fitted."""
    found = Sketch(name, given)
    waiting, threads = division(given)
    busy_s = found.steady_s * (1.0 - waiting)
    found.parameters = {
        "threads_count": float(threads),
        "iteration_wait_s": found.steady_s * waiting,
        "iteration_cycles": busy_s * threads * frequency_hz() * (1.0 - given["kernel_percent"] / 100.0),
    }
    found.parameters["portions_count"] = float(PORTIONS if threads < MANY_THREADS else MANY_PORTIONS)
    calls_s = busy_s * threads * given["kernel_percent"] / 100.0
    found.parameters["iteration_calls_count"] = calls_s / call_s()
    found.bytecode = {
        "least_heap_bytes": given["least_heap"] * MEGABYTE,
        "live_bytes": given["least_heap"] * MEGABYTE * LIVE_RATIO,
        "cycle_bytecodes_count": bytecodes(given) / found.parameters["iteration_cycles"],
        "c1_ratio": 1.0,
        "methods_count": 3000.0,
        "passing_bytes": PASSING_RATIO * given["least_heap"] * MEGABYTE,
        "tenured_ratio": TENURED_RATIO,
        "collection_grain_count": grain(given, found.steady_s),
    }
    return found


def division(given: Mapping[str, float]) -> tuple[float, int]:
    """Part of an iteration that its threads wait, and how many of them keep as many processors busy as it does.

    One processor takes as much longer than all as these keep busy. Where neither clock nor memory matter they wait;
    less than a half of such time is not told from the slower clock of many busy cores.
    """
    busy = min(CORES, given["one_processor"] / given["steady_2x"])
    working = max(given["boost_percent"], 1.0) / BOOST_PERCENT + given["memory_percent"] / MEMORY_PERCENT
    if working > 0.5:
        return 0.0, max(1, round(busy))
    threads = 1 if busy < 1.5 else min(CORES, round(busy / working))
    return 1.0 - min(busy, 1.0) * working if threads == 1 else 1.0 - busy / threads, threads


def bytecodes(given: Mapping[str, float]) -> float:
    """About so many in an iteration: what makes it longer in the interpreter; without a row as in a mean program."""
    waiting, threads = division(given)
    longer_ms = given.get("interpreter", 0.0) - given["steady_2x"]
    if longer_ms <= 0.0:
        user_ms = given["steady_2x"] * (1.0 - waiting) * (1.0 - given["kernel_percent"] / 100.0)
        return user_ms / 1e3 * threads * frequency_hz() / c2_cycles()
    return longer_ms / 1e3 * threads * frequency_hz() / interpreter_cycles()


def allocated_bytes(given: Mapping[str, float], steady_s: float) -> float:
    """Objects made in an iteration: turnover times least heap, else rate times time, else collections times eden."""
    if "turnover" in given:
        return given["turnover"] * given["least_heap"] * MEGABYTE
    if "allocation_rate" in given:
        return given["allocation_rate"] * 1e6 * steady_s
    return given["collections"] / 10.0 * EDEN_RATIO * given["least_heap"] * MEGABYTE


def grain(given: Mapping[str, float], steady_s: float) -> float:
    """Collections that are simulated as one, so that some are left in an iteration."""
    collections = allocated_bytes(given, steady_s) / (EDEN_RATIO * given["least_heap"] * MEGABYTE)
    return max(1.0, float(round(collections / COLLECTIONS)))


@cache
def frequency_hz() -> float:
    """The clock of the suite's machine."""
    return Catalog().machine(MACHINE).devices["cpu"].values()["frequency_hz"]


@cache
def c2_cycles() -> float:
    """A mean bytecode of a mean program in C2's code."""
    return Catalog().layer(LAYER, MACHINE).values()["c2_cycles"]


@cache
def interpreter_cycles() -> float:
    """What the interpreter takes longer for one bytecode."""
    return Catalog().layer(LAYER, MACHINE).values()["interpreter_cycles"]


@cache
def call_s() -> float:
    """A call that neither blocks nor moves data, of a program in class files."""
    point = set_up("tiered")
    tenant = point["tenants"]["app"]
    tenant["parameters"] |= {"iteration_cycles": 0.0, "iteration_calls_count": 1e6, "iterations_count": 1.0}
    tenant["parameters"] |= {"threads_count": 1.0, "locked_ratio": 0.0}
    return simulated(point)["iteration 1"] / 1e6


# ---------------------------------------------------------------- simulating a row


def set_up(mode: str) -> dict[str, Any]:
    """The suite's set-up, with any program."""
    return deepcopy(_set_up(mode))


@cache
def _set_up(mode: str) -> dict[str, Any]:
    stack = f"linux-6 | {LAYER}(mode={mode})"
    (point,) = load({"machine": MACHINE, "stacks": {"it": stack}, "tenants": {"app": {"workload": BASE}}}).points()
    return dict(point)


def simulated_rows(found: Sketch, mode: str, times: float, iterations: int = ITERATIONS) -> dict[str, float]:
    """Readings of a simulated run of a program.

    Args:
        found: the program.
        mode: of the virtual machine.
        times: heap over the least heap.
        iterations: how many.
    """
    point = set_up(mode)
    tenant = point["tenants"]["app"]
    cycles = found.parameters["iteration_cycles"]
    tenant["parameters"] |= {**found.parameters, "iterations_count": float(iterations), "locked_ratio": 0.0}
    tenant["bytecode"] |= {
        **found.bytecode,
        "work_ratio": 1.0 / c2_cycles() / found.bytecode["cycle_bytecodes_count"],
        "classes_count": found.bytecode["methods_count"] / 4.0,
        "cycle_allocated_bytes": allocated_bytes(found.rows, found.steady_s) / cycles,
    }
    tenant["limits"] = {LAYER: {"heap": times * found.bytecode["least_heap_bytes"]}}
    return simulated(point)


def simulated(point: Mapping[str, Any]) -> dict[str, float]:
    """The readings of one run."""
    return readings.read(run_point(point, 0)["tables"])["app"]


# ---------------------------------------------------------------- fitting


def steady(found: Sketch, times: float) -> float:
    """Simulated steady time."""
    return simulated_rows(found, "tiered", times)[readings.STEADY]


def excess(found: Sketch) -> float:
    """Simulated excess of the first four iterations on two times the least heap, over the published steady time."""
    each = simulated_rows(found, "tiered", 2.0, 4)
    return sum(each[f"iteration {number}"] for number in range(1, 5)) - 4.0 * found.rows["steady_2x"] / 1e3


def fifth(found: Sketch, mode: str) -> float:
    """Simulated fifth iteration; in the interpreter all are alike."""
    number = 2 if mode == "interpreter" else 5
    return simulated_rows(found, mode, 2.0, number)[f"iteration {number}"]


def fit(found: Sketch) -> None:
    """Each count on its row, in the order in which they hang on each other."""
    rows_s = {name: value / 1e3 for name, value in found.rows.items()}
    largest, times = ("steady_10x", 10.0) if "steady_10x" in rows_s else ("steady_2x", 2.0)
    least, cycles = found.bytecode["least_heap_bytes"], found.parameters["iteration_cycles"]

    def work() -> None:
        bounds = (cycles * 0.02, cycles * 2.0)
        solve(found, "iteration_cycles", lambda: steady(found, times), rows_s[largest], bounds)

    def copied() -> None:
        solve(found, "passing_bytes", lambda: steady(found, 2.0), rows_s["steady_2x"], (1e3, least))

    work()
    if times > 2.0:
        copied()
        work()
        copied()
    if "interpreter" in rows_s:
        target = rows_s["interpreter"]
        solve(found, "cycle_bytecodes_count", lambda: fifth(found, "interpreter"), target, (1e-3, 20.0))
    if "c1" in rows_s:
        solve(found, "c1_ratio", lambda: fifth(found, "c1"), rows_s["c1"], (0.0, 50.0))
    solve(found, "methods_count", lambda: excess(found), rows_s["warm_up"], METHODS)


def solve(found: Sketch, count: str, simulate: Callable[[], float], target: float, bounds: tuple[float, float]) -> None:
    """Change a count until the simulated row is the published one, nearly, or a bound is reached.

    All counts raise their row: secants, kept between the nearest points below and above the target.
    """
    numbers = found.parameters if count in found.parameters else found.bytecode
    low, high = bounds
    points: list[tuple[float, float]] = []
    for _ in range(STEPS):
        numbers[count] = min(high, max(low, numbers[count]))
        points.append((numbers[count], simulate() - target))
        following = min(high, max(low, _next(points)))
        if abs(points[-1][1]) < TOLERANCE * target or following == numbers[count]:
            break
        numbers[count] = following
    numbers[count] = min(points, key=lambda point: abs(point[1]))[0]
    found.fitted.append(count)


def _next(points: list[tuple[float, float]]) -> float:
    """Between the nearest points below and above the root of their secant; outside half or twice as much."""
    below = max((point for point in points if point[1] < 0.0), default=None)
    above = min((point for point in points if point[1] >= 0.0), default=None)
    if below is None or above is None:
        (x, gap), (before, before_gap) = points[-1], points[-2] if len(points) > 1 else (0.0, 0.0)
        slope = (gap - before_gap) / (x - before) if len(points) > 1 else 0.0
        root = x - 1.05 * gap / slope if slope > 0.0 else x * (2.0 if gap < 0.0 else 0.5)
        return min(x * 4.0, max(x / 4.0, root, 1e-3))
    (x1, y1), (x2, y2) = below, above
    return x1 + (x2 - x1) * min(0.9, max(0.1, -y1 / (y2 - y1)))


def main() -> None:
    """Write the files."""
    figures = published.load(TABLE)
    for name in sys.argv[1:] or programs(figures):
        found = sketch(name, rows(figures, name))
        fit(found)
        path = WORKLOADS / f"dacapo-{name}.yaml"
        path.write_text(text(found), encoding="utf-8")
        print(path.name, {key: float(f"{value:.4g}") for key, value in {**found.parameters, **found.bytecode}.items()})


if __name__ == "__main__":
    main()
