"""A crash: a kernel's panic, or a process that ends. What stands above it is lost, and nothing else."""

from __future__ import annotations

from simulator.faults.components import Component
from simulator.faults.kinds.base import LOST, Kind
from simulator.faults.recovery import fell
from simulator.tenancy import House


class Crash(Kind):
    """The component and all threads on it end."""

    WORD = LOST
    ENDS = True

    def strike(self, house: House, component: Component, resource: str) -> None:
        """Its threads end, with those of all that stands on it."""
        fell(house, component)


KIND = Crash
