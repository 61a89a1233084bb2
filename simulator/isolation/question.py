"""What is asked: who suffers, from whom, and the run in which nobody hurts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from simulator.catalog.suggestion import suggestion
from simulator.choice.written import first
from simulator.errors import ScenarioError, UsageError
from simulator.scenario import Scenario, load

IDLE = "idle"
"""The program of a neighbour that hurts nobody."""
_IDLERS = ("idle", "java-idle")
"""Workloads that do nothing: as machine code, and where only class files can run."""
_OWN = ("published", "figures", "choose", "claim", "question")
"""Keys of a scenario that say nothing about its runs."""

Data = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """Who hurts whom.

    Attributes:
        scenario: the scenario, checked; its ``choose`` says who suffers.
        victim: the tenant that suffers.
        aggressor: the tenant beside it whose workloads are compared; empty: the catalog's stressors take its place.
    """

    scenario: Scenario
    victim: str
    aggressor: str

    @cached_property
    def idles(self) -> bool:
        """Whether one of the aggressor's workloads is to do nothing."""
        return any(self.is_idle(point) for point in self.scenario.points())

    def is_idle(self, point: Mapping[str, Any]) -> bool:
        """Whether nobody hurts the victim at a point."""
        return all(each["program"] == IDLE for each in self._aggressors(point))

    def workload(self, point: Mapping[str, Any]) -> str:
        """What the aggressor runs at a point."""
        axis = f"tenants.{self.aggressor}.workload"
        names = (str(each["workload"]) for each in self._aggressors(point))
        return str(point["axes"].get(axis) or next(names))

    def _aggressors(self, point: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        """The aggressor and its copies."""
        return (each for each in point["tenants"].values() if each["copy_of"] == self.aggressor)

    @cached_property
    def undisturbed(self) -> tuple[Scenario, str]:
        """The scenario with an aggressor that does nothing, or without it where nothing idle can run there.

        Returns:
            and how its neighbour is called, in words.

        Raises:
            UsageError: neither can be.
        """
        for idler in _IDLERS:
            tenant = {key: value for key, value in first(self._tenants[self.aggressor]).items() if key != "parameters"}
            try:
                return self._changed({**self._tenants, self.aggressor: {**tenant, "workload": idler}}), "an idle one"
            except ScenarioError:
                continue
        try:
            return self._changed(
                {name: self._tenants[name] for name in self._tenants if name != self.aggressor}
            ), "none"
        except ScenarioError as error:
            raise UsageError(
                f"{self.scenario.name} cannot run with an idle {self.aggressor!r}, nor without it ({error}); "
                "put idle among its workloads"
            ) from None

    @cached_property
    def _tenants(self) -> Data:
        tenants: Data = self.scenario.data["tenants"]
        return tenants

    def _changed(self, tenants: Data) -> Scenario:
        """The scenario with other tenants, each with a stack of its own where it had one."""
        data = {key: value for key, value in self.scenario.data.items() if key not in _OWN}
        data |= {"tenants": tenants, "title": f"{self.scenario.title} (without {self.aggressor})"}
        if self.aggressor not in tenants:
            data["stacks"] = _without(data["stacks"], self.aggressor)
        name = f"{self.scenario.name}-without-{self.aggressor}"
        return Scenario.from_mapping(data, name=name, catalog=self.scenario.catalog)


def ask(scenario: Scenario, victim: str = "", aggressor: str = "", stressors: Sequence[str] = ()) -> Question:
    """What a user means.

    Args:
        scenario: the scenario, checked.
        victim: the tenant that suffers; if not given as its ``choose`` says, else the first that is no aggressor.
        aggressor: the tenant whose workloads are compared; if not given the one that has a list of them.
        stressors: workloads of the catalog for a neighbour of the victim's size, instead of an aggressor.

    Raises:
        UsageError: no tenant of this name, nobody beside the victim, or more than one who could be meant.
    """
    scenario.fixed_replications("each loss is between two runs with the same luck")
    tenants = scenario.data["tenants"]
    for option, name in (("victim", victim), ("aggressor", aggressor)):
        if name and name not in tenants:
            raise UsageError(
                f"{scenario.name}: no tenant is called {name!r}, as the {option}; {suggestion(name, tenants)}"
            )
    if aggressor and stressors:
        raise UsageError("an aggressor of the scenario, or stressors of the catalog: leave one of the two out")
    if aggressor and len(tenants) == 1:
        raise UsageError(
            f"{scenario.name} has only one tenant, {aggressor!r}; "
            "name no aggressor: the catalog's stressors then stand beside it"
        )
    victim = victim or scenario.choose.victim or next(name for name in tenants if name != aggressor)
    if victim == aggressor:
        raise UsageError(f"{victim!r} cannot hurt itself; {suggestion('', set(tenants) - {victim})}")
    aggressor = aggressor or ("" if stressors or scenario.choose.aggressors else _with_axis(scenario, tenants, victim))
    chosen = {**scenario.data.get("choose", {}), "victim": victim} | (
        {"aggressors": list(stressors)} if stressors else {}
    )
    asked = scenario if aggressor else load(scenario, overrides={"choose": chosen})
    return Question(asked, victim, aggressor)


def _with_axis(scenario: Scenario, tenants: Data, victim: str) -> str:
    """The one beside the victim that runs several workloads, one after the other; empty where there is none."""
    found = [
        name
        for name in tenants
        if name != victim and len({point["axes"].get(f"tenants.{name}.workload") for point in scenario.points()}) > 1
    ]
    if len(found) > 1:
        raise UsageError(
            f"{scenario.name}: {' and '.join(found)} have several workloads each; say which one is the aggressor"
        )
    return found[0] if found else ""


def _without(stacks: Any, tenant: str) -> Any:
    """Stacks without the expression of one tenant."""
    if isinstance(stacks, dict):
        return {key: _without(value, tenant) for key, value in stacks.items() if key != tenant}
    return stacks
