"""The two Java programs as entries of the catalog: their events counted, and two numbers of each fitted.

Fitted are the bytecodes of an iteration, to what it takes in the interpreter, and ``work_ratio``, to what it takes once
everything is compiled; both on one setting each, which is not predicted afterwards. The heap's numbers are those of
``virtlab import gc-log``, read from the log of one setting. Everything else is counted in the source, or the catalog's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from java_runs import Run

from simulator.catalog import Catalog
from simulator.measurements import Number, Request, tools

ITERATIONS = 30
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
        steady_s: processor time of an iteration once everything is compiled, without the collector's.
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


@dataclass(frozen=True)
class Each:
    """What one more iteration takes.

    Attributes:
        program_s: processor time, without the collector's.
        allocated_bytes: objects made.
        run: the longer run that says so.
    """

    program_s: float
    allocated_bytes: float
    run: Run


def each(less: Sequence[Run], more: Sequence[Run]) -> Each:
    """The difference of two runs, over the iterations that one has more; of several runs those that took the least."""
    few, many = (min(runs, key=lambda run: run.cpu_s) for runs in (less, more))
    count = len(many.iterations_s) - len(few.iterations_s)
    own_s = [run.cpu_s - run.figure("collector processor time") for run in (few, many)]
    made_bytes = many.figure("bytes allocated") - few.figure("bytes allocated")
    return Each((own_s[1] - own_s[0]) / count, made_bytes / count, many)


def fitted(program: str, counted: Counted, slow: Each, fast: Each, live_bytes: float, hz: float) -> Fitted:
    """What two settings say of a program.

    Args:
        program: its class.
        counted: in its source.
        slow: an iteration in the interpreter.
        fast: one once everything is compiled.
        live_bytes: what full collections leave; 0 for a program that keeps nothing.
        hz: clock of the processor.
    """
    layer = Catalog().layer(LAYER, MACHINE).values()
    bytecodes = (slow.program_s - fast.program_s) * hz / layer["interpreter_cycles"]
    return Fitted(
        f"java-{program.lower()}", program, ITERATIONS, fast.program_s, bytecodes,
        fast.program_s * hz / (bytecodes * layer["c2_cycles"]), counted.calls, counted.methods,
        slow.run.figure("classes loaded"), fast.allocated_bytes if live_bytes else 0.0,
        {**_heap(fast.run), "live_bytes": live_bytes} if live_bytes else {},
    )  # fmt: skip


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
