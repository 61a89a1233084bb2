"""What the lines of ``-XX:+PrintCompilation`` say: which method was compiled when and how, and what became of it.

The same lines stand behind decorations in ``-Xlog:jit+compilation=debug``. A line is printed when a compiler takes a
method out of its queue, and once more when the code is not entered any longer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.measurements._java_log import Line

NATIVE, C2 = 0, 4
_TASK = re.compile(
    r"\s*(?:(?P<ms>\d{1,12})\s+)?(?P<id>\d{1,9})\s(?P<flags>[% ][s ][! ][b ][n ])\s(?:(?P<level>[0-4-])\s)?"
    r"\s{3,6}(?P<method>\S+::\S+|\S+\(\S*\)\S*)(?: @ (?P<bci>-?\d{1,9}))?"
    r"(?: \((?P<bytes>\d{1,9}) bytes\)| \((?:native)\))?"
    r"(?:\s+\(static\))?\s*(?P<said>made not entrant.*|made zombie.*|COMPILE SKIPPED.*|)"
)
_SKIPPED = re.compile(r"\s*(?:\d{1,12}\s+)?\d{1,9}\s+COMPILE SKIPPED.*")
_INLINED = re.compile(r"\s+@ -?\d+\s.*|\s+!?m?\s+@ .*")


class Task(NamedTuple):
    """One line.

    Attributes:
        line: its number.
        time_s: since the start of the virtual machine; None where the line does not say.
        number: of the compilation.
        is_loop: compiled for a loop under way (on-stack replacement).
        waits: whether the program waited for it.
        level: 0 for the way into native code, 1 to 3 for C1, 4 for C2.
        method: with its class.
        code_bytes: size of its bytecodes.
        said: empty where it was compiled, otherwise what became of it.
    """

    line: int
    time_s: float | None
    number: int
    is_loop: bool
    waits: bool
    level: int
    method: str
    code_bytes: int
    said: str

    @property
    def key(self) -> tuple[str, int]:
        """What tells a method from others of its name, which have other arguments."""
        return self.method, self.code_bytes

    @property
    def left(self) -> bool:
        """Whether the code is not entered any longer."""
        return self.said.startswith("made not entrant")

    @property
    def skipped(self) -> bool:
        """Whether it could not be compiled."""
        return self.said.startswith("COMPILE SKIPPED")


@dataclass(slots=True)
class Compilations:
    """All lines of a log."""

    tasks: list[Task] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)

    @property
    def compiled(self) -> list[Task]:
        """What a compiler made, without the ways into native code."""
        return [task for task in self.tasks if not task.said and task.level != NATIVE]


def task(line: Line) -> Task | None:
    """The compilation that a line is about."""
    found = _TASK.fullmatch(line.message)
    if found is None:
        return None
    said = found["said"]
    native = found["flags"][4] == "n"
    level = NATIVE if native else C2 if found["level"] in (None, "-") else int(found["level"])
    time_s = line.time_s if line.time_s is not None else float(found["ms"]) * 1e-3 if found["ms"] else None
    return Task(
        line.number, time_s, int(found["id"]), found["flags"][0] == "%", found["flags"][3] == "b", level,
        found["method"], int(found["bytes"] or 0), said,
    )  # fmt: skip


def read(lines: Sequence[Line]) -> Compilations:
    """The compilations that these lines are about."""
    found = Compilations()
    for line in lines:
        each = task(line)
        if each is not None:
            if each.skipped:
                found.skipped.append(line.number)
            elif not each.said.startswith("made zombie"):
                found.tasks.append(each)
        elif _SKIPPED.fullmatch(line.message):
            found.skipped.append(line.number)
        elif not _INLINED.fullmatch(line.message):
            found.unread.append(line.number)
    return found
