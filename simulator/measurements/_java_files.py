"""The files of a Java virtual machine, each read into one record: its collector's log, its compilers', its time."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.measurements import _gc_figures, _gc_lines, _java_log, _java_time, _jit_figures, _jit_lines
from simulator.measurements._java_profile import GC, JIT, TIME, profile
from simulator.measurements.base import Figure, Measurement, Record, Request, Tool, Unused

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements._written import CatalogFile

GC_MADE_BY = "java -Xlog:gc*,gc+age=trace:file=FILE PROGRAM"
JIT_MADE_BY = "java -XX:+PrintCompilation PROGRAM > FILE"
BESIDE = {
    GC: "Its heap: a log of -Xlog:gc*.",
    JIT: "Its compilations: output of -XX:+PrintCompilation.",
    TIME: "Its processor time: output of 'perf stat java ...', or of the shell's 'time java ...'.",
}
_COLLECTED = re.compile(
    r"(?:\[[^\]\n]{0,99}\]){0,20} ?(?:GC\(\d{1,9}\)\s.*(?:Pause|Concurrent|Collection)"
    r"|Using (?:The )?(?:Serial|Parallel|G1|Z |Shenandoah|Epsilon|Concurrent Mark Sweep))"
)
_OLD = re.compile(r"(?:[\d.T:+-]{1,40}: ){0,2}\[(?:Full )?GC\b.*->.*")
_YEAR = re.compile(r"\[(\d{4})-\d\d-\d\dT")


class JavaLog(Tool):
    """A log of one run of a Java program: alone or with others it becomes a program in class files, or rows."""

    BECOMES = ("workload",)
    ROWS = True

    def read_beside(self, text: str, file: str, option: str = "") -> tuple[Record, list[Unused]]:
        """The other log of the run, or its processor time."""
        return read_beside(text, file, option)

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A program in class files."""
        return profile(measurement, {self.NAME: measurement.records[0], **request.beside}, request, catalog)


def recognise_gc(text: str) -> str:
    """What a text is if it has lines of collections, or of the collector's choice."""
    lines = text.splitlines()
    if any(_COLLECTED.match(line) for line in lines):
        return "a log of -Xlog:gc"
    return "a garbage collection log of JDK 8" if any(_OLD.match(line) for line in lines) else ""


def recognise_jit(text: str) -> str:
    """What a text is if it has lines of compilations."""
    has_some = any(_jit_lines.task(line) is not None for line in _java_log.lines(text))
    return "a log of -XX:+PrintCompilation" if has_some else ""


def read_gc(text: str, file: str) -> Measurement:
    """One record: counts, pauses, sizes, as ``_gc_figures`` names them.

    Raises:
        MeasurementError: it is of another form, or of two runs.
    """
    found = Measurement("gc log", file, year=_year(text))
    if recognise_gc(text) == "a garbage collection log of JDK 8":
        old = next(number for number, line in enumerate(text.splitlines(), 1) if _OLD.match(line))
        found.refuse("is a log in the form of JDK 8", f"let a newer JDK run the program: '{GC_MADE_BY}'", old)
    lines = list(_java_log.lines(text))
    log = _gc_lines.read(lines)
    if len(log.begins) > 1:
        remedy = "give each run a file of its own: '-Xlog:gc*:file=gc-%p.txt'"
        found.refuse("holds the log of a second run", remedy, log.begins[1])
    found.version = log.version
    record = Record("run")
    found.records.append(record)
    _gc_figures.fill(record, log, _java_log.span(lines), found)
    _describe(record, log)
    if not log.begins:
        found.drop(
            "line 1", "the beginning", "is missing: what was allocated before the first collection is not counted"
        )
    _drop_others(found, log.unread)
    _drop_cut(found, text)
    return found


def read_jit(text: str, file: str) -> Measurement:
    """One record: methods and bytecodes by level, as ``_jit_figures`` names them.

    Raises:
        MeasurementError: no compiler did anything.
    """
    found = Measurement("jit log", file, year=_year(text))
    log = _jit_lines.read(list(_java_log.lines(text)))
    if not log.compiled:
        found.refuse("has no compilation in it", f"leave out -Xint, and let it run longer: '{JIT_MADE_BY}'")
    numbers = [task.number for task in log.compiled if not task.is_loop]
    if numbers[:1] == [1] and numbers.count(1) > 1:
        again = [task.line for task in log.compiled if task.number == 1 and not task.is_loop][1]
        found.refuse("holds the compilations of a second run", "give each run a file of its own", again)
    record = Record("run", texts={"platform": "hotspot", "model": "jvm"})
    found.records.append(record)
    _jit_figures.fill(record, log)
    _drop_others(found, log.unread)
    _drop_cut(found, text)
    return found


def read_beside(text: str, file: str, option: str) -> tuple[Record, list[Unused]]:
    """A file given beside another, by the option that it was given with.

    Raises:
        MeasurementError: it is not what the option is for.
    """
    if option == TIME:
        return _java_time.read(text, file)
    recognise, read, made_by = {
        GC: (recognise_gc, read_gc, GC_MADE_BY),
        JIT: (recognise_jit, read_jit, JIT_MADE_BY),
    }[option]
    if not recognise(text):
        Measurement(option, file).refuse(f"is no {option}", f"make it by '{made_by}'")
    found = read(text, file)
    record = found.records[0]
    for name, figure in record.figures.items():
        record.figures[name] = _moved(figure, file)
    return record, [Unused(f"{file}, {note.where}", note.what, note.reason) for note in found.unused]


def _moved(figure: Figure, file: str) -> Figure:
    return replace(figure, where=f"{file}, {figure.where}")


def _year(text: str) -> int | None:
    found = _YEAR.search(text)
    return int(found[1]) if found else None


def _describe(record: Record, log: _gc_lines.Log) -> None:
    """What the rows of a table say of the run."""
    release = re.match(r"(\d{1,3})\b", log.version)
    record.texts |= {"platform": f"hotspot-{release[1]}" if release else "hotspot", "model": "jvm"}
    parts = [log.collector.lower()] if log.collector else []
    if "max heap" in log.sizes:
        parts.append(f"heap {log.sizes['max heap'][0] / 1024**2:.6g} MiB")
    if "processors" in log.sizes:
        parts.append(f"processors {log.sizes['processors'][0]:.0f}")
    record.texts["condition"] = ", ".join(parts)


def _drop_others(found: Measurement, numbers: list[int]) -> None:
    if numbers:
        found.drop(f"line {numbers[0]}", f"lines: {len(numbers)}", "are no lines of the log: the program's own output")


def _drop_cut(found: Measurement, text: str) -> None:
    if not text.endswith("\n"):
        last = len(text.splitlines())
        found.drop(f"line {last}", "the last line", "is cut off: the log counts as far as it goes")
