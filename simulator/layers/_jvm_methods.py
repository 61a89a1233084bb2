"""The methods of a program in a Java virtual machine, as groups of equally hot ones.

Methods are put into groups by the logarithm of their rank, so that the hottest stand alone and the many cold ones
together; their heat is Zipf's law. Within a group all methods are alike and cross a threshold together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from simulator.demands import Portable
from simulator.layers._jvm_policy import INTERPRETED


class Rise(NamedTuple):
    """What a group will be compiled for next, and when; ``loop``: to be entered in the middle of an invocation.

    A level of 0 is a fall: its C2 code is given up.
    """

    due: float
    level: int
    loop: bool = False


@dataclass(slots=True, eq=False)
class Group:
    """Methods that are equally hot.

    Attributes:
        methods: how many.
        heat: their part of the program's execution, all together.
        level: of the code that an invocation begins in.
        loop_level: of code that is entered in the middle of an invocation; 0: none beyond ``level``.
        since: bytecodes that the program had executed when its counters began anew.
        looped: the same when the loop's code came.
        compiling: what is being compiled, or waits for it.
        parts: of that how many are not ready.
        code_bytes: what its code takes, all versions.
        in_flight: portions that were under way when its code changed and are not counted yet.
        known: whether the counters are above C1's thresholds from an earlier life.
        settled: whether what C2 had not been told of has happened, or never will.
        coming: what it comes to next, as of a version of the policy's state.
        version: which version that was.
    """

    methods: float
    heat: float
    level: int = INTERPRETED
    loop_level: int = INTERPRETED
    since: float = 0.0
    looped: float = 0.0
    compiling: Rise | None = None
    parts: int = 0
    code_bytes: float = 0.0
    in_flight: int = 0
    known: bool = False
    settled: bool = True
    coming: Rise | None = None
    version: int = -1

    @property
    def top(self) -> int:
        """The level of its best code."""
        return max(self.level, self.loop_level)

    @property
    def method_heat(self) -> float:
        """Of one of its methods."""
        return self.heat / self.methods


def grouped(program: Portable, count: int) -> list[Group]:
    """Ranks divided at equal steps of their logarithm; heat by Zipf's law: rank to the power of minus ``skew``."""
    methods = max(1, program.methods_count)
    edges = sorted({round(methods ** (index / count)) for index in range(count)} | {methods + 1})
    weights = [rank**-program.skew for rank in range(1, methods + 1)]
    whole = sum(weights)
    return [
        Group(float(after - first), sum(weights[first - 1 : after - 1]) / whole) for first, after in pairwise(edges)
    ]
