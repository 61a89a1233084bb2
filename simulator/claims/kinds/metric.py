"""``metric``: a figure of a tenant, as the table ``tenants`` has it, or what the same work takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import nan

from simulator.catalog.suggestion import suggestion
from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import Reading, means
from simulator.errors import UsageError
from simulator.records import TABLES
from simulator.results.places import axis_named
from simulator.scenario import Scenario
from simulator.scenario.publishing import same

COST = "cost"
TIMES = "times"
"""The unit of a multiple."""
_EACH = {"IOPS": "request"}
"""What a rate counts that does not say so in its unit."""
_COLUMNS = {
    each.name: each for each in TABLES["tenants"] if each.kind == "number" and each.name != "value" and each.unit
}


class Metric(Kind):
    """A column of numbers, or ``cost``: the figure of merit where less is better, else its inverse."""

    ABOUT = "a figure of a tenant: a column of the table `tenants`, or what the same work costs"
    RUNS = True
    WORDS = {
        COST: "cost of the same work",
        **{name: re.split("[:;,]", each.meaning)[0] for name, each in _COLUMNS.items()},
    }
    OPTIONS = {"over": "values of axes: it is read as a multiple of what it is there, on the same stack"}

    def title(self) -> str:
        there = ", ".join(f"{name} {value}" for name, value in self._over.items())
        return f"{self.WORDS[self.word]}{f', over that with {there}' if there else ''}"

    def unit(self) -> str | None:
        return TIMES if self._over else None if self.word == COST else _COLUMNS[self.word].unit

    def problem(self, scenario: Scenario) -> Complaint | None:
        over = self.asked.get("over", {})
        if not isinstance(over, dict):
            return "over", "is not a mapping", "write '{axis: value}'"
        points = scenario.points()
        axes = points[0]["axes"]
        for name, value in over.items():
            axis = axis_named(name, axes)
            if axis is None:
                return "over", f"no axis, or more than one, is called {name!r}", f"axes are: {', '.join(axes)}"
            known = list(dict.fromkeys(str(point["axes"][axis]) for point in points if axis in point["axes"]))
            if not any(same(each, value) for each in known):
                return "over", f"axis {axis} has no value {value!r}", suggestion(str(value), known)
        return super().problem(scenario)

    def skips(self, place: Mapping[str, object]) -> bool:
        """Where it would be read over itself."""
        over = {axis_named(name, place): value for name, value in self._over.items()}
        return bool(over) and all(name is not None and same(place[name], value) for name, value in over.items())

    @property
    def _over(self) -> Mapping[str, object]:
        over: Mapping[str, object] = self.asked.get("over") or {}
        return over

    def read(self, case: Case) -> Reading:
        here, unit = self._means(case)
        if not self._over:
            return Reading(here, unit)
        axes = case.scenario.points()[0]["axes"]
        over = {axis_named(name, axes): value for name, value in self._over.items()}
        base, _ = self._means(case.elsewhere(at={**case.at, **over}))
        return Reading({key: value / base[key] for key, value in here.items() if base.get(key, 0.0) > 0.0}, TIMES)

    def _means(self, case: Case) -> tuple[dict[int, float], str]:
        rows = list(case.of_tenant("tenants"))
        if not rows:
            raise UsageError(f"no run of {case.copy_of} on {case.stack} has a result")
        first = rows[0][1]
        if self.word != COST:
            return means((replication, float(row[self.word])) for replication, row in rows), _COLUMNS[self.word].unit
        unit = str(first["unit"]) if first["better"] == "lower" else _inverse(str(first["unit"]))
        return means((replication, _cost(float(row["value"]), row["better"])) for replication, row in rows), unit


def _cost(value: float, better: str) -> float:
    return (1.0 / value if better == "higher" else value) if value > 0.0 else nan


def _inverse(unit: str) -> str:
    """What the inverse of a rate is: seconds for each of what is counted."""
    each = _EACH.get(unit, unit.removesuffix("/s"))
    return f"s per {each.removesuffix('s') if each.islower() else each}" if each != unit else f"1 per {unit}"


KIND = Metric
