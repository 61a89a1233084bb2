"""Which families the stacks and layers of a batch are of, as the catalog has them: what decides how they look."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from simulator import discovery, notation
from simulator.errors import VirtlabError
from simulator.notation.expression import ROLES
from simulator.plots import _looks
from simulator.plots._looks import BARE, OTHER, Look

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from simulator.catalog import Catalog
    from simulator.results import Results

SYSTEM = "operating system"
_NO_LAYER = ("program", "machine", "disk", "waits")
"""What stands beside layers where the parts of a time are drawn."""


def family(product: str) -> str:
    """The family of a product in words; ``other`` where the catalog does not know it (any more).

    A driver domain is a plain system.
    """
    if product in _NO_LAYER:
        return product
    return SYSTEM if product in ROLES else _family(product, discovery.extra_folders())


@cache
def _family(product: str, folders: tuple[Path, ...]) -> str:
    try:
        return _catalog(folders).family(product).replace("_", " ")
    except VirtlabError:
        return OTHER


@cache
def _catalog(_: tuple[Path, ...]) -> Catalog:
    """The catalog with the user's own folders, which it finds itself; read once."""
    from simulator.catalog import Catalog

    return Catalog()


@cache
def classes(expression: str) -> str:
    """The families of a stack that are no plain system, from the hardware up, joined by `` + ``.

    Args:
        expression: of the stack, or of several tenants' stacks as a batch records them.
    """
    written = json.loads(expression).values() if expression.startswith("{") else [expression]
    try:
        names = [term.name for each in written for _, term in notation.parse(each).placed() if not term.is_role]
    except VirtlabError:
        return OTHER
    found = dict.fromkeys(each for each in map(family, names) if each != SYSTEM)
    return " + ".join(found) or BARE


def expressions(results: Results) -> dict[str, str]:
    """The expression of each stack by its label, in the order of the batch; of one that is left out in parts, the
    first."""
    found: dict[str, str] = {}
    for point in results.manifest["points"]:
        found.setdefault(str(point["stack"]), str(point["expression"]))
    return found


def described(table: pd.DataFrame, results: Results, column: str = "stack") -> pd.DataFrame:
    """Adds the families of each stack (``class``) and its number among equal ones in the batch (``member``).

    Args:
        table: with labels of stacks.
        results: the batch.
        column: where they are.
    """
    if table.empty:
        return table
    found = {stack: classes(expression) for stack, expression in expressions(results).items()}
    numbers = dict(zip(found, _looks.members(found.values()), strict=True))
    table["class"] = [found.get(stack, OTHER) for stack in table[column]]
    table["member"] = [numbers.get(stack, 0) for stack in table[column]]
    return table


def looks(table: pd.DataFrame, column: str = "stack") -> dict[str, Look]:
    """The look of each stack of a table that says what it is."""
    first = table.drop_duplicates(column)
    rows = zip(first[column], first["class"], first["member"], strict=True)
    return {stack: _looks.model(of, int(member)) for stack, of, member in rows}


def layer_looks(names: Iterable[str]) -> Mapping[str, Look]:
    """The look of each layer by its name as figures have it; of the same family, the second has a denser pattern."""
    every = list(dict.fromkeys(names))
    families = [family(name.partition(" ")[0].partition("(")[0]) for name in every]
    numbers = _looks.members(families)
    return {name: _looks.layer(each, number) for name, each, number in zip(every, families, numbers, strict=True)}
