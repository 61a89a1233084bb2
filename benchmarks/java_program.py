"""The two Java programs as entries of the catalog: their events counted, and two numbers of each fitted.

Fitted are the bytecodes of an iteration, to what it takes in the interpreter, and ``work_ratio``, to what it takes once
everything is compiled; both on one setting each, which is not predicted afterwards. The heap's numbers are those of
``virtlab import gc-log``, read from the log of one setting. Everything else is counted in the source, or the catalog's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from java_runs import Run

from simulator.catalog import Catalog
from simulator.measurements import Number, Request, tools

MACHINE, LAYER = "epyc-zen4-vm", "hotspot-17"
_ENTRY = """\
name: {name}
title: {program}.java of the benchmarks, as it was measured
program: managed_program
interface: bytecode
metric: {{name: elapsed, unit: s, better: lower}}
runs_on: []
architectures: []
sources:
  measured-{name}: {{author: "own measurement", title: "{program}.java", year: {year}, howpublished: "measured here"}}
parameters:
{parameters}
bytecode:
{bytecode}
"""


@dataclass(frozen=True)
class Counted:
    """What stands in a program's source.

    Attributes:
        methods: of its own.
        calls: of methods in one iteration.
        how: they were counted.
    """

    methods: int
    calls: float
    how: str


@dataclass(frozen=True)
class Fitted:
    """What is known of a program.

    Attributes:
        name: of its entry.
        program: its class.
        iterations: that a run has.
        steady_s: an iteration once everything is compiled, without pauses.
        bytecodes: executed in one.
        work_ratio: what a bytecode takes in C2's code over what the catalog says.
        calls: of methods in one.
        methods: of its own that are executed.
        classes: loaded.
        allocated_bytes: in one.
        heap: ``live_bytes`` and the like, as the import writes them.
    """

    name: str
    program: str
    iterations: int
    steady_s: float
    bytecodes: float
    work_ratio: float
    calls: float
    methods: int
    classes: float
    allocated_bytes: float
    heap: Mapping[str, float]

    def summary(self) -> str:
        """What was fitted and what was counted, for people."""
        heap = ", ".join(f"{name} {value:.4g}" for name, value in self.heap.items())
        return (
            f"{self.program}: fitted {self.bytecodes:.4g} bytecodes an iteration, work_ratio {self.work_ratio:.3g}; "
            f"counted {self.methods} methods, {self.classes:.0f} classes, {self.allocated_bytes:.4g} bytes an iteration"
            + (f", {heap}" if heap else "")
        )

    def entry(self, hz: float, year: int) -> str:
        """Its catalog file, for a processor of this clock."""
        cycles = self.steady_s * hz
        parameters = {
            "iterations_count": self.iterations, "threads_count": 1, "portions_count": 20, "iteration_cycles": cycles,
            "locked_ratio": 0, "iteration_calls_count": 0, "iteration_wait_s": 0, "working_set_bytes": 64 * 1024,
        }  # fmt: skip
        bytecode = {
            "methods_count": self.methods, "skew_ratio": 1.1, "method_bytecodes_count": self.bytecodes / self.calls,
            "classes_count": self.classes, "cycle_bytecodes_count": self.bytecodes / cycles,
            "cycle_allocated_bytes": self.allocated_bytes / cycles, "work_ratio": self.work_ratio, "c1_ratio": 1,
            "deoptimized_ratio": 0, "live_bytes": 0, **self.heap,
        }  # fmt: skip
        return _ENTRY.format(
            name=self.name, program=self.program, year=year,
            parameters=_lines(self.name, parameters), bytecode=_lines(self.name, bytecode),
        )  # fmt: skip


def fitted(program: str, counted: Counted, interpreted: Run, compiled: Run, live_bytes: float, hz: float) -> Fitted:
    """What two settings say of a program.

    Args:
        program: its class.
        counted: in its source.
        interpreted: a run in the interpreter.
        compiled: a run long enough that everything is compiled.
        live_bytes: what full collections leave; 0 for a program that keeps nothing.
        hz: clock of the processor.
    """
    layer = Catalog().layer(LAYER, MACHINE).values()
    slow_s, fast_s = (run.steady_s - paused_s(run) for run in (interpreted, compiled))
    bytecodes = (slow_s - fast_s) * hz / layer["interpreter_cycles"]
    iterations = len(compiled.iterations_s)
    allocated_bytes = max(0.0, compiled.figure("bytes allocated") - live_bytes) / iterations
    return Fitted(
        f"java-{program.lower()}", program, iterations, fast_s, bytecodes,
        fast_s * hz / (bytecodes * layer["c2_cycles"]), counted.calls, counted.methods,
        interpreted.figure("classes loaded"), allocated_bytes if live_bytes else 0.0,
        {**_heap(compiled), "live_bytes": live_bytes} if live_bytes else {},
    )  # fmt: skip


def paused_s(run: Run) -> float:
    """Pauses in an iteration once the live data have arrived: a late one for each eden that it fills."""
    eden_bytes, pause_s = run.figure("eden"), run.figure("late young pause")
    if not eden_bytes:
        return 0.0
    made_bytes = run.figure("bytes allocated") - run.figure("live bytes")
    return made_bytes / len(run.iterations_s) / eden_bytes * pause_s


def _heap(run: Run) -> dict[str, float]:
    """The numbers of the heap that the import makes of a log."""
    file = tools()["gc-log"].convert(run.gc, Request("imported", MACHINE), Catalog())
    numbers: Mapping[str, Number] = file.groups["bytecode"]
    return {name: numbers[name].value for name in ("passing_bytes", "tenured_ratio") if name in numbers}


def _lines(name: str, numbers: Mapping[str, float]) -> str:
    """Numbers as they stand in the catalog."""
    rest = f'kind: measured, source: measured-{name}, where: "this run", measured_on: any'
    return "\n".join(
        f"  {parameter}:\n    - {{value: {value:.10g}, range: [{0.5 * value:.10g}, {max(2 * value, 1):.10g}], {rest}}}"
        for parameter, value in numbers.items()
    )


def write(programs: list[Fitted], folder: Path, hz: float, year: int) -> None:
    """Their entries, into the folder ``workloads`` of a catalog of one's own."""
    place = folder / "workloads"
    place.mkdir(parents=True, exist_ok=True)
    for each in programs:
        (place / f"{each.name}.yaml").write_text(each.entry(hz, year), encoding="utf-8")
