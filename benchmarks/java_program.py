"""The two Java programs as entries of the catalog: their events counted, and two numbers of each fitted.

Fitted are the bytecodes of an iteration and those of the start, to what both take in the interpreter, and
``work_ratio``, to what an iteration takes once everything is compiled: to processor time, each on one setting. The
heap's numbers are those of ``virtlab import gc-log``, read from one log; methods are counted in a log of ``-Xcomp`` and
in the source, classes in a log. ``c1_ratio`` is assumed: what makes bytecodes cheap in C2's code (they are short and
simple) makes them cheap in C1's; what makes them dear (memory) is the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
        classes: loaded, beyond the virtual machine's own.
        start_methods: executed once, at its start, beyond the virtual machine's own.
        allocated_bytes: in one.
        heap: ``live_bytes`` and the like, as the import writes them.
        start_bytecodes: executed at its start by methods that do not come again.
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
    start_methods: float
    allocated_bytes: float
    heap: Mapping[str, float]
    start_bytecodes: float = 0.0

    def summary(self) -> str:
        """What was fitted and what was counted, for people."""
        heap = ", ".join(f"{name} {value:.4g}" for name, value in self.heap.items())
        return (
            f"{self.program}: fitted {self.bytecodes:.4g} bytecodes an iteration, {self.start_bytecodes:.3g} before, "
            f"work_ratio {self.work_ratio:.3g}; counted {self.start_methods:.0f} + {self.methods} methods, "
            f"{self.classes:.0f} classes, {self.allocated_bytes:.4g} bytes an iteration" + (f", {heap}" if heap else "")
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
            "cycle_allocated_bytes": self.allocated_bytes / cycles, "work_ratio": self.work_ratio,
            "c1_ratio": min(1.0, self.work_ratio), "deoptimized_ratio": 0, "live_bytes": 0, "library_ratio": 0.99,
            "once_bytecodes_count": self.start_bytecodes, "once_methods_count": self.start_methods,
            "once_skew_ratio": 1, "once_method_bytecodes_count": 30, **self.heap,
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
        first: the shorter one.
    """

    program_s: float
    allocated_bytes: float
    run: Run
    first: Run


def each(less: Sequence[Run], more: Sequence[Run]) -> Each:
    """The difference of two runs, over the iterations that one has more; of several runs those that took the least."""
    few, many = (min(runs, key=lambda run: run.cpu_s) for runs in (less, more))
    count = len(many.iterations_s) - len(few.iterations_s)
    own_s = [run.cpu_s - run.figure("collector processor time") for run in (few, many)]
    made_bytes = many.figure("bytes allocated") - few.figure("bytes allocated")
    return Each((own_s[1] - own_s[0]) / count, made_bytes / count, many, few)


def fitted(program: str, counted: Counted, slow: Each, fast: Each, every: Run, live_bytes: float, hz: float) -> Fitted:
    """What two settings say of a program.

    Args:
        program: its class.
        counted: in its source.
        slow: an iteration in the interpreter.
        fast: one once everything is compiled.
        every: a run in which every method was compiled at its first call.
        live_bytes: what full collections leave; 0 for a program that keeps nothing.
        hz: clock of the processor.
    """
    layer = Catalog().layer(LAYER, MACHINE).values()
    bytecodes = (slow.program_s - fast.program_s) * hz / layer["interpreter_cycles"]
    return Fitted(
        f"java-{program.lower()}", program, ITERATIONS, fast.program_s, bytecodes,
        fast.program_s * hz / (bytecodes * layer["c2_cycles"]), counted.calls, counted.methods,
        max(0.0, slow.run.figure("classes loaded") - layer["vm_classes_count"]),
        max(0.0, every.compiled("methods executed") - layer["start_methods_count"] - counted.methods),
        fast.allocated_bytes if live_bytes else 0.0,
        {**_heap(fast.run), "live_bytes": live_bytes} if live_bytes else {},
    )  # fmt: skip


def started(program: Fitted, measured_s: float, predicted_s: float, hz: float) -> Fitted:
    """With the bytecodes of its start, which the interpreter takes longer for than is predicted without them."""
    layer = Catalog().layer(LAYER, MACHINE).values()
    bytecodes = (measured_s - predicted_s) * hz / (layer["interpreter_cycles"] + layer["c2_cycles"])
    return replace(program, start_bytecodes=max(0.0, bytecodes))


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
