"""A victim alone and beside each stressor: the batches of the derived scenarios, and what came of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import batch
from simulator.batch.progress import Progress, Silent
from simulator.choice import measures
from simulator.choice.derived import Derived
from simulator.choice.measures import Row
from simulator.results.folder import replace_text

if TYPE_CHECKING:
    from simulator.results import Results
    from simulator.scenario import Scenario

Watch = Callable[[str], Progress]
Run = Callable[["Scenario"], "Results"]


@dataclass(frozen=True)
class Stressed:
    """What came of it.

    Attributes:
        batches: the victim alone, then beside its neighbours.
        alone: rows of the victim alone, its own systems up.
        started: the same with their start before it.
        beside: rows of the victim and its neighbours.
        longest_s: the longest time that it took alone on each stack on which it lived.
    """

    batches: tuple[Results, ...]
    alone: Sequence[Row]
    started: Sequence[Row]
    beside: Sequence[Row]
    longest_s: Mapping[str, float]


def runner(
    scenario: Scenario, out: str | os.PathLike[str], jobs: int | None, on: str | Executor, watch: Watch | None
) -> Run:
    """What runs a scenario or one derived from it; a derived one gets a file, by which a run of it can be repeated."""

    def run(each: Scenario) -> Results:
        progress = watch(each.name) if watch else Silent()
        if each is not scenario:
            file = Path(out) / f"{each.name}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_text(file, each.text)
            each = each.kept_in(file)
        return batch.run(each, out=out, jobs=jobs, on=on, progress=progress, catalog=scenario.catalog)

    return run


def stress(derived: Derived, run: Run) -> Stressed:
    """Run the victim alone, then beside each stressor for some times as long."""
    alone = run(derived.alone)
    rows = measures.rows(alone)
    boot = f"tenants.{derived.victim}.boot"
    up = [row for row in rows if not row.place[boot]]
    longest_s = _longest(derived, up)
    beside = [run(each) for each in derived.beside(longest_s)]
    return Stressed(
        (alone, *beside),
        alone=up,
        started=[row for row in rows if row.place[boot]],
        beside=[row for each in beside for row in measures.rows(each)],
        longest_s=longest_s,
    )


def written(point: Mapping[str, Any]) -> str:
    """The label under which the scenario has a point's stack; a companion was added to another."""
    return str(point.get("companion_of", point["stack"]))


def _longest(derived: Derived, alone: Sequence[Row]) -> dict[str, float]:
    """The longest time that the victim took alone on each stack as written, without those on which it did not live."""
    labels = {str(point["stack"]): written(point) for point in derived.alone.points()}
    longest: dict[str, float] = {}
    for row in alone:
        if isfinite(row.cost):
            label = labels[row.stack]
            longest[label] = max(row.elapsed_s, longest.get(label, 0.0))
    return longest
