"""What the lines of a garbage collection log say: pauses, heap before and after, generations, concurrent work.

The lines are those of ``-Xlog:gc`` and ``-Xlog:gc*`` of JDK 9 to 25, with safepoints and the age table
(``safepoint``, ``gc+age=trace``) where they are asked for; of the serial, parallel, G1, Z and Shenandoah collectors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.measurements._java_log import Line, size_bytes

_SIZE = r"(\d{1,15})([BKMGT])"
_PERCENT = r"(?:\(\d{1,4}%\))?"
_CHANGE = rf"{_SIZE}(?:\({_SIZE}\))?->{_SIZE}\({_SIZE}\)"
_MS = r"(\d{1,12}[.,]\d{1,9})ms"
_OF_COLLECTION = re.compile(r"GC\((\d{1,9})\)\s+(?:([yYoO]): )?\s*(.*)")
_USING = re.compile(r"Using (?:The )?(Serial|Parallel|G1|Z|Shenandoah|Epsilon|Concurrent Mark Sweep)\b.*")
_VERSION = re.compile(r"Version: (\S+).*")
_CAPACITY = re.compile(rf"(?:Heap )?(Min|Initial|Max) Capacity: {_SIZE}.*")
_REGION = re.compile(rf"Heap [Rr]egion [Ss]ize: {_SIZE}")
_PROCESSORS = re.compile(r"CPUs: (\d{1,6}) total, (\d{1,6}) available")
_WORKERS = re.compile(r"(?:Parallel|GC) Workers: (\d{1,6}).*")
_PAUSE = re.compile(rf"(Pause .+?)(?: {_SIZE}->{_SIZE}\({_SIZE}\))? {_MS}")
_CONCURRENT = re.compile(rf"(Concurrent .+?)(?: {_SIZE}->{_SIZE}\({_SIZE}\))? {_MS}")
_CYCLE = re.compile(rf"(?:Garbage|Major|Minor) Collection \(.*?\) {_SIZE}{_PERCENT}->{_SIZE}{_PERCENT}.*")
_YOUNG = re.compile(rf"(?:DefNew|PSYoungGen|ParNew): {_CHANGE}.*")
_OLD = re.compile(rf"(?:Tenured|ParOldGen|PSOldGen|CMS): {_CHANGE}.*")
_REGIONS = re.compile(r"(Eden|Survivor|Old|Humongous) regions: (\d{1,9})->(\d{1,9}).*")
_LIVE = re.compile(rf"Live:\s+-\s+{_SIZE} .*")
_ALLOCATED = re.compile(rf"Allocated:\s+-.*\s{_SIZE} \(\d+%\)(?:\s+-\s+-)?\s*")
_CPU = re.compile(r"User=(\d{1,9}[.,]\d+)s Sys=(\d{1,9}[.,]\d+)s Real=(\d{1,9}[.,]\d+)s")
_AGE = re.compile(r"-? ?age\s+(\d{1,3}):\s+(\d{1,15}) bytes.*")
_STALL = re.compile(rf"(?:Allocation|Relocation) Stall \(.*\) {_MS}")
_SAFEPOINT = re.compile(r'Safepoint "(.+?)",.*? Reaching safepoint: (\d{1,15}) ns,.* Total: (\d{1,15}) ns')
_STOPPED = re.compile(
    r"Total time for which application threads were stopped: (\d{1,9}[.,]\d+) seconds, "
    r"Stopping threads took: (\d{1,9}[.,]\d+) seconds"
)
_LOADED = re.compile(r"\S+ source: (.*)")
_ENDS = re.compile(
    rf"(?:def new generation|PSYoungGen|tenured generation|ParOldGen|garbage-first heap|ZHeap).*?used {_SIZE}\b.*|"
    rf"\d+[BKMGT] max, .*, {_SIZE} used"
)
_CANNOT = re.compile(r"To-space exhausted|.*\(Evacuation Failure.*|.*\(Promotion [Ff]ailed\).*")


class Pause(NamedTuple):
    """The program stood still.

    Attributes:
        line: where it is written.
        collection: number of the collection.
        what: ``Pause Young (Normal) (G1 Evacuation Pause)``.
        end_s: when it was over, None where no line says when it was.
        length_s: how long it was.
    """

    line: int
    collection: int
    what: str
    end_s: float | None
    length_s: float

    @property
    def is_young(self) -> bool:
        """Whether young objects were copied, old regions perhaps with them."""
        return self.what.startswith("Pause Young")

    @property
    def is_full(self) -> bool:
        """Whether the whole heap was collected while the program stood still."""
        return self.what.startswith(("Pause Full", "Pause Degenerated"))


class Change(NamedTuple):
    """Used bytes before and after something, and what both digits leave open."""

    line: int
    collection: int
    before_bytes: float
    after_bytes: float
    capacity_bytes: float
    grain_bytes: float


@dataclass(slots=True)
class Log:
    """All that a log says, as it came."""

    collector: str = ""
    version: str = ""
    begins: list[int] = field(default_factory=list)
    sizes: dict[str, tuple[float, int]] = field(default_factory=dict)
    pauses: list[Pause] = field(default_factory=list)
    heap: list[Change] = field(default_factory=list)
    young: dict[int, Change] = field(default_factory=dict)
    old: dict[int, Change] = field(default_factory=dict)
    live: dict[int, tuple[float, int]] = field(default_factory=dict)
    during_bytes: dict[int, float] = field(default_factory=dict)
    cycles: dict[int, int] = field(default_factory=dict)
    concurrent_s: list[float] = field(default_factory=list)
    marking: dict[int, int] = field(default_factory=dict)
    ages: dict[int, dict[int, float]] = field(default_factory=dict)
    cpu_s: list[float] = field(default_factory=list)
    stalls_s: list[float] = field(default_factory=list)
    safepoints: list[tuple[str, float, float]] = field(default_factory=list)
    end_bytes: float | None = None
    failures: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    region_bytes: float = 0.0
    classes: dict[str, int] = field(default_factory=lambda: {"loaded": 0, "archive": 0, "library": 0, "line": 0})

    def region(self, number: int, which: str, before: int, after: int, line: int) -> None:
        """Regions of G1: eden and survivors are young, the others old."""
        group = self.young if which in ("Eden", "Survivor") else self.old
        known = group.get(number, Change(line, number, 0.0, 0.0, 0.0, self.region_bytes))
        size = self.region_bytes
        group[number] = known._replace(
            before_bytes=known.before_bytes + before * size, after_bytes=known.after_bytes + after * size
        )


def read(found: list[Line]) -> Log:
    """The log of these lines."""
    log = Log()
    for line in found:
        collection = _OF_COLLECTION.fullmatch(line.message)
        if collection is not None:
            number, part, message = int(collection[1]), collection[2] or "", collection[3]
            if not any(reader(log, line, number, part.upper(), message) for reader in _COLLECTIONS):
                continue
        elif not any(reader(log, line) for reader in _OTHERS) and not line.tags:
            log.unread.append(line.number)
    return log


# ---- of one collection


def _pause(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    found = _PAUSE.fullmatch(message)
    if found is None:
        return False
    what, length = found[1], found[8]
    log.pauses.append(Pause(line.number, number, what, line.time_s, _seconds(length) * 1e-3))
    if _CANNOT.match(what):
        log.failures.append(line.number)
    if found[2]:
        log.heap.append(_change(line, number, found.groups()[1:7]))
    if "Remark" in what or "Final Mark" in what:
        log.marking.setdefault(number, line.number)
    return True


def _concurrent(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    found = _CONCURRENT.fullmatch(message)
    if found is None:
        return False
    if found[2]:
        log.heap.append(_change(line, number, found.groups()[1:7]))
    if not re.fullmatch(r"Concurrent (?:Mark |Undo )?Cycle", found[1]):
        log.concurrent_s.append(_seconds(found[8]) * 1e-3)
    if found[1] == "Concurrent Mark":
        log.marking.setdefault(number, line.number)
    return True


def _cycle(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    found = _CYCLE.fullmatch(message)
    if found is None:
        return False
    log.cycles.setdefault(number, line.number)
    before, after = size_bytes(found[1], found[2]), size_bytes(found[3], found[4])
    log.heap.append(Change(line.number, number, before, after, 0.0, size_bytes("1", found[2])))
    return True


def _generation(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    for pattern, group in ((_YOUNG, log.young), (_OLD, log.old)):
        if found := pattern.fullmatch(message):
            groups = found.groups()
            group[number] = _change(line, number, (*groups[0:2], *groups[4:6], *groups[6:8]))
            return True
    if found := _REGIONS.fullmatch(message):
        log.region(number, found[1], int(found[2]), int(found[3]), line.number)
        return True
    return False


def _statistics(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    if found := _LIVE.fullmatch(message):
        known = log.live.get(number, (0.0, line.number))[0]
        log.live[number] = (known + size_bytes(found[1], found[2]), line.number)
        return True
    if found := _ALLOCATED.fullmatch(message):
        log.during_bytes[number] = log.during_bytes.get(number, 0.0) + size_bytes(found[1], found[2])
        return True
    return False


def _rest(log: Log, line: Line, number: int, part: str, message: str) -> bool:
    if found := _CPU.fullmatch(message):
        log.cpu_s.append(_seconds(found[1]) + _seconds(found[2]))
        return True
    if found := _AGE.fullmatch(message):
        log.ages.setdefault(number, {})[int(found[1])] = float(found[2])
        return True
    if _CANNOT.fullmatch(message):
        log.failures.append(line.number)
        return True
    return False


_COLLECTIONS: tuple[Callable[[Log, Line, int, str, str], bool], ...] = (
    _pause, _concurrent, _cycle, _generation, _statistics, _rest,
)  # fmt: skip


# ---- of the virtual machine


def _head(log: Log, line: Line) -> bool:
    if found := _USING.fullmatch(line.message):
        log.collector = found[1]
        log.begins.append(line.number)
        return True
    if found := _VERSION.fullmatch(line.message):
        log.version = found[1]
        return True
    if found := _REGION.fullmatch(line.message):
        log.region_bytes = size_bytes(found[1], found[2])
        return True
    if found := _CAPACITY.fullmatch(line.message):
        log.sizes.setdefault(f"{found[1].lower()} heap", (size_bytes(found[2], found[3]), line.number))
        return True
    if found := _PROCESSORS.fullmatch(line.message):
        log.sizes.setdefault("processors", (float(found[2]), line.number))
        return True
    if found := _WORKERS.fullmatch(line.message):
        log.sizes.setdefault("collector threads", (float(found[1]), line.number))
        return True
    return False


def _stops(log: Log, line: Line) -> bool:
    if found := _STALL.fullmatch(line.message):
        log.stalls_s.append(_seconds(found[1]) * 1e-3)
        return True
    if found := _SAFEPOINT.fullmatch(line.message):
        log.safepoints.append((found[1], float(found[2]) * 1e-9, float(found[3]) * 1e-9))
        return True
    if found := _STOPPED.fullmatch(line.message):
        log.safepoints.append(("", _seconds(found[2]), _seconds(found[1])))
        return True
    return False


def _exit(log: Log, line: Line) -> bool:
    if "exit" not in line.tags:
        return False
    if found := _ENDS.fullmatch(line.message.strip()):
        digits, unit = (found[1], found[2]) if found[1] else (found[3], found[4])
        log.end_bytes = (log.end_bytes or 0.0) + size_bytes(digits, unit)
    return True


def _class(log: Log, line: Line) -> bool:
    found = _LOADED.fullmatch(line.message) if line.tags == "class,load" else None
    if found is None:
        return False
    log.classes["line"] = log.classes["line"] or line.number
    log.classes["loaded"] += 1
    log.classes["archive"] += found[1].startswith("shared objects file")
    log.classes["library"] += found[1].startswith(("shared objects file", "jrt:/java.", "jrt:/jdk."))
    return True


_OTHERS: tuple[Callable[[Log, Line], bool], ...] = (_head, _stops, _exit, _class)


def _change(line: Line, number: int, groups: tuple[str | None, ...]) -> Change:
    """Of three sizes: before, after, capacity."""
    before, after, capacity = (size_bytes(groups[each] or "0", groups[each + 1] or "B") for each in (0, 2, 4))
    return Change(line.number, number, before, after, capacity, size_bytes("1", groups[1] or "B"))


def _seconds(digits: str) -> float:
    return float(digits.replace(",", "."))
