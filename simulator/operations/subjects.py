"""Who may do what to a tenant: the layers on its way, each with what stands on it, found in the tree.

Which layer is meant where several can do the same is the vocabulary's matter, see ``simulator.control.giver``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import control, notation
from simulator.control import Grip
from simulator.space import family


@dataclass(frozen=True, slots=True)
class Hold:
    """A layer on a tenant's way, and what it may do to what stands on it.

    Attributes:
        path: of the layer's node.
        product: catalog name.
        grip: what it offers.
        above: paths of the tenant's nodes that stand on it, from the lowest; empty where its program itself does.
    """

    path: str
    product: str
    grip: Grip
    above: tuple[str, ...]


def holds(point: Mapping[str, Any], tenant: str) -> list[Hold]:
    """The layers on a tenant's way, from the hardware up."""
    figures = point["tenants"]
    tree = notation.build(
        {name: notation.parse(each["expression"]) for name, each in figures.items()},
        {name: each["group"] for name, each in figures.items()},
    )
    chain = tree.chains[tenant]
    return list(_holds(point, chain, [*(_is_alone(point, tenant, node) for node in chain[1:]), True]))


def _holds(point: Mapping[str, Any], chain: Sequence[notation.Node], own: Sequence[bool]) -> Iterator[Hold]:
    for number, (node, alone) in enumerate(zip(chain, own, strict=True)):
        layer, figures = family(point, node.name), point["layers"][node.name]
        private = own[number - 1] if number else node.private
        lacks, adds = figures.get("lacks", ()), figures.get("adds", ())
        grip = layer.grip(node.name, own=alone, private=private, lacks=lacks, adds=adds)
        yield Hold(node.path, node.name, grip, tuple(each.path for each in chain[number + 1 :]))


def _is_alone(point: Mapping[str, Any], tenant: str, node: notation.Node) -> bool:
    """Whether nobody else stands on a node: it is private, or its tenant's group has no other member."""
    if node.private:
        return True
    group = point["tenants"][tenant]["group"]
    return node.apart and [name for name, each in point["tenants"].items() if each["group"] == group] == [tenant]


def subject(found: Sequence[Hold], word: str, product: str = "") -> Hold | None:
    """The layer that does it to a tenant; None if none offers it.

    Args:
        found: the layers on the tenant's way.
        word: of ``simulator.control``; empty: whoever holds the outermost thing of its own.
        product: which layer is meant, if somebody says.
    """
    if product:
        able = (each for each in found if each.product == product and each.grip.own)
        return next((each for each in able if not word or each.grip.offers(word)), None)
    if word:
        number = control.giver(word, [each.grip for each in found])
        return None if number is None else found[number]
    own = [each for each in found if each.grip.own]
    return next((each for each in own if each.grip.holds != control.PROCESS), own[-1] if own else None)


def refusal(found: Sequence[Hold], word: str, product: str = "") -> str:
    """Why no layer does it to a tenant, with what to do instead; empty if one does."""
    if subject(found, word, product) is not None:
        return ""
    if product and subject(found, word) is not None:
        return f"{product} does not offer it; leave out 'with', or name another layer"
    return control.refusal(word, [each.grip for each in found])
