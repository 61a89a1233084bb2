"""Where something is read: a tenant on a stack, at values of the axes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from simulator import notation
from simulator.catalog import Catalog
from simulator.results import Results
from simulator.results.places import axis_named
from simulator.scenario import Scenario
from simulator.scenario.publishing import same

Point = Mapping[str, Any]
STACK = "stack"


@dataclass(frozen=True)
class Case:
    """Where something is read.

    Attributes:
        scenario: the scenario with the claim.
        stack: label of a stack in it; where nothing is run, also an expression.
        at: values of axes.
        tenant: a tenant's name in the scenario; empty: the first.
        results: what its runs gave; None where nothing had to be run.
    """

    scenario: Scenario
    stack: str
    at: Mapping[str, Any]
    tenant: str = ""
    results: Results | None = None

    @cached_property
    def points(self) -> list[Point]:
        """The scenario's points there; none for an expression that stands in no scenario."""
        return [point for point in self.scenario.points() if point["stack"] == self.stack and self._is_there(point)]

    def _is_there(self, point: Point) -> bool:
        """An axis that a stack has not makes no difference to it."""
        found = {axis_named(name, point["axes"]): value for name, value in self.at.items()}
        return all(name is None or same(point["axes"][name], value) for name, value in found.items())

    def elsewhere(self, **changes: Any) -> Case:
        """The same with another stack, or at other values of axes."""
        return replace(self, **changes)

    def places(self) -> list[dict[str, Any]]:
        """All places on the axes at which there is a point, stacks apart."""
        found = ({name: value for name, value in point["axes"].items() if name != STACK} for point in self.points)
        return [dict(each) for each in dict.fromkeys(tuple(place.items()) for place in found)]

    @property
    def machine(self) -> str:
        """Catalog name of the machine."""
        return str((self.points or self.scenario.points())[0]["machine"]["base"])

    @property
    def catalog(self) -> Catalog:
        """Where names are looked up."""
        assert isinstance(self.scenario.catalog, Catalog)
        return self.scenario.catalog

    def who(self, point: Point) -> str:
        """The tenant's name at a point; of copies the first."""
        tenants: Mapping[str, Mapping[str, Any]] = point["tenants"]
        return next((name for name, each in tenants.items() if self.tenant in ("", each["copy_of"])), "")

    @cached_property
    def expression(self) -> str:
        """The stack under the tenant, names in full."""
        if self.points:
            return str(self.points[0]["tenants"][self.who(self.points[0])]["expression"])
        return str(self.catalog.complete(notation.parse(self.stack)))

    @property
    def copy_of(self) -> str:
        """The tenant's name in the scenario."""
        tenants = (self.points or self.scenario.points())[0]["tenants"]
        return self.tenant or str(next(iter(tenants.values()))["copy_of"])

    def rows(self, table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The rows of a table of results there, each with its replication."""
        assert self.results is not None
        runs = self.results.runs
        here = {point["point"] for point in self.points}
        replications = {
            run: int(replication)
            for run, point, replication in zip(runs["run"], runs["point"], runs["replication"], strict=True)
            if int(point) in here
        }
        frame = getattr(self.results, table)
        frame = frame[frame["run"].isin(list(replications))]
        for row in frame.to_dict("records"):
            yield replications[row["run"]], row

    def names(self) -> set[str]:
        """The names of the tenant and of its copies."""
        tenants = (each for point in self.points for each in point["tenants"].items())
        return {name for name, each in tenants if each["copy_of"] == self.copy_of}

    def of_tenant(self, table: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The rows of the tenant and of its copies."""
        names = self.names()
        return ((replication, row) for replication, row in self.rows(table) if row["tenant"] in names)
