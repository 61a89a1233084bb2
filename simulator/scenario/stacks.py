"""The stacks of a scenario: versions resolved, roles filled, checked layer by layer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.notation import Expression, MalformedStack, parse, resolve
from simulator.scenario import fits, roles
from simulator.scenario.changes import Changes
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import Stack, StackForm
from simulator.scenario.sweep.groups import Rows
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
        parameters: numbers changed, by product or scheduler, in SI units.
        schedulers: schedulers changed, by product.
        virtual_hardware: what its virtual machines are given, by kind; None: what their hypervisor does by default.
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
    schedulers: Mapping[str, str] = field(default_factory=dict)
    virtual_hardware: Mapping[str, str | None] = field(default_factory=dict)
    companion_of: str = ""

    @property
    def rows(self) -> Rows:
        """The rows of groups of axes that it belongs to."""
        return self.variant.rows

    @property
    def text(self) -> str:
        """The expression, or those of all tenants as JSON."""
        texts = {tenant: str(expression) for tenant, expression in self.expressions.items()}
        return json.dumps(texts) if self.side_by_side else next(iter(texts.values()))

    @property
    def products(self) -> list[str]:
        """Every product used, once."""
        return list(dict.fromkeys(name for each in self.expressions.values() for name in each.names()))

    def for_tenants(self, written: Mapping[str, str]) -> StackChoice:
        """The same where some tenants are several.

        Args:
            written: for each tenant the name that it is written under.
        """
        if all(name == own for name, own in written.items()):
            return self
        expressions = {name: self.expressions[own] for name, own in written.items() if own in self.expressions}
        return replace(self, expressions=expressions)

    @property
    def digest(self) -> str:
        """What is the same for stacks that differ in nothing but the mechanisms switched off."""
        return json.dumps([self.text, self.parameters, self.virtual_hardware], sort_keys=True)


def read(lookup: Lookup, tenants: Collection[str], broken: Collection[Place]) -> list[StackChoice]:
    """All stacks that can be read, companions included; mistakes are noted."""
    choices: list[StackChoice] = []
    for label, place, item in _labelled(lookup.source.data.get("stacks")):
        for variant in expand(item, place, broken, lookup.together) if place not in broken else []:
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
    whole = {choice.digest for choice in choices if not choice.without}
    for choice in choices:
        if choice.without and choice.digest not in whole:
            label = f"{choice.label}, every mechanism on"
            found.append(replace(choice, label=label, without=(), companion_of=choice.label))
            whole.add(choice.digest)
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
        choice = StackChoice(
            self._label,
            self._variant.place(place),
            self._variant,
            self._by_tenant(expressions),
            side_by_side=isinstance(form.stack, dict),
            without=form.without,
            virtual_hardware=form.virtual_hardware.model_dump(),
        )
        changes = Changes(self._lookup, self._variant)
        changes.read_options({(*place, *tenant): each for tenant, each in expressions.items()})
        changes.check_without(form.without, (*self._place, "without"), choice.products)
        changes.read_parameters(form.parameters, (*self._place, "parameters"), choice.products)
        return replace(
            choice, structure=changes.structure, parameters=changes.parameters, schedulers=changes.schedulers
        )

    def _by_tenant(self, expressions: Mapping[Place, Expression]) -> dict[str, Expression]:
        """The expression of each tenant of the scenario."""
        if () in expressions:
            return dict.fromkeys(self._tenants or [""], expressions[()])
        return {str(tenant): each for (tenant,), each in expressions.items() if tenant in self._tenants}

    def _expressions(self, stack: str | dict[str, str], place: Place) -> dict[Place, Expression]:
        """The expression of each tenant by where it stands, or one for all; none if any of them is wrong."""
        self._check_tenants(stack, place)
        texts: dict[Place, str] = (
            {(name,): text for name, text in stack.items()} if isinstance(stack, dict) else {(): stack}
        )
        read = {inside: self._expression(text, (*place, *inside)) for inside, text in texts.items()}
        good = {inside: roles.fill(self._lookup, each) for inside, each in read.items() if each is not None}
        fitting = [self._fits(expression, (*place, *inside)) for inside, expression in good.items()]
        return good if len(good) == len(texts) and all(fitting) else {}

    def _expression(self, text: str, place: Place) -> Expression | None:
        try:
            expression = parse(text)
        except MalformedStack as error:
            where = f"at character {error.position + 1} of {error.text!r}"
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

    def _complain(self, place: Place, message: str, remedy: str) -> None:
        self._lookup.complain(self._variant.place(place), message, remedy)
