"""Checks of what a scenario says about published figures: stacks, axes and values that it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.results.places import axis_named
from simulator.scenario.lookup import Lookup

FORMS = ("ratio", "percent_of", "percent_change", "percent_loss", "difference")
"""How a published figure can be relative to another."""
PLACEHOLDER = re.compile(r"\{([\w.-]+)\}")
"""The value of an axis in the name of a benchmark."""
Point = Mapping[str, Any]


def same(value: object, written: object) -> bool:
    """Whether a value of an axis is the one that is written: as text, or as a number."""
    if str(value).strip() == str(written).strip():
        return True
    try:
        return float(str(value)) == float(str(written))
    except ValueError:
        return False


def used(at: Mapping[str, object]) -> set[str]:
    """The placeholders in the values of ``at``."""
    return {name for value in at.values() if isinstance(value, str) for name in PLACEHOLDER.findall(value)}


def filled(written: str, values: Mapping[str, str]) -> str:
    """A value of ``at`` with what stands at its placeholders."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), written)


def check(lookup: Lookup, points: Sequence[Point]) -> None:
    """Note platforms that are no stacks, values that no axis has, tenants and forms that there are not."""
    written = lookup.source.data.get("published")
    if not isinstance(written, dict) or not points:
        return
    stacks = list(dict.fromkeys(str(point["stack"]) for point in points))
    _stacks(lookup, written.get("platforms"), stacks, ("published", "platforms"))
    for index, row in enumerate(written.get("rows") or ()):
        _row(lookup, row, points, stacks, ("published", "rows", index))


def _row(lookup: Lookup, row: dict[str, Any], points: Sequence[Point], stacks: Sequence[str], place: Place) -> None:
    axes = list(dict.fromkeys(name for point in points for name in point["axes"]))
    _stacks(lookup, row.get("platforms"), stacks, (*place, "platforms"))
    _values(lookup, row.get("at"), points, axes, (*place, "at"))
    _placeholders(lookup, row, axes, place)
    tenants = list(dict.fromkeys(str(each["copy_of"]) for point in points for each in point["tenants"].values()))
    if row.get("tenant") is not None and row["tenant"] not in tenants:
        message = f"no tenant is called {row['tenant']!r}"
        lookup.complain((*place, "tenant"), message, suggestion(str(row["tenant"]), tenants))
    against, form = row.get("against"), row.get("as")
    if form is not None and form not in FORMS:
        lookup.complain((*place, "as"), f"{form!r} is no way to be relative", suggestion(str(form), FORMS))
    if (against is None) != (form is None):
        missing = "against: {stack: ...}" if against is None else "as: ratio"
        lookup.complain(place, "a relative figure needs both 'against' and 'as'", f"add '{missing}'")
    if isinstance(against, dict):
        _stacks(lookup, {"": against.get("stack") or stacks[0]}, stacks, (*place, "against", "stack"))
        _values(lookup, against.get("at"), points, axes, (*place, "against", "at"))


def _placeholders(lookup: Lookup, row: dict[str, Any], axes: Sequence[str], place: Place) -> None:
    """Each names an axis, or a piece of a value in ``at``; and what ``at`` names stands somewhere."""
    at = row.get("at")
    pieces = used(at) if isinstance(at, dict) else set()
    for key in ("benchmark", "metric"):
        for name in PLACEHOLDER.findall(str(row.get(key) or "")):
            if name not in pieces:
                _axis(lookup, name, axes, (*place, key))
            pieces.discard(name)
    for name in sorted(pieces):
        lookup.complain((*place, "at"), f"{{{name}}} stands for nothing", "put it into 'benchmark' or 'metric'")


def _stacks(lookup: Lookup, written: Any, stacks: Sequence[str], place: Place) -> None:
    for key, label in written.items() if isinstance(written, dict) else ():
        if label not in stacks:
            lookup.complain((*place, key) if key else place, f"no stack is called {label!r}", suggestion(label, stacks))


def _values(lookup: Lookup, written: Any, points: Sequence[Point], axes: Sequence[str], place: Place) -> None:
    for name, value in written.items() if isinstance(written, dict) else ():
        found = _axis(lookup, name, axes, (*place, name))
        known = [point["axes"][found] for point in points if found in point["axes"]] if found else []
        if found and not PLACEHOLDER.search(str(value)) and not any(same(each, value) for each in known):
            texts = list(dict.fromkeys(map(str, known)))
            lookup.complain((*place, name), f"axis {found} has no value {value!r}", suggestion(str(value), texts))


def _axis(lookup: Lookup, name: str, axes: Sequence[str], place: Place) -> str | None:
    found = axis_named(name, axes)
    if found is None:
        lookup.complain(place, f"no axis, or more than one, is called {name!r}", f"axes are: {', '.join(axes)}")
    return found
