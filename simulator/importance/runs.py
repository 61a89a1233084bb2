"""Runs of the scenario's points with other values of its unknowns: each different run once, kept as batches.

A batch that was stopped goes on where it was, since the same question asks for the same runs in the same order. The
random numbers of a replication are the same in all runs (common random numbers), so that luck cancels in differences.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from pathlib import Path
from typing import Any

from simulator import batch
from simulator.batch.derived import Derived
from simulator.batch.progress import Progress, Silent
from simulator.importance.model import Values, relative
from simulator.importance.question import Figures, Question, cost
from simulator.records import run_id
from simulator.results import Results
from simulator.results.folder import csv_path
from simulator.scenario import Scenario
from simulator.uncertainty import Space

Watch = Callable[[str], Progress]
_SLIM = "simulator.experiment:run_tenants"
"""What the workers run once nobody asks any more where the time went."""
_CHUNK = 400
"""Points of one batch at most: their descriptions are held in memory at once."""
Key = tuple[int, frozenset[tuple[str, float]]]
"""A point, and the values in which it differs from the catalog's."""


@dataclass(frozen=True)
class Variation(Derived):
    """A scenario, as a batch wants it, whose points are those of another with other values."""

    what: str
    replications: int
    variants: Sequence[Mapping[str, Any]] = field(repr=False)

    @property
    def name(self) -> str:
        return folder_name(self.scenario)

    @property
    def title(self) -> str:
        return f"{self.scenario.title}: {self.what}"

    @property
    def baseline(self) -> str:
        return self.scenario.baseline

    @cached_property
    def hash(self) -> str:
        """A digest of the scenario's own and of what is varied."""
        return self.digest(str(each["differs"]) for each in self.variants)

    def points(self, _: Any = None, /) -> list[dict[str, Any]]:
        return [dict(each) for each in self.variants]


def folder_name(scenario: Scenario) -> str:
    """What the batches of a scenario's sensitivity are filed under."""
    return f"{scenario.name}-sensitivity"


class Runs:
    """Figures of points with other values.

    Args:
        scenario: the scenario.
        space: its unknowns.
        question: what is read of a run.
        out: folder of all results.
        jobs: worker processes.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.

    Attributes:
        replications: of each point; 1 once it is known that luck plays no part.
        dead: keys of unknowns that are known to change nothing at a point.
        failed: runs that gave no figure, with the reason.
    """

    def __init__(
        self,
        scenario: Scenario,
        space: Space,
        question: Question,
        out: Path,
        jobs: int | None,
        on: str | Executor,
        watch: Watch | None,
    ) -> None:
        self.scenario, self.space, self.question = scenario, space, question
        self._out, self._jobs, self._on, self._watch = out, jobs, on, watch or (lambda _: Silent())
        self.replications = scenario.replications
        self.dead: dict[int, set[str]] = {}
        self.failed: dict[str, str] = {}
        self.count = 0
        self._known: dict[Key, Figures] = {}
        self._nominal = {each.key: each.value for each in space.parameters}
        self._own = {number: {each.key for each in space.of_point(number)} for number in question.numbers}

    def nominal(self) -> Results:
        """The points with the catalog's values, with all their tables; says whether luck plays a part."""
        keys: list[Key] = [(number, frozenset()) for number in self.question.numbers]
        results = self._batch(keys, "the catalog's values", "")
        figures = [numbers for key in keys for numbers in self._known[key].values()]
        if all(len(set(map(repr, numbers))) == 1 for numbers in figures):
            self.run_once()
        return results

    def run_once(self) -> None:
        """From here on, run each point once: its first replication."""
        self.replications = 1
        self._known = {
            key: {tenant: numbers[:1] for tenant, numbers in figures.items()} for key, figures in self._known.items()
        }

    def model(self, samples: Sequence[Values], what: str) -> list[list[float]]:
        """The answers for some samples."""
        numbers = self.question.numbers
        asked = [{number: self._key(number, values) for number in numbers} for values in samples]
        self._run((key for keys in asked for key in keys.values()), what)
        seen = [{number: self._known[key] for number, key in keys.items()} for keys in asked]
        return [[answer.of(figures) for answer in self.question.answers] for figures in seen]

    def change(self, asked: Sequence[tuple[int, Values]], what: str) -> list[float]:
        """By what part of themselves the figures of points change at most; not a number where one is lost."""
        keys = [self._key(number, values) for number, values in asked]
        self._run(keys, what)
        return [self._change(self._known[number, frozenset()], self._known[number, own]) for number, own in keys]

    def _change(self, before: Figures, after: Figures) -> float:
        gaps = [
            0.0 if now == then or not isfinite(then) else relative(now, then) if then else nan
            for tenant, numbers in before.items()
            for then, now in zip(numbers, after[tenant], strict=True)
        ]
        return nan if any(gap != gap for gap in gaps) else max(map(abs, gaps), default=0.0)

    def _key(self, number: int, values: Values) -> Key:
        alive = self._own[number] - self.dead.get(number, set())
        return number, frozenset(
            (key, value) for key, value in values.items() if key in alive and value != self._nominal[key]
        )

    def _run(self, keys: Iterable[Key], what: str) -> None:
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        for begin in range(0, len(new), _CHUNK):
            part = f" {begin // _CHUNK + 1} of {-(-len(new) // _CHUNK)}" if len(new) > _CHUNK else ""
            self._batch(new[begin : begin + _CHUNK], what + part, _SLIM)

    def _batch(self, keys: Sequence[Key], what: str, target: str) -> Results:
        variation = Variation(self.scenario, what, self.replications, [*map(self._variant, range(len(keys)), keys)])
        more = {"target": target} if target else {}
        progress = self._watch(f"{self.scenario.name}, {what}")
        results = batch.run(
            variation,
            out=self._out,
            jobs=self._jobs,
            on=self._on,
            progress=progress,
            catalog=self.scenario.catalog,
            **more,
        )
        self.count += len(keys) * self.replications
        self._read(results, keys)
        names = {run_id(n, replication): each["differs"] for n, each in enumerate(variation.variants)
                 for replication in range(self.replications)}  # fmt: skip
        for failure in results.manifest["failures"]:
            self.failed[f"{results.folder.name}: {failure['run']}"] = f"{names[failure['run']]}: {failure['error']}"
        return results

    def _variant(self, position: int, key: Key) -> dict[str, Any]:
        number, values = key[0], dict(key[1])
        point = self.space.point_with(number, values)
        changes = ", ".join(f"{name} = {value:g}" for name, value in sorted(values.items()))
        differs = f"point {number} of {self.scenario.name}" + (f" with {changes}" if changes else "")
        return {
            **point,
            "scenario": folder_name(self.scenario),
            "point": position,
            "axes": {**point["axes"], "variant": position},
            "differs": differs,
        }

    def _read(self, results: Results, keys: Sequence[Key]) -> None:
        """The figures of all runs of a batch."""
        with csv_path(results.folder, "tenants").open(encoding="utf-8", newline="") as file:
            rows = {(row["run"], row["tenant"]): row for row in csv.DictReader(file)}
        for position, key in enumerate(keys):
            runs = [run_id(position, replication) for replication in range(self.replications)]
            tenants = self.space.points[key[0]]["tenants"]
            self._known[key] = {tenant: [self._figure(rows.get((run, tenant))) for run in runs] for tenant in tenants}

    def _figure(self, row: Mapping[str, str] | None) -> float:
        text = row[self.question.column] if row else ""
        if row is None or not text:
            return nan
        return cost(float(text), row["better"]) if self.question.as_cost else float(text)
