"""Dotted paths of ``sweep``: where they lead, and which axes there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from simulator.catalog.document import Place, path_text
from simulator.catalog.suggestion import suggestion
from simulator.scenario.schema import StackForm, Tenant
from simulator.scenario.types import shown
from simulator.scenario.variants import LISTS, VARYING

STACK = "stack"
"""The axis that the stacks are, by label."""
_LONG = {"machine": "base", "workload": "name", "image": "name"}
"""What a mapping calls what may also be written alone."""


class Nowhere(Exception):
    """A path that leads nowhere; message and remedy."""


def place_of(data: Mapping[str, Any], path: str) -> Place:
    """Where a path leads; names of tenants and stacks may have dots in them.

    Raises:
        Nowhere: to nothing that can vary.
    """
    head, *rest = path.split(".")
    known = ("machine", "stacks", "tenants", *VARYING)
    if head not in known:
        raise Nowhere(f"{head!r} leads nowhere", suggestion(head, known))
    if head in VARYING and rest:
        raise Nowhere(f"{head} has nothing within it", f"write '{head}'")
    place: Place = (head,)
    if head in ("stacks", "tenants"):
        name, rest = _named(data.get(head), rest, head)
        place = (head, name)
    if not rest and head in ("stacks", "tenants"):
        raise Nowhere(f"{path_text(place)} is no single value", f"say what of it varies: '{path_text(place)}. ...'")
    place += _within(head, rest)
    if place[-1] in LISTS:
        raise Nowhere(f"{place[-1]} is always a list and no axis", "write the scenario once for each of its values")
    return place


def _named(data: Any, rest: list[str], head: str) -> tuple[str, list[str]]:
    """The tenant or stack that a path begins with, and what comes after it."""
    known = data if isinstance(data, dict) else {}
    for length in range(len(rest), 0, -1):
        if ".".join(rest[:length]) in known:
            return ".".join(rest[:length]), rest[length:]
    kind = head.removesuffix("s")
    if not known and isinstance(data, list):
        raise Nowhere("leads nowhere: the stacks have no labels", "write them as 'label: stack' lines")
    name = rest[0] if rest else ""
    raise Nowhere(f"leads nowhere: no {kind} is called {name!r}", suggestion(name, known))


def _within(head: str, rest: list[str]) -> Place:
    """The keys within a machine, a stack or a tenant; names of products may have dots in them."""
    two = {"devices", "limits"} | ({"parameters"} if head == "stacks" else set())
    for position, key in enumerate(rest):
        after = rest[position + 1 :]
        if key in two and len(after) > 1:
            return (*rest[: position + 1], ".".join(after[:-1]), after[-1])
        if key == "parameters" and after:
            return (*rest[: position + 1], ".".join(after))
    return tuple(rest)


def put(data: dict[str, Any], place: Place, value: Any) -> tuple[list[Place], dict[Place, Place]]:
    """Write a value where there is none yet; short forms on the way there become long ones.

    Returns:
        Places of mappings that were not there before, and where what is in a long form now stood before.

    Raises:
        Nowhere: something else stands on the way, or there already.
    """
    inside, added, moved = data, [], {}
    for depth, part in enumerate(place[:-1], 1):
        here = place[:depth]
        if part not in inside:
            added.append(here)
        found = inside.setdefault(str(part), {})
        key = _long_form(here, found, str(place[depth]))
        if key:
            found = inside[str(part)] = {key: found}
            moved[(*here, key)] = here
        if not isinstance(found, dict):
            what = "a list" if isinstance(found, list) else shown(found)
            raise Nowhere(
                f"leads nowhere: {path_text(here)} is {what}", "write the value there, or choose another path"
            )
        inside = found
    if place[-1] in inside:
        raise Nowhere(f"is set in two places, here and at {path_text(place)}", "remove one of the two")
    inside[str(place[-1])] = value
    return added, moved


def _long_form(place: Place, found: Any, then: str) -> str:
    """What a short form would be called in its long one; empty if this is none."""
    if place[0] == "stacks" and len(place) == 2:
        by_tenant = isinstance(found, dict) and not found.keys() & StackForm.model_fields.keys()
        return "stack" if then in StackForm.model_fields and (isinstance(found, str) or by_tenant) else ""
    return _LONG.get(str(place[-1]), "") if isinstance(found, str) else ""


def written_at(data: Any, place: Place) -> tuple[bool, Any]:
    """Whether something stands at a place, and what."""
    for part in place:
        if not isinstance(data, dict) or part not in data:
            return False, None
        data = data[part]
    return True, data


def axes(data: Mapping[str, Any]) -> dict[str, Place]:
    """All axes that are not within the values of another, by name."""
    parts = {key: data[key] for key in ("machine", "stacks", "tenants", *VARYING) if key in data}
    if not isinstance(parts.get("stacks"), dict):
        parts.pop("stacks", None)
    return {path_text(place): place for place in _lists(parts)}


def _lists(value: Any, place: Place = ()) -> Iterator[Place]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, (*place, key))
    elif isinstance(value, list) and place[-1] not in LISTS:
        yield place


def wants_whole(place: Place) -> bool:
    """Whether whole numbers stay whole in a field: unless the schema says that it takes others."""
    key = place[-1]
    if place[0] != "tenants" or len(place) != 3 or key not in Tenant.model_fields:
        return True
    try:
        Tenant.model_validate({"workload": "any", key: 0.5})
    except ValidationError:
        return True
    return False
