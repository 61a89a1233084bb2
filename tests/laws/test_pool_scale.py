"""A thousand hosts of ten guests with twenty tasks each through the whole pool: the mean response that four independent
programs found, to all printed digits, whichever way the hosts are run."""

from __future__ import annotations

from math import inf
from pathlib import Path
from typing import Any

import pytest
import simpy
from references.naive_fluid import Cores
from scenarios.closed_loop import WEIGHTS, ClosedLoop, s2
from scenarios.draws import Draws

from simulator.pool.luck import Luck
from simulator.pool.plan import Figures, HostType, InstanceType, Plan, Stream, TaskProgram
from simulator.pool.running import replicate
from simulator.pool.tables import names

GIB = float(2**30)


class Given(Luck):
    """The scenario's own draws."""

    def __init__(self, draws: Draws) -> None:
        super().__init__(1, 0)
        self._draws = draws

    def tasks(self, instance: int, thread: int, done: int, program: TaskProgram) -> Any:
        first = 2 * instance * self._draws.tasks
        return self._draws.times[first : first + 2 * self._draws.tasks]


def plan(scenario: ClosedLoop) -> Plan:
    """The scenario as a pool without a stack: cores of one cycle a second, memory for ten guests."""
    kinds = {
        f"weight-{weight:g}": InstanceType(
            f"weight-{weight:g}", GIB, GIB, 1, weight, None,
            TaskProgram((scenario.size_s,), scenario.think_s, True, 1, scenario.tasks), 0.0, GIB,
        )
        for weight in WEIGHTS
    }  # fmt: skip
    host = HostType(
        "host", scenario.hosts, "", "", scenario.cores, scenario.cores, 1.0, 1.0, scenario.guests * GIB, 1.0, 0.0, 0.0,
        scenario.guests, 1.0, 0.0, None, dict.fromkeys(kinds, Figures()),
    )  # fmt: skip
    moments = tuple((0.0, inf) for _ in range(scenario.hosts * scenario.guests))
    streams = (Stream("guests", tuple(kinds), moments),)
    return Plan("s2", "s2", inf, inf, 1, 1, 0.0, (host,), kinds, streams)


def run(scenario: ClosedLoop, folder: Path, apart: bool) -> dict[str, Any]:
    draws = Draws(str(scenario.write(folder)))
    row = replicate(plan(scenario), 0, Given(draws), apart=apart)["runs"][0]
    return dict(zip(names("runs"), row, strict=True))


def test_a_thousand_hosts(tmp_path: Path) -> None:
    """An entry of the calendar for each task, and not two and a half for the rest of it."""
    scenario = s2()
    assert plan(scenario).apart
    found = run(scenario, tmp_path, apart=True)
    assert (found["placed"], found["tasks"]) == (10_000, 200_000)
    assert f"{found['response_mean_s']:.9f}" == "0.114676294" == f"{scenario.mean_response_s:.9f}"
    assert found["events"] < 2.5 * found["tasks"]


@pytest.mark.parametrize("apart", [True, False])
def test_the_same_as_the_naive_reference(tmp_path: Path, apart: bool) -> None:
    scenario = s2(20)
    draws = Draws(str(scenario.write(tmp_path)))
    environment, response_s = simpy.Environment(), []

    def guest(cores: Cores, weight: float, first: int) -> Any:
        for place in range(first, first + 2 * draws.tasks, 2):
            yield environment.timeout(draws.times[place])
            begin_s = environment.now
            yield cores.execute(draws.times[place + 1], weight)
            response_s.append(environment.now - begin_s)

    for host in range(draws.hosts):
        cores = Cores(environment, draws.cores)
        for weight, first in draws.of_host(host):
            environment.process(guest(cores, weight, first))
    environment.run()
    found = run(scenario, tmp_path, apart)
    assert found["response_mean_s"] == pytest.approx(sum(response_s) / len(response_s), rel=1e-10)
    assert found["simulated_s"] == pytest.approx(environment.now, rel=1e-10)
