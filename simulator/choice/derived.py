"""Derived scenarios: the victim of a scenario alone, then beside a neighbour of its size that misbehaves.

Both on the same machine and the same stacks. Alone it runs twice, once with its own systems up already and once with
their start before it. The neighbour begins at once; a victim with a ``start`` meets it at work. Axes of the victim are
taken at their first value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, log2
from typing import Any

from simulator.choice.written import expression, first, labelled, of_tenants, places_beside, seconds
from simulator.errors import ScenarioError, UsageError
from simulator.scenario import Scenario

STRESSORS = ("cpu-hog", "memory-bomb", "fork-bomb", "disk-hog", "net-send", "net-receive")
"""What a neighbour runs where the scenario does not say: those of them that the catalog has."""
KEPT = ("machine", "baseline", "seed", "replications")
"""Keys that derived scenarios have in common with the scenario, beside its stacks."""
LIKE = (
    "memory", "vcpus", "weight", "cap", "disk_weight", "disk_limit", "disk_operations_limit", "network_limit",
    "network_weight", "virtual_hardware", "limits", "group",
)  # fmt: skip
"""Keys of a tenant in which a neighbour is like it: its size, and whom it shares with."""

Data = dict[str, Any]


@dataclass(frozen=True)
class Derived:
    """The scenarios that are derived from one.

    Args:
        scenario: the scenario, checked.
    """

    scenario: Scenario

    def check(self) -> None:
        """Find every mistake before anything runs.

        Raises:
            UsageError: the scenario does not say what a model is: its machines or stacks are axes.
            ScenarioError: the victim cannot run on some stack, or finds no room there beside a neighbour of its size.
        """
        for name in self._point["axes"]:
            where = f"{self.scenario.name}: {name} is a list"
            if name.startswith("machine"):
                raise UsageError(f"{where}; models are compared on one machine: take one")
            if name.startswith("stacks"):
                raise UsageError(f"{where}; each stack is one model: give each a label of its own")
        self._check_victim()

    @cached_property
    def victim(self) -> str:
        """The tenant that suffers."""
        return self.scenario.choose.victim or next(iter(self._data["tenants"]))

    @cached_property
    def neighbour(self) -> str:
        """The name of the tenant beside it."""
        return "neighbour" if self.victim != "neighbour" else "other-neighbour"

    @cached_property
    def machine(self) -> str:
        """The catalog's name of the machine."""
        machine = self._data["machine"]
        return self.scenario.catalog.resolve_name("machines", machine if isinstance(machine, str) else machine["base"])

    @cached_property
    def aggressors(self) -> tuple[str, ...]:
        """What the neighbour runs, by full names."""
        catalog = self.scenario.catalog
        known = catalog.names("workloads")
        asked = self.scenario.choose.aggressors or [name for name in STRESSORS if name in known]
        return tuple(catalog.resolve_name("workloads", name) for name in asked)

    @cached_property
    def pairs(self) -> dict[tuple[str, str], Any]:
        """For each stack and each aggressor that can run there the stack of both, as a scenario writes it.

        An aggressor that cannot run on top of the victim's stack stands one of the victim's own floors lower, as
        machine code does beside a Java virtual machine.
        """
        found: dict[tuple[str, str], Any] = {}
        for label, stack in self._stacks.items():
            places = [of_tenants(stack, self.victim, {self.neighbour: at}) for at in places_beside(expression(stack))]
            for name in self.aggressors:
                place = next((each for each in places if self._can_run({label: each}, name)), None)
                found |= {(label, name): place} if place is not None else {}
        return found

    @cached_property
    def alone(self) -> Scenario:
        """The victim alone, its own systems up already, and started with it."""
        victim = {**self._victim, "boot": [False, True]}
        return self._derived("alone", self._stacks, {self.victim: victim})

    def beside(self, longest_s: Mapping[str, float]) -> list[Scenario]:
        """The victim beside each neighbour; stacks and aggressors that go alike share a scenario.

        Args:
            longest_s: for each stack on which the victim lived the longest time that it took alone.
        """
        limits = {label: self._limit_s(time_s) for label, time_s in longest_s.items()}
        groups: dict[tuple[str, float], tuple[Data, list[str]]] = {}
        for name in self.aggressors:
            for limit_s in dict.fromkeys(limits.values()):
                stacks = {label: self.pairs.get((label, name)) for label in limits if limits[label] == limit_s}
                stacks = {label: stack for label, stack in stacks.items() if stack is not None}
                if stacks:
                    groups.setdefault((repr(stacks), limit_s), (stacks, []))[1].append(name)
        return [
            self._with_neighbour(f"beside-{number}", stacks, names, limit_s)
            for number, ((_, limit_s), (stacks, names)) in enumerate(groups.items(), start=1)
        ]

    def _limit_s(self, longest_s: float) -> float:
        """How long a run may last: as the scenario says, or some times as long as the victim took alone.

        Rounded up to a power of two, so that stacks of about the same speed can share a scenario.
        """
        if self._point["duration_s"] is not None:
            return float(self._point["duration_s"])
        start_s = float(self._point["tenants"][self.victim]["start_s"])
        return start_s + 2.0 ** ceil(log2(self.scenario.choose.patience * longest_s))

    # ---- parts

    @cached_property
    def _data(self) -> Data:
        return self.scenario.data

    @cached_property
    def _point(self) -> Mapping[str, Any]:
        return self.scenario.points()[0]

    @cached_property
    def _victim(self) -> Data:
        """The victim at the first value of each of its axes."""
        tenant: Data = first(self._data["tenants"][self.victim])
        workload = first(self._data.get("choose", {}).get("workload"))
        if workload is not None:
            tenant = {key: value for key, value in tenant.items() if key != "parameters"} | {"workload": workload}
        return {**tenant, "group": tenant.get("group") or self.victim}

    @cached_property
    def _stacks(self) -> Data:
        """Every stack by label, with the victim's expression only."""
        stacks = labelled(self._data["stacks"])
        return {label: of_tenants(stack, self.victim, {}) for label, stack in stacks.items()}

    def _check_victim(self) -> None:
        """The victim runs everywhere; a neighbour that runs the same can only be refused for its size."""
        try:
            self.alone  # noqa: B018
            self._with_neighbour("beside", self._stacks, [self._victim["workload"]])
        except ScenarioError as error:
            file = f"{self.scenario.name}, {self.victim} with a neighbour as large as itself"
            raise ScenarioError([replace(problem, file=file) for problem in error.problems]) from None

    def _can_run(self, stacks: Data, workload: str) -> bool:
        try:
            self._with_neighbour("beside", stacks, [workload])
        except ScenarioError:
            return False
        return True

    def _with_neighbour(
        self, name: str, stacks: Data, workloads: list[Any], duration_s: float | None = None
    ) -> Scenario:
        like = {key: self._victim[key] for key in LIKE if key in self._victim}
        neighbour = {"workload": workloads, **like}
        return self._derived(name, stacks, {self.victim: self._victim, self.neighbour: neighbour}, duration_s)

    def _derived(self, name: str, stacks: Data, tenants: Data, duration_s: float | None = None) -> Scenario:
        data = {key: self._data[key] for key in KEPT if key in self._data} | {"fidelity": self._point["fidelity"]}
        if data.get("baseline") not in stacks:
            data.pop("baseline", None)
        duration_s = duration_s or self._point["duration_s"]
        if duration_s is not None:
            data["duration"] = seconds(duration_s)
        if self._point["warmup_s"]:
            data["warmup"] = seconds(self._point["warmup_s"])
        data |= {"title": f"{self.scenario.title} ({name})", "stacks": stacks, "tenants": tenants}
        return Scenario.from_mapping(data, name=f"{self.scenario.name}-{name}", catalog=self.scenario.catalog)
