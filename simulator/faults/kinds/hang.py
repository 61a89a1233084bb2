"""A hang: the component makes no progress any more. Memory stays as it is, and neighbours go on."""

from __future__ import annotations

from simulator.faults.components import Component
from simulator.faults.kinds.base import HUNG, UNMANAGED, Kind
from simulator.faults.recovery import fell
from simulator.site import Site
from simulator.tenancy import House


class Hang(Kind):
    """Its threads never go on, nor do those on it; nothing is given back."""

    WORD = HUNG
    ENDS = True
    KEEPS = True

    def effects(self, site: Site, component: Component) -> dict[str, str]:
        """A daemon that hangs ends nothing: what it has started goes on without it."""
        if component.part.each == "system":
            return dict.fromkeys(component.above, UNMANAGED)
        return super().effects(site, component)

    def strike(self, house: House, component: Component, resource: str) -> None:
        """Its threads stop where they are."""
        if component.part.each != "system":
            fell(house, component)


KIND = Hang
