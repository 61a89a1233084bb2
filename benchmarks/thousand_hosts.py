"""One thousand hosts of ten guests with twenty tasks each, in one command, on one core.

usage: python benchmarks/thousand_hosts.py [--hosts N] [--together]

Hosts that cannot interact run one after the other, each in an environment of its own. Prints processor seconds, the
peak of memory and the mean response of the 200,000 tasks, which is checked where it is known.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

sys.path.insert(1, str(Path(__file__).parents[1]))

from scenarios.closed_loop import s2
from scenarios.draws import Draws, peak_bytes
from scenarios.on_processor import simulate, ways


def main() -> int:
    """Run and print; 1 if the mean response is not what it must be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--together", action="store_true", help="all hosts in one environment")
    asked = parser.parse_args()
    scenario = s2(asked.hosts)
    with TemporaryDirectory() as folder:
        draws = Draws(str(scenario.write(Path(folder))))
    totals = simulate(draws, ways()[-1], host_by_host=not asked.together)
    mean_response_s = totals.response_s / (scenario.changes / 2)
    print(f"processor time  {process_time():.2f} s (start-up and draws included)")
    print(f"peak memory     {peak_bytes() / 2**20:.1f} MiB")
    print(f"mean response   {mean_response_s:.9f} s over {scenario.changes // 2} tasks")
    expected_s = scenario.mean_response_s
    if expected_s is not None and f"{mean_response_s:.9f}" != f"{expected_s:.9f}":
        print(f"that is wrong: every exact solver finds {expected_s:.9f} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
