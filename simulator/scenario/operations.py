"""What an operation of a scenario says: its kind, whom it is done to, what contradicts itself, who can do it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError
from simulator.operations.kinds.base import Kind, kinds
from simulator.operations.subjects import holds, refusal, subject
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import Operation

_ALWAYS = ("at", "with")


def written(operation: Operation) -> dict[str, Any]:
    """What is written, by the words of the file, in SI units."""
    return operation.model_dump(by_alias=True, exclude_none=True)


def kind_of(operation: Operation) -> str:
    """Its kind; empty where it says none, or several."""
    found = [name for name in kinds() if name in written(operation)]
    return found[0] if len(found) == 1 else ""


def targets(operation: Mapping[str, Any]) -> str:
    """In which part of the catalog, or of the scenario, an operation of a point has its target."""
    return kinds()[operation["kind"]].TARGET


def resolved(operation: Operation, full_name: Callable[[str], str]) -> dict[str, Any]:
    """An operation of a point: its time, kind and target, and what else is written."""
    options, kind = written(operation), kind_of(operation)
    if "with" in options:
        options["with"] = full_name(options["with"])
    at_s, target = options.pop("at"), options.pop(kind)
    return {"at_s": at_s, "kind": kind, "target": target, **options}


def tenants(operation: Mapping[str, Any]) -> set[str]:
    """The tenants that an operation of a point names."""
    kind = kinds()[operation["kind"]]
    target = {operation["target"]} if kind.TARGET == "tenants" else set()
    return target | ({operation[kind.MAKES]} if kind.MAKES in operation else set())


def check(lookup: Lookup, combinations: Sequence[Combination]) -> None:
    """Note every operation that contradicts itself, or whose names nobody knows."""
    for index, operation in lookup.readable("operations", Operation):
        place = ("operations", index)
        found = [name for name in kinds() if name in written(operation)]
        if len(found) != 1:
            message = "says nothing of what is done" if not found else f"is {' and '.join(found)} at once"
            lookup.complain(place, message, f"write one of {', '.join(kinds())}, with whom it is done to")
            continue
        _check_keys(lookup, index, operation, found[0])
        _check_names(lookup, index, operation, found[0], combinations)


def _check_keys(lookup: Lookup, index: int, operation: Operation, name: str) -> None:
    kind, options = kinds()[name], written(operation)
    for key in options:
        if key not in (name, *_ALWAYS, *kind.KEYS):
            known = f"it takes {', '.join(kind.KEYS)}" if kind.KEYS else "it takes no further keys"
            lookup.complain(("operations", index, key), f"means nothing for {name}", f"remove it; {known}")
    for key in kind.NEEDS:
        if key not in options:
            lookup.complain(("operations", index), f"{name} does not say '{key}'", f"add '{key}: ...'")


def _check_names(
    lookup: Lookup, index: int, operation: Operation, name: str, combinations: Sequence[Combination]
) -> None:
    kind, options = kinds()[name], written(operation)
    known = {tenant.name for each in combinations for tenant in each.tenants}
    named = [(name, options[name])] if kind.TARGET == "tenants" else []
    named += [(kind.MAKES, options[kind.MAKES])] if kind.MAKES in options else []
    for key, tenant in named:
        if known and tenant not in known:
            message = f"there is no tenant {tenant!r}"
            lookup.complain(("operations", index, key), message, suggestion(tenant, known))
    if kind.TARGET != "tenants":
        _check_catalog(lookup, ("operations", index, name), kind, options[name])
    if "with" in options:
        products = {product for each in combinations for product in each.stack.products}
        if products and lookup.layer_name(options["with"]) not in products:
            message = f"no stack has {options['with']!r}"
            lookup.complain(("operations", index, "with"), message, suggestion(options["with"], products))


def _check_catalog(lookup: Lookup, place: tuple[str | int, ...], kind: type[Kind], name: str) -> None:
    try:
        lookup.full_name(kind.TARGET, name)
    except CatalogError as error:
        message, _, remedy = str(error).partition("; ")
        lookup.complain(place, message, remedy or f"see 'virtlab list {kind.TARGET}'")


def check_offered(lookup: Lookup, points: Collection[dict[str, Any]]) -> None:
    """Note every operation that no stack of the scenario offers; where some do, the others say so in their results."""
    for index, operation in lookup.readable("operations", Operation):
        kind = kind_of(operation)
        if not kind:
            continue
        asked = resolved(operation, lookup.layer_name)
        refusals = [_refusal(point, each) for point in points for each in point["operations"] if _is_same(each, asked)]
        if refusals and all(refusals):
            message, _, remedy = refusals[0].partition(": ")
            lookup.complain(("operations", index, kind), message, remedy or "take another stack, or remove it")


def _is_same(operation: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(operation.get(key) == value for key, value in asked.items())


def _refusal(point: Mapping[str, Any], operation: dict[str, Any]) -> str:
    """Why an operation cannot be done at a point, noted there; empty if it can."""
    kind, tenant = kinds()[operation["kind"]], operation["target"]
    if kind.TARGET != "tenants":
        return kind.unfit(point, operation)
    found = holds(point, tenant)
    hold = subject(found, kind.WORD, operation.get("with", ""))
    if hold is None:
        why = refusal(found, kind.WORD, operation.get("with", ""))
    else:
        lacking = [each for each in kind.SECTIONS if not point["layers"][hold.product].get(each)]
        if lacking:
            why = f"nobody knows what it takes {hold.product}: give its file a section {lacking[0]!r}"
        else:
            why = kind.problem(point, tenant, hold, operation)
    if why:
        operation["refusal"] = why
    return why
