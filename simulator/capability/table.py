"""The capability table: for each stack and each word of control who does it to what, or why nobody can."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import discovery, notation
from simulator.capability.stillness import goes_on
from simulator.catalog import Catalog, Product
from simulator.control import VOCABULARY, Grip, giver, refusal, subject
from simulator.layers.base import Layer
from simulator.operations.kinds.base import kinds
from simulator.scenario import alone

if TYPE_CHECKING:
    import pandas as pd

MACHINE = "server-2025"
"""Where a stack stands if nobody says."""
_TENANT = "app"


@dataclass(frozen=True, slots=True)
class Cell:
    """One word on one stack.

    Attributes:
        word: of ``simulator.control``.
        can: whether it holds for a tenant there.
        by: the product that does it, empty where none can.
        to: what it is done to: a process, a container, a virtual machine.
        with_it: the products that stand on it and come along.
        goes_on: what does not stop with it, where the word stops it.
        why_not: the reason and what to do instead, where it does not hold.
        operations: kinds of operation of a scenario that do it.
        without_numbers: of all such kinds those that are not simulated there: nobody knows what they take.
    """

    word: str
    can: bool
    by: str = ""
    to: str = ""
    with_it: tuple[str, ...] = ()
    goes_on: str = ""
    why_not: str = ""
    operations: tuple[str, ...] = ()
    without_numbers: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "word": self.word, "meaning": VOCABULARY[self.word].meaning, "can": self.can, "by": self.by, "to": self.to,
            "with_it": list(self.with_it), "goes_on": self.goes_on, "why_not": self.why_not,
            "operations": list(self.operations), "without_numbers": list(self.without_numbers),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Capability:
    """All words on one stack.

    Attributes:
        stack: the expression, names in full.
        subject: what a tenant is there to those who control it.
        cells: one for each word, in the order of ``simulator.control``.
    """

    stack: str
    subject: str
    cells: tuple[Cell, ...]

    def __getitem__(self, word: str) -> Cell:
        """One word.

        Raises:
            KeyError: there is no such word.
        """
        return next((cell for cell in self.cells if cell.word == word), None) or _unknown(word)

    @property
    def words(self) -> tuple[str, ...]:
        """Those that hold."""
        return tuple(cell.word for cell in self.cells if cell.can)

    def data(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"stack": self.stack, "subject": self.subject, "words": [cell.data() for cell in self.cells]}


def can(stack: str, machine: str = MACHINE, catalog: Catalog | None = None) -> Capability:
    """What may be done to a tenant of a stack.

    Args:
        stack: the expression; bare names stand for the newest version.
        machine: of the catalog, for what its processor can execute.
        catalog: where names are looked up.

    Raises:
        UsageError: the stack or the machine is not known, or the layers do not fit.
    """
    shelf = catalog or Catalog()
    expression = shelf.complete(notation.parse(stack))
    alone.check(shelf, expression, shelf.machine(machine).architecture)
    chain = notation.build({_TENANT: str(expression)}, {_TENANT: _TENANT}).chains[_TENANT]
    way = tuple(grips(shelf, chain, machine))
    return Capability(
        str(expression), subject(way), tuple(_cell(word, way, shelf, chain, machine) for word in VOCABULARY)
    )


def frame(found: Iterable[Capability]) -> pd.DataFrame:
    """A row for each stack and word."""
    import pandas as pd

    return pd.DataFrame([
        {"stack": each.stack, "subject": each.subject, **cell.data()} for each in found for cell in each.cells
    ])  # fmt: skip


def grips(catalog: Catalog, chain: Iterable[notation.Node], machine: str) -> list[Grip]:
    """What each layer on a tenant's way lets one do, from the hardware up; what all share is only done to all."""
    nodes = list(chain)
    own = [*(node.private for node in nodes[1:]), True]
    found = []
    for node, mine in zip(nodes, own, strict=True):
        product = catalog.layer(node.name, machine)
        found.append(
            _family(catalog, node, machine).grip(
                product.name, own=mine, private=node.private, lacks=product.lacks, adds=product.adds
            )
        )
    return found


def _cell(word: str, way: tuple[Grip, ...], catalog: Catalog, chain: tuple[notation.Node, ...], machine: str) -> Cell:
    number = giver(word, way)
    if number is None:
        return Cell(word, False, why_not=refusal(word, way))
    above = chain[number + 1 :]
    families = [_family(catalog, node, machine) for node in above]
    kernels = [
        family.OFFERS == "system" and family.needs(catalog.layer(node.name, machine).structure) == "machine"
        for family, node in zip(families, above, strict=True)
    ]
    return Cell(
        word, True, way[number].product, way[number].holds, tuple(node.name for node in above),
        goes_on(word, _family(catalog, chain[number], machine), any(kernels)), "",
        *_operations(word, catalog.layer(chain[number].name, machine)),
    )  # fmt: skip


def _operations(word: str, product: Product) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds of operation that ask for a word: those that the product has the numbers for, and the others."""
    asking = {name: kind for name, kind in kinds().items() if word == kind.WORD and kind.TARGET == "tenants"}
    known = tuple(
        name for name, kind in asking.items() if all(product.control.get(section) for section in kind.SECTIONS)
    )
    return known, tuple(name for name in asking if name not in known)


def _family(catalog: Catalog, node: notation.Node, machine: str) -> type[Layer]:
    family: type[Layer] = discovery.member("layers", catalog.layer(node.name, machine).family).LAYER
    return family


def _unknown(word: str) -> Cell:
    raise KeyError(word)
