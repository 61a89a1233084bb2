"""Running contenders as programs of their own, in turn, and comparing them round by round.

Machines are shared and noisy, so a time alone says little. Contenders run one after the other within a round, a ratio
is taken within the round, and of all rounds the median is given with the lowest and the highest. Needs a POSIX system.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
Command = tuple[str, ...]
DRAWS = "DRAWS"
"""Stands in a command for the file of draws."""


@dataclass(frozen=True)
class Run:
    """One program, from start to end.

    Attributes:
        cpu_s: processor seconds, start-up included.
        said: the numbers it reported, see ``scenarios/draws.py``.
    """

    cpu_s: float
    said: Mapping[str, float]


@dataclass(frozen=True)
class Spread:
    """Median of the rounds, with the extremes."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(values: Sequence[float]) -> Spread:
        return Spread(median(values), min(values), max(values))


@dataclass
class Rounds:
    """Every contender's runs of one scenario, in order of rounds."""

    changes: int
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def column(self, contender: str, quantity: str) -> list[float]:
        """A quantity of each round: ``cpu_s``, or what the program said."""
        return [run.cpu_s if quantity == "cpu_s" else run.said[quantity] for run in self.runs[contender]]

    def ratio(self, above: str, below: str, quantity: str = "cpu_s") -> Spread:
        """One contender over another, within each round."""
        pairs = zip(self.column(above, quantity), self.column(below, quantity), strict=True)
        return Spread.of([one / other for one, other in pairs])

    def row(self, contender: str) -> dict[str, object]:
        """For the file of results."""
        first = self.runs[contender][0].said
        return {
            "cpu_s": median(self.column(contender, "cpu_s")),
            "cpu_s_rounds": self.column(contender, "cpu_s"),
            "run_s": median(self.column(contender, "run_s")),
            "us_per_change": median(self.column(contender, "run_s")) / self.changes * 1e6,
            "peak_mib": median(self.column(contender, "peak_bytes")) / 2**20,
            **{name: first[name] for name in ("mean_response_s", "makespan_s", "tasks")},
            **{name: first[name] for name in ("entries", "moves") if first.get(name)},
        }


def python(*words: str) -> Command:
    """A script of this folder as a command."""
    script, *rest = words
    return (sys.executable, str(HERE / script), *rest)


def on(command: Command, draws: Path) -> Command:
    """The command on a file of draws."""
    return tuple(str(draws) if word == DRAWS else word for word in command)


def child_environment() -> dict[str, str]:
    """This process's, with one order of hashing for all, and this checkout before any that is installed.

    Programs are compiled once, as they are for everybody: what keeps Python from remembering that is taken out.
    """
    path = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONHASHSEED": "0", "PYTHONPATH": path}


def once(command: Command) -> Run:
    """Run a program to its end.

    Raises:
        subprocess.CalledProcessError: it failed; what it complained about has been printed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=child_environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    words = re.findall(r"(?<!\S)(\w+)=([-+.\deE]*\d)(?!\S)", ended.stdout)
    return Run(cpu_s, {name: float(number) for name, number in words})


def in_turn(commands: Mapping[str, Command], rounds: int, changes: int = 1) -> Rounds:
    """Run each once a round; every second round backwards, so that nobody always follows the same one."""
    found = Rounds(changes, {name: [] for name in commands})
    for number in range(rounds):
        order = list(commands) if number % 2 == 0 else list(reversed(list(commands)))
        for name in order:
            found.runs[name].append(once(commands[name]))
    return found
