"""Where the time of a run goes, for targets that are missed."""

from __future__ import annotations

import cProfile
import pstats
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from measuring import HERE, Command, child_environment

TOP = 8
"""Entries that are given."""


def functions(command: Command, folder: Path) -> list[str]:
    """The functions of a Python program that take most, without what they call, in % of all (cProfile)."""
    file = folder / "profile"
    python, *rest = command
    words = (python, "-m", "cProfile", "-o", str(file), *rest)
    subprocess.run(words, stdout=subprocess.PIPE, check=True, env=child_environment())
    return _top(pstats.Stats(str(file)))


def of_call(function: Callable[[], object]) -> list[str]:
    """The same of a call in this process."""
    profile = cProfile.Profile()
    profile.runcall(function)
    return _top(pstats.Stats(profile))


def _top(profile: pstats.Stats) -> list[str]:
    stats: dict[tuple[str, int, str], tuple[int, int, float, float, object]] = profile.stats  # type: ignore[attr-defined]
    whole_s = sum(own_s for _, _, own_s, _, _ in stats.values())
    ordered = sorted(stats.items(), key=lambda item: -item[1][2])[:TOP]
    return [
        f"{own_s / whole_s:.1%} in {calls:,} calls of {_place(*where)}" for where, (calls, _, own_s, _, _) in ordered
    ]


def _place(file: str, line: int, name: str) -> str:
    if file == "~":
        return name.strip("<>")
    path = Path(file)
    for root in (HERE.parent, *(Path(each) for each in sys.path if each)):
        if path.is_relative_to(root) and root.is_absolute():
            return f"{name} ({path.relative_to(root).as_posix()}:{line})"
    return f"{name} ({path.name}:{line})"


def imports(command: Command) -> list[str]:
    """The packages whose import takes most, each without the others, in % of all imports (-X importtime)."""
    python, *rest = command
    words = (python, "-X", "importtime", *rest)
    ended = subprocess.run(words, capture_output=True, text=True, check=True, env=child_environment())
    own_us: Counter[str] = Counter()
    for us, name in re.findall(r"import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)", ended.stderr):
        own_us[name.partition(".")[0]] += int(us)
    whole_us = own_us.total()
    return [f"{us / whole_us:.1%} {package} ({us / 1000:.0f} ms)" for package, us in own_us.most_common(TOP)]
