"""How many functions are called for an answer, in an interpreter where nothing else is going on.

usage: python call_counts.py FOLDER...

For each question prints, as JSON, one number for each batch folder.
"""

from __future__ import annotations

import cProfile
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from simulator.cli import printed
from simulator.results import Results, load

QUESTIONS: dict[str, Callable[[Results], object]] = {
    "summary": lambda results: results.summary(),
    "compare": lambda results: results.compare(),
    "where": lambda results: results.where(),
    "knock_on": lambda results: results.knock_on(),
    "printed": lambda results: printed.where(results),
}


def calls(function: Callable[[], object]) -> int:
    """How many functions are called, Python's and C's: time that no other process disturbs."""
    profile = cProfile.Profile()
    profile.runcall(function)
    return sum(entry.callcount for entry in profile.getstats())


def _answered(question: Callable[[Results], object], folder: Path) -> None:
    question(load(folder))


def main() -> None:
    """Count for the folders that are given."""
    folders = [Path(each) for each in sys.argv[1:]]
    found = {}
    for name, question in QUESTIONS.items():
        question(load(folders[0]))  # what is imported and compiled once
        found[name] = [calls(partial(_answered, question, folder)) for folder in folders]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
