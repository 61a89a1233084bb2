"""SimGrid's energy of virtual machines: what hosts draw follows from how long how many of their cores are busy.

SimGrid, ``examples/cpp/energy-vm`` with ``energy_platform.xml``.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.drawing import build, parse

FLOP_PER_S, TASK_FLOP, UNTIL_S = 100e6, 300e6, 10.0


class Power(NamedTuple):
    """What a host draws when nothing, anything and everything of it is busy, in watts."""

    idle: float
    floor: float
    full: float

    def energy_j(self, cores: float, busy_core_s: float, any_busy_s: float) -> float:
        """A core that is busy draws its part of what lies above the floor."""
        return (
            self.idle * (UNTIL_S - any_busy_s)
            + self.floor * any_busy_s
            + (self.full - self.floor) * busy_core_s / cores
        )


@pytest.mark.parametrize(
    ("drawing", "power", "energy_j"),
    [
        ("([oo]1)4", Power(100.0, 93.0 + 1 / 3, 200.0), 1120.0),  # (93.3 + 106.7 / 4) * 6 + 100 * 4
        ("([o]1 o)1", Power(100.0, 200.0, 200.0), 1600.0),  # 200 * 6 + 100 * 4
        ("(oo)1", Power(100.0, 200.0, 200.0), 1600.0),
    ],
)
def test_energy_of_a_host(drawing: str, power: Power, energy_j: float) -> None:
    """Two tasks of 3 s that share one processor: both end at 6 s."""
    environment = simpy.Environment()
    (machine,) = parse(drawing)
    cpu = Processor(environment, {"cores_count": machine.processors, "frequency_hz": FLOP_PER_S})
    ends_s: list[float] = []
    for leaf in build(machine, cpu.sharing).values():
        cpu.run(TASK_FLOP, leaf).callbacks.append(lambda _: ends_s.append(environment.now))
    environment.run(until=UNTIL_S)
    assert ends_s == pytest.approx([6.0, 6.0], rel=1e-12)
    row = cpu.row()
    assert power.energy_j(row.capacity, row.busy_s, max(ends_s)) == pytest.approx(energy_j, rel=1e-9)
