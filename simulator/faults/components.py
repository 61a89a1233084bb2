"""The things on one machine that fail as a whole, and what stands above each: found in the tree, looked up nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from simulator.errors import RunError
from simulator.failure import Part
from simulator.plans import Node
from simulator.site import MACHINE, Site

_GROUP = re.compile(r"\[group=([^]]*)\]")


@dataclass(frozen=True, slots=True)
class Component:
    """One thing that fails.

    Attributes:
        node: the node that it is, or is a part of; a hypervisor's face for a guest where each guest has one.
        part: which part of its layer.
        product: catalog name.
        role: what the node is beside the guests of a hypervisor (``domain-0``), empty for any other.
        above: tenants whose work goes through it.
        served: tenants who stand elsewhere, and whose devices only it drives.
        owner: the one tenant that it belongs to, empty where it is shared.
        paths: of the nodes that it holds up: what stands on one of them goes with it.
    """

    node: Node
    part: Part
    product: str
    role: str
    above: tuple[str, ...]
    served: tuple[str, ...]
    owner: str
    paths: frozenset[str]

    @property
    def name(self) -> str:
        """For a reader: what it is, of which product, whose."""
        what = self.role or self.part.name
        whose = f" of {self.owner}" if self.owner else ""
        guests = f" of {', '.join(self.above)}" if self.part.each == "guest" and not self.owner else ""
        group = _GROUP.search(self.node.path) if not self.owner else None
        return f"{self.product} {what}{whose}{guests}" + (f" of {group[1]}" if group else "")


def components(site: Site) -> list[Component]:
    """All of them, the lowest first; code inside another's kernel is a part of that kernel and none of its own."""
    return [each for each in _all(site) if not each.part.inside]


def find(site: Site, name: str, tenant: str = "") -> Component:
    """The component that a scenario names.

    Args:
        site: the machine.
        name: a tenant (the kernel under it), a role, a node's path, or a product: what all tenants share of it, its
            daemon, or the kernel that its module is a part of.
        tenant: whose it is, where each tenant has one.

    Raises:
        RunError: there is none, or there are several.
    """
    if not tenant and name in site.tops:
        return kernel_of(site, site.tops[name])
    found = [each for each in _all(site) if name in (each.product, each.node.path, each.role)]
    if tenant:
        found = [each for each in found if tenant in each.above and each.part.each != "system" and not each.part.inside]
        found = [each for each in found if each.owner == tenant] or found
    else:
        found = [each for each in found if not each.owner or len(site.tops) == 1] or found
        shared = [each for each in found if each.part.each != "guest"]
        found = [each for each in shared if each.part.each == "system"] or shared or found
    found = [each for each in found if not each.part.inside] or found[:1]
    if not found:
        raise RunError(f"nothing on this machine is called {name!r}" + (f" and {tenant!r}'s" if tenant else ""))
    if len(found) > 1:
        names = ", ".join(each.name for each in found)
        raise RunError(f"{name!r} is several: {names}; say whose with 'of: tenant'")
    (component,) = found
    return kernel_of(site, kernel_below(site, component)) if component.part.inside else component


def kernel_of(site: Site, node: Node) -> Component:
    """The kernel that a node stands on, or is."""
    path = next(step.path for step in site.path(node) if step.path in site.spaces)
    return next(each for each in _all(site) if each.node.path == path and each.part.each == "node")


def kernel_below(site: Site, component: Component) -> Node:
    """The system in whose kernel a part of a layer runs."""
    node = component.node
    if component.part.at:
        return node.roles[component.part.at]
    assert node.below is not None
    return next(step for step in site.path(node.below) if step.path in site.spaces)


def _all(site: Site) -> Iterator[Component]:
    """Every part of every node; parts of a product's own for a system once for each system."""
    seen: set[tuple[str, str]] = set()
    roles = {role.path: name for node in site.nodes.values() for name, role in node.roles.items()}
    for node in site.nodes.values():
        if node.path == MACHINE:
            continue
        faces = [port for port in site.ports if port.path == node.path and port.port not in roles]
        for part in node.layer.parts():
            if part.each == "node":
                yield _component(site, node, part, roles.get(node.path, ""))
            elif part.each == "guest":
                shown = ((port, each) for port in faces for each in port.layer.parts() if each.name == part.name)
                yield from (_component(site, port, each, "") for port, each in shown)
            else:
                place = (site.names[node.path], node.below.path if node.below else "")
                if place not in seen:
                    seen.add(place)
                    yield _component(site, node, part, "")
        yield from _only_for_some(site, node, faces)


def _only_for_some(site: Site, node: Node, faces: list[Node]) -> Iterator[Component]:
    """Parts that only some guests have, because they were given another device than others."""
    usual = {part.name for part in node.layer.parts()}
    for port in faces:
        yield from (_component(site, port, part, "") for part in port.layer.parts() if part.name not in usual)


def _component(site: Site, node: Node, part: Part, role: str) -> Component:
    product = site.names[node.path]
    above = tuple(tenant for tenant, chain in site.chains.items() if _stands_on(site, node, part, chain))
    served = tuple(tenant for tenant in site.chains if role and tenant not in above and _drives(site, node, tenant))
    owner = site.owners.get(node.port or node.path, "") if part.each != "system" else ""
    return Component(node, part, product, role, above, served, owner, _held_up(site, node, part))


def _held_up(site: Site, node: Node, part: Part) -> frozenset[str]:
    """Paths of the nodes that a part holds up: its own, its guest's, or those of its product on the same system."""
    if part.takes != "above":
        return frozenset()
    if part.each == "node":
        return frozenset((node.path,))
    if part.each == "guest":
        return frozenset((node.port,))
    product = site.names[node.path]
    return frozenset(
        each.path
        for each in site.nodes.values()
        if each.path != MACHINE and site.names[each.path] == product and each.below is node.below
    )


def _stands_on(site: Site, node: Node, part: Part, chain: tuple[Node, ...]) -> bool:
    if part.each == "system":
        product = site.names[node.path]
        return any(site.names[step.path] == product and step.below is node.below for step in chain)
    wanted = node.port if part.each == "guest" else node.path
    return any(step.path == wanted for step in chain)


def _drives(site: Site, node: Node, tenant: str) -> bool:
    """Whether a node drives devices of a tenant's virtual machine."""
    ports = (step.below for step in site.chains[tenant] if step.below is not None and step.below.port)
    return any(port.roles.get(role) is node for port in ports for role in port.layer.driven_by().values())
