"""What is not the same in two batches beside their numbers: scenario, code, libraries, points, failures."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.results.places import in_words

if TYPE_CHECKING:
    from simulator.results.results import Results

FACTS = ("code", "seed", "replications", "baseline", "schema_version")
OF_POINT = ("stack", "expression", "without")


def circumstances(old: Results, new: Results) -> dict[str, Any]:
    """Each thing with what it was and what it is; nothing stands there for what is the same.

    Returns:
        ``scenario``: lines of a unified diff of the texts; the facts of ``FACTS``, and ``libraries`` by name, as pairs;
        ``only_old``, ``only_new``: places of points that one batch has; ``points``: what differs at a place, as pairs;
        ``failed``: numbers of failed runs, as a pair.
    """
    before, after = old.manifest, new.manifest
    places = [{place(point): point for point in manifest["points"]} for manifest in (before, after)]
    found: dict[str, Any] = {
        "scenario": _text(old, new),
        **{fact: [before.get(fact), after.get(fact)] for fact in FACTS if before.get(fact) != after.get(fact)},
        "libraries": _pairs(before["libraries"], after["libraries"]),
        "only_old": [name for name in places[0] if name not in places[1]],
        "only_new": [name for name in places[1] if name not in places[0]],
        "points": _points(*places),
    }
    failed = [manifest["runs"]["failed"] for manifest in (before, after)]
    if failed[0] != failed[1]:
        found["failed"] = failed
    return {name: value for name, value in found.items() if value}


def place(point: Mapping[str, Any]) -> str:
    """Where a point stands on the axes, in words."""
    return in_words(point["axes"]) or str(point["stack"])


def _text(old: Results, new: Results) -> list[str]:
    before, after = (results.manifest["scenario"]["text"].splitlines() for results in (old, new))
    return list(difflib.unified_diff(before, after, str(old.folder), str(new.folder), lineterm=""))


def _pairs(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = dict.fromkeys([*before, *after])
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def _points(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """What the manifests say of points that stand at the same place, where it differs."""
    found = {}
    for name in before:
        if name in after:
            differ = _pairs(*({key: each[name].get(key) for key in OF_POINT} for each in (before, after)))
            if differ:
                found[name] = json.loads(json.dumps(differ))
    return found
