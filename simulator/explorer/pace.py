"""How long to simulate, so that a page is drawn in about a second.

A program that ends soon is simulated to its end. One that does not is given the longest of a few round durations for
which the baseline, beside its neighbours where there are any, was simulated quickly enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from simulator.budget import Budget
from simulator.explorer.asking import Asked
from simulator.explorer.question import Question

LADDER_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Simulated time."""
TARGET_S = 0.25
"""Wall time of one run; a page of four stacks beside neighbours has eight, on two processes."""
_TRIAL = Budget(events=1_000_000, wall_s=2 * TARGET_S, memory_bytes=2**30)

Run = Callable[[Mapping[str, Any], Budget], Mapping[str, Any]]


def duration_s(question: Question, ask: Callable[[Question], Asked], run: Run) -> float | None:
    """The simulated time that suits a question, or None: until its program ends.

    Args:
        question: what is asked; its own duration does not count.
        ask: makes the scenario of a question.
        run: simulates a point under a budget; what it returns has ``error`` where nothing came out.
    """
    chosen = LADDER_S[0]
    for trial_s in (None, *LADDER_S):
        found = run(_heaviest(ask(replace(question, pace=False, duration_s=trial_s))), _TRIAL)
        if "error" in found and trial_s is not None:
            return chosen
        if "error" not in found:
            if trial_s is None:
                return None
            chosen = trial_s
            if found["wall_s"] > TARGET_S:
                return chosen
    return chosen


def _heaviest(asked: Asked) -> Mapping[str, Any]:
    """The baseline's point with the most neighbours."""
    return [point for point in asked.scenario.points() if point["stack"] == asked.scenario.baseline][-1]
