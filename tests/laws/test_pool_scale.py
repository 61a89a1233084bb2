"""A thousand hosts of ten guests with twenty tasks each through the whole pool: the mean response that four independent
programs found, to all printed digits, whichever way the hosts are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import simpy
from references.naive_fluid import Cores
from scenarios.closed_loop import s2
from scenarios.draws import Draws
from scenarios.in_a_pool import plan, simulate


def test_a_thousand_hosts(tmp_path: Path) -> None:
    """An entry of the calendar for each pause, and one and a half at most for each end."""
    scenario = s2()
    draws = Draws(str(scenario.write(tmp_path)))
    assert plan(draws).apart
    found = simulate(draws, host_by_host=True)
    assert (found["placed"], found["tasks"]) == (10_000, 200_000)
    assert f"{found['response_mean_s']:.9f}" == "0.114676294" == f"{scenario.mean_response_s:.9f}"
    assert found["events"] < 2.5 * found["tasks"]


@pytest.mark.parametrize("host_by_host", [True, False])
def test_the_same_as_the_naive_reference(tmp_path: Path, host_by_host: bool) -> None:
    draws = Draws(str(s2(20).write(tmp_path)))
    environment, responses_s = simpy.Environment(), []

    def guest(cores: Cores, weight: float, first: int) -> Any:
        for place in range(first, first + 2 * draws.tasks, 2):
            yield environment.timeout(draws.times[place])
            begin_s = environment.now
            yield cores.execute(draws.times[place + 1], weight)
            responses_s.append(environment.now - begin_s)

    for host in range(draws.hosts):
        cores = Cores(environment, draws.cores)
        for weight, first in draws.of_host(host):
            environment.process(guest(cores, weight, first))
    environment.run()
    found = simulate(draws, host_by_host)
    assert found["response_mean_s"] == pytest.approx(sum(responses_s) / len(responses_s), rel=1e-10)
    assert found["simulated_s"] == pytest.approx(environment.now, rel=1e-10)


def test_a_worker_imports_no_heavy_library() -> None:
    """What runs a replication needs SimPy and the standard library only."""
    import subprocess
    import sys

    code = "import sys, simulator.pool.running; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"pandas", "numpy", "matplotlib", "scipy", "pyarrow", "pydantic", "yaml", "click"}
