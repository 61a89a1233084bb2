"""lmbench 2 and 3: what a kernel takes for its calls, on one machine; result files and the summary of ``make see``.

A figure in microseconds becomes cycles by the clock that lmbench has found, or by that of the machine. What contains
other figures (a message its two switches, a TCP round trip its packets) is taken apart as the catalog's own kernels
were. With ``--as machine`` the clock and the memory become a machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.measurements import _lmbench_raw, _lmbench_summary
from simulator.measurements._setting import GUARD, Setting, begun, setting
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Record, Request, Tool, one

if TYPE_CHECKING:
    from simulator.catalog import Catalog

_PROCESS = ("page_fault", "context_switch")
_DIRECT = {
    "null_cycles": "null call", "null_io_cycles": "null I/O", "stat_cycles": "stat", "open_close_cycles": "open/close",
    "select_cycles": "select 100 TCP", "signal_install_cycles": "signal installation",
    "signal_handle_cycles": "signal handler", "fork_cycles": "fork", "exec_cycles": "exec", "shell_cycles": "shell",
    "protection_fault_cycles": "protection fault", "page_fault_cycles": "page fault", "create_cycles": "0K create",
    "delete_cycles": "0K delete", "context_switch_cycles": "2p/0K",
}  # fmt: skip
"""The figure that each cost of a kernel is."""
_MAPPED = "mmap 8.388608 MB"
"""lmbench touches a tenth of a mapping, each 16 KiB of it: of 8 MiB the 52 pages that ``map_cycles`` stands for."""
_PAGES_TOUCHED = 52.0
_ENTRIES = {"open/close": 2.0, "signal handler": 2.0, "0K create": 2.0, "2p/0K": 0.0}
"""How often the kernel is entered for a figure, where it is not once."""
_BRANCHES = ("branch_guard_cycles", "indirect_branches_ratio")
_CACHE_WARM = "read bandwidth 0.524288 MB"
_READ_BYTES = 65536
_FIRST_LEVEL = "the first level of the translation buffer; tlb_entries_count is the last"
_PROCESSES = ("fork", "exec", "shell")


class Lmbench(Tool):
    """The costs of a kernel."""

    NAME = "lmbench"
    TITLE = "lmbench"
    BECOMES = ("layer", "machine")
    MADE_BY = "make results; make see > FILE (or take a file of results/)"
    RECORDS = "host or kernel"

    def recognise(self, text: str) -> str:
        """A summary, or a file of results."""
        if _lmbench_summary.recognise(text):
            return "the summary of lmbench"
        return "a result of lmbench" if _lmbench_raw.recognise(text) else ""

    def read(self, text: str, file: str) -> Measurement:
        """One record for each host and kernel."""
        found = Measurement("lmbench", file)
        (_lmbench_summary if _lmbench_summary.recognise(text) else _lmbench_raw).read(text, found)
        if not found.records:
            found.refuse("has no figure that can be read", f"make it by '{self.MADE_BY}'")
        for record in found.records:
            self._null_io(record)
        return found

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A kernel that extends the one of the catalog, or a machine that extends the one of the catalog."""
        record = one(measurement, request.only, self.RECORDS)
        place = setting(measurement, request, catalog, record.texts.get("kernel", ""))
        if request.to == "machine":
            return _machine(measurement, record, request, place)
        return _Costs(measurement, record, request, place).file()

    def _null_io(self, record: Record) -> None:
        """The summary's null I/O: the mean of a read and a write of one byte."""
        figures = [record.figures[name] for name in ("read", "write") if name in record.figures]
        if len(figures) == 2:
            value, low, high = (sum(getattr(each, part) for each in figures) / 2 for part in ("value", "low", "high"))
            where = f"{figures[0].where} + {figures[1].where.removeprefix('line ')}"
            record.add("null I/O", value, "s", where, (low, high))
            for each in figures:
                record.figures.pop(each.name)


class _Costs:
    """The costs of one kernel on one machine."""

    def __init__(self, measurement: Measurement, record: Record, request: Request, place: Setting) -> None:
        self.measurement, self.record, self.request, self.place = measurement, record, request, place
        self.used: set[str] = {"Mhz"}
        clock = record.figures.get("Mhz")
        self.mhz = (clock.value if clock is not None and clock.value else place.frequency_hz) / 1e6
        if clock is None:
            measurement.drop("the file", "its clock", f"not said; that of {place.machine.name} is taken")
        elif abs(self.mhz * 1e6 / place.frequency_hz - 1.0) > 0.1:
            what = f"{self.mhz:.0f} MHz"
            reason = f"{place.machine.name} has {place.frequency_hz / 1e6:.0f} in the catalog; the file's clock counts"
            measurement.drop(clock.where, what, reason)

    def file(self) -> CatalogFile:
        """The layer."""
        kernel, name = self.place.kernel, self.record.name
        file = begun(self.measurement, self.request, "layers", f"{kernel.name} as lmbench found it on {name}", name)
        file.head |= {"extends": kernel.name, "family": kernel.family}
        numbers = dict(self._direct())
        numbers |= self._derived()
        self._without_faults_around(numbers)
        self._without_contradiction(numbers)
        if not numbers:
            self.measurement.refuse("has no cost of a kernel", "run the parts of lmbench on the operating system")
        file.groups[""] = numbers
        for figure in self.record.figures.values():
            if figure.name not in self.used:
                self.measurement.drop(figure.where, figure.name, _why_not(figure))
        return file

    def _get(self, name: str) -> Figure | None:
        found = self.record.figures.get(name)
        if found is not None:
            self.used.add(name)
        return found

    def _microseconds(self, figure: Figure) -> str:
        return f"{figure.value * 1e6:.10g}"

    def _direct(self) -> Iterator[tuple[str, Number]]:
        for parameter, name in _DIRECT.items():
            figure = self._get(name)
            if figure is None:
                continue
            if not figure.value:
                self.measurement.drop(figure.where, name, "0 is no cost: less than a digit")
                continue
            entries = f"{name}_faults_count" if name in _PROCESSES else _ENTRIES.get(name, 1.0)
            if number := self._cost(figure, entries, _PROCESS if name in _PROCESSES else ()):
                yield parameter, number

    def _cost(self, figure: Figure, entries: str | float, includes: tuple[str, ...]) -> Number | None:
        """A figure in cycles, less what the kernel does against leaks at so many entries: the model adds that again."""
        whole = f"{self._microseconds(figure)} * {self.mhz:.10g}"
        ends = [each * 1e6 * self.mhz for each in (figure.low, figure.value, figure.high)]
        if self.place.kernel.structure.get("mitigations") == "on":
            times = self.place.of_kernel(entries) if isinstance(entries, str) else entries
            guard = self.place.guard_cycles * times
            branches = 1.0 + self.place.of_kernel(_BRANCHES[0]) * self.place.of_kernel(_BRANCHES[1])
            ends = [(each - guard) / branches for each in ends]
            if guard:
                whole = (
                    f"({whole} - {entries if isinstance(entries, str) else f'{entries:.10g}'} * ({' + '.join(GUARD)}))"
                )
            if branches > 1.0:
                whole = f"{whole} / (1 + {' * '.join(_BRANCHES)})"
        low, value, high = ends
        if value <= 0.0:
            self.measurement.drop(
                figure.where, figure.name, f"is less than {self.place.kernel.name}'s mitigations take"
            )
            return None
        span = (max(0.0, low), high) if low < high else None
        return Number("measured", self.measurement.place(figure), value, whole, span, includes)

    def _derived(self) -> dict[str, Number]:
        """What contains other figures, less those."""
        found = {}
        switch, call = self._get("2p/0K"), self._get("null I/O")
        message, packets = self._get("AF_UNIX"), self._get("TCP")
        if (
            message
            and switch
            and (number := self._share(message, 4.0, {switch: 2.0}, "half of a round trip less a switch"))
        ):
            found["message_cycles"] = number
        if packets and switch and call:
            words = "half of a round trip on the loopback less a switch and two calls, halved between the two sides"
            if number := self._share(packets, 4.0, {switch: 2.0, call: 4.0}, words):
                found["packet_send_cycles"] = number
                found["packet_receive_cycles"] = replace(number, where=f"{number.where}; the other half of it")
        mapped = self._get(_MAPPED)
        if mapped and (number := self._cost(mapped, "map_faults_count", ("page_fault",))):
            found["map_cycles"] = number
        rate = self._get(_CACHE_WARM)
        if rate and rate.value:
            per_byte = self.mhz * 1e6 / rate.value
            own = call.value * 1e6 * self.mhz / _READ_BYTES if call else 0.0
            if per_byte > own:
                where = f"{self.measurement.place(rate)}, in pieces of 64 KiB; less the calls"
                formula = f"{self.mhz:.10g} / {rate.value / 1e6:.10g} - {own:.4g}"
                found["copy_cycles_per_byte"] = Number(
                    "derived", where, per_byte - own, formula, (0.5 * per_byte, per_byte)
                )
        return found

    def _share(self, whole: Figure, parts: float, less: dict[Figure, float], words: str) -> Number | None:
        """One of so many equal parts of a figure, once other figures are taken out of it."""
        rest_s = whole.value - sum(each.value * times for each, times in less.items())
        if rest_s <= 0.0:
            self.measurement.drop(whole.where, whole.name, "takes no longer than what it contains")
            return None
        names = " - ".join(f"{times:g} * {self._microseconds(each)}" for each, times in less.items())
        formula = f"({self._microseconds(whole)} - {names}) / {parts:g} * {self.mhz:.10g}"
        value = rest_s / parts * 1e6 * self.mhz
        where = f"{self.measurement.place(whole, *less)}: {words}"
        return Number("derived", where, value, formula, (0.5 * value, max(value, whole.high / parts * 1e6 * self.mhz)))

    def _without_faults_around(self, numbers: dict[str, Number]) -> None:
        """lmbench faults on a file: less than a first touch where the kernel maps the pages around as well."""
        if "page_fault_cycles" in numbers and self.place.of_kernel("map_faults_count") < _PAGES_TOUCHED:
            figure = self.record.figures["page fault"]
            reason = f"{self.place.kernel.name} maps the pages around a fault on a file: less than a first touch"
            self.measurement.drop(figure.where, figure.name, reason)
            del numbers["page_fault_cycles"]

    def _without_contradiction(self, numbers: dict[str, Number]) -> None:
        """A process holds its faults: what would be dearer than the whole of it is not taken."""
        own = self.place.of_kernel("page_fault_cycles")
        for name in _PROCESSES:
            faults = self.place.of_kernel(f"{name}_faults_count")
            given = numbers.get(f"{name}_cycles")
            whole = given.value if given else self.place.of_kernel(f"{name}_cycles")
            fault = numbers.get("page_fault_cycles")
            if fault is not None and faults * fault.value > whole:
                figure = self.record.figures["page fault"]
                reason = (
                    f"{faults:.0f} of them, which a {name} contains, take longer than the {name}: these are of a file"
                )
                self.measurement.drop(figure.where, figure.name, reason)
                del numbers["page_fault_cycles"]
                fault = None
            if given is not None and fault is None and faults * own > whole:
                figure = self.record.figures[name]
                reason = f"takes less than the {faults:.0f} page faults in it do by {self.place.kernel.name}"
                self.measurement.drop(figure.where, figure.name, reason)
                del numbers[f"{name}_cycles"]


def _why_not(figure: Figure) -> str:
    if figure.name.startswith("mmap"):
        return "only a mapping of 8 MiB touches as many pages as map_cycles stands for"
    if figure.name == "tlb pages":
        return _FIRST_LEVEL
    if figure.name in ("read", "write", "cache line", "memory read", "main memory", "random memory"):
        return "a number of the machine: --as machine"
    if "bandwidth" in figure.name or "reread" in figure.name or "bcopy" in figure.name:
        return "of no use for a kernel: its buffers are larger than the caches, or nobody's"
    return "no number of a kernel stands for it"


def _machine(measurement: Measurement, record: Record, request: Request, place: Setting) -> CatalogFile:
    """The processor and the memory of a machine that is otherwise the one named."""
    title = f"{place.machine.name} as lmbench found it on {record.name}"
    file = begun(measurement, replace(request, machine=request.name), "machines", title, record.name)
    file.source["howpublished"] = f"measured, file {measurement.file}"
    file.head |= {"year": place.machine.year, "extends": place.machine.name}
    file.device_kinds["cpu"] = "processor"
    numbers: dict[str, Number] = {}
    for parameter, names in {
        "frequency_hz": ("Mhz",),
        "cache_line_bytes": ("cache line",),
        "memory_bytes_per_s": ("memory read", *_largest(record, "Memory read bandwidth")),
        "memory_access_s": ("random memory", *_largest(record, "Random load latency")),
    }.items():
        figure = next((record.figures[name] for name in names if name in record.figures), None)
        if figure is None or not figure.value:
            continue
        ends = (figure.low, figure.high) if figure.low < figure.high else None
        where = measurement.place(figure)
        if parameter == "memory_access_s":
            ends, where = (0.6 * figure.low, figure.high), f"{where}; misses of the translation buffer included"
        numbers[parameter] = Number("measured", where, figure.value, ends=ends)
    if not numbers:
        measurement.refuse("has no number of a machine", "run lmbench's parts on the hardware (memory, clock)")
    file.groups["cpu"] = numbers
    used = {number.where for number in numbers.values()}
    for figure in record.figures.values():
        if not any(measurement.place(figure) in where for where in used):
            why = (
                _FIRST_LEVEL
                if figure.name == "tlb pages"
                else "no number of a machine: the costs of a kernel are --as layer"
            )
            measurement.drop(figure.where, figure.name, why)
    return file


def _largest(record: Record, table: str) -> tuple[str, ...]:
    """The row of a table by size that is farthest from every cache."""
    names = [name for name in record.figures if name.startswith(table)]
    return (names[-1],) if names else ()


TOOL = Lmbench
