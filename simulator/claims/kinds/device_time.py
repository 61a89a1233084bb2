"""``device_time``: how long devices work for one mechanism, on all of a machine."""

from __future__ import annotations

from math import fsum

from simulator import discovery
from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import Reading
from simulator.scenario import Scenario


class DeviceTime(Kind):
    """Seconds of service that are charged for a mechanism, of all tenants and threads in a run."""

    ABOUT = "seconds for which devices work for one mechanism, as the table `charges` has them"
    RUNS = True
    OPTIONS = {"share": "true: as a part of all device time of the run"}

    def title(self) -> str:
        return f"{'share of' if self.asked.get('share') else 'time in'} {self.word.replace('_', ' ')}"

    def unit(self) -> str:
        return "ratio" if self.asked.get("share") else "s"

    def words(self, scenario: Scenario) -> dict[str, str]:
        families = {layer["family"] for point in scenario.points() for layer in point["layers"].values()}
        found: dict[str, str] = {}
        for family in sorted(families | {"hardware"}):
            found |= dict.fromkeys(discovery.member("layers", family).LAYER.MECHANISMS, family)
        return found

    def read(self, case: Case) -> Reading:
        assert case.results is not None
        every: dict[int, list[tuple[str, float]]] = {}
        for replication, row in case.rows("charges"):
            every.setdefault(replication, []).append((str(row["mechanism"]), float(row["service_s"])))
        own = {key: fsum(s for name, s in rows if name == self.word) for key, rows in every.items()}
        if not self.asked.get("share"):
            return Reading(own, "s")
        return Reading({key: own[key] / fsum(s for _, s in rows) for key, rows in every.items()}, "ratio")


KIND = DeviceTime
