"""``threads``: how many threads there are, of programs and of the layers that serve them."""

from __future__ import annotations

from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import Reading

_PROGRAM, _SERVICE, _BUSY = "program", "service", "busy services"


class Threads(Kind):
    """Threads of a tenant that the system below schedules, by what they are for."""

    ABOUT = "how many threads of a tenant the table `threads` has, of its program or of the layers that serve it"
    RUNS = True
    WORDS = {
        _PROGRAM: "threads of its program",
        _SERVICE: "service threads",
        _BUSY: "service threads that have worked",
    }

    def unit(self) -> str:
        return "count"

    def read(self, case: Case) -> Reading:
        kind = _PROGRAM if self.word == _PROGRAM else _SERVICE
        found = dict.fromkeys((replication for replication, _ in case.rows("runs")), 0.0)
        names = case.names()
        for replication, row in case.rows("threads"):
            # The threads of a layer of its own are filed under that node's path, which ends in the tenant's name.
            if row["tenant"] not in names and not any(f"[{name}]" in row["tenant"] for name in names):
                continue
            busy = row["useful_s"] + row["overhead_s"] > 0.0
            found[replication] += float(row["kind"] == kind and (busy or self.word != _BUSY))
        return Reading(found, "count")


KIND = Threads
