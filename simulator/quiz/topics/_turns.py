"""What topics about schedulers have in common: a drawing is set going, and its turns are read off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.quiz.case import Working, number
from simulator.sharing.drawing.measuring import measure
from simulator.sharing.drawing.outcome import Outcome, ThreadShare
from simulator.sharing.drawing.setting import Setting

MS = 1e-3
LATER = "100 s"
"""A thread that is done sleeps until long after the end of every case."""


class Turn(NamedTuple):
    """One turn of one thread, in milliseconds."""

    thread: str
    start: float
    end: float


def turns(outcome: Outcome) -> list[Turn]:
    """All turns in order of time."""
    found = (Turn(each.thread, each.start_s / MS, each.end_s / MS) for each in outcome.segments)
    return sorted(found, key=lambda each: (each.start, each.thread))


def end(found: list[Turn], thread: str) -> float:
    """When a thread's last turn was over."""
    return max(each.end for each in found if each.thread == thread)


def at(found: list[Turn], at_ms: float) -> str:
    """Who runs at some moment."""
    return next(each.thread for each in found if each.start <= at_ms < each.end)


def row(outcome: Outcome, thread: str) -> ThreadShare:
    """What a thread got."""
    return next(each for each in outcome.threads if each.thread == thread)


def job(name: str, work_ms: float, rules: str = "") -> str:
    """A thread that computes for so long, once."""
    return f"{name}:o{rules}~{number(work_ms)}ms/{LATER.replace(' ', '')}"


def by_weight(weights: Mapping[str, int]) -> str:
    """Threads that always compute, on one processor."""
    return f"({' '.join(f'{name}:o*{weight}' for name, weight in weights.items())})1"


def due(weights: Mapping[str, int], name: str) -> float:
    """What a thread gets by its weight, in per cent: by the fluid limit, where time is cut infinitely fine."""
    return row(measure(by_weight(weights), Setting()), name).share * 100.0


def due_by_hand(weights: Mapping[str, int], name: str) -> Working:
    """The same by hand."""
    working = Working()
    working.step("its weight of all", f"{weights[name]} / {sum(weights.values())} * 100", "%")
    return working


def command(drawing: str, setting: Setting) -> str:
    """The command that repeats what was set going."""
    options = [f"--policy {setting.policy}"] if setting.policy else []
    if setting.slice_s is not None:
        options.append(f"--slice '{number(setting.slice_s / MS)} ms'")
    options += [f"--set {name}={number(value)}" for name, value in setting.parameters.items() if "_s" not in name]
    options += [f"--set {name}={number(value / MS)}ms" for name, value in setting.parameters.items() if "_s" in name]
    if setting.switch_s:
        options.append(f"--switch-cost '{number(setting.switch_s / MS)} ms'")
    if setting.policy:
        options.append(f"--for '{number(setting.seconds / MS)} ms'")
    return " \\\n  ".join([f'virtlab share "{drawing}"', *([" ".join(options)] if options else [])])


__all__ = [
    "MS", "Setting", "at", "by_weight", "command", "due", "due_by_hand", "end", "job", "measure", "row", "turns",
]  # fmt: skip
