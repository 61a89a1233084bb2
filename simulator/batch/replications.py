"""How many replications each point has: a number, or as many as a rule wants that looks at what came out.

The rule looks at the replications of a point in their order and never at one whose predecessors are not all there. So
how many count depends on the numbers alone, not on who finished first; those that were run beyond are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.batch import segments
from simulator.records import run_id
from simulator.results.stopping import Stopping

Rows = Sequence[Sequence[Any]]


class Replications:
    """The replications of every point.

    Args:
        points: all points.
        number: of replications, or the most where there is a rule.
        stopping: the rule.

    Attributes:
        wanted: for each point how many replications are to be run, as far as is known.
        most: how many runs there may be in all.
    """

    def __init__(self, points: Sequence[Mapping[str, Any]], number: int, stopping: Stopping | None) -> None:
        self._rule = stopping
        self.wanted = {point["point"]: number if stopping is None else stopping.at_least for point in points}
        self.most = number * len(points)
        groups = [] if stopping is None else stopping.groups(points)
        self._open = {point: group for group in groups for point in group}
        self._seen: dict[int, list[dict[str, Rows]]] = {point: [] for point in self._open}

    def look(self, done: Mapping[str, segments.Place]) -> None:
        """Looks at what has been recorded, as far as it is whole, and says in ``wanted`` what follows from it."""
        for group in dict.fromkeys(self._open.values()):
            while all(self._is_whole(point, done) for point in group) and self._decide(group):
                pass

    def may_grow(self, point: int) -> bool:
        """Whether a point may want more replications than it wants by now."""
        return point in self._open

    def _is_whole(self, point: int, done: Mapping[str, segments.Place]) -> bool:
        """Reads the replications that are wanted; says whether all are there."""
        seen = self._seen[point]
        while len(seen) < self.wanted[point]:
            place = done.get(run_id(point, len(seen)))
            if place is None:
                return False
            seen.append({"tenants": segments.content(place)["tables"].get("tenants", ())})
        return True

    def _decide(self, group: Sequence[int]) -> bool:
        """Whether more replications are wanted, after a look at all that were."""
        assert self._rule is not None
        series = self._rule.series([self._seen[point] for point in group])
        enough = self._rule.enough(*series)
        self.wanted |= dict.fromkeys(group, self._rule.next(*series) if enough is None else enough)
        if enough is not None:
            for point in group:
                del self._open[point], self._seen[point]
        return enough is None
