"""The floors of a stack: every layer under one tenant, with what the catalog says of getting it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import notation
from simulator.catalog.product import Product
from simulator.control import held
from simulator.layers.base import Layer
from simulator.scenario import Catalog
from simulator.scenario.fits import MACHINE
from simulator.space import family, is_kernel

PLAIN = "operating_system"
"""The family that makes no class of its own: it stands in nearly every stack."""


@dataclass(frozen=True)
class Floor:
    """One layer under a tenant.

    Attributes:
        product: its catalog entry.
        family: its class.
        private: whether the tenant has it for itself.
        kernel: whether it is a system on a machine, real or virtual.
        guest: whether that machine is a virtual one.
        beside: whether it is a driver domain, which the tenant does not stand on but needs.
        image: what it comes in or boots from, None where nobody says.
    """

    product: Product
    family: type[Layer]
    private: bool = False
    kernel: bool = False
    guest: bool = False
    beside: bool = False
    image: Product | None = None


def floors(catalog: Catalog, point: Mapping[str, Any], tenant: str, machine: str) -> tuple[Floor, ...]:
    """All floors under a tenant, from the hardware up; a driver domain comes before its hypervisor, as it is installed.

    Args:
        catalog: where products are looked up.
        point: a resolved point of a scenario.
        tenant: whose stack.
        machine: catalog name of the machine, for which numbers are chosen.
    """
    figures = point["tenants"]
    tree = notation.build(
        {name: each["expression"] for name, each in figures.items()},
        {name: each["group"] for name, each in figures.items()},
    )
    chosen = point["hardware"].get(tenant, {})
    found: list[Floor] = []
    for node in tree.chains[tenant]:
        beside = [role for role in node.children if role.role and role not in tree.chains[tenant]]
        for each in (*beside, node):
            name = chosen.get(each.name, {}).get("image", {}).get("name")
            found.append(_floor(catalog, point, each, machine, name))
    return tuple(found)


def _floor(catalog: Catalog, point: Mapping[str, Any], node: notation.Node, machine: str, image: str | None) -> Floor:
    product = catalog.layer(node.name, machine)
    kernel = is_kernel(point, node.name)
    below = _below(node)
    image = image or next(iter(product.hardware.get("image", ())), None)
    return Floor(
        product,
        family(point, node.name),
        private=node.private,
        kernel=kernel,
        guest=kernel and not node.role and any(family(point, each.name).OFFERS == MACHINE for each in below),
        beside=node.role is not None,
        image=catalog.virtual_hardware(image, machine) if image else None,
    )


def _below(node: notation.Node) -> Iterator[notation.Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def control(stack: tuple[Floor, ...]) -> tuple[str, ...]:
    """What may be done to the tenant on these floors."""
    under = [floor for floor in stack if not floor.beside]
    own = [*(floor.private for floor in under[1:]), True]
    return held(
        floor.family.grip(
            floor.product.name, own=mine, private=floor.private, lacks=floor.product.lacks, adds=floor.product.adds
        )
        for floor, mine in zip(under, own, strict=True)
    )


def classes(stack: tuple[Floor, ...]) -> tuple[str, ...]:
    """The families under a tenant that are no plain system, from the hardware up; none on bare metal."""
    families = (floor.product.family for floor in stack if floor.product.family != PLAIN)
    return tuple(dict.fromkeys(family.replace("_", " ") for family in families))


def not_startable(stack: tuple[Floor, ...]) -> list[str]:
    """What is started with the tenant and does not say in the catalog what its start takes."""
    return [floor.product.name for floor in own(stack) if not floor.product.start]


def own(stack: tuple[Floor, ...]) -> list[Floor]:
    """The floors of which each tenant has one of its own, or a part that the hypervisor below keeps for it."""
    under = [floor for floor in stack if not floor.beside]
    mine = [floor for floor in under if floor.private]
    first = under.index(mine[0]) if mine else 0
    if first and under[first - 1].family.OFFERS == MACHINE:
        mine.insert(0, under[first - 1])
    return mine
