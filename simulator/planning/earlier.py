"""What earlier batches of a scenario say about how long a run takes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import Any

from simulator.batch import segments
from simulator.errors import ResultsError
from simulator.planning.measured import Measured, Point
from simulator.records import names
from simulator.results.folder import read_manifest
from simulator.results.listing import size_bytes

_MOST_RECORDS = 100
_POINT = names("runs").index("point")
_PICTURES = (".png", ".svg", ".pdf")


def measured(folder: Path, points: Sequence[Point]) -> Measured:
    """From the batches in a scenario's folder; of a point that is in several of them the latest counts.

    A run of another duration is taken to last in proportion, one with another fidelity says nothing.
    """
    found = Measured()
    wanted = {_key(point): point for point in points}
    stacks = {(str(point["stack"]), point.get("fidelity")): point for point in points}
    used: dict[Path, Mapping[str, Any]] = {}
    known: set[str] = set()
    for batch, manifest in _manifests(folder):
        means = {each["point"]: each["seconds"] for each in manifest["run_times"]}
        for point in manifest["points"]:
            like = stacks.get((str(point["stack"]), point.get("fidelity")))
            if like is None or point["point"] not in means:
                continue
            key = _key(point)
            known.add(key)
            used[batch] = manifest
            same = wanted.get(key)
            seconds = means[point["point"]] * _longer(point, same or like)
            if same is None:
                found.of_stack.setdefault(str(point["stack"]), []).append(seconds)
            else:
                found.seconds[int(same["point"])] = seconds
    if used:
        latest, manifest = list(used.items())[-1]
        found.run_bytes = size_bytes(latest, without=_PICTURES) / max(1, manifest["runs"]["total"])
        more = f" and {len(used) - 1} more" if len(used) > 1 else ""
        found.sources.append(f"earlier runs of {len(known)} points ({latest}{more})")
    return found


def of_records(done: Mapping[str, segments.Place]) -> Measured:
    """From runs that a batch has finished which is not finished itself: some of them, evenly chosen."""
    places = [place for place in done.values() if place.mark == segments.OK]
    chosen = places[:: max(1, len(places) // _MOST_RECORDS)]
    seconds: dict[int, list[float]] = {}
    for place in chosen:
        content = segments.content(place)
        seconds.setdefault(int(content["tables"]["runs"][0][_POINT]), []).append(float(content["seconds"]))
    found = Measured({point: fsum(each) / len(each) for point, each in seconds.items()})
    found.sources = [f"{len(chosen)} of its own runs"] if chosen else []
    return found


def _manifests(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Batches that say how long their runs took, the latest last."""
    batches = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            manifest = read_manifest(path)
            if manifest.get("end") and manifest["points"] and manifest["run_times"]:
                batches.append((path, manifest))
        except ResultsError:
            continue  # a damaged or foreign folder is of no use here; whoever loads it is told
    yield from sorted(batches, key=lambda each: str(each[1]["end"]))


def _key(point: Point) -> str:
    """What a point is called in every batch of a scenario, whatever its number there."""
    return json.dumps([point["stack"], point["axes"], point.get("fidelity")], sort_keys=True)


def _longer(point: Point, wanted: Point) -> float:
    """How many times as long a run of the wanted point simulates."""
    before_s, now_s = point.get("duration_s"), wanted.get("duration_s")
    return float(now_s / before_s) if before_s and now_s else 1.0
