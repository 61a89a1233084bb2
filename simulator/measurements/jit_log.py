"""``-XX:+PrintCompilation`` of the Java virtual machine: what was compiled when, as a program or as rows to predict.

JDK 9 to 25; the same lines behind decorations (``-Xlog:jit+compilation=debug``). A line is printed when a compiler
begins with a method; sizes are those of its own bytecodes, without those of what is compiled into it.
"""

from __future__ import annotations

from simulator.measurements import _java_files
from simulator.measurements._java_profile import GC, JIT, TIME
from simulator.measurements.base import Measurement


class JitLog(_java_files.JavaLog):
    """One run of a Java program, from the compilers' side."""

    NAME = JIT
    TITLE = "-XX:+PrintCompilation"
    MADE_BY = _java_files.JIT_MADE_BY
    BESIDE = {each: _java_files.BESIDE[each] for each in (GC, TIME)}

    def recognise(self, text: str) -> str:
        """Lines of compilations."""
        return _java_files.recognise_jit(text)

    def read(self, text: str, file: str) -> Measurement:
        """One record: methods and bytecodes by level."""
        return _java_files.read_jit(text, file)


TOOL = JitLog
