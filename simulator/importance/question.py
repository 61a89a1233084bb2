"""The question: of which points, tenants and column the answers are, and what each answer is computed from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, fsum, isfinite, log, nan
from typing import Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, UsageError
from simulator.importance import OVERHEAD
from simulator.records import TABLES
from simulator.scenario import Scenario

Figures = Mapping[str, Sequence[float]]
"""The figure of each tenant of a point, one for each replication; not a number where a run gave none."""
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One number that is asked for.

    Attributes:
        label: the stack, and the place on the axes where there are several.
        stack: label of the stack.
        place: values on the other axes.
        tenant: whose figure it is.
        workload: what that tenant runs.
        unit: of the number; ``ratio`` for an overhead.
        point: number of the point.
        base: number of the baseline's point, for an overhead.
    """

    label: str
    stack: str
    place: Mapping[str, Any]
    tenant: str
    workload: str
    unit: str
    point: int
    base: int | None = None

    def of(self, figures: Mapping[int, Figures]) -> float:
        """The answer, from the figures of the points: the mean, or the geometric mean of paired ratios."""
        own = figures[self.point].get(self.tenant, ())
        if self.base is None:
            return fsum(own) / len(own) if own else nan
        base = figures[self.base].get(self.tenant, ())
        pairs = [(one, other) for one, other in zip(own, base, strict=True) if one > 0.0 and other > 0.0]
        if len(pairs) < len(own) or not pairs:
            return nan
        return exp(fsum(log(one / other) for one, other in pairs) / len(pairs))


class Question:
    """What is asked of a scenario.

    Args:
        scenario: the scenario, checked.
        metric: ``overhead`` or a column of the table ``tenants``; empty: the overhead where there are several stacks,
            otherwise the workload's figure of merit.
        stacks: labels of the stacks that are asked about; none: all.
        workloads: of the tenants that are asked about; none: all.

    Raises:
        UsageError: there is no such metric, stack or workload, or nothing is left to ask.
    """

    def __init__(
        self, scenario: Scenario, metric: str = "", stacks: Iterable[str] = (), workloads: Iterable[str] = ()
    ) -> None:
        self.points: list[Point] = list(scenario.points())
        self.baseline = scenario.baseline
        several = len({point["stack"] for point in self.points}) > 1
        self.metric = _metric(metric or (OVERHEAD if several else "value"))
        if self.metric == OVERHEAD and not several:
            raise UsageError(f"{scenario.name} has one stack only, so there is no overhead; ask for --metric value")
        self._stacks = _known(stacks, (point["stack"] for point in self.points), "stack")
        self._workloads = _known(
            (_full(scenario, name) for name in workloads),
            (tenant["workload"] for point in self.points for tenant in point["tenants"].values()),
            "workload",
        )
        if not self.answers:
            raise UsageError(f"nothing is left to ask of {scenario.name}; name other stacks or workloads")

    @property
    def column(self) -> str:
        """The column of the table ``tenants`` that is read."""
        return "value" if self.metric == OVERHEAD else self.metric

    @property
    def as_cost(self) -> bool:
        """Whether the figure is a time for the same work: where more is better, its inverse."""
        return self.metric == OVERHEAD

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """Every number that is asked for, in the order of the scenario."""
        found = [
            (number, name, base)
            for number, point in enumerate(self.points)
            for name, tenant in point["tenants"].items()
            if (not self._stacks or point["stack"] in self._stacks)
            and (not self._workloads or tenant["workload"] in self._workloads)
            for base in self._bases(number, name)
        ]
        several = {
            name for name in self._axes(found) if len({str(self._place(each[0]).get(name)) for each in found}) > 1
        }
        tenants = len({name for _, name, _ in found}) > 1
        return tuple(self._answer(*each, several, tenants) for each in found)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The points that answers are computed from."""
        used = {number for answer in self.answers for number in (answer.point, answer.base) if number is not None}
        return tuple(sorted(used))

    def _axes(self, found: Sequence[tuple[int, str, int | None]]) -> list[str]:
        return list(dict.fromkeys(name for number, _, _ in found for name in self._place(number)))

    def _place(self, number: int) -> dict[str, Any]:
        """A point's values on the axes beside the stack."""
        return {name: value for name, value in self.points[number]["axes"].items() if name != "stack"}

    def _bases(self, number: int, tenant: str) -> list[int | None]:
        """Nothing, or the baseline's point at the same place; none at all where there is none, or it is that itself."""
        if self.metric != OVERHEAD:
            return [None]
        if self.points[number]["stack"] == self.baseline:
            return []
        place = self._place(number)
        found: list[int | None] = [
            other
            for other, point in enumerate(self.points)
            if point["stack"] == self.baseline
            and tenant in point["tenants"]
            and self._place(other).items() <= place.items()
        ]
        return found[:1]

    def _answer(self, number: int, tenant: str, base: int | None, several: Iterable[str], tenants: bool) -> Answer:
        point, place = self.points[number], self._place(number)
        figures = point["tenants"][tenant]
        words = [point["stack"], *(_word(name, value) for name, value in place.items() if name in several)]
        label = ", ".join([*words, tenant] if tenants else words)
        unit = "ratio" if self.metric == OVERHEAD else _unit(self.metric) or str(figures["metric"].get("unit", ""))
        return Answer(label, point["stack"], place, tenant, figures["workload"], unit, number, base)


def _metric(name: str) -> str:
    """A metric that there is."""
    known = [OVERHEAD, *(column.name for column in TABLES["tenants"] if column.kind == "number")]
    if name not in known:
        raise UsageError(f"no metric {name!r}; {suggestion(name, known)}")
    return name


def _unit(metric: str) -> str:
    return next((column.fixed_unit for column in TABLES["tenants"] if column.name == metric), "")


def _known(asked: Iterable[str], known: Iterable[str], what: str) -> frozenset[str]:
    names, wanted = set(known), list(asked)
    for name in wanted:
        if name not in names:
            raise UsageError(f"no {what} of this scenario is called {name!r}; {suggestion(name, names)}")
    return frozenset(wanted)


def _full(scenario: Scenario, workload: str) -> str:
    """A workload's full name, or the name as it is."""
    try:
        return scenario.catalog.resolve_name("workloads", workload)
    except CatalogError:
        return workload


def _word(axis: str, value: Any) -> str:
    """The value of an axis; a number says of what."""
    return f"{axis.rpartition('.')[2]} {value:g}" if isinstance(value, int | float) else str(value)


def cost(value: float, better: str) -> float:
    """Time for the same work, up to a factor: the figure where less is better, else its inverse."""
    if not isfinite(value) or value <= 0.0:
        return nan
    return 1.0 / value if better == "higher" else value
