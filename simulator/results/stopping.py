"""How many replications of a point are enough: when the interval of a metric is narrow enough, and stays so.

The rule looks at the replications in their order, never at the order in which they ended, so that it decides the same
whoever ran them. Stopping as soon as an interval is narrow prefers samples that vary little by chance: such intervals
cover less often than they say. Two things put that right. There is a smallest number of replications, and the interval
must have been narrow at that many counts before as well: the look-ahead of Hoad, Robinson and Davies ("Automated
selection of the number of replications for a discrete-event simulation", Journal of the Operational Research Society
61, 2010), which on Simons' result ("On the cost of not knowing the variance when making a fixed-width confidence
interval for the mean", Annals of Mathematical Statistics 39, 1968) can be as short as a few observations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulator import records
from simulator.results.intervals import t_quantile
from simulator.results.places import elsewhere

Runs = Sequence[Mapping[str, Sequence[Sequence[Any]]] | None]
"""The tables of each replication of a point."""
LOOK_AHEAD = 5
"""For so many counts of replications before the last the interval must have been narrow enough too."""
_ROUNDING = 1e-9
"""Half widths below this part of the mean are rounding: all replications are equal."""


@dataclass(frozen=True)
class Stopping:
    """A rule that says how many replications of a point are enough.

    Attributes:
        metric: a column of the table ``tenants`` that holds numbers.
        tenant: the tenant whose metric it is, as the scenario calls it; empty: of every tenant that has it.
        relative_half_width: half the width of the interval, as a part of the mean; None if the width is absolute.
        half_width: the same in the unit of the metric; None if the width is relative.
        level: of the interval (Student's t over replications).
        at_least: replications that are run in any case.
        at_most: replications after which it ends, narrow or not.
        over: the stack by whose metric it is divided, replication by replication; the interval is then that of the
            ratio, on its logarithm, as ``Results.compare`` has it. Empty: the metric itself.
    """

    metric: str
    tenant: str
    relative_half_width: float | None
    half_width: float | None
    level: float
    at_least: int
    at_most: int
    over: str = ""

    def __str__(self) -> str:
        """The rule in words."""
        whose = (f" of {self.tenant}" if self.tenant else "") + (f" over {self.over}" if self.over else "")
        width = f"{self.half_width:g}" if self.relative_half_width is None else f"{100 * self.relative_half_width:g} %"
        return (
            f"{self.at_least} to {self.at_most} replications, until {self.metric}{whose} is known to ± {width} "
            f"({100 * self.level:g} % interval)"
        )

    def deciding(self) -> dict[str, Any]:
        """What of it decides the results, by name."""
        return {name: value for name, value in asdict(self).items() if name != "over" or value}

    def groups(self, points: Sequence[Mapping[str, Any]]) -> list[tuple[int, ...]]:
        """The numbers of the points that have as many replications as each other: each alone, or all of a place.

        Args:
            points: each with its number (``point``), ``stack`` and ``axes``.

        Returns:
            groups; where the metric is divided, the point of that stack comes first. A point without one stands alone.
        """
        if not self.over:
            return [(point["point"],) for point in points]
        places: dict[object, list[Mapping[str, Any]]] = {}
        for point in points:
            places.setdefault(elsewhere(point), []).append(point)
        found: list[tuple[int, ...]] = []
        for place in places.values():
            base = [point["point"] for point in place if point["stack"] == self.over]
            others = [point["point"] for point in place if point["stack"] != self.over]
            found += [(*base, *others)] if len(base) == 1 else [(number,) for number in (*base, *others)]
        return found

    def enough(self, *series: Sequence[float | None]) -> int | None:
        """How many replications are enough.

        Args:
            series: for each tenant the metric in each replication, in their order, a prefix of all; NaN or None where
                it failed. The rule must be met by all of them at the same count. A tenant that does not have the
                metric in any of the first ``at_least`` replications has no say.

        Returns:
            the smallest number at which the rule is met, at most ``at_most``; None where more are needed.
        """
        known = min((len(values) for values in series), default=0)
        if known < self.at_least:
            return None
        narrow = [self._narrow(values[: self.at_most]) for values in series if self._has_metric(values)]
        streak = 0
        for count, at_count in enumerate(zip(*narrow, strict=False), start=1):
            streak = streak + 1 if all(at_count) else 0
            if count >= self.at_least and streak > min(LOOK_AHEAD, count - 2):
                return count
        if not narrow:
            return self.at_least
        return self.at_most if known >= self.at_most else None

    def shortfall(self, *series: Sequence[float | None]) -> str:
        """What is to be said of a point with these replications in all; empty where the intervals are narrow enough."""
        known = [values for values in series if self._has_metric(values)]
        asked = f"{self.metric} over {self.over}" if self.over else self.metric
        if not known:
            return f"nobody has {asked} in the first {self.at_least} replications; no more were run"
        if all(list(self._narrow(values))[-1] for values in known):
            return ""
        return f"after {len(known[0])} replications {asked} is still less well known than asked for"

    def next(self, *series: Sequence[float | None]) -> int:
        """How many replications to have in all, for the next look: more than there are, and at most twice as many.

        An estimate, (t s / h)^2 from the sample so far; which number is enough does not depend on it.
        """
        known = min((len(values) for values in series), default=0)
        if known < self.at_least:
            return self.at_least
        wanted = max((self._estimate(values) for values in series if self._has_metric(values)), default=known)
        return min(self.at_most, max(known + 1, min(2 * known, wanted)))

    def series(self, group: Sequence[Runs]) -> list[list[float]]:
        """What ``enough`` wants of a group of points: a series for each tenant of each.

        Args:
            group: of each point the tables of each replication, in their order; None, or no row of a tenant, where one
                failed. Tenants that are written as one count with their mean, as in the summary.
        """
        return self.looked_at([self._by_tenant(runs) for runs in group]) or [[math.nan] * len(group[0])]

    def looked_at(self, group: Sequence[Mapping[str, Sequence[float]]]) -> list[list[float]]:
        """What the rule is about: series for a group of points, of each the metric of each tenant by replication."""
        if not self.over:
            return [list(values) for point in group for values in point.values()]
        base, *others = group
        return [
            list(map(_log_ratio, values, base[name])) for own in others for name, values in own.items() if name in base
        ]

    def _by_tenant(self, runs: Runs) -> dict[str, list[float]]:
        found: dict[str, list[list[float]]] = {}
        for number, tables in enumerate(runs):
            for row in (tables or {}).get("tenants", ()):
                name, value = row[_NAME], row[_COLUMNS[self.metric]]
                if self.tenant in ("", name):
                    numbers = found.setdefault(name, [[] for _ in runs])[number]
                    numbers += [] if _missing(value) else [float(value)]
        return {name: [math.fsum(each) / len(each) if each else math.nan for each in found[name]] for name in found}

    def _has_metric(self, values: Sequence[float | None]) -> bool:
        return not all(_missing(value) for value in values[: self.at_least])

    def _narrow(self, values: Sequence[float | None]) -> Iterator[bool]:
        """Whether the interval is narrow enough, at each count of replications."""
        for observed, mean, deviation in _moments(values):
            half = t_quantile(self.level, observed - 1) * deviation / math.sqrt(observed) if observed > 1 else math.inf
            yield half <= max(self._wanted(mean), _ROUNDING * abs(mean))

    def _wanted(self, mean: float) -> float:
        if self.half_width is not None:
            return self.half_width
        relative = self.relative_half_width or 0.0
        return math.log1p(relative) if self.over else relative * abs(mean)

    def _estimate(self, values: Sequence[float | None]) -> int:
        """How many replications of such values make the interval narrow enough, and see it stay so."""
        observed, mean, deviation = list(_moments(values))[-1]
        wanted = self._wanted(mean)
        if observed < 2 or wanted == 0.0:
            return self.at_most
        needed = (t_quantile(self.level, observed - 1) * deviation / wanted) ** 2
        part_failed = len(values) / observed
        return math.ceil(min(float(self.at_most), needed * part_failed)) + LOOK_AHEAD


_COLUMNS = {name: position for position, name in enumerate(records.names("tenants"))}
_NAME = _COLUMNS["copy_of"]


def _log_ratio(value: float, base: float) -> float:
    return math.log(value / base) if value > 0.0 and base > 0.0 else math.nan


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _moments(values: Sequence[float | None]) -> Iterator[tuple[int, float, float]]:
    """Number, mean and standard deviation of what was observed up to each count (Welford's recursion)."""
    observed, mean, squares = 0, 0.0, 0.0
    for value in values:
        if value is not None and not math.isnan(value):
            observed += 1
            step = value - mean
            mean += step / observed
            squares += step * (value - mean)
        yield observed, mean, math.sqrt(squares / (observed - 1)) if observed > 1 else math.nan
