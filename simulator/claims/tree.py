"""What the layers on a tenant's way are: a kernel, a hypervisor; asked of the families."""

from __future__ import annotations

from simulator import discovery, notation
from simulator.claims.case import Case
from simulator.layers.base import Layer


def family(case: Case, node: notation.Node) -> type[Layer]:
    """The class of a node's layer."""
    found: type[Layer] = discovery.member("layers", case.catalog.layer(node.name, case.machine).family).LAYER
    return found


def chain(case: Case) -> tuple[notation.Node, ...]:
    """The layers under a tenant, from the hardware up."""
    return notation.build({"a": case.expression}, {"a": "a"}).chains["a"]


def is_kernel(case: Case, node: notation.Node) -> bool:
    """Whether a node is a system that stands on a machine, real or virtual."""
    layer = family(case, node)
    return layer.OFFERS == "system" and layer.needs(case.catalog.layer(node.name, case.machine).structure) == "machine"


def is_hypervisor(case: Case, node: notation.Node) -> bool:
    """Whether a node offers machines."""
    return family(case, node).OFFERS == "machine"
