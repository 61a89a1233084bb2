"""All that is measured, in one pass: what the page and the verdicts are made of."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import contenders as who
import counting
import siblings
import simpy
import stack_over_solver
import start_up
from measuring import Command, Rounds, in_turn, on
from scenarios.closed_loop import ClosedLoop, s1, s2

GROWTH = (10, 30, 100, 300, 1000, 3000, 10000)
"""Guests of S1 in the growth curve."""
MOST_FOR_PLAIN = 1000
"""Beyond this, what costs O(n) a change would take minutes."""
TASKS_IN_ALL = 10_000
"""Of a point of the curve, but at least five a guest."""
NOT_IN_QUICK = "not measured with --quick"


@dataclass
class Measurements:
    """What was found.

    Attributes:
        whole: rounds of each scenario, start-up included, by the scenario's name.
        growth: rounds of S1 by number of guests.
        counts: instructions of a change by contender, None where valgrind is not.
        start_up, stack, solver, slices, tracing: see ``start_up``, ``stack_over_solver``, ``siblings``.
        agreement: one row a scenario and contender: the mean response and whether it is right.
    """

    quick: bool
    whole: dict[str, Rounds] = field(default_factory=dict)
    growth: dict[int, Rounds] = field(default_factory=dict)
    counts: dict[str, float] | None = None
    start_up: dict[str, Any] = field(default_factory=dict)
    stack: list[dict[str, Any]] = field(default_factory=list)
    solver: dict[str, Any] | None = None
    slices: dict[str, Any] | None = None
    tracing: dict[str, Any] | None = None
    agreement: list[dict[str, Any]] = field(default_factory=list)
    simgrid: str = "not installed"
    took_s: float = 0.0

    @property
    def wrong(self) -> list[str]:
        """Who found another mean response than an exact solver must, and which part failed."""
        failed = [part["failed"] for part in (self.solver, self.slices, self.tracing) if part and "failed" in part]
        wrong = [row for row in self.agreement if row["right"] is False]
        return [*(f"wrong mean response: {row['scenario']}, {row['contender']}" for row in wrong), *failed]

    def as_json(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "made": {
                "date": date.today().isoformat(),
                "python": platform.python_version(),
                "simpy": simpy.__version__,
                "simgrid": self.simgrid,
                "machine": platform.machine(),
                "system": platform.system(),
                "quick": self.quick,
                "took_s": round(self.took_s, 1),
            },
            "agreement": self.agreement,
            "whole": {name: {each: rounds.row(each) for each in rounds.runs} for name, rounds in self.whole.items()},
            "growth": {str(n): {each: rounds.row(each) for each in rounds.runs} for n, rounds in self.growth.items()},
            "instructions_per_change": self.counts,
            "start_up": self.start_up,
            "stack_over_solver": self.stack,
            "fluid_solver": self.solver,
            "quantum": self.slices,
            "tracing": self.tracing,
        }


def measure(folder: Path, quick: bool) -> Measurements:
    """Run everything, in turn; says on standard error what it is at."""
    begin_s = monotonic()
    found = Measurements(quick)
    peers = who.peers(folder)
    for part in (_whole, _growth, _rest):
        part(found, folder, peers)
    found.took_s = monotonic() - begin_s
    return found


def _whole(found: Measurements, folder: Path, peers: Mapping[str, Command]) -> None:
    """The scenarios, whole processes."""
    references, peers, rounds = who.references(), dict(peers), 1 if found.quick else 3
    small = {**who.virtlab(), **references, **peers}
    large = {**who.virtlab(), **peers}
    # SimGrid's full setting takes minutes where hosts are many.
    many = {**who.virtlab(), **who.host_by_host(), **who.only(peers, who.LAZY, who.LIMIT)}
    if found.quick:
        many.update(who.only(references, who.NAIVE))
    plan: list[tuple[ClosedLoop, dict[str, Command]]] = [(s1(10), small), (s1(100), small)]
    plan += [(s2(20), many)] if found.quick else [(s1(1000), large), (s2(), many)]
    for scenario, commands in plan:
        _say(scenario.name)
        draws = scenario.write(folder)
        ready = {name: on(command, draws) for name, command in commands.items()}
        found.whole[scenario.name] = in_turn(ready, rounds, scenario.changes)
        _agree(found, "whole", scenario, found.whole[scenario.name])
    if who.LAZY in peers:
        number = int(found.whole["S1 N=10"].runs[who.LAZY][0].said["version"])
        found.simgrid = f"{number // 10000}.{number // 100 % 100}"


def _growth(found: Measurements, folder: Path, peers: Mapping[str, Command]) -> None:
    """Cost of a change as the number of guests grows."""
    plain = {**who.only(who.references(), who.NAIVE, who.SLICES_4_MS), **who.only(dict(peers), who.LAZY, who.FULL)}
    flat = {**who.virtlab(), **who.only(dict(peers), who.LIMIT)}
    for guests in GROWTH[:2] if found.quick else GROWTH:
        scenario = s1(guests, max(5, (2_000 if found.quick else TASKS_IN_ALL) // guests))
        _say(f"growth, {scenario.name}")
        draws = scenario.write(folder)
        commands = {**flat, **plain} if guests <= MOST_FOR_PLAIN else flat
        ready = {name: on(command, draws) for name, command in commands.items()}
        found.growth[guests] = in_turn(ready, 1 if found.quick else 3, scenario.changes)
        _agree(found, "growth", scenario, found.growth[guests])


def _agree(found: Measurements, part: str, scenario: ClosedLoop, rounds: Rounds) -> None:
    """Every exact contender must find the known digits, or where none are known, virtlab's own."""
    own_s = rounds.runs[who.BEST][0].said["mean_response_s"]
    expected_s = scenario.mean_response_s or own_s
    for name, runs in rounds.runs.items():
        exact = name in who.EXACT or name.startswith("virtlab")
        mean_s = runs[0].said["mean_response_s"]
        found.agreement.append(
            {
                "part": part,
                "scenario": scenario.name,
                "contender": name,
                "mean_response_s": round(mean_s, 9),
                "expected_s": round(expected_s, 9),
                "right": all(abs(run.said["mean_response_s"] - expected_s) <= 0.6e-9 for run in runs)
                if exact
                else None,
            }
        )


def _rest(found: Measurements, folder: Path, peers: Mapping[str, Command]) -> None:
    """What has a module of its own."""
    rounds = 1 if found.quick else 5
    counted = {**who.virtlab(), **who.only(who.references(), who.NAIVE), **who.only(dict(peers), who.LAZY, who.LIMIT)}
    found.start_up = _said("start-up", lambda: start_up.measure(1 if found.quick else 3, figures=not found.quick))
    found.stack = _said("whole stacks", lambda: stack_over_solver.measure(rounds))
    if not found.quick:
        found.counts = _said("instructions", lambda: counting.per_change(counted, folder))
        found.solver = _said("the solver alone", lambda: siblings.measure("fluid_solver"))
        found.slices = _said("slices", lambda: siblings.measure("quantum"))
        found.tracing = _said("traces", lambda: siblings.measure("tracing"))


def _said(what: str, part: Callable[[], Any]) -> Any:
    _say(what)
    return part()


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)
