"""``blast``: what a crash takes down with it, and what lies between two tenants, as ``virtlab blast`` finds it."""

from __future__ import annotations

from simulator.blast import blast
from simulator.claims.case import Case
from simulator.claims.kinds.base import Complaint, Kind
from simulator.claims.reading import Reading, derived
from simulator.errors import UsageError
from simulator.scenario import Scenario

_TENANTS = 4


class OfBlast(Kind):
    """So many equal tenants on the stack, and each of its components in turn."""

    ABOUT = "what a crash takes down and what lies between two tenants (`virtlab blast`)"
    WORDS = {
        "mean_lost": "tenants that a crash takes down, mean over the components",
        "worst_lost": "tenants that the worst crash takes down",
        "boundaries": "interfaces to break from one tenant to another",
        "ways_in": "ways in at the first of these interfaces",
    }
    OPTIONS = {"tenants": f"how many equal tenants there are, {_TENANTS} if not given"}

    def unit(self) -> str:
        return "count"

    def problem(self, scenario: Scenario) -> Complaint | None:
        tenants = self.asked.get("tenants", _TENANTS)
        if not isinstance(tenants, int) or not 2 <= tenants <= 26:
            return "tenants", f"{tenants!r} is no number of tenants", "write a whole number from 2 to 26"
        return super().problem(scenario)

    def read(self, case: Case) -> Reading:
        tenants = int(self.asked.get("tenants", _TENANTS))
        found = blast(case.expression, tenants=tenants, machine=case.machine, times=False)
        shortest = found.routes[0] if found.routes else ()
        way = ", then ".join(f"{each.interface} of {each.product}" for each in shortest)
        if self.word == "ways_in":
            width = shortest[0].width.value if shortest else None
            if width is None:
                raise UsageError(f"nobody knows how wide the first boundary on '{case.expression}' is")
            return derived(width, "count", way)
        note = way if self.word == "boundaries" else f"of {tenants}, {len(found.rows)} components"
        return derived(getattr(found, self.word), "count", note)


KIND = OfBlast
