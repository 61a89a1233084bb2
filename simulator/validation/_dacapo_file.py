"""The text of a catalog file for one program of DaCapo Chopin: each number with its row, or with why it is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.validation.dacapo import Sketch

_HEAD = """\
# Written by python -m simulator.validation.dacapo; what it does not say is as in managed.yaml.
name: dacapo-{name}
title: "DaCapo Chopin: {name}, default size"
extends: managed
program: managed_program
interface: bytecode
metric: {{name: time, unit: s, better: lower}}
runs_on: []
architectures: []
"""
_ANY = "measured_on: any"


def text(found: Sketch) -> str:
    """The whole file."""
    parameters = [
        _entry("threads_count", f"{found.parameters['threads_count']:g}", "derived", _THREADS.format(**found.rows)),
        _wait(found),
        _calls(found),
        _entry(
            "portions_count",
            f"{found.parameters['portions_count']:g}",
            "assumed",
            "grain of the simulation",
            "[1, 100]",
        ),
        _fitted(found, "iteration_cycles", found.parameters, _largest(found)),
        _entry("locked_ratio", "0", "assumed", "what its threads wait for each other is in threads_count", "[0, 0.5]"),
    ]
    bytecode = [
        _entry("least_heap_bytes", f"{found.rows['least_heap']:g} MiB", "published", "minimum heap, default size"),
        _entry("live_bytes", "formula: least_heap_bytes * (1 - 0.10 - 0.05)", "derived", _LIVE, source="openjdk"),
        _allocated(found),
        *_code(found),
        _passing(found),
        _entry("tenured_ratio", f"{found.bytecode['tenured_ratio']:g}", "assumed", _TENURED, "[0, 0.01]"),
        _grain(found),
        _methods(found),
    ]
    return "".join((_HEAD.format(name=found.name), "parameters:\n", *parameters, "bytecode:\n", *bytecode))


_THREADS = (
    "processors that it keeps busy: {one_processor:g} ms pinned to one over {steady_2x:g} ms on all, at two times the "
    "least heap, and what it waits added"
)
_LIVE = "G1 keeps a tenth of the least heap in reserve (G1ReservePercent), and a twentieth is young (G1NewSizePercent)"


def _entry(
    name: str, value: str, kind: str, where: str, span: str = "", fitted_on: str = "", source: str = "dacapochopin"
) -> str:
    number = value if value.startswith("formula") else f"value: {value}"
    if value.startswith("formula"):
        number = f'formula: "{value.removeprefix("formula: ")}"'
    spans = f", range: {span}" if span else ""
    sources = "" if kind == "assumed" else f", source: {source}"
    fits = f', fitted: true, fitted_on: "hotspot-21, {fitted_on}"' if fitted_on else ""
    return f'  {name}:\n    - {{{number}{spans}, kind: {kind}{sources}, where: "{where}", {_ANY}{fits}}}\n'


def _largest(found: Sketch) -> str:
    times = 10 if "steady_10x" in found.rows else 2
    return f"G1, steady time at {times} times the least heap: {found.rows[f'steady_{times}x']:g} ms"


def _fitted(found: Sketch, name: str, numbers: dict[str, float], row: str, unit: str = "") -> str:
    return _entry(name, f"{numbers[name]:.6g}{unit}", "derived", f"gives {row}", fitted_on=row)


def _wait(found: Sketch) -> str:
    wait_s = found.parameters["iteration_wait_s"]
    where = (
        f"a faster clock gains it {found.rows['boost_percent']:g} % and no program more than 19 %, slower memory takes "
        f"{found.rows['memory_percent']:g} % and of no program more than 35 %: the rest waits"
    )
    if not wait_s:
        where += "; less than a half is not told from the slower clock of many busy cores"
    return _entry("iteration_wait_s", f"{wait_s:.4g} s", "derived", where)


def _calls(found: Sketch) -> str:
    where = f"kernel share of its processor time {found.rows['kernel_percent']:g} %, in calls that do next to nothing"
    return _entry("iteration_calls_count", f"{found.parameters['iteration_calls_count']:.4g}", "derived", where)


def _allocated(found: Sketch) -> str:
    rows, cycles = found.rows, found.parameters["iteration_cycles"]
    if "turnover" in rows:
        value = f"{rows['turnover']:g} * {rows['least_heap']:g} * 1048576 / {cycles:.6g}"
        where = "memory turnover times least heap, in an iteration"
    elif "allocation_rate" in rows:
        value = f"{rows['allocation_rate']:g}e6 * {found.steady_s:g} / {cycles:.6g}"
        where = "allocation rate times the steady time, in an iteration"
    else:
        value = f"{rows['collections']:g} / 10 * 0.56 * {rows['least_heap']:g} * 1048576 / {cycles:.6g}"
        where = (
            "collections of ten iterations at two times the least heap, each after as much as in the median of nine "
            "programs: 0.56 of the least heap"
        )
    return _entry("cycle_allocated_bytes", f"formula: {value}", "derived", where)


def _code(found: Sketch) -> list[str]:
    """What a bytecode of it takes, compiled and not."""
    rows, entries = found.rows, []
    if "interpreter" in rows:
        row = f"interpreter only, iteration 5: {rows['interpreter']:g} ms"
        entries.append(_fitted(found, "cycle_bytecodes_count", found.bytecode, row))
        where = "an iteration in C2's code is as long as it is: hotspot-21 takes 0.75 cycles for a mean bytecode"
        entries.append(_entry("work_ratio", "formula: 1 / (0.75 * cycle_bytecodes_count)", "derived", where))
    if "c1" in rows:
        entries.append(_fitted(found, "c1_ratio", found.bytecode, f"C1 only, iteration 5: {rows['c1']:g} ms"))
    return entries


def _passing(found: Sketch) -> str:
    if "passing_bytes" in found.fitted:
        return _fitted(found, "passing_bytes", found.bytecode, _TWICE.format(**found.rows), " B")
    least = found.rows["least_heap"] * 1048576
    span = f"[{least * 0.001:.4g} B, {least * 0.5:.4g} B]"
    where = "no row tells it: the same part of the least heap as in the median of the programs that have a row"
    return _entry("passing_bytes", f"{found.bytecode['passing_bytes']:.4g} B", "assumed", where, span)


_TENURED = "next to nothing: each iteration does the same work, and drops what it has made for it"


def _grain(found: Sketch) -> str:
    where = "grain of the simulation: about a dozen collections are left in an iteration on two times the least heap"
    grain = found.bytecode["collection_grain_count"]
    return _entry("collection_grain_count", f"{grain:g}", "assumed", where, "[1, 1000]")


_TWICE = "G1, steady time at 2 times the least heap: {steady_2x:g} ms"


def _methods(found: Sketch) -> str:
    row = f"G1, excess of iterations 1 to 4 at 2 times the least heap: {found.rows['warm_up']:g} ms"
    return _entry("methods_count", f"{found.bytecode['methods_count']:.0f}", "derived", f"gives {row}", fitted_on=row)
