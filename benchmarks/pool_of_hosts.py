"""A thousand hosts of ten guests through the whole pool, against plain SimPy, virtlab's processor and SimGrid.

usage: python benchmarks/pool_of_hosts.py [--hosts N] [--rounds N] [--json FILE]

All read the same draws and run in turn; ratios are taken within a round. The targets of docs/performance.md hold for
the solver with a process a guest; the whole pool may take twice as long: 0.6 of SimGrid's processor time host by host,
1.8 with all hosts in one environment. Exit code 1: somebody who should be exact finds another mean response.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(1, str(Path(__file__).parents[1]))

import contenders as who
from measuring import DRAWS, Rounds, in_turn, on, python
from scenarios.closed_loop import ClosedLoop, s2

APART, TOGETHER = "virtlab pool, host by host", "virtlab pool, one environment"
LIMITS = {APART: 0.6, TOGETHER: 1.8}
"""Twice the targets T3, of SimGrid's processor time."""


def measure(scenario: ClosedLoop, rounds: int, folder: Path) -> Rounds:
    """Everybody who is there, in turn."""
    draws = scenario.write(folder)
    commands = {
        APART: python("scenarios/in_a_pool.py", DRAWS, "host-by-host"),
        TOGETHER: python("scenarios/in_a_pool.py", DRAWS, "together"),
        **who.host_by_host(),
        **who.only(who.references(), who.NAIVE),
        **who.only(who.peers(folder), who.LAZY),
    }
    return in_turn({name: on(command, draws) for name, command in commands.items()}, rounds, scenario.changes)


def rows(found: Rounds) -> list[dict[str, Any]]:
    """What each took, and the pool's time over that of the others."""
    table = []
    for name in found.runs:
        row = {"contender": name, **found.row(name)}
        for pool in (APART, TOGETHER):
            ratio = found.ratio(pool, name)
            row[f"{pool} over it"] = [ratio.median, ratio.low, ratio.high]
        table.append(row)
    return table


def verdicts(found: Rounds) -> list[str]:
    """The targets, met or missed; nothing where SimGrid is not installed."""
    if who.LAZY not in found.runs:
        return ["SimGrid is not installed: the targets against it are not measured"]
    lines = []
    for name, limit in LIMITS.items():
        ratio = found.ratio(name, who.LAZY)
        word = "met" if ratio.median <= limit else "missed"
        lines.append(
            f"{name} over SimGrid: {ratio.median:.3g} ({ratio.low:.3g} to {ratio.high:.3g}), at most {limit:g}: {word}"
        )
    return lines


def main() -> int:
    """Measure, print, and check that all find the same."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for all numbers")
    asked = parser.parse_args()
    scenario = s2(asked.hosts)
    with TemporaryDirectory() as folder:
        found = measure(scenario, asked.rounds, Path(folder))
    table = rows(found)
    for row in table:
        over = row[f"{APART} over it"][0]
        print(
            f"{row['contender']:<32} {row['cpu_s']:7.2f} s  {row['us_per_change']:6.2f} us a change  "
            f"{row['peak_mib']:6.1f} MiB  {row.get('entries', 0):9.0f} entries  pool host by host over it {over:.3g}"
        )
    print(*verdicts(found), sep="\n")
    if asked.json:
        asked.json.write_text(json.dumps({"scenario": scenario.name, "rows": table}, indent=1) + "\n")
    means = {f"{row['mean_response_s']:.9f}" for row in table}
    print(f"mean response {', '.join(sorted(means))} s")
    known = scenario.mean_response_s
    return int(len(means) > 1 or (known is not None and means != {f"{known:.9f}"}))


if __name__ == "__main__":
    sys.exit(main())
