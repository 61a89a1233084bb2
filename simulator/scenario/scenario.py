"""A scenario: a question that has been checked, and the points that answer it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator import discovery
from simulator.budget import Budget
from simulator.catalog.document import Place, path_text
from simulator.catalog.suggestion import suggestion
from simulator.errors import Problem, ScenarioError, UsageError, in_order
from simulator.results.stopping import Stopping
from simulator.scenario import (
    checks,
    choosing,
    counting,
    operations,
    parts,
    problems,
    publishing,
    source,
    stacks,
    stopping,
)
from simulator.scenario.claiming import Claim
from simulator.scenario.combinations import Parts
from simulator.scenario.lookup import Catalog, Lookup
from simulator.scenario.points import Point, point
from simulator.scenario.schema import Choose, Density, Fault, Operation, Published, ScenarioFile
from simulator.scenario.source import Source
from simulator.scenario.sweep import conditions, limit
from simulator.scenario.sweep.paths import written_at
from simulator.scenario.sweep.writing import Written, written_out
from simulator.scenario.variants import repeated

MOST_RUNS = 10_000_000
"""Of all points with their replications."""
MOST_TENANTS = 300_000
"""In all points of a scenario together."""


def load(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    overrides: Mapping[str, Any] | None = None,
    catalog: Catalog | None = None,
) -> Scenario:
    """A scenario, checked as a whole; nothing is run and nothing is written.

    Args:
        scenario: a path, a text of several lines, a mapping, or a scenario whose values are to be overridden.
        overrides: other values at dotted paths, e.g. ``{"replications": 3, "tenants.app.memory": "1 GiB"}``.
        catalog: where names are looked up; the one that comes with the package if not given.

    Raises:
        ScenarioError: all mistakes at once, each with file, line, column, path and remedy.
        CatalogError: a mistake in the catalog itself.
    """
    if isinstance(scenario, Scenario):
        catalog = catalog or scenario.catalog
    return _checked(as_written(scenario).override(overrides or {}), catalog)


def as_written(scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any]) -> Source:
    """A scenario as it is written, unchecked.

    Raises:
        ScenarioError: there is no such file, or a value that no file could hold.
    """
    if isinstance(scenario, Scenario):
        return scenario._source
    if isinstance(scenario, Mapping):
        return source.of_mapping(scenario)
    if isinstance(scenario, str) and "\n" in scenario:
        return source.of_text(scenario)
    return source.of_file(Path(scenario))


@dataclass(frozen=True, eq=False)
class Scenario:
    """A question that has been checked.

    Attributes:
        name: what its results are filed under.
        title: the question in a few words.
        question: the question in full.
        text: the scenario as written.
        seed: where all luck comes from.
        replications: runs of each point; with a stopping rule the most there can be.
        stopping: the rule that says how many replications of a point are enough; None where their number is fixed.
        budget: what one run may take at most.
        baseline: label of the stack that the others are compared with.
        figures: names of the figures to draw.
        choose: what the command ``choose`` asks beside.
        density: what the command ``density`` asks.
        published: the published figures that it repeats, for the command ``validate``.
        claim: the sentence that it puts to the test, for the command ``claims``.
        left_out: how many points its conditions leave out.
        side_by_side: axes that go in step with each other, by their names.
        catalog: where its names were looked up.
    """

    name: str
    title: str
    question: str
    text: str
    seed: int
    replications: int
    stopping: Stopping | None
    budget: Budget
    baseline: str
    figures: tuple[str, ...]
    choose: Choose
    density: Density
    published: Published | None
    claim: Claim | None
    left_out: int
    side_by_side: tuple[tuple[str, ...], ...]
    catalog: Catalog = field(repr=False)
    _source: Source = field(repr=False)
    _points: list[Point] = field(repr=False)

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any], *, name: str = "", catalog: Catalog | None = None) -> Scenario:
        """The scenario that a mapping is, with the keys of a scenario file; ``version`` may be left out.

        Raises:
            ScenarioError: all mistakes at once.
        """
        return _checked(source.of_mapping(data, name), catalog)

    @property
    def includes(self) -> Mapping[str, str]:
        """The text of each part that it includes, by path, relative to where the scenario stands."""
        return self._source.includes

    @property
    def data(self) -> dict[str, Any]:
        """The keys as written, with what is included and overridden: a copy, to make another scenario from."""
        return deepcopy(self._source.data)

    @property
    def command(self) -> str:
        """The command that runs it, from the working directory; empty where it is no file, or was changed further."""
        return self._source.command

    def problem(self, place: Place, message: str, remedy: str = "") -> Problem:
        """A mistake at a place of the file, for what is checked apart from the rest."""
        return self._source.problem(place, message, remedy)

    def kept_in(self, file: Path) -> Scenario:
        """The same, whose text as it stands is found in a file."""
        return replace(self, _source=replace(self._source, file=file.absolute(), changes={}))

    def points(self, catalog: Catalog | None = None) -> list[Point]:
        """Every combination of the axes, resolved: what a worker runs.

        Args:
            catalog: where names are looked up; the one the scenario was loaded with if not given.

        Raises:
            ScenarioError: another catalog does not have what the scenario wants.
        """
        return self._points if catalog in (None, self.catalog) else _resolved(written_out(self._source), catalog)[0]

    def fixed_replications(self, why: str, remedy: str = "--replications 10") -> int:
        """The number of replications, for a question that wants one that is known before.

        Raises:
            UsageError: a stopping rule decides; ``why`` that will not do, and what to give instead.
        """
        if self.stopping is not None:
            raise UsageError(f"{self.name}: a rule stops the replications, and {why}; give their number: {remedy}")
        return self.replications

    @cached_property
    def hash(self) -> str:
        """A digest of everything that decides the results: points, replications, seed and version of the code."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            code = version("virtlab")
        except PackageNotFoundError:
            code = ""
        deciding = [self.points(), self.replications, self.seed, code]
        if self.stopping is not None:
            deciding.append(list(self.stopping.deciding().values()))
        return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def _checked(written: Source, catalog: Catalog | None) -> Scenario:
    if catalog is None:
        from simulator.catalog import Catalog as Shipped

        catalog = Shipped()
    swept = written_out(written)
    resolved, left_out = _resolved(swept, catalog)
    file = ScenarioFile.model_validate(swept.source.data)
    rule = stopping.rule(file.replications)
    return Scenario(
        name=written.name,
        title=file.title or written.name,
        question=file.question or "",
        text=written.text,
        seed=file.seed,
        replications=rule.at_most if isinstance(rule, Stopping) else rule,
        stopping=rule if isinstance(rule, Stopping) else None,
        budget=Budget(file.budget.events, file.budget.simulated, file.budget.wall, file.budget.memory),
        baseline=file.baseline or str(resolved[0]["stack"]),
        figures=file.figures,
        choose=file.choose,
        density=file.density,
        published=file.published,
        claim=file.claim,
        left_out=left_out,
        side_by_side=tuple(each.names for each in swept.source.groups.listed if not each.name),
        catalog=catalog,
        _source=written,
        _points=resolved,
    )


def _resolved(swept: Written, catalog: Catalog) -> tuple[list[Point], int]:
    """All points, or all mistakes; and how many points conditions leave out."""
    written = swept.source
    lookup = Lookup(written, catalog)
    found = _parts(lookup, swept)
    every = list(found.combinations(written.data, written.groups))
    combinations = conditions.kept(lookup, swept.form.drop, every)
    for combination in combinations:
        checks.check(lookup, combination)
    checks.check_faults(lookup, combinations)
    operations.check(lookup, combinations)
    _refuse(lookup)
    header = {
        "scenario": written.name,
        "title": written.data.get("title") or written.name,
        "seed": written.data.get("seed", 1),
        "faults": [Fault.model_validate(each) for each in written.data.get("faults") or ()],
        "operations": [Operation.model_validate(each) for each in written.data.get("operations") or ()],
    }
    points = [point(lookup, combination, number, header) for number, combination in enumerate(combinations)]
    for combination, each in zip(combinations, points, strict=True):
        checks.check_space(lookup, combination, each)
    operations.check_offered(lookup, points)
    publishing.check(lookup, points)
    _refuse(lookup)
    return points, len(every) - len(combinations)


def _check_tenants(lookup: Lookup, found: Parts, points: int) -> None:
    """Refuse more tenants in all points together than could be looked at."""
    most, name = found.tenants_in_all(points)
    if most > MOST_TENANTS:
        message = f"there are {most:,} tenants in all points together, more than {MOST_TENANTS:,}"
        lookup.complain(("tenants", name, "count"), message, "write a smaller number, or shorter lists")
        _refuse(lookup)


def _refuse(lookup: Lookup) -> None:
    """Raise all mistakes at once, in the order of the file; of many computed values, the first mistake."""
    if lookup.problems:
        computed = {path_text(lookup.source.written(place)) for place in lookup.source.computed}
        found = {each.path if each.path in computed else each: each for each in reversed(lookup.problems)}
        raise ScenarioError(in_order(list(found.values())[::-1]))


def _parts(lookup: Lookup, swept: Written) -> Parts:
    """All parts that can be read; mistakes are noted."""
    if swept.problems:
        # What was to be written into fields is missing there, and whatever misses it would be blamed.
        _check_schema(lookup, swept)
        _refuse(lookup)
    points = _checked_count(lookup)
    broken = _check_schema(lookup, swept)
    tenants = parts.tenants(lookup, broken)
    found = Parts(
        stacks.read(lookup, list(tenants), broken),
        parts.machines(lookup, broken),
        tenants,
        parts.settings(lookup, broken),
    )
    _check_baseline(lookup, found)
    _check_figures(lookup)
    choosing.check(lookup)
    counting.check(lookup)
    stopping.check(lookup)
    _check_tenants(lookup, found, points)
    return found


def _checked_count(lookup: Lookup) -> int:
    """The number of points; more than anybody can want are refused before any of them is made."""
    written = lookup.source
    number = limit.count(written.data, written.groups)
    replications = written.data.get("replications")
    runs = number * (replications if isinstance(replications, int) else 1)
    if runs > MOST_RUNS >= number:
        message = f"{number:,} points give {runs:,} runs, more than {MOST_RUNS:,}"
        lookup.complain(("replications",), message, "write a smaller number, or vary less")
    if number > limit.MOST_POINTS:
        axes = limit.lengths(written.data, written.groups)
        longest = max(axes, key=lambda place: axes[place][1])
        varies = " x ".join(f"{name} ({length:,})" for name, length in axes.values())
        message = f"{limit.counted(number)} points, more than {limit.MOST_POINTS:,}: {varies}"
        lookup.complain(longest, message, "vary less, let axes go side by side ('zip'), or write a 'design'")
        _refuse(lookup)
    return number


def _check_schema(lookup: Lookup, swept: Written) -> frozenset[Place]:
    """Note what the schema finds wrong; returns the places to leave alone."""
    written = lookup.source
    lookup.problems += written.document.problems + swept.problems
    if not written.data:
        raise ScenarioError(in_order(lookup.problems or [_nothing(written)]))
    noted = {problem.path for problem in lookup.problems}
    found = [
        (place, problem)
        for place, problem in problems.of_schema(written)
        if place not in swept.targets or written_at(written.data, place)[0]
    ]
    lookup.problems += [problem for _, problem in found if problem.path not in noted]
    varying = {key: value for key, value in written.data.items() if key != "claim"}
    for place in repeated(varying, allowed=written.groups.of_places):
        lookup.complain(place, "stands in this list already", "remove one of the two")
    return frozenset(place for place, _ in found)


def _nothing(written: Source) -> Problem:
    return written.problem((), "is empty", "begin with 'version: 1'")


def _check_baseline(lookup: Lookup, found: Parts) -> None:
    baseline = lookup.source.data.get("baseline")
    labels = {*stacks.labels(lookup.source.data), *(stack.label for stack in found.stacks)}
    if isinstance(baseline, str) and baseline.strip() and baseline not in labels:
        lookup.complain(("baseline",), f"no stack is called {baseline!r}", suggestion(baseline, labels))


def _check_figures(lookup: Lookup) -> None:
    figures = lookup.source.data.get("figures")
    known = discovery.members("plots")
    for index, figure in enumerate(figures if isinstance(figures, list) else ()):
        if isinstance(figure, str) and figure.strip() and figure not in known:
            lookup.complain(("figures", index), f"there is no figure {figure!r}", suggestion(figure, known))
