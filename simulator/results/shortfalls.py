"""What a stopping rule has not reached: points of which less is known than was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.records import names
from simulator.results.stopping import Stopping
from simulator.results.tables import cell

if TYPE_CHECKING:
    from simulator.results.results import Results


def shortfalls(results: Results) -> list[str]:
    """A sentence for each group of points, with its place; none where all is known as well as was asked for."""
    if not results.manifest.get("stopping"):
        return []
    rule = Stopping(**results.manifest["stopping"])
    points: Sequence[Mapping[str, Any]] = results.manifest["points"]
    by_number = {point["point"]: point for point in points}
    runs = _runs(results, rule.metric)
    found = []
    for group in rule.groups(points):
        if rule.over and group == (by_number[group[0]]["point"],) and by_number[group[0]]["stack"] == rule.over:
            continue  # a baseline with nobody to be compared with
        said = rule.shortfall(*rule.series([runs.get(point, []) for point in group]))
        if said:
            found.append(f"{_place(by_number[group[-1]], rule)}: {said}")
    return found


def _place(point: Mapping[str, Any], rule: Stopping) -> str:
    """Where: the stack only where each decides for itself."""
    axes = {name: value for name, value in point["axes"].items() if name != "stack" or not rule.over}
    return ", ".join(f"{name}={cell(value)}" for name, value in axes.items()) or "everywhere"


def _runs(results: Results, metric: str) -> dict[int, list[dict[str, list[list[object]]]]]:
    """The rows of ``tenants`` of each replication of each point, as far as the rule looks at them."""
    columns = names("tenants")
    by_run: dict[str, list[list[object]]] = {}
    frame = results.tenants
    for run, name, value in zip(frame["run"], frame["copy_of"], frame[metric], strict=True):
        row: dict[str, object] = {"copy_of": str(name), metric: float(value)}
        by_run.setdefault(str(run), []).append([row.get(column) for column in columns])
    found: dict[int, list[dict[str, list[list[object]]]]] = {}
    for point, _, run in _in_order(results):
        found.setdefault(point, []).append({"tenants": by_run.get(run, [])})
    return found


def _in_order(results: Results) -> Iterator[tuple[int, int, str]]:
    runs = results.runs
    yield from sorted(
        (int(point), int(replication), str(run))
        for point, replication, run in zip(runs["point"], runs["replication"], runs["run"], strict=True)
    )
