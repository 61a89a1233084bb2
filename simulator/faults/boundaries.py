"""What lies between two tenants: the interfaces that code of one must break to have power over the other.

Code starts in its program and breaks one interface after the other; each takes it into the component behind, which has
power over all that stands on it. Nothing here is a chance: a route says what must be broken, and how wide it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.failure import Part
from simulator.faults.components import Component, components, kernel_below, kernel_of
from simulator.plans import Node
from simulator.site import MACHINE, Site

Figure = tuple[str, str]
"""A product and one of its numbers of ``simulator.failure.BOUNDARY``."""
_CALLS = "calls_count"


@dataclass(frozen=True, slots=True)
class Boundary:
    """One interface.

    Attributes:
        interface: what is called there.
        product: whose it is.
        into: where code is that has broken it.
        width: numbers that say how many ways in there are, the narrowest first: the first that is known holds.
        code: numbers that say how much code stands behind, likewise.
    """

    interface: str
    product: str
    into: Component
    width: tuple[Figure, ...]
    code: tuple[Figure, ...]


def reached(site: Site, component: Component) -> tuple[str, ...]:
    """Tenants that a component has power over: a driver domain also builds and maps all guests of its hypervisor."""
    if not component.role or component.node.below is None:
        return component.above
    below = component.node.below.path
    return tuple(tenant for tenant, chain in site.chains.items() if any(step.path == below for step in chain))


def outermost(site: Site, tenant: str, product: str = "") -> Component | None:
    """Where code of a tenant is once it has broken the first boundary, or that of a product; None: it has none."""
    place: Component | None = None
    seen: set[str] = set()
    while True:
        around = ways(site, tenant, place)
        for boundary in around:
            if not product or boundary.product == product:
                return boundary.into
        if not around or around[0].into.name in seen:
            return None
        place = around[0].into
        seen.add(place.name)


def routes(site: Site, tenant: str, other: str) -> list[tuple[Boundary, ...]]:
    """All ways from a tenant to another, each a row of boundaries, the shortest first."""
    return sorted(_routes(site, tenant, other, None, ()), key=len)


def _routes(
    site: Site, tenant: str, other: str, place: Component | None, crossed: tuple[Boundary, ...]
) -> Iterator[tuple[Boundary, ...]]:
    for boundary in ways(site, tenant, place):
        if any(each.into.name == boundary.into.name for each in crossed):
            continue
        if other in reached(site, boundary.into):
            yield (*crossed, boundary)
        else:
            yield from _routes(site, tenant, other, boundary.into, (*crossed, boundary))


def ways(site: Site, tenant: str, place: Component | None) -> list[Boundary]:
    """The boundaries around the place where a tenant's code is; None: in its own program."""
    if place is None:
        return _faces(site, tenant, site.tops[tenant], None)
    below = place.node.below
    if below is None or below.path == MACHINE:
        return []
    return _faces(site, tenant, below, place)


def _faces(site: Site, tenant: str, node: Node, caller: Component | None) -> list[Boundary]:
    """What code on a node meets of it. A layer that shows no face is no boundary: whoever is on it is in it."""
    parts = node.layer.parts()
    facing = [part for part in parts if part.faces]
    if not facing:
        return ways(site, tenant, _part_of(site, node, parts[0])) if parts else []
    return [_boundary(site, node, part, caller) for part in facing]


def _boundary(site: Site, node: Node, part: Part, caller: Component | None) -> Boundary:
    product = site.names[node.path]
    width, code = [(product, part.width)], [(product, part.code)]
    here = _part_of(site, node, part)
    if part.inside:
        here = kernel_of(site, kernel_below(site, here))
        code.append((here.product, "code_lines_count"))
        width += [(here.product, _CALLS)] if "calls" in part.faces else []
    if caller is not None and caller.part.own and "calls" in part.faces:
        width.insert(0, (caller.product, caller.part.own))
    known = tuple(figure for figure in width if figure[1]), tuple(figure for figure in code if figure[1])
    return Boundary(part.faces, product, here, *known)


def _part_of(site: Site, node: Node, part: Part) -> Component:
    """The component that a part of a node is; one that is inside a kernel is named by its node all the same."""
    for each in components(site):
        same = each.node is node or (part.each == "node" and each.node.path == node.path)
        if same and each.part.name == part.name:
            return each
    above = tuple(tenant for tenant, chain in site.chains.items() if any(step.path == node.path for step in chain))
    return Component(node, part, site.names[node.path], "", above, (), "", frozenset())
