"""Virtual hardware: which devices and image each tenant's virtual machine has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.notation import Expression
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.parts import TenantChoice
from simulator.virtual_hardware import STYLES

IMAGE = "image"


def check(lookup: Lookup, combination: Combination) -> None:
    """Note every device or image that is asked for and that no product of the stack offers."""
    for tenant in combination.tenants:
        expression = combination.stack.expressions.get(tenant.name)
        asked: dict[tuple[Place, str, str], list[str]] = {}
        for _, kind, name, offers, place in _asked(lookup, combination, tenant, expression) if expression else ():
            if name is not None:
                asked.setdefault((place, kind, name), []).extend(offers)
        for (place, kind, name), offered in asked.items():
            if _chosen(lookup, name, tuple(offered)) is None:
                known = [*offered, *(style for style in STYLES if _of_style(lookup, style, tuple(offered)))]
                lookup.complain(place, f"{name!r} is no {kind} there", suggestion(name, known))


def hardware(
    lookup: Lookup, combination: Combination, tenant: TenantChoice, machine: str
) -> dict[str, dict[str, dict[str, Any]]]:
    """What a tenant's virtual machine has: for each product of its stack kinds with name, style and numbers.

    What a product does not offer was asked of another one of the stack (the host of a Windows guest has an image of
    its own): it has its default.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    expression = combination.stack.expressions[tenant.name]
    for product, kind, name, offers, _ in _asked(lookup, combination, tenant, expression):
        chosen = (_chosen(lookup, name, offers) if name is not None else None) or offers[0]
        found.setdefault(product, {})[kind] = described(lookup, chosen, machine)
    return found


def described(lookup: Any, name: str, machine: str) -> dict[str, Any]:
    """One device or image as a worker wants it."""
    product = lookup.virtual_hardware(name, machine)
    return {"name": name, "style": product.structure.get("style", ""), "parameters": product.values()}


def _asked(
    lookup: Lookup, combination: Combination, tenant: TenantChoice, expression: Expression
) -> Iterator[tuple[str, str, str | None, tuple[str, ...], Place]]:
    """Product, kind of hardware, what is asked for, what is offered, and where that is written."""
    own = tenant.form.virtual_hardware.model_dump()
    general: Mapping[str, str | None] = combination.stack.virtual_hardware
    for _, term in expression.placed():
        offered = {} if term.is_role else lookup.product(term.name).hardware
        for kind, offers in ((kind, offers) for kind, offers in offered.items() if offers):
            if own.get(kind) is not None:
                yield term.name, kind, own[kind], offers, tenant.place("virtual_hardware", kind)
            else:
                place = combination.stack.place[:-1] if general.get(kind) is not None else combination.stack.place
                yield term.name, kind, general.get(kind), offers, place


def _chosen(lookup: Lookup, name: str, offers: tuple[str, ...]) -> str | None:
    """The device that a name or a style stands for, None if it is not offered."""
    if name in offers:
        return name
    return next(iter(_of_style(lookup, name, offers)), None)


def _of_style(lookup: Lookup, style: str, offers: tuple[str, ...]) -> list[str]:
    machine = lookup.any_machine
    return [name for name in offers if lookup.virtual_hardware(name, machine).structure.get("style") == style]
