"""``-Xlog:gc*`` of the Java virtual machine: what its garbage collector did, as a program or as rows to predict.

JDK 9 to 25, with any decorations: the serial, the parallel, G1, Z and Shenandoah collectors. ``-Xlog:gc`` alone has
sizes in whole mebibytes, and of Z no pauses; ``gc*`` has the generations as well, ``gc+age=trace`` the ages of what
survives, ``safepoint`` the other stops, ``class+load`` the classes. A log that is cut off counts as far as it goes.
"""

from __future__ import annotations

from simulator.measurements import _java_files
from simulator.measurements._java_profile import GC, JIT, TIME
from simulator.measurements.base import Measurement


class GcLog(_java_files.JavaLog):
    """One run of a Java program, from the garbage collector's side."""

    NAME = GC
    TITLE = "-Xlog:gc*"
    MADE_BY = _java_files.GC_MADE_BY
    BESIDE = {each: _java_files.BESIDE[each] for each in (JIT, TIME)}

    def recognise(self, text: str) -> str:
        """Lines of collections, or of the collector's choice; also of JDK 8, which is refused."""
        return _java_files.recognise_gc(text)

    def read(self, text: str, file: str) -> Measurement:
        """One record: counts, pauses and sizes."""
        return _java_files.read_gc(text, file)


TOOL = GcLog
