"""Images: what a tenant or an operation names, with its layers, its registry, and who fetches it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator import control
from simulator.catalog.document import Place
from simulator.errors import CatalogError
from simulator.notation import Expression
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.parts import TenantChoice
from simulator.scenario.schema import ImageForm
from simulator.scenario.types import split

DEFAULT_REGISTRY = "registry-internet"


def check(lookup: Lookup, combination: Combination) -> None:
    """Note every image that nobody knows, whose packages do not go together, or that nothing in the stack fetches."""
    for tenant in combination.tenants:
        form = _form(tenant)
        expression = combination.stack.expressions.get(tenant.name)
        if form is None or expression is None:
            continue
        place = tenant.place("image")
        _check_names(lookup, form, place)
        if not tenant.form.boot:
            lookup.complain(place, "counts only at a start", "add 'boot: true', or leave the image out")
        product = fetcher(lookup, expression, form.by)
        if not product:
            lookup.complain(
                place,
                "nothing in this stack fetches images",
                "take one that does, e.g. docker-27, or leave the image out",
            )
        elif form.lazy and "fetch_bytes" not in lookup.product(product).pull:
            word = control.VOCABULARY["lazy-pull"]
            lookup.complain(place, f"{product} has no lazy loading: {word.reason}", word.otherwise)


def _check_names(lookup: Lookup, form: ImageForm, place: Place) -> None:
    for name in (form.name, *form.held):
        try:
            lookup.image(name)
        except CatalogError as error:
            lookup.complain(place, *split(str(error)))
    if form.registry is not None:
        lookup.name("registries", form.registry, place)


def fetcher(lookup: Lookup, expression: Expression, named: str | None = None) -> str:
    """The product of a stack that fetches images: the one that is named, or the last that can; empty if none does."""
    names = [term.name for _, term in expression.placed() if not term.is_role]
    if named is not None:
        names = [name for name in names if name in (named, lookup.layer_name(named))]
    return next((name for name in reversed(names) if lookup.product(name).pull), "")


def of_tenant(lookup: Lookup, combination: Combination, tenant: TenantChoice, machine: str) -> dict[str, Any] | None:
    """What a tenant is shipped as, as a worker wants it."""
    form = _form(tenant)
    if form is None:
        return None
    by = fetcher(lookup, combination.stack.expressions[tenant.name], form.by)
    found = described(lookup, form.name, machine, form.held, form.registry)
    return {**found, **_way(found["registry"], form.link, form.round_trip), "lazy": form.lazy, "by": by}


def described(
    lookup: Lookup, name: str, machine: str, held: Iterable[str] = (), registry: str | None = None
) -> dict[str, Any]:
    """An image, those that are held already, and the registry."""
    chosen = lookup.registry(registry or DEFAULT_REGISTRY, machine)
    return {
        "image": lookup.image(name, machine).data(),
        "held": [lookup.image(each, machine).data() for each in held],
        "registry": {"name": chosen.name, **chosen.values()},
    }


def _way(registry: dict[str, Any], link: float | None, round_trip: float | None) -> dict[str, Any]:
    """The registry with another way to it."""
    changes = {"link_bytes_per_s": link, "round_trip_s": round_trip}
    return {"registry": {**registry, **{name: value for name, value in changes.items() if value is not None}}}


def of_operation(lookup: Lookup, operation: dict[str, Any], machine: str) -> dict[str, Any]:
    """What an operation on an image names, as a worker wants it."""
    found = described(lookup, operation["target"], machine, operation.get("held", ()), operation.get("registry"))
    return {**found, **_way(found["registry"], operation.get("link"), operation.get("round_trip"))}


def _form(tenant: TenantChoice) -> ImageForm | None:
    written = tenant.form.image
    return ImageForm(name=written) if isinstance(written, str) else written
