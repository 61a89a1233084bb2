"""HotSpot's rule for when a method is compiled, and for which level (``compilationPolicy.cpp``).

Levels: 0 the interpreter, 1 C1's plain code, 2 with counters, 3 with full profiling, 4 C2's code by that profile. A
method rises from 0 to 3, or to 2 while C2 is far behind, and from 3 to 4. The counters of invocations and back edges
are looked at now and then only; thresholds grow with the queue of the compiler, those of C1 also as the code cache
fills. A loop inside one invocation that goes round often enough is compiled as well, and entered in its middle.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, floor, inf
from typing import NamedTuple

from simulator.layers._jvm_compilers import CodeCache, Queue
from simulator.parameters import Parameters

INTERPRETED, SIMPLE, LIMITED, PROFILED, OPTIMIZED, UNPROFILED = range(6)
"""Levels; the last one is C2's code where nothing had been profiled."""
_COMPILERS = {SIMPLE: "c1", LIMITED: "c1", PROFILED: "c1", OPTIMIZED: "c2", UNPROFILED: "c2"}
_COUNTERS = {INTERPRETED: "interpreter", LIMITED: "limited", PROFILED: "c1"}
"""Whose counters are looked at how often, as the parameters are called."""
COUNTING = frozenset(_COUNTERS)
"""Levels whose code counts."""
_FULL = 100.0
"""So many times the free part of the code cache it is as good as full."""


class Mode(NamedTuple):
    """Which compilers there are, and whether a method is compiled before it is executed at all (``-Xcomp``)."""

    compilers: tuple[str, ...]
    first: bool = False


MODES: Mapping[str, Mode] = {
    "tiered": Mode(("c1", "c2")),
    "interpreter": Mode(()),
    "c1": Mode(("c1",)),
    "c2": Mode(("c2",)),
    "tiered-first": Mode(("c1", "c2"), first=True),
    "c1-first": Mode(("c1",), first=True),
    "c2-first": Mode(("c2",), first=True),
}


def compiler_of(level: int) -> str:
    """Who makes the code of a level."""
    return _COMPILERS[level]


class Policy:
    """When, and to which level.

    Args:
        parameters: the layer's numbers.
        mode: one of ``MODES``.
        queues: of the compilers.
        cache: where code is kept.
    """

    def __init__(self, parameters: Parameters, mode: Mode, queues: Mapping[str, Queue], cache: CodeCache) -> None:
        self.parameters, self.mode, self.queues, self.cache = parameters, mode, queues, cache
        self.tiered = len(mode.compilers) == 2
        self.version = 0
        """Grows with every change of a queue or of the code cache: when methods are compiled depends on these."""

    def next_level(self, level: int, loop: bool = False) -> int:
        """The level above one; 0 if there is none.

        Level 2 is for methods that are entered anew; a loop that is entered in its middle is profiled at once. What one
        invocation has shown is no profile yet that C2 would go by.
        """
        if not self.mode.compilers or level in (SIMPLE, OPTIMIZED, UNPROFILED):
            return INTERPRETED
        best = UNPROFILED if self.mode.first else OPTIMIZED
        if level == PROFILED:
            return best
        if self.tiered:
            anew = level == INTERPRETED and not loop and not self.mode.first
            return LIMITED if anew and self._behind("tier3_delay_on_count") else PROFILED
        return SIMPLE if self.mode.compilers == ("c1",) else best

    def calls(self, level: int, loops: float, known: bool = False) -> float:
        """Invocations of a method at a level until it is compiled for the next one; infinite while it must wait.

        With i invocations and b back edges, which grow together, a method is compiled when i > I s, or i > M s and
        i + b > B s.

        Args:
            level: where it is.
            loops: back edges in one invocation.
            known: whether its counters are above C1's thresholds from an earlier life.
        """
        if self.mode.first:
            return 1.0
        if level == LIMITED:
            return inf if self._waits() else self.noticed(0.0, level, loops)
        tier, parameters = self._tier(level), self.parameters
        scale = 0.0 if known and level == INTERPRETED else self._scale(tier)
        least = parameters[f"{tier}_least_invocations_count"]
        both = parameters[f"{tier}_both_count"] / (1.0 + loops)
        calls = min(parameters[f"{tier}_invocations_count"], max(least, both)) * scale * self._profiling(level)
        return self.noticed(calls, level, loops)

    def turns(self, level: int, loops: float, known: bool = False) -> float:
        """Invocations, or parts of one, until a loop is compiled to be entered in its middle: b > E s.

        Where everything is compiled first a long invocation is at the first look at its counter.
        """
        if not loops:
            return inf
        edges = 0.0
        known = known or self.mode.first
        if level != LIMITED and not (known and level == INTERPRETED):
            tier = self._tier(level)
            edges = self.parameters[f"{tier}_back_edges_count"] * self._scale(tier) * self._profiling(level)
        return _noticed(edges, self.every_edges(level)) / loops

    def noticed(self, calls: float, level: int, loops: float) -> float:
        """Invocations at the first look at the counters that finds more than so many."""
        every = self.parameters[f"{_COUNTERS[level]}_notice_invocations_count"]
        found = _noticed(calls, every)
        return min(found, _noticed(calls * loops, self.every_edges(level)) / loops) if loops else found

    def every_edges(self, level: int) -> float:
        """Back edges between two looks at the counters."""
        return self.parameters[f"{_COUNTERS[level]}_notice_back_edges_count"]

    def profiled_calls(self, loops: float) -> float:
        """Invocations that have been profiled when C2 compiles a method, while nobody is behind."""
        parameters = self.parameters
        least, both = parameters.tier4_least_invocations_count, parameters.tier4_both_count / (1.0 + loops)
        calls = min(parameters.tier4_invocations_count, max(least, both))
        return min(calls, parameters.tier4_back_edges_count / loops) if loops else calls

    def _tier(self, level: int) -> str:
        return "tier4" if level == PROFILED or "c1" not in self.mode.compilers else "tier3"

    def _profiling(self, level: int) -> float:
        """Without C1 the interpreter profiles, but not from the first invocation on."""
        alone = level == INTERPRETED and "c1" not in self.mode.compilers
        return 1.0 + self.parameters.profiling_start_ratio if alone else 1.0

    def _scale(self, tier: str) -> float:
        """By how much thresholds are raised: the compiler is behind, or C1's code would take C2's place."""
        queue = self.queues["c1" if tier == "tier3" else "c2"]
        scale = 1.0 + queue.waiting / (self.parameters[f"{tier}_load_count"] * queue.threads)
        if tier == "tier3" and self.tiered:
            over = self.cache.over_free() - 1.0 / (1.0 - self.parameters.code_cache_pressure_ratio)
            scale *= 1.0 if over <= 0.0 else exp(over) if over < _FULL else inf
        return scale

    def _behind(self, limit: str) -> bool:
        queue = self.queues["c2"]
        return queue.waiting > self.parameters[limit] * queue.threads

    def _waits(self) -> bool:
        """Whether a method at level 2 is not profiled yet, because C2 would not get at it soon."""
        return self._behind("tier3_delay_off_count")


def _noticed(threshold: float, every: float) -> float:
    """Counters are looked at now and then: the first look that finds them above a threshold."""
    return (floor(threshold / every) + 1.0) * every if threshold < inf else inf
