"""How long runs have taken: what is known of each point before a batch is run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Point = Mapping[str, Any]


def by_stack(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The points of each stack."""
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(str(point["stack"]), []).append(point)
    return found


@dataclass
class Measured:
    """What one run takes, as far as somebody has measured it.

    Attributes:
        seconds: wall time of one run, by the number of its point.
        of_stack: the same for runs of a stack whose points are not among those that are planned.
        cut: points whose run was cut short: it takes longer than that.
        run_bytes: what a run takes on the disk; None if nobody knows.
        sources: where the figures come from, in words.
        failures: what went wrong.
    """

    seconds: dict[int, float] = field(default_factory=dict)
    of_stack: dict[str, list[float]] = field(default_factory=dict)
    cut: set[int] = field(default_factory=set)
    run_bytes: float | None = None
    sources: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, other: Measured) -> None:
        """What else is known; it counts where nothing was."""
        self.cut |= other.cut - self.seconds.keys()
        self.seconds = other.seconds | self.seconds
        for stack, seconds in other.of_stack.items():
            self.of_stack.setdefault(stack, []).extend(seconds)
        self.run_bytes = other.run_bytes if self.run_bytes is None else self.run_bytes
        self.sources += other.sources
        self.failures += other.failures

    def knows(self, stack: str, points: list[Point]) -> bool:
        """Whether anything is known of a stack, of which these are the points."""
        return stack in self.of_stack or any(point["point"] in self.seconds for point in points)
