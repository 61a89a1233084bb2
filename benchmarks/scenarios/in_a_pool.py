"""The scenarios through the whole pool: requests, admission, first fit, then guests that think and compute.

usage: in_a_pool.py DRAWS [together | host-by-host]

Hosts have memory for so many guests as the scenario puts on one, so first fit fills one after the other, in order.
"""

from __future__ import annotations

import sys
from math import inf
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from scenarios.draws import Draws, report

from simulator.pool.luck import Luck
from simulator.pool.plan import Figures, HostType, InstanceType, Plan, Stream, TaskProgram
from simulator.pool.running import replicate
from simulator.pool.tables import names

GUEST_BYTES = float(2**30)


class Given(Luck):
    """The scenario's own draws, in seconds of a core that does one cycle a second."""

    def __init__(self, draws: Draws) -> None:
        super().__init__(1, 0)
        self._draws = draws

    def tasks(self, instance: int, thread: int, done: int, program: TaskProgram) -> Any:
        """All tasks of a guest."""
        first = 2 * instance * self._draws.tasks
        return self._draws.times[first : first + 2 * self._draws.tasks]


def plan(draws: Draws) -> Plan:
    """The scenario as a pool without a stack."""
    weights = list(dict.fromkeys(draws.weights))
    program = TaskProgram((1.0,), 1.0, True, 1, draws.tasks)
    kinds = {
        f"weight-{weight:g}": InstanceType(
            f"weight-{weight:g}", GUEST_BYTES, GUEST_BYTES, 1, weight, None, program, 0.0, GUEST_BYTES
        )
        for weight in weights
    }
    host = HostType(
        name="host", count=draws.hosts, expression="", machine="", cores=draws.cores, processors=draws.cores,
        smt_factor=1.0, frequency_hz=1.0, memory_bytes=draws.guests * GUEST_BYTES, link_bytes_per_s=1.0,
        host_bytes=0.0, boot_s=0.0, cpu_overcommit=draws.guests, memory_overcommit=1.0, price_per_hour=0.0,
        power=None, figures=dict.fromkeys(kinds, Figures()),
    )  # fmt: skip
    in_turn = tuple(f"weight-{draws.weights[number]:g}" for number in range(len(weights)))
    moments = tuple((0.0, inf) for _ in range(draws.hosts * draws.guests))
    streams = (Stream("guests", in_turn, moments),)
    return Plan("scenario", "", inf, inf, 1, 1, 0.0, (host,), kinds, streams)


def simulate(draws: Draws, host_by_host: bool) -> dict[str, Any]:
    """The row of the table of runs."""
    row = replicate(plan(draws), 0, Given(draws), apart=host_by_host)["runs"][0]
    return dict(zip(names("runs"), row, strict=True))


def main(path: str, hosts: str = "host-by-host") -> None:
    """Run one scenario and report."""
    draws = Draws(path)
    begin_s = process_time()
    found = simulate(draws, hosts == "host-by-host")
    report(
        mean_response_s=found["response_mean_s"],
        makespan_s=found["simulated_s"],
        tasks=found["tasks"],
        run_s=process_time() - begin_s,
        entries=found["events"],
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
