"""A program for a Java virtual machine as its logs describe it: an entry of the workload ``managed_program``.

The garbage collection log says what it allocated, kept and let go; the log of compilations how many methods it has;
neither says what it computed: that takes its processor time, from a third file. The entry is one iteration, the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements._setting import Setting, begun, setting
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Record, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.catalog import Catalog

GC, JIT, TIME = "gc-log", "jit-log", "time"
_KIB, _MIB = 1024.0, 1024.0**2
_C2_CYCLES = 0.75
"""What a mean bytecode takes in C2's code (see the catalog's hotspot-17): a cycle of it is so much of a bytecode."""
_RESULT = "is a result to hold the run against, it is no input"
_CHOSEN = "is chosen in a scenario, or follows from its machine"
_INPUTS = frozenset({
    "bytes allocated", "live bytes", "least occupancy", "survivors", "first age", "last age", "eden", "promoted",
    "promoted ratio", "methods compiled", "methods executed", "deoptimized part", "classes loaded",
    "classes of the JDK",
})  # fmt: skip
_SETTINGS = frozenset({"processors", "collector threads", "min heap", "initial heap", "max heap", "largest heap"})


def profile(measurement: Measurement, records: dict[str, Record], request: Request, catalog: Catalog) -> CatalogFile:
    """The entry.

    Args:
        measurement: the file that the command was given.
        records: of that file and those beside it, by ``GC``, ``JIT`` and ``TIME``.
        request: what is wanted.
        catalog: where the machine is.

    Raises:
        MeasurementError: there is no such machine.
    """
    place = setting(measurement, request, catalog)
    file = begun(
        measurement, request, "workloads", f"Program for a Java virtual machine: {request.name}", "a Java program"
    )
    file.head |= {
        "program": "managed_program",
        "interface": "bytecode",
        "metric": {"name": "elapsed", "unit": "s", "better": "lower"},
        "runs_on": [],
        "architectures": [],
    }
    file.groups[""], file.groups["bytecode"] = _Program(
        measurement, records, place, _machine(records, place, catalog)
    ).numbers()
    return file


def _machine(records: dict[str, Record], place: Setting, catalog: Catalog) -> Mapping[str, float]:
    """The catalog's numbers of the virtual machine that wrote the log, or of the oldest that it has."""
    known = [name for name in catalog.names("layers") if name.startswith("hotspot-")]
    said = next((record.texts["platform"] for record in records.values() if record.texts.get("platform") in known), "")
    return catalog.layer(said or known[0], place.machine.name).values()


class _Program:
    """The numbers of one program.

    Args:
        measurement: the file that the command was given.
        records: of it and of those beside it.
        place: where it was measured.
        machine: numbers of the virtual machine, whose own classes and methods are in the logs.
    """

    def __init__(
        self, measurement: Measurement, records: dict[str, Record], place: Setting, machine: Mapping[str, float]
    ) -> None:
        self.measurement, self.records, self.place, self.machine = measurement, records, place, machine

    def numbers(self) -> tuple[dict[str, Number], dict[str, Number]]:
        """Those of the program, and those of its class files."""
        cycles = self._cycles()
        processors = self.place.of_cpu("cores_count")
        program = {
            "iterations_count": _assumed(1, 1, 1000, "the run as a whole is one iteration"),
            "threads_count": _assumed(1, 1, max(2.0, processors), "the logs do not say how many threads computed"),
            "portions_count": _assumed(200, 20, 2000, "grain of the model"),
            "iteration_cycles": cycles,
            "locked_ratio": _assumed(0, 0, 0.2, "the logs say nothing of locks"),
            "iteration_calls_count": _assumed(0, 0, 1e6, "the logs say nothing of calls of the system"),
            "iteration_wait_s": _assumed(0, 0, 10, "the logs say nothing of what the program waited for"),
            "working_set_bytes": _assumed(512 * _KIB, 64 * _KIB, self.place.of_cpu("cache_bytes"), "not measured"),
        }
        self._list_the_rest()
        return program, self._code() | self._heap(cycles.value)

    def _get(self, which: str, name: str) -> Figure | None:
        record = self.records.get(which)
        return record.figures.get(name) if record is not None else None

    # ---- what it computed

    def _cycles(self) -> Number:
        """Cycles of C2's code: all that was computed, less what the collector is known to have taken."""
        hz = self.place.frequency_hz
        computed, collected = self._get(TIME, "processor time"), self._get(GC, "collector processor time")
        clock = f"at the clock of {self.place.machine.name}"
        if computed is not None:
            part = collected.value if collected is not None and collected.value < 0.9 * computed.value else 0.0
            seconds = computed.value - part
            less = ", less the collector's" if part else ""
            where = f"{computed.where}: processor time{less}, {clock}; interpreter and compilers are in it"
            return Number(
                "derived", where, seconds * hz, f"{seconds:.10g} * {hz:.10g}", (0.1 * seconds * hz, seconds * hz)
            )
        run, paused = self._get(GC, "run"), self._get(GC, "pause total")
        last = self._get(JIT, "last compilation")
        if run is not None and run.value > 0.0:
            self.measurement.drop(
                "the file",
                "processor time",
                "stands in none of the files: one thread is taken to have computed all the time; --time FILE tells",
            )
            seconds = max(run.value - (paused.value if paused else 0.0), 0.05 * run.value)
            where = f"{self.measurement.place(run)}, less the pauses, {clock}: one thread that always computes"
            most = self.place.of_cpu("cores_count") * run.value * hz
            return Number(
                "derived",
                where,
                seconds * hz,
                f"{seconds:.10g} * {hz:.10g}",
                (0.01 * seconds * hz, max(most, seconds * hz)),
            )
        if last is not None and last.value > 0.0:
            self.measurement.drop(
                "the file",
                "processor time",
                "stands in none of the files: the run is taken to end with the last compilation; --time FILE tells",
            )
            amount = last.value * hz
            where = f"{self.measurement.place(last)}, {clock}: at least so long did the program run"
            return Number("derived", where, amount, f"{last.value:.10g} * {hz:.10g}", (0.1 * amount, 100.0 * amount))
        self.measurement.refuse(
            "does not say how long the program ran, as its lines have no times",
            "log with times ('-Xlog:gc*:file=FILE:uptime,level,tags'), or give its processor time by --time FILE",
        )

    # ---- its code

    def _code(self) -> dict[str, Number]:
        why = "the logs do not say how unevenly execution is spread"
        bytecodes = 1.0 / _C2_CYCLES
        return {
            "methods_count": self._methods(),
            "skew_ratio": _assumed(1.1, 0.9, 2.0, why),
            "method_bytecodes_count": _assumed(30, 10, 300, "the size of a method is not what is executed of it"),
            **self._classes(),
            "cycle_bytecodes_count": Number(
                "assumed", "so that C2's code takes the cycles above: one bytecode in 0.75 cycles", bytecodes,
                f"1 / {_C2_CYCLES}", (0.5, 5.0),
            ),
            "work_ratio": _assumed(1, 0.5, 2, "its time is in iteration_cycles: in C2's code like a mean program"),
            "c1_ratio": _assumed(1, 0.5, 3, "C1's code as much slower as that of a mean program"),
            "deoptimized_ratio": self._deoptimized(),
        }  # fmt: skip

    def _classes(self) -> dict[str, Number]:
        """Those beyond the virtual machine's own, and which part of them is the JDK's."""
        loaded, library = self._get(GC, "classes loaded"), self._get(GC, "classes of the JDK")
        if loaded is None or library is None:
            why = "not logged: few more than the virtual machine's own; -Xlog:class+load tells"
            return {"classes_count": _assumed(50, 1, 15000, why)}
        own = self.machine["vm_classes_count"]
        count = max(1.0, loaded.value - own)
        formula = f"{loaded.value:.10g} - {own:.10g}" if loaded.value > own + 1.0 else ""
        part = min(1.0, max(0.0, (library.value - own) / count))
        where = f"{self._place(loaded)}, less the virtual machine's own"
        return {
            "classes_count": Number("derived", where, count, formula, (0.9 * count, 1.1 * count)),
            "library_ratio": Number("derived", f"{self._place(library)}, less the same", part, ends=(0.9 * part, 1.0)),
        }

    def _methods(self) -> Number:
        executed, compiled = self._get(JIT, "methods executed"), self._get(JIT, "methods compiled")
        own = self.machine["start_methods_count"]
        if executed is not None and executed.value > own:
            where = f"{self._place(executed)}, less the virtual machine's own; those always inlined are not in it"
            value = executed.value - own
            return Number("derived", where, value, f"{executed.value:.10g} - {own:.10g}", (0.8 * value, 1.5 * value))
        if compiled is not None and compiled.value:
            where = f"{self._place(compiled)}; those that never became hot are not in it: a log of -Xcomp has them all"
            return Number("derived", where, compiled.value, ends=(0.2 * compiled.value, 20.0 * compiled.value))
        return _assumed(1000, 50, 20000, "compilations were not logged: --jit-log FILE tells")

    def _deoptimized(self) -> Number:
        part = self._get(JIT, "deoptimized part")
        if part is not None:
            return self._measured(part)
        return _assumed(0.05, 0, 0.2, "compilations were not logged, or none of C2: --jit-log FILE tells")

    # ---- its heap

    def _heap(self, cycles: float) -> dict[str, Number]:
        allocated = self._get(GC, "bytes allocated")
        if allocated is None:
            why = "nothing of the heap was logged: --gc-log FILE tells"
            return {
                "cycle_allocated_bytes": _assumed(0.0, 0.0, 0.5, why),
                "live_bytes": _assumed(_MIB, 0.0, 1024 * _MIB, why),
            }
        each = allocated.value / cycles
        per_cycle = Number(
            "derived", f"{self._place(allocated)}, over iteration_cycles", each,
            f"{allocated.value:.10g} / {cycles:.10g}", (0.5 * allocated.low / cycles, 10.0 * allocated.high / cycles),
        )  # fmt: skip
        return {"cycle_allocated_bytes": per_cycle, "live_bytes": self._live(), **self._passing(), **self._tenured()}

    def _live(self) -> Number:
        live, least = self._get(GC, "live bytes"), self._get(GC, "least occupancy")
        if live is not None:
            return self._measured(live)
        if least is not None:
            return Number("derived", self._place(least), least.value, ends=(0.1 * least.value, least.high))
        return _assumed(_MIB, 0.0, 64 * _MIB, "no collection was logged: what lived is not known; take a smaller heap")

    def _getting_old(self) -> Figure | None:
        """What is promoted in a young collection; full ones take it away unseen, then what has the oldest age."""
        full = self._get(GC, "full collections")
        promoted, oldest = self._get(GC, "promoted"), self._get(GC, "last age")
        return oldest if oldest is not None and (promoted is None or (full is not None and full.value)) else promoted

    def _passing(self) -> dict[str, Number]:
        """What survives a first collection, less what goes on to be promoted."""
        left, old = self._get(GC, "first age") or self._get(GC, "survivors"), self._getting_old()
        if left is None or old is None:
            return {}
        value = max(0.0, left.value - old.value)
        formula = f"{left.value:.10g} - {old.value:.10g}" if value else ""
        where = f"{self._place(left)}, less what gets old ({old.name})"
        if left.name != "first age":
            where += "; survivors of all ages: -Xlog:gc*,gc+age=trace tells them apart"
        return {"passing_bytes": Number("derived", where, value, formula, (0.0, left.high))}

    def _tenured(self) -> dict[str, Number]:
        old, eden, ratio = self._getting_old(), self._get(GC, "eden"), self._get(GC, "promoted ratio")
        if old is None or eden is None or ratio is None:
            return {}
        if old.name == "promoted":
            return {"tenured_ratio": Number("derived", self._place(ratio), ratio.value, ends=(ratio.low, ratio.high))}
        value = min(1.0, old.value / eden.value)
        ends = (min(value, ratio.low), max(value, ratio.high))
        formula = f"{old.value:.10g} / {eden.value:.10g}" if value < 1.0 else ""
        return {"tenured_ratio": Number("derived", f"{self._place(old)}, over eden", value, formula, ends)}

    # ---- the rest

    def _measured(self, figure: Figure) -> Number:
        ends = (figure.low, figure.high) if figure.low < figure.high else None
        return Number("measured", self._place(figure), figure.value, ends=ends)

    def _place(self, figure: Figure) -> str:
        """Where a figure stands; those of files beside the first have their file in it."""
        return self.measurement.place(figure) if figure in self._own() else f"{figure.where}, {figure.name}"

    def _own(self) -> list[Figure]:
        return list(self.measurement.records[0].figures.values())

    def _list_the_rest(self) -> None:
        for figure in self._own():
            if figure.name not in _INPUTS and figure.value:
                reason = _CHOSEN if figure.name in _SETTINGS else _RESULT
                self.measurement.drop(figure.where, f"{figure.name} {figure.value:.4g}", reason)


def _assumed(value: float, low: float, high: float, where: str) -> Number:
    return Number("assumed", where, value, ends=(low, high))
