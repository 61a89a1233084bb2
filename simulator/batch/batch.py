"""A batch: all runs of a scenario in one folder, named by what decides them.

The name of the folder is a hash of the resolved points, the number of replications, the seed and the code: so going
on after a stop and never overwriting anything are the same thing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from simulator import records
from simulator.batch import merging, repeating, segments, worker
from simulator.batch.dispatch import Dispatch
from simulator.batch.executors import Place, place
from simulator.batch.lock import Lock
from simulator.batch.manifest import Manifest, axes, describe
from simulator.batch.progress import Progress, Silent
from simulator.batch.replications import Replications
from simulator.batch.storage import refused
from simulator.batch.version import code_version
from simulator.batch.worker import Point, Tables, Task
from simulator.budget import Budget
from simulator.errors import ResultsError, StorageError, UsageError
from simulator.results.folder import read_manifest
from simulator.results.results import Results, load
from simulator.results.stopping import Stopping


class Runnable(Protocol):
    """What a batch wants of a scenario."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def hash(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def replications(self) -> int: ...
    @property
    def baseline(self) -> str | None: ...
    @property
    def stopping(self) -> Stopping | None: ...
    def points(self, catalog: Any, /) -> list[Point]: ...


def run(
    scenario: Runnable,
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    progress: Progress | None = None,
    catalog: object = None,
    target: str = worker.TARGET,
) -> Results:
    """Runs what has not been run yet and loads the results.

    Args:
        scenario: the scenario, checked.
        out: folder of all results; the batch gets ``out/<scenario>/<hash>/``.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where to run: ``serial``, ``processes``, another word of ``simulator.batch.executors``, an address, or any
            executor; by default worker processes, or this process where ``jobs`` is 1.
        progress: is told of every run; by default nobody is.
        catalog: where names are looked up; the one that comes with the package if not given.
        target: the function that simulates one run, as ``module:function``.

    Raises:
        UsageError: the scenario cannot be resolved, or it cannot be run there; nothing is written.
        ResultsError: another process is working in the batch's folder.
        StorageError: the disk takes no more; what has finished is kept and the next call goes on from there.
        KeyboardInterrupt: the batch was interrupted; what has finished is kept and the next call goes on from there.
    """
    where = place(on, jobs)
    batch = Batch(scenario, Path(out), checked_points(scenario, catalog))
    if batch.is_finished():
        merging.tidy(batch.folder)
        _say_loaded(batch, progress)
    else:
        batch.run(where, progress or Silent(), target)
    return load(batch.folder)


def run_only(scenario: Runnable, run_id: str, *, catalog: object = None, target: str = worker.TARGET) -> Tables:
    """Repeats one run in this process and writes nothing; an exception inside the run comes out as it is.

    Returns:
        the rows of each table.

    Raises:
        UsageError: the scenario has no such run.
    """
    points = checked_points(scenario, catalog)
    for point in points:
        for replication in range(scenario.replications):
            if records.run_id(point["point"], replication) == run_id:
                return worker.simulate(point, replication, target, _budget(scenario))
    ends = [records.run_id(point["point"], scenario.replications - 1) for point in points]
    first = records.run_id(points[0]["point"], 0)
    raise UsageError(f"{scenario.name} has no run {run_id!r}; its runs go from {first} to {ends[-1]}")


class Batch:
    """The runs of a scenario and the folder that is theirs.

    Args:
        scenario: the scenario.
        out: folder of all results.
        points: its resolved points.
    """

    def __init__(self, scenario: Runnable, out: Path, points: list[Point]) -> None:
        self.scenario = scenario
        self.points = points
        self.replications = Replications(points, scenario.replications, scenario.stopping)
        self.budget = _budget(scenario)
        self.code = code_version()
        self.identity = _identity(scenario, points, self.code)
        self.folder = out / scenario.name / self.identity[:12]
        self._out = out
        self._segments = self.folder / merging.SEGMENTS

    def run(self, where: Place, progress: Progress, target: str) -> None:
        """Runs what is not recorded yet, merges everything, and says in the manifest how it went."""
        try:
            self._segments.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(self.folder, error) from error
        with Lock(self.folder):
            if not self.is_finished():
                self._segments.mkdir(exist_ok=True)
                self._run(where, progress, target)
            merging.strip(self.folder)

    def _run(self, where: Place, progress: Progress, target: str) -> None:
        merging.sweep(self.folder)
        command = repeating.command(self.scenario, self._out)
        manifest = Manifest(self.folder, describe(self.scenario, self.points, self.identity, self.code, command))
        manifest.begin(merging.begun(self.folder))
        try:
            self._run_missing(where, progress, target)
            manifest.end(**self._merge())
        except BaseException:
            with suppress(StorageError):  # what has gone wrong before is to be told
                manifest.end("interrupted")
            raise
        finally:
            segments.forget(self._segments)

    def is_finished(self) -> bool:
        """Whether all runs have ended, none of them by a budget that was smaller than the one there is now."""
        try:
            ends = merging.over_budget(self.folder) if merging.whole(self.folder) else None
        except ResultsError:
            return False  # what says how they ended is damaged: it is written anew
        return ends is not None and not any(map(self.budget.allows_more, ends))

    def records(self) -> dict[str, segments.Place]:
        """The records of runs that need not be done again, and the rule that stops has looked at them."""
        return self._look() if self._segments.is_dir() else {}

    def tasks(self) -> list[Task]:
        """The runs that are wanted as far as is known, in the order of the scenario."""
        return [
            Task(point, replication, self.budget)
            for point in self.points
            for replication in range(self.replications.wanted[point["point"]])
        ]

    def _run_missing(self, where: Place, progress: Progress, target: str) -> None:
        """Runs in rounds: what is wanted, then what the rule that stops wants more, until it wants no more."""
        done = self._look()
        tasks = self.tasks()
        progress.start(len(tasks), sum(task.run in done for task in tasks))
        try:
            with Dispatch(self._segments, where, target, progress, self.replications.most, self.budget) as dispatch:
                while missing := [task for task in tasks if task.run not in done]:
                    dispatch.run(missing)
                    done, before = self._look(), len(tasks)
                    tasks = self.tasks()
                    if len(tasks) != before:
                        progress.grow(len(tasks))
        finally:
            progress.finish()

    def _look(self) -> dict[str, segments.Place]:
        """The records there are; the rule that stops has looked at them."""
        done = segments.finished(self._segments, self.budget)
        self.replications.look(done)
        return done

    def _merge(self) -> dict[str, Any]:
        """Writes the tables; returns how the runs ended."""
        done = self._look()

        def repeat(task: Task) -> str:
            return repeating.repeat(self.scenario, task)

        return merging.merge(self.folder, self.tasks(), done, axes(self.points), repeat)


def _say_loaded(batch: Batch, progress: Progress | None) -> None:
    if progress is None:
        print(f"{batch.folder}: all runs were finished before; loaded", file=sys.stderr)
    else:
        runs = read_manifest(batch.folder)["runs"]["total"]
        progress.start(runs, runs)
        progress.finish()


def checked_points(scenario: Runnable, catalog: object) -> list[Point]:
    """The points of a scenario, each at a place of its own.

    Raises:
        UsageError: two of them stand at the same place.
    """
    if catalog is None:
        from simulator.catalog import Catalog

        catalog = Catalog()
    points = scenario.points(catalog)
    places = [json.dumps(point["axes"], sort_keys=True) for point in points]
    twice = [place for place, number in Counter(places).items() if number > 1]
    if twice:
        raise UsageError(f"{scenario.name}: two points stand at {twice[0]}; give their stacks different labels")
    return points


def _budget(scenario: Runnable) -> Budget:
    """What one run may take: it is no part of what a batch wants of a scenario, which need not have one."""
    budget: Budget = getattr(scenario, "budget", None) or Budget()
    return budget


def _identity(scenario: Runnable, points: Sequence[Point], code: str) -> str:
    rule = scenario.stopping.deciding() if scenario.stopping else None
    parts = [points, scenario.replications, rule, scenario.seed, scenario.baseline, code]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
