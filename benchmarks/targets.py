"""The targets, each as numbers that one run of the benchmarks gives: what was asked, what was measured, met or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import contenders as who
import profiling
import reading as read
import siblings
import stack_over_solver
import start_up
from measurements import NOT_IN_QUICK, Measurements
from measuring import Spread, on
from reading import Measured, Reader
from scenarios.closed_loop import ClosedLoop

from simulator.experiment import run_point

ALONE = {
    "T4": "the solver alone",
    "T6": "trees of depth 3 and 5, the solver alone",
    "T8": "time slices",
    "T11": "observers and a trace",
}
"""What the benchmarks of single parts answer for; asked and measured there."""


@dataclass(frozen=True)
class Target:
    """One number that is asked for.

    Attributes:
        name: which target it belongs to (``T1``).
        says: what is measured, for people.
        limit: the number, and ``least`` or ``most``.
        find: reads it from the measurements.
        why: what is profiled where it is missed: a scenario of virtlab's, ``start-up`` or ``stack``; None: memory.
    """

    name: str
    says: str
    limit: float
    bound: str
    find: Reader
    why: ClosedLoop | str | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a target; ``met`` is None where it was not measured."""

    target: Target
    measured: Measured
    profile: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool | None:
        if isinstance(self.measured, str):
            return None
        value, limit = self.measured.median, self.target.limit
        return value >= limit if self.target.bound == "least" else value <= limit

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        spread = self.measured if isinstance(self.measured, Spread) else None
        return {
            "target": self.target.name,
            "says": self.target.says,
            "limit": f"at {self.target.bound} {self.target.limit:g}",
            "measured": spread.median if spread else None,
            "spread": [spread.low, spread.high] if spread else None,
            "not_measured": self.measured if isinstance(self.measured, str) else None,
            "met": self.met,
            "profile": self.profile,
        }


def verdicts(found: Measurements, targets: Sequence[Target], folder: Path) -> list[Verdict]:
    """Every target's; for those that are missed, where the time goes."""
    profiles: dict[Any, list[str]] = {}
    judged = []
    for target in sorted((*targets, *of_siblings(found)), key=lambda target: (len(target.name), target.name)):
        verdict = Verdict(target, target.find(found))
        if verdict.met is False and target.why is not None and not found.quick:
            if target.why not in profiles:
                profiles[target.why] = _profile(target.why, folder)
            verdict = Verdict(target, verdict.measured, profiles[target.why])
        judged.append(verdict)
    return judged


def _profile(why: ClosedLoop | str, folder: Path) -> list[str]:
    if isinstance(why, ClosedLoop):
        command = who.virtlab()[who.BEST]
        return profiling.functions(on(command, why.write(folder)), folder)
    if why == "stack":
        point = stack_over_solver.chosen()[-1]
        return profiling.of_call(lambda: run_point(point, 0))
    scenario = folder / "small.yaml"
    scenario.write_text(start_up.SCENARIO)
    return profiling.imports(start_up.command(scenario, folder / "imports", "--no-figures"))


def of_siblings(found: Measurements) -> list[Target]:
    """The targets that the benchmarks of single parts answer for, in their own words."""
    parts = (
        ("fluid_solver", found.solver, ("T4", "T6")),
        ("quantum", found.slices, ("T8",)),
        ("tracing", found.tracing, ("T11",)),
    )
    return [target for module, part, names in parts for target in _of_sibling(module, part, names, found.quick)]


def _of_sibling(module: str, part: dict[str, Any] | None, names: tuple[str, ...], quick: bool) -> list[Target]:
    rows = siblings.targets(part)
    why_not = f"benchmarks/{module}.py says nothing about it"
    if part is None:
        why_not = f"there is no benchmarks/{module}.py"
    elif "failed" in part:
        why_not = f"benchmarks/{module}.py failed: {part['failed']}"
    silent = read.not_there(NOT_IN_QUICK if quick else why_not)
    spoken = [Target(row["target"], row["says"], row["limit"], row["bound"], read.given(row["rounds"])) for row in rows]
    missing = [name for name in names if name not in {target.name for target in spoken}]
    return [*spoken, *(Target(name, ALONE[name], 0.0, "most", silent) for name in missing)]
