"""Repeating: the command that goes on with a batch, and the one that repeats a single run of it.

Both are what was given on the command line, with the scenario's file as it is found from the working directory. A
scenario that is no file, or that was changed in a way that no option can say, is repeated by a call in Python.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from simulator.batch.worker import Task
from simulator.discovery import session_modules

DEFAULT_OUT = Path("results")


def command(scenario: Any, out: Path) -> str:
    """What goes on with a batch, where it has been stopped, and loads it where it has ended."""
    given = _given(scenario)
    if given:
        return given if out == DEFAULT_OUT else f"{given} --out {shlex.quote(str(out))}"
    place = "" if out == DEFAULT_OUT else f", out={str(out)!r}"
    return f"in Python: simulator.run(scenario{place}), with the scenario {scenario.name} as it was given"


def repeat(scenario: Any, task: Task) -> str:
    """What repeats a run; of a point that is no scenario's own, how it differs from one that is."""
    if task.point.get("differs"):
        return str(task.point["differs"])
    given = _given(scenario)
    if given:
        return f"repeat: {given} --only {task.run}"
    return f"repeat in Python: simulator.batch.run_only(scenario, {task.run!r}), with the scenario {scenario.name}"


def _given(scenario: Any) -> str:
    return "" if session_modules() else str(getattr(scenario, "command", ""))
