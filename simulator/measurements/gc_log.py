"""``-Xlog:gc*`` of the Java virtual machine: what its garbage collector did, as a program or as rows to predict.

JDK 9 to 25, with any decorations: the serial, the parallel, G1, Z and Shenandoah collectors. ``-Xlog:gc`` alone has
sizes in whole mebibytes, and of Z no pauses; ``gc*`` has the generations as well, ``gc+age=trace`` the ages of what
survives, ``safepoint`` the other stops, ``class+load`` the classes. A log that is cut off counts as far as it goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements import _java_files
from simulator.measurements._java_profile import GC, JIT, TIME, profile
from simulator.measurements.base import Measurement, Record, Request, Tool, Unused

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements._written import CatalogFile


class GcLog(Tool):
    """One run of a Java program, from the garbage collector's side."""

    NAME = GC
    TITLE = "-Xlog:gc*"
    BECOMES = ("workload",)
    MADE_BY = _java_files.GC_MADE_BY
    BESIDE = {each: _java_files.BESIDE[each] for each in (JIT, TIME)}
    ROWS = True

    def recognise(self, text: str) -> str:
        """Lines of collections, or of the collector's choice; also of JDK 8, which is refused."""
        return _java_files.recognise_gc(text)

    def read(self, text: str, file: str) -> Measurement:
        """One record: counts, pauses and sizes."""
        return _java_files.read_gc(text, file)

    def read_beside(self, text: str, file: str, option: str = "") -> tuple[Record, list[Unused]]:
        """Compilations, or processor time."""
        return _java_files.read_beside(text, file, option)

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A program in class files."""
        return profile(measurement, {GC: measurement.records[0], **request.beside}, request, catalog)


TOOL = GcLog
