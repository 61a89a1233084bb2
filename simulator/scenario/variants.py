"""Axes: one value written as a list becomes several variants of the part it stands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.catalog.document import Place, path_text
from simulator.scenario.sweep.groups import Rows, partners

LISTS = ("without", "held", "figures", "operations", "faults", "aggressors", "control", "rows", "missed", "excluded")
"""Keys whose values are always lists, and so no axes."""
VARYING = ("duration", "warmup", "fidelity")
"""Settings that can be axes."""
Label = str | float
_NONE: Mapping[Place, int] = {}


@dataclass(frozen=True)
class Variant:
    """A part of a scenario without lists.

    Attributes:
        value: the part.
        axes: for each axis in it, by its path, which value was taken.
        chosen: for each axis in it, by its place, the position of that value.
        rows: for each group of axes with one in it, by number, the row that it belongs to.
    """

    value: Any
    axes: Mapping[str, Label] = field(default_factory=dict)
    chosen: Mapping[Place, int] = field(default_factory=dict)
    rows: Rows = field(default_factory=dict)

    def place(self, place: Place) -> Place:
        """Where in the file something stands that stands here without lists."""
        found: Place = ()
        for part in place:
            found += (part,)
            if found in self.chosen:
                found += (self.chosen[found],)
        return found


def expand(
    value: Any, place: Place, broken: Collection[Place] = (), together: Mapping[Place, int] = _NONE
) -> list[Variant]:
    """All variants of a part, the last axis changing fastest.

    Args:
        value: the part as written.
        place: where it stands.
        broken: places to leave out, because they are wrong.
        together: the number of the group that an axis goes side by side with, by its place.
    """
    if isinstance(value, dict):
        return _product(value, place, broken, together)
    if not isinstance(value, list) or place[-1] in LISTS:
        return [Variant(value)]
    group, name = together.get(place), path_text(place)
    found = []
    for index, item in enumerate(value):
        if broken and (*place, index) in broken:
            continue
        row = {} if group is None else {group: index}
        for variant in expand(item, (*place, index), broken, together):
            axes = {name: label(item), **variant.axes}
            found.append(Variant(variant.value, axes, {place: index, **variant.chosen}, {**row, **variant.rows}))
    return found


def _product(
    value: Mapping[str, Any], place: Place, broken: Collection[Place], together: Mapping[Place, int]
) -> list[Variant]:
    found = [Variant({})]
    for key, item in value.items():
        inside = (*place, key)
        variants = [] if inside in broken else expand(item, inside, broken, together)
        if variants and found:
            fitting = partners(found[0].rows, variants)
            found = [_both(one, key, more) for one in found for more in fitting(one.rows)]
    return found


def _both(one: Variant, key: str, more: Variant) -> Variant:
    return Variant(
        {**one.value, key: more.value},
        {**one.axes, **more.axes},
        {**one.chosen, **more.chosen},
        {**one.rows, **more.rows},
    )


def label(value: Any) -> Label:
    """What a value of an axis is called: numbers and texts as written, mappings by their name and what they change."""
    if value is None:
        return "none"
    if not isinstance(value, dict):
        return value if isinstance(value, str | int | float) else str(value)
    name = next((str(value[key]) for key in ("name", "base", "stack") if key in value), "")
    changes = [f"{path}={item}" for path, item in _leaves(value) if path not in ("name", "base", "stack")]
    return f"{name} ({', '.join(changes)})" if name and changes else name or ", ".join(changes)


def _leaves(value: Mapping[str, Any], path: str = "") -> list[tuple[str, Any]]:
    """The plain values in a mapping by path, without the words that only group them."""
    found: list[tuple[str, Any]] = []
    for key, item in value.items():
        inside = path if key in ("parameters", "devices") and not path else f"{path}.{key}".removeprefix(".")
        if isinstance(item, dict):
            found += _leaves(item, inside)
        elif not isinstance(item, list):
            found.append((inside, item))
    return found


def repeated(value: Any, place: Place = (), allowed: Collection[Place] = ()) -> list[Place]:
    """Values of an axis that are called like an earlier one of it.

    Args:
        value: the part as written.
        place: where it stands.
        allowed: axes whose values may be equal.
    """
    found: list[Place] = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += repeated(item, (*place, key), allowed)
    elif isinstance(value, list) and place[-1] not in LISTS:
        seen: set[Label] = set()
        for index, item in enumerate(value):
            again = label(item) in seen and place not in allowed
            found += repeated(item, (*place, index), allowed) + ([(*place, index)] if again else [])
            seen.add(label(item))
    return found
