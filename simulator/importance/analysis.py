"""The analysis: from a scenario to what its answers hang on, screening first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from math import inf, isfinite
from pathlib import Path

from simulator.errors import UsageError
from simulator.importance import METHODS, morris, one_at_a_time, sobol
from simulator.importance.ledger import Ledger
from simulator.importance.model import Model, quantile, relative
from simulator.importance.question import Answer, Question
from simulator.importance.report import Counts, Finding, Parameter, Sensitivity, Settings
from simulator.importance.runs import Runs, Watch
from simulator.importance.screening import TOLERANCE, Task, screen
from simulator.scenario import Scenario
from simulator.uncertainty import Space, Unknown, draws

TOP = 10
"""Parameters that are shown, and that Sobol's method looks at."""
_STARS, _FEWEST_STARS = 8, 4
_ROWS = 64
_DRAWS, _FEWEST_DRAWS = 64, 20
"""Samples of each method where nobody says how many, and how few a large scenario gets."""
_BUDGET = 2000
"""Runs that one phase of a large scenario should not exceed by itself."""
_MOSTLY_IDLE = ("device", "scheduler", "virtual hardware")
"""Kinds of entries of which a program uses a part: their unknowns are moved as one first."""
PART_LOW, PART_HIGH = 0.05, 0.95
"""The ends of the interval that is printed of all samples."""

Tell = Callable[[str], None]


def analyse(
    scenario: Scenario,
    *,
    method: str = "morris",
    metric: str = "",
    stacks: Iterable[str] = (),
    workloads: Iterable[str] = (),
    samples: int | None = None,
    top: int = TOP,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    watch: Watch | None = None,
    tell: Tell | None = None,
) -> Sensitivity:
    """Which parameters the answers of a scenario hang on; what has been run before is found again.

    Args:
        scenario: the scenario, checked.
        method: ``tornado`` (each range's ends, all others at the catalog's values), ``morris`` (that, and elementary
            effects everywhere in the space) or ``sobol`` (that, and parts of the variance of the ``top`` ones).
        metric: ``overhead``, or a column of the table ``tenants``; empty: the overhead where there are several stacks.
        stacks: labels of the stacks that are asked about; none: all.
        workloads: of the tenants that are asked about; none: all.
        samples: stars of ``morris``, rows of ``sobol``; with ``tornado`` draws for the interval. None: as many as a
            scenario of this size can do with.
        top: parameters of each answer that are shown, and that ``sobol`` looks at.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.
        tell: is told how many runs it will take.

    Raises:
        UsageError: a wrong method, metric, stack, workload or number; nothing was run.
    """
    if method not in METHODS:
        raise UsageError(f"no method {method!r}; there are: {', '.join(METHODS)}")
    for name, number in (("samples", samples), ("top", top)):
        if number is not None and number < 1:
            raise UsageError(f"{number} is no number of {name}; give 1 or more")
    scenario.fixed_replications("a difference of parameters is seen in the same replications only")
    question = Question(scenario, metric, stacks, workloads)
    runs = Runs(scenario, Space.of(scenario), question, Path(out), jobs, on, watch)
    return _Analysis(runs, Settings(method, samples or 0, top), tell or (lambda _: None)).report()


class _Analysis:
    """One analysis.

    Args:
        runs: of the scenario.
        settings: method and numbers.
        tell: is told how many runs it will take.
    """

    def __init__(self, runs: Runs, settings: Settings, tell: Tell) -> None:
        self.runs, self.settings, self.tell = runs, settings, tell
        self.question, self.space = runs.question, runs.space
        self.answers = self.question.answers
        self.seed = runs.scenario.seed

    def report(self) -> Sensitivity:
        """Everything that was found, kept in the folder of the runs with the catalog's values."""
        folder = self._begin()
        base = self._model("the catalog's values")([{}])[0]
        unknowns = self._unknowns()
        left = self._screen(unknowns)
        ends = one_at_a_time.ends(left, self._model("one at a time")) or [{} for _ in self.answers]
        moving = self._moving(left)
        effects = self._effects(moving)
        parts = self._parts(moving, base, ends)
        samples = self._samples(unknowns)
        findings = [
            self._finding(number, answer, base[number], ends[number], effects[number], parts[number], samples)
            for number, answer in enumerate(self.answers)
        ]
        exact = self.space.exact(self.question.numbers)
        counts = Counts(len(unknowns), len(unknowns) - len(moving), exact, TOLERANCE)
        return Sensitivity.keep(folder, self.runs, self.settings, findings, counts)

    # ---- phases

    def _begin(self) -> Path:
        results = self.runs.nominal()
        if results.status == "failed":
            raise UsageError(f"no run of {self.runs.scenario.name} succeeds; see 'virtlab run'")
        self.ledger = Ledger(results.folder, self.question.numbers, self.runs.scenario.replications)
        return results.folder

    def _unknowns(self) -> tuple[Unknown, ...]:
        """The unknowns of the points that are asked about."""
        keys = {each.key for number in self.question.numbers for each in self.space.of_point(number)}
        return tuple(each for each in self.space.parameters if each.key in keys)

    def _screen(self, unknowns: Sequence[Unknown]) -> tuple[Unknown, ...]:
        """Sort out, point by point, what changes nothing there; returns what may change something somewhere."""
        tasks = [task for number in self.question.numbers for task in self._groups(number)]
        self._announce(len(unknowns), tasks)
        for task in screen(tasks, lambda asked: self.runs.change(asked, "screening")):
            self.runs.dead.setdefault(task.point, set()).update(each.key for each in task.group)
        left = {each.key for number in self.question.numbers for each in self._live(number)}
        return tuple(each for each in unknowns if each.key in left)

    def _groups(self, number: int) -> list[Task]:
        """Unknowns of a point of which nothing is expected, of which little is, and those of each device."""
        expected = [(self.ledger.expected(number, each), each) for each in self.space.of_point(number)]
        groups = [[each for part, each in expected if part == 0.0]]
        groups += [[each for part, each in sorted(expected, key=lambda pair: pair[0]) if 0.0 < part < TOLERANCE]]
        by_device: dict[str, list[Unknown]] = {}
        for part, each in expected:
            if part == inf and each.kind in _MOSTLY_IDLE:
                by_device.setdefault(each.entry, []).append(each)
        return [Task(number, tuple(group)) for group in (*groups, *by_device.values()) if group]

    def _live(self, number: int) -> list[Unknown]:
        """The unknowns of a point that are not known to change nothing there."""
        dead = self.runs.dead.get(number, set())
        return [each for each in self.space.of_point(number) if each.key not in dead]

    def _moving(self, left: Sequence[Unknown]) -> list[Unknown]:
        """The unknowns that move some point one at a time; where one moves a point no more than the tolerance, it is
        looked at no further there."""
        asked = [(number, each, end) for number in self.question.numbers for each in self._live(number)
                 for end in (each.low, each.high)]  # fmt: skip
        changes = self.runs.change([(number, {each.key: end}) for number, each, end in asked], "one at a time")
        moved = {
            (number, each.key) for (number, each, _), part in zip(asked, changes, strict=True) if not part <= TOLERANCE
        }
        for number, each, _ in asked:
            if (number, each.key) not in moved:
                self.runs.dead.setdefault(number, set()).add(each.key)
        moving = [each for each in left if any((number, each.key) in moved for number in self.question.numbers)]
        points, steps = len(self.question.numbers), len(moved)
        if self.settings.method == "morris":
            count = self._stars(points, steps) * (points + steps) * self.runs.replications
            self.tell(f"{len(moving)} of them move something: {count} runs of stars")
        return moving

    def _announce(self, unknowns: int, tasks: Sequence[Task]) -> None:
        """Say how many runs it will take, as far as that is known; a large scenario is run once at each point."""
        numbers = self.question.numbers
        alone = sum(len(self.space.of_point(number)) for number in numbers) - sum(len(task.group) for task in tasks)
        steps = alone + sum(len(task.group) for task in tasks if task.group[0].kind in _MOSTLY_IDLE) // 2
        if 2 * steps * self.runs.replications > _BUDGET and self.runs.replications > 1:
            self.runs.run_once()
        points, each = len(numbers), self.runs.replications
        asked = {"screening": 2 * len(tasks), "one at a time": 2 * steps, "draws": points * self._draws}
        if self.settings.method == "morris":
            asked["stars"] = self._stars(points, steps) * (points + steps)
        if self.settings.method == "sobol":
            asked["Sobol's design"] = self._rows * points * (2 + self.settings.top)
        listed = ", ".join(f"{name} {number * each}" for name, number in asked.items())
        self.tell(
            f"{self.runs.scenario.name}: {unknowns} unknowns at {points} points, "
            f"{each} replication{'s' if each > 1 else ''}; at most some {sum(asked.values()) * each} runs: {listed}"
        )

    def _effects(self, left: Sequence[Unknown]) -> list[dict[str, morris.Effect]]:
        if self.settings.method != "morris" or not left:
            return [{} for _ in self.answers]
        steps = sum(len(self._live(number)) for number in self.question.numbers)
        count = self._stars(len(self.question.numbers), steps)
        return morris.effects(left, self._model("stars"), count, self.seed)

    def _parts(
        self, left: Sequence[Unknown], base: Sequence[float], ends: Sequence[Mapping[str, one_at_a_time.Ends]]
    ) -> list[dict[str, sobol.Indices]]:
        """Sobol's indices of the unknowns that move some answer most; the others keep the catalog's values."""
        if self.settings.method != "sobol" or not left:
            return [{} for _ in self.answers]
        widest = {
            each.key: max(
                (_width(of_answer[each.key], base[number]) for number, of_answer in enumerate(ends)), default=0
            )
            for each in left
        }
        kept = sorted(left, key=lambda each: -widest[each.key])[: self.settings.top]
        return sobol.indices(kept, self._model("Sobol's design"), self._rows, self.seed)

    def _samples(self, unknowns: Sequence[Unknown]) -> list[list[float]]:
        """The answers for draws of all unknowns at once; here nothing is left out."""
        dead, self.runs.dead = self.runs.dead, {}
        rows = self._model("draws")(draws(unknowns, self._draws, self.seed))
        self.runs.dead = dead
        return rows

    # ---- sizes

    @property
    def _draws(self) -> int:
        if self.settings.method == "tornado" and self.settings.samples:
            return self.settings.samples
        return max(_FEWEST_DRAWS, min(_DRAWS, _BUDGET // (len(self.question.numbers) * self.runs.replications)))

    def _stars(self, points: int, steps: int) -> int:
        return self.settings.samples or max(
            _FEWEST_STARS, min(_STARS, _BUDGET // ((points + steps) * self.runs.replications))
        )

    @property
    def _rows(self) -> int:
        return sobol.rows(self.settings.samples or _ROWS)

    # ---- findings

    def _model(self, what: str) -> Model:
        return lambda samples: self.runs.model(samples, what)

    def _finding(
        self,
        number: int,
        answer: Answer,
        base: float,
        ends: Mapping[str, one_at_a_time.Ends],
        effects: Mapping[str, morris.Effect],
        parts: Mapping[str, sobol.Indices],
        samples: Sequence[Sequence[float]],
    ) -> Finding:
        points = [point for point in (answer.point, answer.base) if point is not None]
        own = {each.key for point in points for each in self._live(point)}
        parameters = [
            Parameter(
                self.space[key],
                _percent(end.low, base),
                _percent(end.high, base),
                effects.get(key),
                parts.get(key),
                base,
            )
            for key, end in ends.items()
            if key in own
        ]
        found = sorted(row[number] for row in samples if isfinite(row[number]))
        low, median, high = (quantile(found, part) for part in (PART_LOW, 0.5, PART_HIGH))
        ranked = tuple(sorted(parameters, key=lambda each: each.importance, reverse=True))
        return Finding(answer, base, low, median, high, len(samples), len(samples) - len(found), ranked)


def _percent(value: float, base: float) -> float:
    return 100.0 * relative(value, base)


def _width(ends: one_at_a_time.Ends, base: float) -> float:
    """By how much an answer changes at most; infinite where it is lost."""
    changes = [abs(relative(end, base)) for end in ends]
    return max((change if isfinite(change) else inf) for change in changes)
