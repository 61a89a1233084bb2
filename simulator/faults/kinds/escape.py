"""An escape: code of a tenant breaks through the boundary that it meets first. Nothing stops."""

from __future__ import annotations

from simulator.errors import RunError
from simulator.faults.boundaries import outermost, reached
from simulator.faults.components import Component
from simulator.faults.kinds.base import REACHED, Kind
from simulator.site import Site


class Escape(Kind):
    """Code of one tenant is in the component now: whoever the component has power over is reached."""

    WORD = REACHED

    def find(self, site: Site, name: str, tenant: str, through: str) -> Component:
        """Where code of the named tenant is, once it has broken the first boundary, or that of a product further out.

        Raises:
            RunError: it meets no such boundary.
        """
        place = outermost(site, name, through) if name in site.tops else None
        if place is None:
            raise RunError(f"{name!r} meets no boundary" + (f" of {through}" if through else ""))
        return place

    def effects(self, site: Site, component: Component) -> dict[str, str]:
        """All that the component has power over, whoever broke into it included."""
        return dict.fromkeys(reached(site, component), REACHED)


KIND = Escape
