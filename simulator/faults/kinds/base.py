"""A kind of fault: what becomes of the tenants, by where they stand; and what is done to the machine at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from simulator import discovery
from simulator.faults.components import Component, find

if TYPE_CHECKING:
    from simulator.site import Site
    from simulator.tenancy import House

LOST = "lost"
HUNG = "hung"
PAUSED = "paused"
NO_DEVICES = "no devices"
REFUSED = "refused"
UNMANAGED = "unmanaged"
REACHED = "reached"
UNTOUCHED = "untouched"
WORDS: Mapping[str, str] = {
    LOST: "its memory and what it had done since are gone",
    HUNG: "it makes no progress, and its memory stays",
    PAUSED: "it makes no progress until what it stands on goes on",
    NO_DEVICES: "it computes, and waits at its next request to a disk or network",
    REFUSED: "what it asks for further is refused",
    UNMANAGED: "it goes on, and nobody can start, stop or change it",
    REACHED: "code that has broken out of another tenant has power over it",
    UNTOUCHED: "nothing",
}
"""What may become of a tenant, with what it means."""


class Kind:
    """What may happen to a component."""

    WORD: ClassVar[str]
    """What becomes of a tenant that stands on it."""
    ENDS: ClassVar[bool] = False
    """Whether the programs on it end there and then."""
    KEEPS: ClassVar[bool] = False
    """Whether their memory stays taken until something is started anew."""
    NEEDS_RESOURCE: ClassVar[bool] = False
    """Whether a scenario says which table of the component it is about."""

    def find(self, site: Site, name: str, tenant: str, through: str) -> Component:
        """What it strikes, see ``simulator.faults.components.find``.

        Raises:
            RunError: nothing of the kind is there.
        """
        return find(site, name, tenant)

    def problem(self, component: Component, resource: str) -> str:
        """Why this cannot happen to a component, with what to do; empty if it can."""
        return ""

    def effects(self, site: Site, component: Component) -> dict[str, str]:
        """What becomes of each tenant that does not go on as before."""
        if component.part.takes == "nothing":
            return dict.fromkeys(component.above, UNMANAGED)
        if component.part.takes == "devices":
            return dict.fromkeys(component.above, NO_DEVICES)
        return {**dict.fromkeys(component.served, NO_DEVICES), **dict.fromkeys(component.above, self.WORD)}

    def strike(self, house: House, component: Component, resource: str) -> None:
        """What it does to the machine, tenants' programs apart."""

    def mend(self, house: House, component: Component, resource: str) -> None:
        """Undo what was done, where what stands on the component goes on."""


def kinds() -> dict[str, type[Kind]]:
    """All kinds of fault by the word that scenarios have for them."""
    return {name: discovery.member("faults.kinds", name).KIND for name in discovery.members("faults.kinds")}
