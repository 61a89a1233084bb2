"""The plan of a batch: its points, what is varied, what is finished already, and how long the rest takes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.batch import segments
from simulator.batch.batch import Batch, checked_points
from simulator.batch.executors import place
from simulator.batch.manifest import axes
from simulator.planning import earlier, pilot
from simulator.planning.estimate import Estimate, estimate
from simulator.planning.measured import Measured, Point, by_stack
from simulator.records import run_id
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

PILOT_S = 5.0


@dataclass(frozen=True)
class Plan:
    """What a batch would run.

    Attributes:
        scenario: the scenario.
        folder: where its results are, or will be.
        points: all of them.
        axes: what is varied, with its values.
        runs: how many there are in all, at least and at most; the same unless a rule says how many are enough.
        left: for each point how many runs are still to be done, at least and at most.
        estimate: how long that takes; None where nothing is left, or nobody knows.
        failures: runs of the pilot that went wrong.
    """

    scenario: Scenario
    folder: Path
    points: list[dict[str, Any]]
    axes: dict[str, list[Any]]
    runs: tuple[int, int]
    left: dict[int, tuple[int, int]]
    estimate: Estimate | None
    failures: list[str]

    @property
    def to_run(self) -> tuple[int, int]:
        """How many runs are still to be done, at least and at most."""
        return sum(low for low, _ in self.left.values()), sum(high for _, high in self.left.values())

    def frame(self) -> pd.DataFrame:
        """The points, one in a row: number, stack, axes, and how many runs are still to be done, at least."""
        import pandas as pd

        rows = [
            {"point": each["point"], "stack": each["stack"], **each["axes"], "to_run": self.left[each["point"]][0]}
            for each in self.points
        ]
        return pd.DataFrame(rows, columns=list(dict.fromkeys(["point", "stack", *self.axes, "to_run"])))

    @property
    def finished(self) -> int:
        """How many runs need not be done again."""
        return self.runs[0] - self.to_run[0]


def plan(
    scenario: Scenario,
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    pilot_s: float = PILOT_S,
) -> Plan:
    """What a batch of a scenario would run, and about how long that takes. Nothing is written.

    How long a run takes is what earlier batches of the scenario say. Of stacks of which they say nothing some points
    are run once each, and what comes out is thrown away.

    Args:
        scenario: the scenario, checked.
        out: folder of all results.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where to run, as for a batch.
        pilot_s: for how long points may be tried, in seconds; 0: not at all.

    Raises:
        UsageError: it cannot be run there.
    """
    workers = _workers(on, jobs)
    batch = Batch(scenario, Path(out), checked_points(scenario, scenario.catalog))
    done = batch.records()
    runs, left = _left(batch, done)
    measured = _measured(batch, done, left, pilot_s) if any(most for _, most in left.values()) else Measured()
    found = estimate(batch.points, left, measured, workers, runs[0])
    return Plan(scenario, batch.folder, batch.points, axes(batch.points), runs, left, found, measured.failures)


def _workers(on: str | Executor, jobs: int | None) -> int:
    """How many runs there are at a time; a cluster that is up is asked."""
    where = place(on, jobs)
    if isinstance(on, str) and "://" not in on:
        return 1 if where.on == "serial" else where.jobs
    workers = where.opened(1)
    try:
        return workers.size
    finally:
        workers.shutdown()


def _left(batch: Batch, done: Mapping[str, segments.Place]) -> tuple[tuple[int, int], dict[int, tuple[int, int]]]:
    """How many runs there are, and for each point how many are left, at least and at most."""
    numbers = [int(point["point"]) for point in batch.points]
    over = batch.is_finished()
    wanted, rule = batch.replications.wanted, batch.replications.may_grow
    most = {number: batch.scenario.replications if rule(number) else wanted[number] for number in numbers}
    left = {}
    for number in numbers:
        had = sum(run_id(number, replication) in done for replication in range(wanted[number]))
        left[number] = (0, 0) if over else (wanted[number] - had, most[number] - had)
    return (sum(wanted[number] for number in numbers), sum(most.values())), left


def _measured(
    batch: Batch, done: Mapping[str, segments.Place], left: Mapping[int, tuple[int, int]], pilot_s: float
) -> Measured:
    """What is known of runs like those that are left; of stacks of which nothing is known a pilot tells."""
    found = earlier.of_records(done)
    found.add(earlier.measured(batch.folder.parent, batch.points))
    unknown = _unknown(batch.points, left, found)
    if unknown and pilot_s > 0.0:
        found.add(pilot.measured(unknown, pilot_s, batch.budget))
    return found


def _unknown(points: Sequence[Point], left: Mapping[int, tuple[int, int]], measured: Measured) -> list[Point]:
    """Points of stacks that have something left to run, and of which nothing is known."""
    return [
        point
        for stack, each in by_stack(points).items()
        if not measured.knows(stack, each)
        for point in each
        if left[int(point["point"])][1]
    ]
