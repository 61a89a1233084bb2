"""How many points a scenario has, before any of them is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log10, prod
from typing import Any

from simulator.catalog.document import Place, path_text
from simulator.scenario.sweep.groups import Group, Groups
from simulator.scenario.variants import LISTS, VARYING

MOST_POINTS = 100_000
"""More than that is taken for a mistake."""
_WRITTEN_OUT = 10**30


def count(data: Mapping[str, Any], groups: Groups) -> int:
    """The number of points, those that conditions leave out among them."""
    counter = _Counter(groups)
    parts: dict[Place, Any] = {(key,): data.get(key) for key in ("machine", *VARYING)}
    tenants = data.get("tenants")
    parts |= {("tenants", name): each for name, each in tenants.items()} if isinstance(tenants, dict) else {}
    others = prod(counter.ways(value, place) for place, value in parts.items())
    stacks = data.get("stacks")
    if not isinstance(stacks, dict):
        labels = [str(each) for each in stacks] if isinstance(stacks, list) else [""]
        return sum(others * counter.rows(label) for label in labels)
    return sum(counter.ways(each, ("stacks", label)) * others * counter.rows(label) for label, each in stacks.items())


def counted(number: int) -> str:
    """A number of points in a message: of one that nobody would read to its end, the power of ten."""
    return f"{number:,}" if number < _WRITTEN_OUT else f"about 10^{log10(number):.0f}"


class _Counter:
    def __init__(self, groups: Groups) -> None:
        self._groups, self._of_places = groups.listed, groups.of_places

    def rows(self, stack: str) -> int:
        """In how many ways the groups can be chosen with a stack."""
        present = (group for group in self._groups if _present(group, stack))
        return prod(len(group.rows_of(stack)) if group.stacks else group.rows for group in present)

    def ways(self, value: Any, place: Place) -> int:
        """How many variants there are of a value, each row of a group counted once."""
        if isinstance(value, dict):
            return prod(self.ways(item, (*place, key)) for key, item in value.items())
        if not isinstance(value, list) or place[-1] in LISTS or not value:
            return 1
        found = (self.ways(item, (*place, index)) for index, item in enumerate(value))
        return max(found) if place in self._of_places else sum(found)


def _present(group: Group, stack: str) -> bool:
    return bool(group.stacks) or any(each[0] != "stacks" or each[1] == stack for each in group.members)


def lengths(data: Mapping[str, Any], groups: Groups) -> dict[Place, tuple[str, int]]:
    """Name and number of values of everything that varies, by the place where it is written."""
    known = groups.of_places
    stacks = data.get("stacks")
    found: dict[Place, tuple[str, int]] = {}
    if isinstance(stacks, dict | list) and len(stacks) > 1 and not any(group.stacks for group in groups.listed):
        found[("stacks",)] = ("stack", len(stacks))
    parts = {key: data[key] for key in ("machine", "tenants", *VARYING) if isinstance(data.get(key), dict | list)}
    parts |= {"stacks": stacks} if isinstance(stacks, dict) else {}
    for place, length in _lists(parts):
        if place not in known:
            found[place] = (path_text(place), length)
    for group in groups.listed:
        found[group.place] = (group.name if group.labels else " with ".join(group.names), group.rows)
    return found


def _lists(value: Any, place: Place = ()) -> Iterator[tuple[Place, int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, (*place, key))
    elif isinstance(value, list) and place[-1] not in LISTS:
        yield place, len(value)
        for index, item in enumerate(value):
            yield from _lists(item, (*place, index))
