"""What looking for garbage in cycles takes of runs: Python's own thresholds against those of our processes.

usage: python benchmarks/garbage.py [ROUNDS]

The first point of each scenario below is run with the one and the other in turn, in one process. Printed are the ratio
of the times of processor (median, least and most of the rounds), and how often was looked in either.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from simulator.experiment import run_point
from simulator.garbage import collect_seldom
from simulator.scenario import load

SCENARIOS = Path(__file__).parents[1] / "scenarios"
NAMES = (
    "what-does-it-cost",
    "noisy-neighbour",
    "published/blackburn_2025_first_iterations",
    "published/clark_2005_web_server",
)


def run(point: dict[str, Any]) -> tuple[float, int]:
    """Seconds of one run, and how often was looked for garbage in it."""
    before, begin = _looks(), process_time()
    run_point(point, 0)
    return process_time() - begin, _looks() - before


def _looks() -> int:
    return sum(int(each["collections"]) for each in gc.get_stats())


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    own = gc.get_threshold()
    for name in NAMES:
        point = load(SCENARIOS / f"{name}.yaml").points()[0]
        run(point)  # warm
        ratios, looks = [], (0, 0)
        for _ in range(rounds):
            gc.set_threshold(*own)
            often_s, often = run(point)
            collect_seldom()
            seldom_s, seldom = run(point)
            ratios.append(seldom_s / often_s)
            looks = often, seldom
        print(
            f"{name:>45}: {median(ratios):.3f} of the time ({min(ratios):.3f} to {max(ratios):.3f}), "
            f"looked {looks[1]} times instead of {looks[0]}"
        )


if __name__ == "__main__":
    main()
