"""The code of one program in a Java virtual machine: how hot its methods are, and which of them are compiled.

Methods are put into groups by the logarithm of their rank, so that the hottest stand alone and the many cold ones
together; their heat is Zipf's law. Within a group all methods are alike and cross a threshold together. As a method's
part of the execution never changes, one counter is enough: the bytecodes that the program has executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from typing import NamedTuple

from simulator.demands import Portable
from simulator.parameters import Parameters

_ROUNDING = 1e-9
"""A threshold that is missed by less than this part of all bytecodes is reached."""


class Stage(NamedTuple):
    """One step up: who compiles, whose thresholds count, who counts until then, what the new code takes longer."""

    compiler: str
    tier: str
    counter: str
    cycles: str


STAGES: Mapping[str, tuple[Stage, ...]] = {
    "tiered": (Stage("c1", "tier3", "interpreter", "profiled_cycles"), Stage("c2", "tier4", "c1", "")),
    "interpreter": (),
    "c1": (Stage("c1", "tier3", "interpreter", "c1_cycles"),),
    "c2": (Stage("c2", "tier4", "interpreter", ""),),
}
"""How methods rise in each mode. Without C1 the interpreter itself counts up to C2's thresholds."""


@dataclass(slots=True)
class Backlog:
    """What is before one compiler: its threads, and the methods that wait or are being compiled."""

    threads: int
    methods: float = 0.0


@dataclass(slots=True)
class Group:
    """Methods that are equally hot.

    Attributes:
        methods: how many.
        heat: their part of the program's execution, all together.
        stage: how often they have been compiled.
        since: bytecodes that the program had executed when they were last.
        queued: whether they wait for the compiler.
        in_flight: portions that were under way when they were compiled and are not counted yet.
    """

    methods: float
    heat: float
    stage: int = 0
    since: float = 0.0
    queued: bool = False
    in_flight: int = 0


class Code:
    """All methods of a program.

    Args:
        program: whose.
        parameters: the layer's numbers.
        stages: one of ``STAGES``.
        backlogs: the compilers' queues by compiler, shared by all programs of the virtual machine.
    """

    def __init__(
        self, program: Portable, parameters: Parameters, stages: tuple[Stage, ...], backlogs: Mapping[str, Backlog]
    ) -> None:
        self.program, self.parameters, self.stages, self.backlogs = program, parameters, stages, backlogs
        self.groups = _groups(program, int(parameters.groups_count))
        self.executed = 0.0
        self._under_way = self._peak = 0

    # ---- what the code costs now

    def extra_cycles(self) -> dict[str, tuple[float, float]]:
        """By kind of code: cycles that a mean bytecode takes beyond C2's, and the part of the bytecodes run in it."""
        found = {"interpreter_cycles": 0.0} | {stage.cycles: 0.0 for stage in self.stages if stage.cycles}
        for group in self.groups:
            kind = self.stages[group.stage - 1].cycles if group.stage else "interpreter_cycles"
            if kind:
                found[kind] += group.heat
        return {kind: (part * self.parameters[kind], part) for kind, part in found.items()}

    def next_stage(self, group: Group) -> Stage | None:
        """The step up that a group has before it, if any."""
        return self.stages[group.stage] if group.stage < len(self.stages) else None

    def compile_cycles(self, group: Group, stage: Stage) -> float:
        """The compiler's work for a group: each method's body once, whatever it inlines included in the price."""
        body = min(self.parameters.body_bytecodes_count, self.program.method_bytecodes)
        return group.methods * body * self.parameters[f"{stage.compiler}_compile_cycles"]

    # ---- counting

    def begin(self) -> float:
        """Bytecodes until the next group reaches its threshold, divided among the threads that execute.

        As many threads are expected as have been executing since code was installed last. An invocation is not divided.
        """
        self._under_way += 1
        self._peak = max(self._peak, self._under_way)
        due = min((self._due(group) for group in self._rising()), default=float("inf"))
        left = (due - self.executed) / self._peak
        return 0.0 if self._reached(due) else max(left, self.program.method_bytecodes)

    def end(self, bytecodes: float) -> None:
        """So many have been executed; those in flight when new code was installed were executed in the old one."""
        self._under_way -= 1
        self.executed += bytecodes
        for group in self.groups:
            if group.in_flight:
                group.in_flight -= 1
                group.since = self.executed

    def queue(self) -> int:
        """Put the next group that has reached its threshold into its compiler's queue: its number from 1, 0 if none."""
        for number, group in enumerate(self.groups, 1):
            stage = self.next_stage(group)
            if stage and not group.queued and self._reached(self._due(group)):
                group.queued = True
                self.backlogs[stage.compiler].methods += group.methods
                return number
        return 0

    def install(self, group: Group) -> None:
        """The group's new code is there; its counters begin anew, once what is in flight has been counted."""
        self.backlogs[self.stages[group.stage].compiler].methods -= group.methods
        group.stage, group.queued, self._peak = group.stage + 1, False, self._under_way
        group.since, group.in_flight = self.executed, self._under_way

    def _rising(self) -> list[Group]:
        return [group for group in self.groups if group.stage < len(self.stages) and not group.queued]

    def _reached(self, due: float) -> bool:
        return self.executed >= due * (1.0 - _ROUNDING)

    def _due(self, group: Group) -> float:
        """Bytecodes that the program has executed when the group's methods reach their thresholds."""
        calls = self.invocations(self.stages[group.stage])
        return group.since + calls * self.program.method_bytecodes * group.methods / group.heat

    def invocations(self, stage: Stage) -> float:
        """Invocations until a method is compiled: HotSpot's rule, noticed at the next look at the counters.

        With i invocations and b back edges, which grow together, a method is compiled when i > I s, or i > M s and
        i + b > B s, or b > E s, where s = 1 + queued methods / (load times threads).
        """
        parameters, tier, notice = self.parameters, stage.tier, f"{stage.counter}_notice"
        loops = max(0.0, self.program.method_bytecodes / parameters.body_bytecodes_count - 1.0)
        load = self._load(stage)
        least = parameters[f"{tier}_least_invocations_count"]
        both = parameters[f"{tier}_both_count"] / (1.0 + loops)
        calls = min(parameters[f"{tier}_invocations_count"], max(least, both)) * load
        calls = _noticed(calls, parameters[f"{notice}_invocations_count"])
        if loops:
            edges = _noticed(parameters[f"{tier}_back_edges_count"] * load, parameters[f"{notice}_back_edges_count"])
            calls = min(calls, edges / loops)
        return calls

    def _load(self, stage: Stage) -> float:
        """By how much the thresholds are raised while the compiler is behind."""
        backlog = self.backlogs[stage.compiler]
        return 1.0 + backlog.methods / (self.parameters[f"{stage.tier}_load_count"] * backlog.threads)


def _noticed(threshold: float, every: float) -> float:
    """Counters are looked at now and then: the first look that finds them above a threshold."""
    return (floor(threshold / every) + 1.0) * every


def _groups(program: Portable, count: int) -> list[Group]:
    """Ranks divided at equal steps of their logarithm; heat by Zipf's law: rank to the power of minus ``skew``."""
    methods = max(1, program.methods_count)
    edges = sorted({round(methods ** (index / count)) for index in range(count)} | {methods + 1})
    weights = [rank**-program.skew for rank in range(1, methods + 1)]
    whole = sum(weights)
    return [
        Group(float(after - first), sum(weights[first - 1 : after - 1]) / whole) for first, after in pairwise(edges)
    ]
