"""``-XX:+PrintCompilation`` of the Java virtual machine: what was compiled when, as a program or as rows to predict.

JDK 9 to 25; the same lines behind decorations (``-Xlog:jit+compilation=debug``). A line is printed when a compiler
begins with a method; sizes are those of its own bytecodes, without those of what is compiled into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements import _java_files
from simulator.measurements._java_profile import GC, JIT, TIME, profile
from simulator.measurements.base import Measurement, Record, Request, Tool, Unused

if TYPE_CHECKING:
    from simulator.catalog import Catalog
    from simulator.measurements._written import CatalogFile


class JitLog(Tool):
    """One run of a Java program, from the compilers' side."""

    NAME = JIT
    TITLE = "-XX:+PrintCompilation"
    BECOMES = ("workload",)
    MADE_BY = _java_files.JIT_MADE_BY
    BESIDE = {each: _java_files.BESIDE[each] for each in (GC, TIME)}
    ROWS = True

    def recognise(self, text: str) -> str:
        """Lines of compilations."""
        return _java_files.recognise_jit(text)

    def read(self, text: str, file: str) -> Measurement:
        """One record: methods and bytecodes by level."""
        return _java_files.read_jit(text, file)

    def read_beside(self, text: str, file: str, option: str = "") -> tuple[Record, list[Unused]]:
        """The heap, or processor time."""
        return _java_files.read_beside(text, file, option)

    def convert(self, measurement: Measurement, request: Request, catalog: Catalog) -> CatalogFile:
        """A program in class files."""
        return profile(measurement, {JIT: measurement.records[0], **request.beside}, request, catalog)


TOOL = JitLog
