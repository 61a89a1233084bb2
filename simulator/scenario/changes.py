"""What a stack changes in its layers: choices and numbers in parentheses, mechanisms switched off, other numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator import discovery
from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.effort import START_IN_TURN
from simulator.errors import CatalogError
from simulator.notation import ROLES, Expression, Term
from simulator.parameters import missing
from simulator.scenario.lookup import Lookup
from simulator.scenario.variants import Variant

SCHEDULER = "scheduler"
"""The option of a product that names what divides the processors on it."""


@dataclass
class Changes:
    """Changes of one stack, by product.

    Attributes:
        lookup: the catalog, which notes mistakes.
        variant: the values of the stack's axes.
        structure: choices other than the catalog's.
        parameters: numbers other than the catalog's, in SI units; those of schedulers too.
        schedulers: schedulers other than the catalog's.
    """

    lookup: Lookup
    variant: Variant
    structure: dict[str, dict[str, str]] = field(default_factory=dict)
    parameters: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    schedulers: dict[str, str] = field(default_factory=dict)

    def read_options(self, expressions: Mapping[Place, Expression]) -> None:
        """Choices and numbers that stand in parentheses, of the expressions at these places."""
        seen: dict[str, Term] = {}
        for place, expression in expressions.items():
            for term in dict.fromkeys(term for _, term in expression.placed() if not term.is_role):
                other = seen.setdefault(term.name, term)
                if other is term:
                    self._read_term(term, place)
                elif other != term:
                    message = f"'{term}' and '{other}' are one product with different options"
                    self._complain(place, message, f"write the options of every {term.name} alike")

    def _read_term(self, term: Term, place: Place) -> None:
        choices = self.lookup.layer_class(term.name).STRUCTURE
        options = {key: value for key, value in term.options if key not in ROLES}
        self._read_scheduler(term, options.pop(SCHEDULER, None), place)
        structure = {key: value for key, value in options.items() if key in choices}
        for key, value in structure.items():
            if value not in choices[key]:
                self._complain(place, f"{term.name} knows no {key}={value}", suggestion(value, choices[key]))
        numbers = {key: value for key, value in options.items() if key not in choices}
        declared = self.lookup.product(term.name).parameters
        self.structure[term.name] = structure
        self.parameters[term.name] = self.lookup.numbers(numbers, declared, place, self.variant)
        if structure:
            chosen = {**self.lookup.product(term.name).structure, **structure}
            self._check_sense(term, place, chosen)
            self._check_numbers(term, place, chosen, {*declared, *self.parameters[term.name]})

    def _read_scheduler(self, term: Term, name: str | None, place: Place) -> None:
        """Another scheduler than that of the product's catalog file."""
        if name is None:
            return
        if not self.lookup.product(term.name).scheduler:
            message = f"{term.name} has no scheduler of its own: what lies below divides the processors"
            self._complain(place, message, "choose the scheduler of the system or hypervisor below")
        elif scheduler := self.lookup.name("schedulers", name, self.variant.place(place)):
            self.schedulers[term.name] = scheduler

    def _check_sense(self, term: Term, place: Place, structure: Mapping[str, str]) -> None:
        """Choices that each exist and yet do not go together."""
        if self.lookup.blamed(place):
            return
        message, _, remedy = self.lookup.layer_class(term.name).nonsense(structure).partition(": ")
        if message:
            self._complain(place, f"{term}: {message}", remedy)

    def _check_numbers(self, term: Term, place: Place, structure: Mapping[str, str], given: set[str]) -> None:
        """A product has no numbers for choices that it never had."""
        lacking = missing(self.lookup.layer_class(term.name).PARAMETERS, structure, given)
        if lacking and not self.lookup.blamed(place):
            remedy = "take another choice or another product, or give the numbers in a catalog file of your own"
            self._complain(place, f"{term.name} has no numbers for '{term}': {', '.join(lacking)}", remedy)

    def read_parameters(self, written: Mapping[str, Mapping[str, Any]], place: Place, products: Sequence[str]) -> None:
        """Numbers by layer or scheduler, of those that the stack has."""
        own = {product: self.lookup.product(product).scheduler for product in products} | self.schedulers
        for layer, numbers in written.items():
            inside = (*place, layer)
            scheduler = self._scheduler(layer, own.values())
            if scheduler:
                units = {each.name: each.unit for each in self.lookup.policy(scheduler).PARAMETERS}
                self.parameters[scheduler] |= self.lookup.in_units(numbers, units, inside, self.variant)
                continue
            product = self.lookup.name("layers", layer, self.variant.place(inside))
            if product is None:
                continue
            if product not in products:
                self._complain(inside, f"{product} is not in this stack", suggestion(layer, products))
                continue
            declared = self.lookup.product(product).parameters
            self.parameters[product] |= self.lookup.numbers(numbers, declared, inside, self.variant)

    def _scheduler(self, written: str, used: Iterable[str]) -> str:
        """The scheduler of the stack that a name stands for; empty if it is none of them."""
        try:
            name = self.lookup.full_name("schedulers", written)
        except CatalogError:
            return ""
        return name if name in used else ""

    def check_without(self, without: Sequence[str], place: Place, products: Iterable[str]) -> None:
        """Mechanisms of these products can be switched off, and what the machine does of itself."""
        hardware = discovery.member("layers", "hardware").LAYER.MECHANISMS
        known = {name for name, mechanism in hardware.items() if mechanism.kind == "emergent"}
        known |= {name for product in products for name in self.lookup.layer_class(product).MECHANISMS}
        known |= {START_IN_TURN}
        for index, name in enumerate(without):
            if name not in known:
                self._complain(
                    (*place, index), f"no layer of this stack has a mechanism {name!r}", suggestion(name, known)
                )
            elif name in without[:index]:
                self._complain((*place, index), f"{name!r} stands twice", "remove one of the two")

    def _complain(self, place: Place, message: str, remedy: str) -> None:
        self.lookup.complain(self.variant.place(place), message, remedy)
