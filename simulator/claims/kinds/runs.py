"""``runs``: whether a program runs on a stack, or what it is refused for."""

from __future__ import annotations

from simulator import notation
from simulator.catalog.suggestion import suggestion
from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import BOOL, Reading, derived
from simulator.errors import CatalogError, ScenarioError
from simulator.scenario import Scenario, load


class Runs(Kind):
    """A workload of the catalog: the scenario with it is refused, or not. Nothing is run."""

    ABOUT = "whether a workload of the catalog runs on a stack, or what it is refused for"
    FITTING = False
    OPTIONS = {"machine": "a machine of the catalog, instead of the scenario's"}

    def title(self) -> str:
        return f"{self.word} runs{' on ' + self.asked['machine'] if 'machine' in self.asked else ''}"

    def unit(self) -> str:
        return BOOL

    def problem(self, scenario: Scenario) -> Complaint | None:
        for key, kind in ((self.name, "workloads"), ("machine", "machines")):
            written = self.asked.get(key)
            if written is None:
                continue
            try:
                scenario.catalog.resolve_name(kind, str(written))
            except CatalogError:
                known = scenario.catalog.names(kind)
                return key, f"there is no {written!r} among {kind}", suggestion(str(written), known)
        return None

    def read(self, case: Case) -> Reading:
        stack = case.expression if case.points else str(case.catalog.complete(notation.parse(case.stack)))
        tenant = {"workload": self.word, "memory": "1 GiB", "vcpus": 1}
        data = {
            "machine": str(self.asked.get("machine", case.machine)), "stacks": {"it": stack}, "duration": "1 s",
            "tenants": {"it": tenant},
        }  # fmt: skip
        try:
            load(data, catalog=case.catalog)
        except ScenarioError as error:
            return derived(False, BOOL, error.problems[0].message)
        return derived(True, BOOL)


KIND = Runs
