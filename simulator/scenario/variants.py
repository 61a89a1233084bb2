"""Axes: one value written as a list becomes several variants of the part it stands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.catalog.document import Place, path_text

_LISTS = ("without", "held", "figures", "operations", "faults", "aggressors", "control", "rows", "missed", "excluded")
Label = str | float
MOST_POINTS = 100_000
"""Of a scenario, and so also variants of one of its parts."""


class TooMany(Exception):
    """A part of a scenario has more variants than the whole may have points.

    Attributes:
        place: where it stands.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__(path_text(place))


@dataclass(frozen=True)
class Variant:
    """A part of a scenario without lists.

    Attributes:
        value: the part.
        axes: for each axis in it, by its path, which value was taken.
        chosen: for each axis in it, by its place, the position of that value.
    """

    value: Any
    axes: Mapping[str, Label] = field(default_factory=dict)
    chosen: Mapping[Place, int] = field(default_factory=dict)

    def place(self, place: Place) -> Place:
        """Where in the file something stands that stands here without lists."""
        found: Place = ()
        for part in place:
            found += (part,)
            if found in self.chosen:
                found += (self.chosen[found],)
        return found


def expand(value: Any, place: Place, broken: Collection[Place] = ()) -> list[Variant]:
    """All variants of a part, the last axis changing fastest.

    Args:
        value: the part as written.
        place: where it stands.
        broken: places to leave out, because they are wrong.

    Raises:
        TooMany: there are more than a scenario may have points; none of them has been made.
    """
    if isinstance(value, dict):
        return _product(value, place, broken)
    if not isinstance(value, list) or place[-1] in _LISTS:
        return [Variant(value)]
    found = []
    for index, item in enumerate(value):
        if (*place, index) in broken:
            continue
        for variant in expand(item, (*place, index), broken):
            axes = {path_text(place): label(item), **variant.axes}
            found.append(Variant(variant.value, axes, {place: index, **variant.chosen}))
    return found


def _product(value: Mapping[str, Any], place: Place, broken: Collection[Place]) -> list[Variant]:
    found = [Variant({})]
    for key, item in value.items():
        inside = (*place, key)
        variants = [] if inside in broken else expand(item, inside, broken)
        if len(found) * len(variants) > MOST_POINTS:
            raise TooMany(place)
        if variants:
            found = [
                Variant({**one.value, key: more.value}, {**one.axes, **more.axes}, {**one.chosen, **more.chosen})
                for one in found
                for more in variants
            ]
    return found


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


def repeated(value: Any, place: Place = ()) -> list[Place]:
    """Values of an axis that are called like an earlier one of it."""
    found: list[Place] = []
    if isinstance(value, dict):
        for key, item in value.items():
            found += repeated(item, (*place, key))
    elif isinstance(value, list) and place[-1] not in _LISTS:
        seen: set[Label] = set()
        for index, item in enumerate(value):
            found += repeated(item, (*place, index)) + ([(*place, index)] if label(item) in seen else [])
            seen.add(label(item))
    return found
