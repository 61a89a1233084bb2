"""What is done to the machine when a component fails, and how it is set up again."""

from __future__ import annotations

from collections.abc import Collection

from simulator.faults.components import Component
from simulator.plans import Node
from simulator.tenancy import House, Luck
from simulator.threads import Life, Thread


def fell(house: House, component: Component) -> None:
    """Every thread of a component, and on it, stops for good; what its services had in hand stays in their queues."""
    for thread in threads(house, component):
        thread.stop()


def threads(house: House, component: Component) -> list[Thread]:
    """Threads that fail with a component: those on it, and its own."""
    paths = component.paths
    return [thread for thread in house.threads if thread.ended_s is None and _falls(thread, component, paths)]


def _falls(thread: Thread, component: Component, paths: Collection[str]) -> bool:
    if component.part.each == "guest" and thread.node is component.node:
        return True
    return any(step.path in paths for step in (thread.node, *thread.path))


def fallen(house: House, component: Component) -> list[Node]:
    """The nodes that are set up anew after a component has ended: its own and all above, the lowest first.

    Of a product's process for one guest that is what stands in it.
    """
    paths = component.paths
    return [node for node in house.nodes.values() if any(step.path in paths for step in house.path(node))]


def restart(house: House, component: Component, luck: Luck) -> Life:
    """Set up what tenants share of it, one system after the other; then devices that it drives are there again.

    What belongs to one tenant is left to ``House.boot``.
    """
    nodes = fallen(house, component)
    house.renew(nodes)
    for node in nodes:
        if not house.owners.get(node.path):
            yield from house.boot_shared(node, luck)
            house.resume_services(node)


def pause(house: House, component: Component, stop: bool) -> None:
    """A component and all on it stop where they are, or go on: nothing is lost."""
    for thread in threads(house, component):
        house.machine.cpu.sharing.set(thread.share, frozen=stop)
