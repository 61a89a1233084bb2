"""Work beside a load that always goes first takes 1 / (1 - rho) times as long."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
import simpy

from simulator import laws
from simulator.clocks import Clock
from simulator.demands import Compute
from simulator.devices.processor import Processor
from simulator.layers.base import Transition
from simulator.layers.hardware import Hardware
from simulator.plans import Node, scale
from simulator.sharing.tree import Share
from simulator.steps import Step, Use
from simulator.threads import Thread, transition_work

HERTZ = 1e9


class Ticking(Hardware):
    """A machine whose timer asks for cycles 250 times a second while it computes."""

    def react(self, transition: Transition) -> Iterable[Step]:
        return (Use("tick", cycles=self.parameters.tick_cycles),)


@pytest.mark.parametrize("load", [0.01, 0.2, 0.5])
def test_ticks_stretch_the_work_they_fall_into(load: float) -> None:
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": HERTZ})
    (ticks,) = scale((transition_work(Node("os", Ticking({"tick_cycles": load * HERTZ / 250})), "tick"),), 250)
    house: Any = SimpleNamespace(
        environment=environment, machine=SimpleNamespace(cpu=cpu), path=lambda node: (node,), without=(),
        tick_work=lambda node: ticks, site=SimpleNamespace(device_group=lambda node: ""),
        block=lambda node: None, unblock=lambda node: None, ride=lambda node: None, thread_start=lambda node: (),
        clock=lambda tenant: Clock(environment, stops=False), watches={},
    )  # fmt: skip
    thread = Thread(house, "tenant", "thread", Node("os", Hardware({})), cpu.root)
    environment.process(thread.live([Compute(count=2.0 * HERTZ)]))
    environment.run()
    assert environment.now == pytest.approx(2.0 * laws.background_slowdown(load), rel=1e-12)
    assert thread.spent["useful"] == pytest.approx(2.0)
    assert thread.spent["overhead"] == pytest.approx(load * environment.now)  # of all the time it takes


@pytest.mark.parametrize("load", [0.01, 0.2, 0.5])
def test_reserved_share_goes_first(load: float) -> None:
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": HERTZ})
    interrupts = Share("interrupts", cpu.root, weight=1e-3, cap=load * HERTZ, reservation=load * HERTZ)
    cpu.run(1e3 * HERTZ, interrupts)
    environment.run(until=cpu.run(2.0 * HERTZ))
    assert environment.now == pytest.approx(2.0 * laws.background_slowdown(load), rel=1e-12)
