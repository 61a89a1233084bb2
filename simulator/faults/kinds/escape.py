"""An escape: code of a tenant breaks through the boundary that it meets first. Nothing stops; who is reached, follows."""

from __future__ import annotations

from simulator.faults.boundaries import reached
from simulator.faults.components import Component
from simulator.faults.kinds.base import REACHED, Kind
from simulator.site import Site


class Escape(Kind):
    """Code of one tenant is in the component now: whoever the component has power over is reached."""

    WORD = REACHED

    def effects(self, site: Site, component: Component) -> dict[str, str]:
        """All that the component has power over, whoever broke into it included."""
        return dict.fromkeys(reached(site, component), REACHED)


KIND = Escape
