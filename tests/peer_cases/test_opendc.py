"""OpenDC's flow distributor: demands in MHz on cores of 2000 MHz, divided max-min.

OpenDC, ``FlowDistributorTest`` and ``FragmentScalingTest``. A demand is a share capped at it. Of OpenDC's two meanings
of a demand that is not met, ours is "perfect scaling": work is conserved and takes longer.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.tree import Share

MHZ = 1e6
CORE_MHZ = 2000


def host(environment: simpy.Environment, cores: int) -> Processor:
    """Cores of 2000 MHz."""
    return Processor(environment, {"cores_count": cores, "frequency_hz": CORE_MHZ * MHZ})


def start(cpu: Processor, demand_mhz: float, seconds: float) -> tuple[Share, simpy.Event]:
    """A virtual machine that wants ``demand_mhz`` for ``seconds``, on as many threads as the host has cores."""
    guest = Share("vm", cpu.root, cap=demand_mhz * MHZ)
    threads = int(cpu.cores)
    ends = [cpu.run(demand_mhz * MHZ * seconds / threads, Share("thread", guest)) for _ in range(threads)]
    return guest, cpu.environment.all_of(ends)


@pytest.mark.parametrize(
    ("cores", "demands_mhz", "supplies_mhz"),
    [
        (1, [1000], [1000]),
        (1, [3000], [2000]),
        (2, [1000, 3000], [1000, 3000]),
        (2, [6000, 5000], [2000, 2000]),
        (2, [3000, 1500], [2500, 1500]),
        (2, [1500, 3000], [1500, 2500]),
        (2, [2500, 3000], [2000, 2000]),
    ],
)
def test_supplies(cores: int, demands_mhz: list[float], supplies_mhz: list[float]) -> None:
    cpu = host(simpy.Environment(), cores)
    guests = [start(cpu, demand_mhz, 600.0)[0] for demand_mhz in demands_mhz]
    assert [guest.rate / MHZ for guest in guests] == pytest.approx(supplies_mhz, rel=1e-12)
    assert cpu.root.rate / MHZ == pytest.approx(sum(supplies_mhz), rel=1e-12)


@pytest.mark.parametrize(
    ("fragments_mhz", "end_s"),
    [([4000], 1200.0), ([1000, 4000, 1500], 2400.0)],  # 600 * 4000 / 2000 = 1200 s; 600 + 1200 + 600 s
)
def test_fragments_of_ten_minutes(fragments_mhz: list[float], end_s: float) -> None:
    environment = simpy.Environment()
    cpu = host(environment, 1)

    def trace() -> Iterator[simpy.Event]:
        for demand_mhz in fragments_mhz:
            yield start(cpu, demand_mhz, 600.0)[1]

    environment.run(until=environment.process(trace()))
    assert environment.now == pytest.approx(end_s, rel=1e-12)
