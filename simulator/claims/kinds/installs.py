"""``installs``: what it takes to get a stack onto a machine, as the catalog says of each product."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan
from typing import Any

from simulator.choice.choice import pace
from simulator.choice.floors import floors
from simulator.choice.installation import effort
from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import Reading, derived
from simulator.errors import CatalogError, UsageError
from simulator.scenario import Scenario

_FIELDS = {
    "steps": ("steps_count", "count", "steps of installing"),
    "privileged": ("privileged_count", "count", "steps of installing that need privileges"),
    "restarts": ("reboots_count", "count", "restarts of the machine"),
    "size": ("size_bytes", "bytes", "bytes to fetch"),
    "time": ("elapsed_s", "s", "time of installing without a person's own"),
}


class Installs(Kind):
    """From an empty machine, or one whose system is there, to all that stands under a tenant; its start apart."""

    ABOUT = "what it takes to install what stands under a tenant, from the catalog's numbers"
    WORDS = {word: title for word, (_, _, title) in _FIELDS.items()}
    OPTIONS = {"there": "a product that is on the machine already, at the bottom of the stack"}

    def title(self) -> str:
        there = f" where {self.asked['there']} is there" if "there" in self.asked else " from an empty machine"
        return self.WORDS[self.word] + there

    def unit(self) -> str:
        return _FIELDS[self.word][1]

    def problem(self, scenario: Scenario) -> Complaint | None:
        try:
            scenario.catalog.resolve_name("layers", str(self.asked.get("there", "linux-6")))
        except CatalogError as error:
            message, _, remedy = str(error).partition("; ")
            return "there", message, remedy
        return super().problem(scenario)

    def read(self, case: Case) -> Reading:
        point = _point(case)
        stack = floors(case.catalog, point, case.who(point), case.machine)
        if "there" in self.asked and stack[0].product.name == case.catalog.resolve_name("layers", self.asked["there"]):
            stack = stack[1:]
        found = effort(stack, pace(point), 0.0)
        value, unit = float(getattr(found, _FIELDS[self.word][0])), self.unit()
        if isnan(value):
            raise UsageError(f"nobody knows what the installation of {', '.join(found.unknown)} takes")
        return derived(value, unit, ", ".join(each.product.name for each in stack))


def _point(case: Case) -> Mapping[str, Any]:
    """The point there; of a stack that is written out the one that the scenario would have with it."""
    if case.points:
        return case.points[0]
    data = {key: value for key, value in case.scenario.data.items() if key not in ("claim", "sweep")}
    stacks = {"stacks": {case.stack: case.expression}}
    return Scenario.from_mapping({**data, **stacks}, catalog=case.catalog).points()[0]


KIND = Installs
