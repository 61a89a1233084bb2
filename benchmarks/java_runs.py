"""Runs of Java programs: compiled, started in a setting, timed, with their logs read by what ``virtlab import`` reads.

Nothing here predicts anything. A run gives its iterations' times (which the programs print), wall and processor time,
and the figures of its garbage collection log and of its log of compilations.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter

from simulator.measurements import Measurement, tools

SOURCES = Path(__file__).parent / "java"
_ITERATION = re.compile(r"iteration (\d+) ns (\d+)")
MODES = {"int": ["-Xint"], "c1": ["-XX:TieredStopAtLevel=1"], "tiered": [], "comp": ["-Xcomp"]}
"""Options of the virtual machine by what is measured."""
COLLECTORS = {"serial": "-XX:+UseSerialGC", "parallel": "-XX:+UseParallelGC", "g1": "-XX:+UseG1GC"}


@dataclass(frozen=True)
class Setting:
    """How a program is run.

    Attributes:
        program: its class.
        arguments: of the program.
        mode: one of ``MODES``.
        collector: one of ``COLLECTORS``.
        heap_mib: largest and first size of the heap.
        processors: how many it may run on.
    """

    program: str
    arguments: tuple[str, ...]
    mode: str
    collector: str
    heap_mib: int
    processors: int

    @property
    def label(self) -> str:
        """For tables."""
        return f"{self.program} {self.mode}, {self.collector} {self.heap_mib} MiB, {self.processors} cpu"

    def longer(self, iterations: int) -> Setting:
        """The same with another number of iterations."""
        return replace(self, arguments=(str(iterations), *self.arguments[1:]))

    def command(self, java: str, folder: Path) -> list[str]:
        """The call of the virtual machine, with its logs in ``folder``."""
        heap = f"{self.heap_mib}m"
        return [
            java, *MODES[self.mode], COLLECTORS[self.collector], f"-Xms{heap}", f"-Xmx{heap}",
            f"-Xlog:gc*,gc+age=trace{',class+load' if self.mode == 'int' else ''}:file={folder / 'gc.txt'}",
            f"-Xlog:jit+compilation=debug:file={folder / 'jit.txt'}",
            "-cp", str(folder.parent), self.program, *self.arguments,
        ]  # fmt: skip


@dataclass
class Run:
    """What one run was.

    Attributes:
        iterations_s: in order.
        wall_s: from the start of the process to its end.
        cpu_s: of all its threads, the kernel's for them included.
        others: part of the processors' time that somebody else had meanwhile.
        gc: its garbage collection log.
        jit: its compilations, None where nothing was compiled.
    """

    iterations_s: list[float]
    wall_s: float
    cpu_s: float
    others: float
    gc: Measurement
    jit: Measurement | None

    def figure(self, name: str) -> float:
        """A figure of the garbage collection log; 0 where the log has none."""
        found = self.gc.records[0].figures.get(name)
        return found.value if found else 0.0

    def compiled(self, name: str) -> float:
        """A figure of the log of compilations; 0 where it has none."""
        found = self.jit.records[0].figures.get(name) if self.jit else None
        return found.value if found else 0.0

    @property
    def first_s(self) -> float:
        """The first iteration, which is the coldest."""
        return self.iterations_s[0]

    @property
    def steady_s(self) -> float:
        """Median of the last third of the iterations."""
        return median(self.iterations_s[-max(1, len(self.iterations_s) // 3) :])


class Java:
    """The Java of this machine, and the programs compiled by it.

    Raises:
        SystemExit: there is no Java, or it cannot compile them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.java = _found("java")
        compiled = subprocess.run(
            [_found("javac"), "-d", str(folder), *map(str, sorted(SOURCES.glob("*.java")))],
            capture_output=True, text=True,
        )  # fmt: skip
        if compiled.returncode:
            sys.exit(f"the programs cannot be compiled:\n{compiled.stderr}")

    def version(self) -> str:
        """As it says itself."""
        said = subprocess.run([self.java, "-version"], capture_output=True, text=True).stderr
        return said.splitlines()[1] if len(said.splitlines()) > 1 else said.strip()

    def run(self, setting: Setting) -> Run:
        """One run of a setting.

        Raises:
            SystemExit: the program failed.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            process, wall_s, cpu_s, others = _timed(setting.command(self.java, folder), setting.processors)
            if process.returncode:
                sys.exit(f"{setting.label} failed:\n{process.stdout[-500:]}{process.stderr[-2000:]}")
            gc = tools()["gc-log"].read((folder / "gc.txt").read_text(), "gc.txt")
            jit_text = (folder / "jit.txt").read_text() if (folder / "jit.txt").exists() else ""
        reader = tools()["jit-log"]
        jit = reader.read(jit_text, "jit.txt") if setting.mode != "int" else None
        return Run(iterations(process.stdout), wall_s, cpu_s, others, gc, jit)


def iterations(printed: str) -> list[float]:
    """Seconds of each iteration, as the programs print them."""
    return [float(nanoseconds) * 1e-9 for _, nanoseconds in _ITERATION.findall(printed)]


def best(runs: Sequence[Run]) -> Run:
    """Of several runs the one that took the least time: the others were disturbed."""
    return min(runs, key=lambda run: run.wall_s)


def clock_hz(java: Java) -> float:
    """The clock of a processor: six dependent instructions of one cycle each in a turn of ``Clock``."""
    said = subprocess.run([java.java, "-cp", str(java.folder), "Clock"], capture_output=True, text=True, check=True)
    found = re.search(r"turn ps (\d+)", said.stdout)
    assert found is not None
    return 6.0 / (float(found[1]) * 1e-12)


def _found(program: str) -> str:
    home = os.environ.get("JAVA_HOME")
    place = shutil.which(program, path=str(Path(home) / "bin")) if home else shutil.which(program)
    if place is None:
        sys.exit(
            f"there is no {program}: install a JDK of version 17 or later (Debian: apt-get install "
            "openjdk-17-jdk-headless), or name its folder in JAVA_HOME"
        )
    return place


def _timed(command: list[str], processors: int) -> tuple[subprocess.CompletedProcess[str], float, float, float]:
    """A command on the first processors: how it ended, wall time, processor time, the part that others had of it."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < processors:
        sys.exit(f"{processors} processors are wanted, and this machine has {len(available)}")
    busy_s, before_s, start = _busy_s(available[:processors]), _children_s(), perf_counter()
    process = subprocess.run(
        command, capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, available[:processors])
    )
    wall_s, cpu_s = perf_counter() - start, _children_s() - before_s
    others_s = _busy_s(available[:processors]) - busy_s - cpu_s
    return process, wall_s, cpu_s, max(0.0, others_s / (wall_s * processors))


def _busy_s(processors: Sequence[int]) -> float:
    """What processors have done so far, whoever it was for."""
    wanted = {f"cpu{number}" for number in processors}
    rows = [line.split() for line in Path("/proc/stat").read_text().splitlines()]
    ticks = sum(sum(map(int, row[1:4])) + sum(map(int, row[6:9])) for row in rows if row[0] in wanted)
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def _children_s() -> float:
    """Processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
