"""A program's counters as an entry of the workload ``profile``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements._calls import SLEEPS, Calls
from simulator.measurements._setting import Setting, begun, setting
from simulator.measurements._strace_trace import READ_BYTES, WRITTEN_BYTES
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Record, Request

if TYPE_CHECKING:
    from simulator.catalog import Catalog

_PARTS = 20
_SIMULATED = 5
_KIB = 1024
_CACHES = 16
"""How many times the cache the memory is in which missed words lie: large enough that nearly every one is missed."""
_EMERGES = "follows from the schedule of the run, it is no input"
_JUDGES = "is a result to hold the run against, it is no input"
_NO_USE = {
    "context-switches": _EMERGES, "cpu-migrations": _EMERGES, "cgroup-switches": _EMERGES, "duration_time": _JUDGES,
    "user_time": _JUDGES, "system_time": _JUDGES, "task-clock": _JUDGES, "cpu-clock": _JUDGES,
    "cache-references": "is part of the cycles",
    "stalled-cycles-frontend": "is part of the cycles", "stalled-cycles-backend": "is part of the cycles",
    "L1-dcache-load-misses": "is part of the cycles", "LLC-loads": "is part of the cycles",
    "L1-icache-load-misses": "is part of the cycles",
    "dTLB-load-misses": "follows from the memory that words are read in (random_set_bytes), it is no input",
    "dTLB-store-misses": "follows from the memory that words are read in (random_set_bytes), it is no input",
    "dTLB-loads": "follows from the accesses", "iTLB-load-misses": "is part of the cycles",
    "major-faults": "the files are in memory before a profile begins",
}  # fmt: skip


def profile(measurement: Measurement, record: Record, request: Request, catalog: Catalog) -> CatalogFile:
    """The entry.

    Raises:
        MeasurementError: nothing says how long the program computed.
    """
    place = setting(measurement, request, catalog)
    command = record.texts.get("command", "a program")
    file = begun(measurement, request, "workloads", f"Profile of {command}", command)
    file.head |= {
        "program": "profile",
        "interface": "system",
        "metric": {"name": "elapsed", "unit": "s", "better": "lower"},
        "runs_on": [place.kernel.abi or "linux"],
        "architectures": [place.machine.architecture],
    }
    file.groups[""] = _Profile(measurement, record, request.beside.get("strace"), place).numbers()
    return file


class _Profile:
    """The numbers of one program."""

    def __init__(self, measurement: Measurement, record: Record, calls: Record | None, place: Setting) -> None:
        self.measurement, self.record, self.place = measurement, record, place
        self.calls = Calls(calls) if calls is not None else None
        self.used: set[str] = set()
        self.user_ratio, self.user_from = self._share()

    def numbers(self) -> dict[str, Number]:
        """All parameters of ``profile``; what nothing speaks for is assumed, and the rest of the file listed."""
        assumed = {
            "parts_count": _assumed(_PARTS, 1, 200, "the run is taken to be the same from beginning to end"),
            "simulated_count": _assumed(_SIMULATED, 1, _PARTS, "enough, as every part is like the others"),
            "page_bytes": _assumed(4 * _KIB, 4 * _KIB, 64 * _KIB, "unit of the page cache"),
            "working_set_bytes": _assumed(64 * _KIB, 16 * _KIB, self.place.of_cpu("cache_bytes"), "not measured"),
        }
        numbers = self._computation() | self._system() | assumed
        self._list_the_rest()
        return numbers

    # ---- computation

    def _get(self, name: str) -> Figure | None:
        found = self.record.figures.get(name)
        if found is not None:
            self.used.add(name)
        return found

    def _share(self) -> tuple[float, str]:
        """The user's part of what was counted in both modes, and what says so."""
        user, system = self.record.figures.get("user_time"), self.record.figures.get("system_time")
        if user is None or system is None or not user.value + system.value:
            return 1.0, "kernel included, as nothing says how much of it was the kernel's"
        ratio = user.value / (user.value + system.value)
        return ratio, f"the user's part by time, {self.measurement.place(user, system)}"

    def _counted(self, *names: str) -> Number | None:
        """The sum of some events in user mode, if the first of them was counted."""
        own = [self._get(f"{name}:u") for name in names]
        if own[0] is not None:
            return self._measured([each for each in own if each is not None])
        both = [each for name in names if (each := self._get(name)) is not None]
        if not both or names[0] not in self.record.figures:
            return None
        value = sum(each.value for each in both)
        formula = f"{value:.10g} * {self.user_ratio:.6g}"
        ends = (0.5 * value * self.user_ratio, max(value * self.user_ratio, sum(each.high for each in both)))
        where = f"{self.measurement.place(*both)}; {self.user_from}"
        return Number("derived", where, value * self.user_ratio, formula, ends)

    def _measured(self, figures: list[Figure]) -> Number:
        low, high = sum(each.low for each in figures), sum(each.high for each in figures)
        value = sum(each.value for each in figures)
        where = self.measurement.place(*figures)
        return Number("measured", where, value, ends=(low, high) if low < high else None)

    def _cycles(self) -> Number:
        """User cycles, by what there is: counted, or by time and clock."""
        counted = self._counted("cycles")
        if counted is not None and counted.value:
            return counted
        hz = self.place.frequency_hz
        for name, low in (("user_time", 1.0), ("task-clock", 0.5), ("cpu-clock", 0.5), ("duration_time", 0.1)):
            figure = self.record.figures.get(name)
            if figure is not None and figure.value:
                ratio = 1.0 if name == "user_time" else self.user_ratio
                where = f"{self.measurement.place(figure)}, at the clock of {self.place.machine.name}"
                formula = f"{figure.value:.10g} * {ratio:.6g} * {hz:.10g}"
                cycles = (low * 0.7 * figure.low * ratio * hz, 1.3 * figure.high * hz)
                return Number("derived", where, figure.value * ratio * hz, formula, cycles)
        self.measurement.refuse(
            "says neither how many cycles nor how much time the program took",
            "count cycles:u, or at least task-clock: 'perf stat -e cycles:u,task-clock,page-faults PROGRAM'",
        )

    def _computation(self) -> dict[str, Number]:
        cycles = self._cycles()
        amount = cycles.value
        instructions = self._counted("instructions") or _assumed(
            amount, 0.3 * amount, 4.0 * amount, "not counted: one instruction a cycle"
        )
        number = instructions.value
        branches = self._counted("branches") or _assumed(
            0.17 * number, 0.1 * number, 0.25 * number, "not counted: a branch for each six instructions"
        )
        missed = self._counted("branch-misses") or _assumed(
            0.02 * branches.value, 0.002 * branches.value, 0.1 * branches.value, "not counted: one of fifty branches"
        )
        return {
            **self._memory(cycles),
            "user_instructions_count": instructions,
            "user_accesses_count": self._accesses(number),
            "user_branches_count": branches,
            "user_branch_misses_count": missed,
            "user_floats_count": self._counted("fp_arith_inst_retired.scalar", "fp_arith_inst_retired.vector")
            or _assumed(0.0, 0.0, 0.3 * number, "not counted"),
        }

    def _accesses(self, instructions: float) -> Number:
        stores = {"L1-dcache-stores", "L1-dcache-stores:u"} & self.record.figures.keys()
        if stores and (counted := self._counted("L1-dcache-loads", "L1-dcache-stores")):
            return counted
        where = "stores not counted: loads and stores are some 0.4 of all instructions"
        return _assumed(0.4 * instructions, 0.25 * instructions, 0.6 * instructions, where)

    def _memory(self, cycles: Number) -> dict[str, Number]:
        """Words that were waited for: their waits are in the cycles counted, and are taken out of them."""
        misses = next((each for name in ("LLC-load-misses", "cache-misses") if (each := self._counted(name))), None)
        set_bytes = _CACHES * self.place.of_cpu("cache_bytes")
        nothing = _assumed(0.0, 0.0, 0.0 if misses else cycles.value / 1e3, "misses of the last cache not counted")
        rows = _assumed(0.0, 0.0, 64.0 * misses.value if misses else 0.0, "all misses are taken to be at random")
        why = "not measured: much more than the cache, so that most words miss"
        where_they_lie = {
            "random_set_bytes": _assumed(set_bytes, set_bytes / 4.0, set_bytes * 16.0, why),
            "row_bytes": rows,
        }
        if misses is None or not misses.value:
            return {"user_cycles": cycles, "random_accesses_count": misses or nothing, **where_they_lie}
        wait_cycles = self.place.of_cpu("memory_access_s") * self.place.frequency_hz
        amount, waits = cycles.value, misses.value * wait_cycles
        words, taken = misses.value, min(waits, 0.5 * amount)
        where = f"{cycles.where}; less the waits for {words * taken / waits:.10g} words of the memory"
        left = Number("derived", where, amount - taken, f"{amount:.10g} - {taken:.10g}", (0.3 * amount, amount))
        if taken < waits:
            why = "of these, as many as can have been waited for one after the other in half of the cycles"
            value = words * taken / waits
            misses = Number("derived", f"{misses.where}; {why}", value, ends=(0.0, words))
        return {"user_cycles": left, "random_accesses_count": misses, **where_they_lie}

    # ---- system

    def _system(self) -> dict[str, Number]:
        calls = self._calls() if self.calls is not None else self._by_system_time()
        return calls | {"page_faults_count": self._faults()}

    def _calls(self) -> dict[str, Number]:
        calls = self.calls
        assert calls is not None
        forks, execs = calls.started
        counts = {
            "null_count": ("null", "sleeps"), "null_io_count": ("null_io",), "stat_count": ("stat",),
            "open_close_count": ("open",), "select_count": ("select",), "creates_count": ("creates",),
            "deletes_count": ("deletes",), "protection_faults_count": ("protection_faults",),
        }  # fmt: skip
        numbers = {name: Number("measured", calls.names(*kinds), calls.count(*kinds)) for name, kinds in counts.items()}
        if calls.count(SLEEPS):
            self.measurement.drop(calls.file, calls.names(SLEEPS), "a profile does not sleep; the calls are counted")
        started = calls.names("clones", "execs")
        unsure = "" if calls.traced else "; threads are not told from processes"
        numbers["forks_count"] = Number("derived", started + unsure, forks, ends=None if calls.traced else (0.0, forks))
        numbers["execs_count"] = Number("derived", f"{started}; the first is the program itself", execs)
        for name, kind, moved in (("read", "file_reads", READ_BYTES), ("written", "file_writes", WRITTEN_BYTES)):
            if calls.traced:
                where = f"{calls.names(kind)}; of files, by the names of their descriptors (strace -y)"
                numbers[f"{name}_bytes"] = Number("measured", where, calls.moved_bytes(moved))
                numbers[f"{name}_calls_count"] = Number("measured", where, calls.count(kind))
                continue
            nothing = "a summary does not say: the calls are in null_io_count; a trace (strace -f -y) does"
            numbers[f"{name}_bytes"] = _assumed(0.0, 0.0, calls.count("null_io") * 64 * _KIB, nothing)
            numbers[f"{name}_calls_count"] = _assumed(0.0, 0.0, calls.count("null_io"), nothing)
        return numbers | self._neither()

    def _neither(self) -> dict[str, Number]:
        """What neither tool can tell."""
        switches = self.record.figures.get("context-switches")
        faults = self.record.figures.get("page-faults")
        return {
            "dropped_pages_count": _assumed(0.0, 0.0, faults.value if faults else 0.0, "not measured"),
            "exchanges_count": _assumed(
                0.0,
                0.0,
                0.5 * switches.value if switches else 0.0,
                "not measured: no partner; at most half of the switches",
            ),
        }

    def _by_system_time(self) -> dict[str, Number]:
        """Without strace: the kernel's time that faults do not explain, as short calls."""
        system, kernel = self.record.figures.get("system_time"), self.record.figures.get("cycles:k")
        if kernel is not None:
            self.used.add("cycles:k")
        figure = kernel or system
        nothing = "not told apart: the kernel's time is in null_io_count; --strace FILE tells"
        names = (
            "null", "stat", "open_close", "select", "read_calls", "written_calls", "creates", "deletes",
            "protection_faults", "forks", "execs",
        )  # fmt: skip
        zero = {f"{name}_count": _assumed(0.0, 0.0, 0.0, nothing) for name in names}
        zero |= {f"{name}_bytes": _assumed(0.0, 0.0, 0.0, nothing) for name in ("read", "written")}
        if figure is None:
            self.measurement.drop(
                "the file", "system calls", "neither they nor the kernel's time were measured: --strace FILE"
            )
            return zero | {"null_io_count": _assumed(0.0, 0.0, 0.0, nothing)} | self._neither()
        cycles = figure.value * (1.0 if figure is kernel else self.place.frequency_hz)
        guard = self.place.guard_cycles
        faults = self._faults().value * (self.place.of_kernel("page_fault_cycles") + guard)
        call, shortest = (self.place.of_kernel(f"{name}_cycles") + guard for name in ("null_io", "null"))
        where = (
            f"{self.measurement.place(figure)}: what page faults do not explain of it, as calls of {call:.4g} cycles "
            f"({self.place.kernel.name}); --strace FILE tells which they are"
        )
        number = Number(
            "derived", where, max(0.0, cycles - faults) / call, ends=(0.0, max(cycles / shortest, cycles / call))
        )
        return zero | {"null_io_count": number} | self._neither()

    def _faults(self) -> Number:
        """First touches, less those that are in the figures of the processes started."""
        figure = self._get("minor-faults") or self._get("page-faults") or self._get("page-faults:u")
        if figure is None:
            return _assumed(0.0, 0.0, 1e4, "page faults not counted")
        if self.calls is None or not any(self.calls.started):
            return self._measured([figure])
        forks, execs = self.calls.started
        contained = forks * self.place.of_kernel("fork_faults_count") + execs * self.place.of_kernel(
            "exec_faults_count"
        )
        where = f"{self.measurement.place(figure)}; less those in forks and execs ({self.place.kernel.name})"
        value = max(0.0, figure.value - contained)
        return Number("derived", where, value, ends=(min(value, 0.5 * figure.value), figure.high))

    def _list_the_rest(self) -> None:
        for name, figure in self.record.figures.items():
            if name not in self.used:
                reason = _NO_USE.get(name.partition(":")[0], "no number of a profile")
                self.measurement.drop(figure.where, f"{name} {figure.value:.6g}", reason)
        clock, elapsed = self.record.figures.get("task-clock"), self.record.figures.get("duration_time")
        if clock and elapsed and clock.value > 1.2 * elapsed.value:
            what = f"{clock.value / elapsed.value:.2g} processors at once"
            self.measurement.drop(clock.where, what, "a profile is one thread, which does all of it")


def _assumed(value: float, low: float, high: float, where: str) -> Number:
    return Number("assumed", where, value, ends=(low, high))
