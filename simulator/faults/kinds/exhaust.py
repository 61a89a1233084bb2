"""Exhaustion: a table or the memory of a system is full. Whoever asks for more is refused."""

from __future__ import annotations

from simulator.devices.memory import Memory
from simulator.faults.components import Component
from simulator.faults.kinds.base import REFUSED, Kind
from simulator.site import Site
from simulator.tenancy import House

MEMORY = "memory"
_OWNER = "a fault"


class Exhaust(Kind):
    """Requests for more are refused until it is mended."""

    WORD = REFUSED
    NEEDS_RESOURCE = True

    def problem(self, component: Component, resource: str) -> str:
        """Only what keeps such a table has one that can be full."""
        known = (*component.node.layer.EXHAUSTIBLE, *((MEMORY,) if component.part.name == "kernel" else ()))
        if resource in known:
            return ""
        if not known:
            return f"{component.name} keeps no table that can be full: name a system"
        return f"{component.name} has no {resource!r} to use up: take one of {', '.join(known)}"

    def effects(self, site: Site, component: Component) -> dict[str, str]:
        """Whoever stands on it; its own threads have what they need, so that devices are served."""
        return dict.fromkeys(component.above, REFUSED)

    def strike(self, house: House, component: Component, resource: str) -> None:
        """The table is full, or all free memory taken."""
        node = component.node
        if resource == MEMORY:
            space = house.spaces[node.path]
            space.hold(_OWNER, max(0.0, space.free_bytes + space.swap_bytes))
        else:
            node.layer.exhausted |= {resource}
        house.relower(node)

    def mend(self, house: House, component: Component, resource: str) -> None:
        """There is room again."""
        node = component.node
        if resource == MEMORY:
            _give_back(house.spaces[node.path])
        else:
            node.layer.exhausted -= {resource}
        house.relower(node)


def _give_back(space: Memory) -> None:
    space.hold(_OWNER, -space.held_bytes.get(_OWNER, 0.0))


KIND = Exhaust
