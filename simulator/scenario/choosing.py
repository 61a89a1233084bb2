"""Checks of what the command ``choose`` is asked: names that there are, words that are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.control import WORDS
from simulator.scenario.lookup import Lookup


def check(lookup: Lookup) -> None:
    """Note a victim that is no tenant, aggressors that are no workloads, and control that nobody knows."""
    written = _mapping(lookup.source.data.get("choose"))
    tenants = _mapping(lookup.source.data.get("tenants"))
    victim = written.get("victim")
    if isinstance(victim, str) and victim not in tenants:
        lookup.complain(("choose", "victim"), f"no tenant is called {victim!r}", suggestion(victim, tenants))
    for place, name in (*_texts(written, ("choose",), "aggressors"), *_workload(written.get("workload"))):
        lookup.name("workloads", name, place)
    for need, limits in _mapping(written.get("needs")).items():
        for place, word in _texts(_mapping(limits), ("choose", "needs", need), "control"):
            if word not in WORDS:
                lookup.complain(place, f"{word!r} is no way of control", suggestion(word, WORDS))


def _mapping(value: Any) -> dict[str, Any]:
    """The value where it is a mapping; the schema says what is wrong with any other."""
    return value if isinstance(value, dict) else {}


def _workload(value: Any) -> Iterator[tuple[Place, str]]:
    """The name of a workload with its place, also where some of its numbers are changed."""
    place: Place = ("choose", "workload")
    name, place = (value.get("name"), (*place, "name")) if isinstance(value, dict) else (value, place)
    if isinstance(name, str) and name.strip():
        yield place, name


def _texts(written: dict[str, Any], place: Place, key: str) -> Iterator[tuple[Place, str]]:
    """The texts of a list with their places."""
    values = written.get(key)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str) and value.strip():
            yield (*place, key, index), value
