"""A group: the numbers of one catalog entry (or of one section or device of it), and where they stand in the points."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isclose
from typing import Any, NamedTuple

from simulator.catalog import formula
from simulator.catalog.formula import Span
from simulator.catalog.product import Quantity
from simulator.parameters import Parameter
from simulator.units import DIMENSIONS

LENGTH = "length of the simulated part"
"""How the catalog gives the reason of a number that says how much of a program is simulated."""
Path = tuple[str, ...]
"""Keys from the top of a point to a mapping of numbers."""


class Place(NamedTuple):
    """Where a group stands in one point.

    Attributes:
        point: position of the point.
        path: of the mapping that holds its numbers.
        given: parameters that the scenario has set itself, and those of choices that are not made there.
    """

    point: int
    path: Path
    given: frozenset[str]


@dataclass
class Group:
    """The numbers that one class declares, of one entry on one machine.

    Attributes:
        kind: as in :class:`~simulator.uncertainty.unknown.Unknown`.
        entry: the product, or machine and device.
        section: ``start`` or ``bytecode``, empty for the parameters themselves.
        machine: the machine that the numbers are for.
        family: module that declares them.
        declared: the parameters of the class by name.
        quantities: the catalog's numbers by name.
        chosen: parameters that only say what is asked for.
        places: where it stands.
        keys: the unknowns by parameter, once they have names.
    """

    kind: str
    entry: str
    section: str
    machine: str
    family: str
    declared: Mapping[str, Parameter]
    quantities: Mapping[str, Quantity]
    chosen: frozenset[str] = frozenset()
    places: list[Place] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)

    def add(self, point: int, path: Path, point_data: Mapping[str, Any], structure: Mapping[str, str]) -> None:
        """Note that the group stands there, with the numbers that this point has."""
        numbers: Mapping[str, float] = at(point_data, path)
        axes = {_word(each) for each in point_data["axes"]}
        given = {
            name
            for name, quantity in self.quantities.items()
            if numbers.get(name) != quantity.value or axes & {name, *_short(name)}
        }
        self.places.append(Place(point, path, frozenset(given | (self.quantities.keys() - self._needed(structure)))))

    def _needed(self, structure: Mapping[str, str]) -> set[str]:
        """The parameters that these choices need, and those that others of them follow from."""
        found = {name for name in self.quantities if self.declared[name].needed(structure)}
        for name, tree in reversed(self.followers.items()):
            found |= set(formula.names(tree)) if name in found else set()
        return found

    def unknown(self) -> Iterator[str]:
        """The parameters that are unknowns of their own."""
        for name, quantity in self.quantities.items():
            free = any(name not in place.given for place in self.places)
            if free and quantity.low < quantity.high and name not in (self.asked() | self.followers.keys()):
                yield name

    def asked(self) -> set[str]:
        """The parameters that only say what is asked for: by their class, or as the reason of their entry says."""
        lengths = {name for name, quantity in self.quantities.items() if quantity.where.startswith(LENGTH)}
        return {*self.chosen, *lengths}

    def exact(self) -> set[str]:
        """The parameters without a range."""
        return {
            name
            for name, quantity in self.quantities.items()
            if quantity.low == quantity.high and name not in (self.asked() | self.followers.keys())
        }

    @cached_property
    def followers(self) -> dict[str, ast.expr]:
        """Parameters that follow from others of the group, with their formulas; each stands after those it needs."""
        found: dict[str, ast.expr] = {}
        trees = {name: formula.parse(each.formula) for name, each in self.quantities.items() if each.formula}
        following = {name: tree for name, tree in trees.items() if self._follows(name, tree)}
        while following:
            ready = [name for name, tree in following.items() if following.keys().isdisjoint(formula.names(tree))]
            found |= {name: following.pop(name) for name in ready}
        return found

    def _follows(self, name: str, tree: ast.expr) -> bool:
        """Whether a formula names other parameters and the range is just what follows from theirs."""
        parts = formula.names(tree)
        if not parts or any(part not in self.quantities for part in parts):
            return False
        spans = {part: Span(*_span(self.quantities[part])) for part in parts}
        own = _span(self.quantities[name])
        try:
            computed = formula.evaluate(tree, spans)
        except ArithmeticError:  # over their ranges it cannot be worked out: its entry has a range of its own
            return False
        return all(isclose(a, b, rel_tol=1e-9) for a, b in zip(computed, own, strict=True))

    def changes(self, values: Mapping[str, float]) -> dict[str, float]:
        """The numbers that samples of some unknowns change here, those that follow from them among them."""
        found = {name: values[key] for name, key in self.keys.items() if key in values}
        for name, tree in self.followers.items() if found else ():
            parts = formula.names(tree)
            if not found.keys().isdisjoint(parts):
                now = {part: found.get(part, self.quantities[part].value) for part in parts}
                found[name] = formula.evaluate(tree, {part: Span(*[value] * 3) for part, value in now.items()}).value
        return found

    def held(self, given: Iterable[str]) -> set[str]:
        """What stays as it is where some parameters are given: these, and what would follow from them."""
        found = set(given)
        for name, tree in self.followers.items():
            if not found.isdisjoint(formula.names(tree)):
                found.add(name)
        return found


def at(data: Mapping[str, Any], path: Path) -> Any:
    """What stands at the end of a path."""
    found: Any = data
    for key in path:
        found = found[key]
    return found


def _span(quantity: Quantity) -> tuple[float, float, float]:
    return quantity.value, quantity.low, quantity.high


def _word(axis: str) -> str:
    """The last word of an axis's name."""
    return axis.rpartition(".")[2]


def _short(name: str) -> set[str]:
    """A parameter's name without its unit, as a scenario may write it."""
    return {name.removesuffix(f"_{unit}") for unit in DIMENSIONS if name.endswith(f"_{unit}")}
