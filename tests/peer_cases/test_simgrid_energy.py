"""SimGrid's energy of virtual machines: what hosts draw follows from how long how many of their cores are busy.

SimGrid, ``examples/cpp/energy-vm`` with ``energy_platform.xml``.
"""

from __future__ import annotations

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.drawing import build, parse

FLOP_PER_S, TASK_FLOP, UNTIL_S = 100e6, 300e6, 10.0
WIDE = {"idle_watts": 100.0, "floor_watts": 280.0 / 3.0, "busy_watts": 200.0}
NARROW = {"idle_watts": 100.0, "busy_watts": 200.0}
HOSTS = [
    ("([oo]1)4", WIDE, 1120.0),  # (93.3 + 106.7 / 4) * 6 + 100 * 4
    ("([o]1 o)1", NARROW, 1600.0),  # 200 * 6 + 100 * 4
    ("(oo)1", NARROW, 1600.0),
]


@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
@pytest.mark.parametrize(("drawing", "watts", "energy_j"), HOSTS)
def test_energy_of_a_host(drawing: str, watts: dict[str, float], energy_j: float, fidelity: str) -> None:
    """Two tasks of 3 s that share one processor: both have ended at 6 s, in slices the first some slices earlier."""
    environment = simpy.Environment()
    (machine,) = parse(drawing)
    figures = {"cores_count": machine.processors, "frequency_hz": FLOP_PER_S, "smt_factor_ratio": 1.25, **watts}
    cpu = Processor(environment, figures, fidelity)
    ends_s: list[float] = []
    for leaf in build(machine, cpu.sharing).values():
        cpu.run(TASK_FLOP, leaf).callbacks.append(lambda _: ends_s.append(environment.now))
    environment.run(until=UNTIL_S)
    assert max(ends_s) == pytest.approx(6.0, rel=1e-9)
    row = cpu.row()
    assert row.loaded_s == pytest.approx(6.0, rel=1e-9)
    assert row.energy_j == pytest.approx(energy_j, rel=1e-9)


def test_energy_of_all_hosts() -> None:
    assert sum(energy_j for _, _, energy_j in HOSTS) == 4320.0
