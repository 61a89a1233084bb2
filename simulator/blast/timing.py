"""How long it takes to set up anew what a crash takes down: in simulated time, with nothing else at work."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.experiment import build
from simulator.faults.components import Component
from simulator.faults.striking import Strike
from simulator.records import names
from simulator.workloads.base import Context, Draws

if TYPE_CHECKING:
    import simpy


class _Nobody:
    """A tenant whose program does nothing."""

    def __init__(self, name: str, environment: simpy.Environment) -> None:
        self.name, self.alive = name, True
        self.context = Context(name, lambda: environment.now, lambda purpose: Draws(1, 0, name, purpose))
        self.up_again: simpy.Event | None = None
        self.down = environment.event()
        self.down.succeed()

    def fall(self, outcome: str, keeps_memory: bool) -> float:
        """Nothing is lost."""
        return 0.0


def restart_s(component: Component, asked: Mapping[str, Any]) -> float | None:
    """Let it crash at once and be noticed at once, and see when the last tenant that stopped is served again.

    Caches are cold. None where nobody stops.
    """
    house = build(asked)
    environment, rows = house.environment, []  # type: ignore[var-annotated]
    tenants = [_Nobody(name, environment) for name in house.tops]
    strike = Strike(house, tenants, _fault(component), rows)
    environment.run(until=environment.process(strike.happen()))
    column = names("faults").index("downtime_s") - 1
    return max((row[column] for row in rows if isfinite(row[column])), default=None)


def _fault(component: Component) -> dict[str, Any]:
    """Its crash, in the words of a scenario."""
    fault: dict[str, Any] = {"at_s": 0.0, "restart_after_s": 0.0, "crash": component.node.path}
    if component.part.each == "guest" or (component.owner and component.part.name == "process"):
        return {**fault, "crash": component.product, "of": component.above[0]}
    return fault
