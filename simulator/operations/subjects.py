"""Who may do what to a tenant: the layers on its way, each with what stands on it, found in the tree.

A layer's words hold for what stands on it, and for a tenant where that is the tenant's alone: ``simulator.control``.
Where several layers offer the same, the one meant is the outermost that makes a box of the tenant's own: its virtual
machine, its container; a plain system's signals to processes come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator import notation
from simulator.space import family


@dataclass(frozen=True, slots=True)
class Hold:
    """A layer on a tenant's way, and what it may do to what stands on it.

    Attributes:
        path: of the layer's node.
        product: catalog name.
        words: what it offers, in the words of ``simulator.control``.
        above: paths of the tenant's nodes that stand on it, from the lowest; empty where its program itself does.
        own: whether what stands on it is the tenant's alone.
        box: whether it makes a box of it: a container or a virtual machine of the tenant's own.
    """

    path: str
    product: str
    words: frozenset[str]
    above: tuple[str, ...]
    own: bool
    box: bool


def holds(point: Mapping[str, Any], tenant: str) -> list[Hold]:
    """The layers on a tenant's way, from the hardware up."""
    figures = point["tenants"]
    tree = notation.build(
        {name: notation.parse(each["expression"]) for name, each in figures.items()},
        {name: each["group"] for name, each in figures.items()},
    )
    return list(_holds(point, tenant, tree.chains[tenant], tree.givers))


def _holds(
    point: Mapping[str, Any], tenant: str, chain: tuple[notation.Node, ...], givers: Mapping[str, str]
) -> Iterator[Hold]:
    alone = [givers.get(node.path) == tenant and _is_alone(point, tenant, node) for node in chain]
    for number, node in enumerate(chain):
        layer = family(point, node.name)
        words = frozenset(layer.CONTROL) - set(point["layers"][node.name].get("lacks", ()))
        above = tuple(each.path for each in chain[number + 1 :])
        own = not above or alone[number + 1]
        yield Hold(node.path, node.name, words, above, own, own and (alone[number] or layer.OFFERS == "machine"))


def _is_alone(point: Mapping[str, Any], tenant: str, node: notation.Node) -> bool:
    """Whether nobody else of its group stands on a node: what is one tenant's has no bars to others."""
    if node.private:
        return True
    group = point["tenants"][tenant]["group"]
    members = [name for name, each in point["tenants"].items() if each["group"] == group]
    return bool(node.apart) and members == [tenant]


def subject(found: list[Hold], word: str, product: str = "") -> Hold | None:
    """The layer that does it to a tenant; None if none offers it.

    Args:
        found: the layers on the tenant's way.
        word: of ``simulator.control``; empty: anybody may, whoever keeps its program does.
        product: which layer is meant, if somebody says.
    """
    fitting = [each for each in found if each.own and (not word or word in each.words)]
    fitting = [each for each in fitting if not product or each.product == product]
    return next((each for each in fitting if each.box), next(iter(fitting), None))
