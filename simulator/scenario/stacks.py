"""The stacks of a scenario: versions resolved, roles filled, checked layer by layer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator import discovery
from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.notation import ROLES, Expression, MalformedStack, Term, parse, resolve
from simulator.scenario import fits, roles
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import Stack, StackForm
from simulator.scenario.variants import Variant, expand

_STACK: TypeAdapter[Any] = TypeAdapter(Stack)


@dataclass(frozen=True)
class StackChoice:
    """One stack for all tenants.

    Attributes:
        label: how the scenario calls it.
        place: where its expression stands.
        variant: the values of its axes.
        expressions: the expression of each tenant.
        side_by_side: whether they were written one by one.
        without: mechanisms switched off.
        structure: choices changed, by product.
        parameters: numbers changed, by product, in SI units.
        companion_of: the stack that this one was added for, to show it with every mechanism on.
    """

    label: str
    place: Place
    variant: Variant
    expressions: Mapping[str, Expression]
    side_by_side: bool = False
    without: tuple[str, ...] = ()
    structure: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    companion_of: str = ""

    @property
    def text(self) -> str:
        """The expression, or those of all tenants as JSON."""
        texts = {tenant: str(expression) for tenant, expression in self.expressions.items()}
        return json.dumps(texts) if self.side_by_side else next(iter(texts.values()))

    @property
    def products(self) -> list[str]:
        """Every product used, once."""
        return list(dict.fromkeys(name for each in self.expressions.values() for name in each.names()))

    def equals(self, other: StackChoice) -> bool:
        """Whether the two differ in nothing but the mechanisms switched off."""
        return (self.text, self.parameters) == (other.text, other.parameters)


def read(lookup: Lookup, tenants: Collection[str], broken: Collection[Place]) -> list[StackChoice]:
    """All stacks that can be read, companions included; mistakes are noted."""
    choices: list[StackChoice] = []
    for label, place, item in _labelled(lookup.source.data.get("stacks")):
        for variant in expand(item, place, broken) if place not in broken else []:
            try:
                form = _STACK.validate_python(variant.value)
            except ValidationError:
                continue
            choice = _Reader(lookup, list(tenants), label, place, variant).read(form)
            choices += [choice] if choice else []
    return _with_companions(choices)


def labels(data: Mapping[str, Any]) -> list[str]:
    """The labels as written."""
    return [label for label, _, _ in _labelled(data.get("stacks"))]


def _labelled(stacks: Any) -> Iterator[tuple[str, Place, Any]]:
    if isinstance(stacks, dict):
        yield from ((label, ("stacks", label), item) for label, item in stacks.items())
    elif isinstance(stacks, list):
        yield from ((str(item), ("stacks", index), item) for index, item in enumerate(stacks))


def _with_companions(choices: list[StackChoice]) -> list[StackChoice]:
    """Before each stack without some mechanisms the same with all of them, unless the scenario has it already."""
    found: list[StackChoice] = []
    for choice in choices:
        whole = [each for each in (*choices, *found) if not each.without and each.equals(choice)]
        if choice.without and not whole:
            label = f"{choice.label}, every mechanism on"
            found.append(replace(choice, label=label, without=(), companion_of=choice.label))
        found.append(choice)
    return found


class _Reader:
    """Reads one stack."""

    def __init__(self, lookup: Lookup, tenants: list[str], label: str, place: Place, variant: Variant) -> None:
        self._lookup, self._tenants = lookup, tenants
        self._label, self._place, self._variant = label, place, variant

    def read(self, form: str | dict[str, str] | StackForm) -> StackChoice | None:
        """The stack; None if its expressions cannot be read."""
        place = (*self._place, "stack") if isinstance(form, StackForm) else self._place
        form = form if isinstance(form, StackForm) else StackForm.model_construct(stack=form)
        expressions = self._expressions(form.stack, place)
        if not expressions:
            return None
        if isinstance(form.stack, dict):
            by_tenant = {tenant: each for tenant, each in expressions.items() if tenant in self._tenants}
        else:
            by_tenant = dict.fromkeys(self._tenants or [""], expressions[""])
        choice = StackChoice(
            self._label,
            self._variant.place(place),
            self._variant,
            by_tenant,
            isinstance(form.stack, dict),
        )
        structure, parameters = self._options(expressions, place)
        self._check_without(form.without, choice.products)
        for product, numbers in self._parameters(form.parameters, choice.products).items():
            parameters[product] = {**parameters.get(product, {}), **numbers}
        return replace(choice, without=form.without, structure=structure, parameters=parameters)

    # ---- expressions

    def _expressions(self, stack: str | dict[str, str], place: Place) -> dict[str, Expression]:
        """The expression of each tenant, or one for the tenant ""; empty if any of them is wrong."""
        texts = stack if isinstance(stack, dict) else {"": stack}
        places = {tenant: (*place, tenant) if tenant else place for tenant in texts}
        self._check_tenants(stack, place)
        read = {tenant: self._expression(text, places[tenant]) for tenant, text in texts.items()}
        good = {tenant: expression for tenant, expression in read.items() if expression is not None}
        if len(good) < len(texts):
            return {}
        filled = {tenant: roles.fill(self._lookup, expression) for tenant, expression in good.items()}
        found = [self._fits(expression, places[tenant]) for tenant, expression in filled.items()]
        return filled if all(found) else {}

    def _expression(self, text: str, place: Place) -> Expression | None:
        try:
            expression = parse(text)
        except MalformedStack as error:
            where = f"at character {error.position + 1} of {error.expression!r}"
            self._complain(place, f"{error.message} {where}", error.remedy)
            return None
        names = {name: self._lookup.name("layers", name, self._variant.place(place)) for name in expression.names()}
        known = {name: full for name, full in names.items() if full is not None}
        return resolve(expression, known.__getitem__) if len(known) == len(names) else None

    def _fits(self, expression: Expression, place: Place) -> bool:
        problem = roles.problem(self._lookup, expression) or fits.misfit(self._lookup, expression)
        if problem:
            self._complain(place, *problem)
        return not problem

    def _check_tenants(self, stack: str | dict[str, str], place: Place) -> None:
        if not isinstance(stack, dict):
            return
        for tenant in (tenant for tenant in stack if tenant not in self._tenants):
            self._complain((*place, tenant), "is no tenant of this scenario", suggestion(tenant, self._tenants))
        for tenant in self._tenants:
            if tenant not in stack:
                self._complain(place, f"the tenant {tenant!r} has no stack", f"add '{tenant}: ...'")

    # ---- what is changed

    def _options(
        self, expressions: Mapping[str, Expression], place: Place
    ) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, float]]]:
        """Choices and numbers that stand in parentheses, by product."""
        structure: dict[str, dict[str, str]] = {}
        parameters: dict[str, dict[str, float]] = {}
        seen: dict[str, Term] = {}
        for tenant, expression in expressions.items():
            inside = (*place, tenant) if tenant else place
            for term in dict.fromkeys(term for _, term in expression.placed() if not term.is_role):
                other = seen.setdefault(term.name, term)
                if other != term:
                    message = f"'{term}' and '{other}' are one product with different options"
                    self._complain(inside, message, f"write the options of every {term.name} alike")
                elif term.options:
                    structure[term.name], parameters[term.name] = self._changed(term, inside)
        return structure, {product: numbers for product, numbers in parameters.items() if numbers}

    def _changed(self, term: Term, place: Place) -> tuple[dict[str, str], dict[str, float]]:
        choices = self._lookup.layer_class(term.name).STRUCTURE
        options = {key: value for key, value in term.options if key not in ROLES}
        structure = {key: value for key, value in options.items() if key in choices}
        for key, value in structure.items():
            if value not in choices[key]:
                self._complain(place, f"{term.name} knows no {key}={value}", suggestion(value, choices[key]))
        numbers = {key: value for key, value in options.items() if key not in choices}
        declared = self._lookup.product(term.name).parameters
        return structure, self._lookup.numbers(numbers, declared, place, self._variant)

    def _check_without(self, without: tuple[str, ...], products: list[str]) -> None:
        hardware = discovery.member("layers", "hardware").LAYER.MECHANISMS
        known = {name for name, mechanism in hardware.items() if mechanism.kind == "emergent"}
        known |= {name for product in products for name in self._lookup.layer_class(product).MECHANISMS}
        for index, mechanism in enumerate(without):
            place = (*self._place, "without", index)
            if mechanism not in known:
                self._complain(
                    place, f"no layer of this stack has a mechanism {mechanism!r}", suggestion(mechanism, known)
                )
            elif mechanism in without[:index]:
                self._complain(place, f"{mechanism!r} stands twice", "remove one of the two")

    def _parameters(self, changes: Mapping[str, Mapping[str, Any]], products: list[str]) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for layer, numbers in changes.items():
            place = (*self._place, "parameters", layer)
            product = self._lookup.name("layers", layer, self._variant.place(place))
            if product is None:
                continue
            if product not in products:
                self._complain(place, f"{product} is not in this stack", suggestion(layer, products))
                continue
            declared = self._lookup.product(product).parameters
            found[product] = {**found.get(product, {}), **self._lookup.numbers(numbers, declared, place, self._variant)}
        return found

    def _complain(self, place: Place, message: str, remedy: str) -> None:
        self._lookup.complain(self._variant.place(place), message, remedy)
