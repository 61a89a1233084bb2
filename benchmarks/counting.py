"""Instructions of one state change, counted by valgrind: no noise, whatever else the machine does.

A scenario is run with fewer and with more tasks, and the difference of instructions divided by the difference of
changes: start-up cancels out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from measuring import Command, child_environment, on
from scenarios.closed_loop import s1

GUESTS = 100
TASKS = (5, 15)


def instructions(command: Command) -> int:
    """All that a program executes, from start to end."""
    valgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    ended = subprocess.run((*valgrind, *command), capture_output=True, text=True, check=True, env=child_environment())
    collected = re.search(r"Collected : (\d+)", ended.stderr)
    if collected is None:
        raise RuntimeError("valgrind said no number of instructions; run it by hand: " + " ".join(command))
    return int(collected[1])


def per_change(commands: Mapping[str, Command], folder: Path, guests: int = GUESTS) -> dict[str, float] | None:
    """Instructions of a change of S1 for each contender; None where valgrind is not installed.

    Args:
        commands: each contender.
        folder: for the draws.
        guests: how many compete.
    """
    if shutil.which("valgrind") is None:
        return None
    few, many = (s1(guests, tasks) for tasks in TASKS)
    few_path, many_path = few.write(folder), many.write(folder)
    return {
        name: (instructions(on(command, many_path)) - instructions(on(command, few_path)))
        / (many.changes - few.changes)
        for name, command in commands.items()
    }
