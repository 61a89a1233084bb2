"""``outcome``: in which part of the runs a tenant ended in one way."""

from __future__ import annotations

from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import Reading, means
from simulator.errors import UsageError
from simulator.outcomes import PHRASES


class Outcome(Kind):
    """The part of a tenant's runs, and of its copies, that ended in these words."""

    ABOUT = "the part of the runs in which a tenant ended in one way"
    RUNS = True
    WORDS = {phrase: f"runs that end with {phrase!r}" for phrase in PHRASES}

    def unit(self) -> str:
        return "ratio"

    def read(self, case: Case) -> Reading:
        rows = list(case.of_tenant("tenants"))
        if not rows:
            raise UsageError(f"no run of {case.copy_of} on {case.stack} has a result")
        ended = [str(row["outcome"]) for _, row in rows]
        found = means((number, float(str(row["outcome"]).startswith(self.word))) for number, row in rows)
        other = next((each for each in ended if not each.startswith(self.word)), "")
        return Reading(found, "ratio", note=other)


KIND = Outcome
