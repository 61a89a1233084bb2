"""Somebody who looks on while a run goes: what it is shown, and what it may make of it.

Without one nothing is looked at and nothing is paid for it. One that looks on changes nothing: the run is the same, to
the last bit of its tables, except that slices are followed one by one, which takes more events of the simulator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from simulator.machine import Machine
    from simulator.plans import Node
    from simulator.sharing.tree import Share
    from simulator.tenancy import House
    from simulator.threads import Thread


class Observer(Protocol):
    """Who looks on."""

    def machine(self, number: int, machine: Machine) -> None:
        """There is a machine, and nothing has run on it; a tenant may move to a second one later."""

    def thread(self, house: House, tenant: str, name: str, node: Node, share: Share, **options: Any) -> Thread:
        """Make a thread, or one that does the same and tells what it does; arguments are those of ``Thread``."""

    def spawned(self, parent: Thread, child: Thread) -> None:
        """A thread that was just made does a part of what its parent does."""
