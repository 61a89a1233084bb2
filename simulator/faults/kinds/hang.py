"""A hang: the component makes no progress any more. Memory stays as it is, and neighbours go on."""

from __future__ import annotations

from simulator.faults.components import Component
from simulator.faults.kinds.base import HUNG, Kind
from simulator.faults.recovery import fell
from simulator.tenancy import House


class Hang(Kind):
    """Its threads never go on, nor do those on it; nothing is given back."""

    WORD = HUNG
    ENDS = True
    KEEPS = True

    def strike(self, house: House, component: Component, resource: str) -> None:
        """Its threads stop where they are."""
        fell(house, component)


KIND = Hang
