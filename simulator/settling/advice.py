"""The advice: for each point and tenant when its figures have settled, how sure that is, what the scenario loses."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import floor, isfinite, log10, nan
from typing import TYPE_CHECKING, Any

from simulator import batch
from simulator.batch.progress import Progress, Silent
from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.results import Results, intervals
from simulator.results.folder import ENDED
from simulator.scenario import Scenario
from simulator.settling import METRICS, series, truncation
from simulator.settling.pilot import Pilot
from simulator.settling.series import Table

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

FEWEST_REPLICATIONS = 5
"""With fewer the mean series has too much of their luck; so many are run where the scenario itself has fewer."""
LEVEL = 0.95
SETTLED, UNSETTLED, TOO_FEW = "settled", "not settled", "too few"


@dataclass(frozen=True)
class Advice:
    """What is to be said of one tenant at one point.

    Attributes:
        place: the point on the axes.
        tenant: as the scenario calls it.
        workload: what it runs.
        verdict: ``settled``; ``not settled`` within the first half of the run, so that it should be longer; or
            ``too few`` values to say anything.
        values: of the mean series.
        warmup_s: the advised warm-up; not a number where there is none.
        shortest_s: the shortest that MSER-5 finds if a replication is left out or none; the longest is advised.
        welch_s: from when on Welch's moving average is within 5 % of its later mean; not a number where it is not.
        ends_s: when the series ends, in the mean.
        present_s: the scenario's own warm-up.
        bias_percent: by how much the mean after the present warm-up differs from that after the advised one,
        bias_low_percent: with its 95 % interval, paired by replication,
        bias_high_percent: in percent of the latter.
        times_s, mean, average: the mean series and its moving average, for the figure.
    """

    place: Mapping[str, Any]
    tenant: str
    workload: str
    verdict: str
    values: int
    warmup_s: float = nan
    shortest_s: float = nan
    welch_s: float = nan
    ends_s: float = nan
    present_s: float = 0.0
    bias_percent: float = nan
    bias_low_percent: float = nan
    bias_high_percent: float = nan
    times_s: tuple[float, ...] = field(default=(), repr=False)
    mean: tuple[float, ...] = field(default=(), repr=False)
    average: tuple[float, ...] = field(default=(), repr=False)

    def row(self) -> dict[str, Any]:
        """Everything but the series."""
        own = {name: value for name, value in asdict(self).items() if name not in ("place", *_SERIES)}
        return {**self.place, **own}


_SERIES = ("times_s", "mean", "average")


@dataclass(frozen=True)
class Warmup:
    """The advice for a whole scenario.

    Attributes:
        scenario: which one.
        metric: what was looked at.
        replications: of the runs that were made for it.
        results: their batch.
        tenants: the advice for each tenant at each point.
    """

    scenario: Scenario
    metric: str
    replications: int
    results: Results
    tenants: tuple[Advice, ...]

    @property
    def warmup_s(self) -> float:
        """The warm-up that is long enough for all that have settled; not a number where none has."""
        return max((each.warmup_s for each in self.tenants if each.verdict == SETTLED), default=nan)

    @property
    def unsettled(self) -> tuple[Advice, ...]:
        """Tenants whose runs should be longer."""
        return tuple(each for each in self.tenants if each.verdict == UNSETTLED)

    def frame(self) -> pd.DataFrame:
        """A row for each point and tenant; units stand in the names of the columns."""
        import pandas as pd

        return pd.DataFrame([each.row() for each in self.tenants])

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "metric": self.metric,
            "replications": self.replications,
            "level": LEVEL,
            "method": "MSER-5 on the mean over replications, the longest cut of all of them and of all but one",
            "warmup_s": self.warmup_s,
            "settled": bool(self.tenants) and not self.unsettled and isfinite(self.warmup_s),
            "folder": str(self.results.folder),
            "tenants": [
                {"place": dict(each.place), **each.row(), **{name: list(getattr(each, name)) for name in _SERIES}}
                for each in self.tenants
            ],
        }

    @property
    def exit_code(self) -> int:
        """0 where every run was completed, 1 where none was, else 3."""
        return self.results.exit_code


def warmup(
    scenario: Scenario, *, metric: str = "latency", replications: int | None = None,
    out: str | os.PathLike[str] = "results", jobs: int | None = None, on: str | Executor = "",
    watch: Callable[[str], Progress] | None = None,
) -> Warmup:  # fmt: skip
    """Run the points of a scenario from the beginning on and say when their figures have settled; it stays as it is.

    Args:
        scenario: the scenario, checked.
        metric: ``latency`` of requests, or ``operations`` a second.
        replications: runs of each point; if not given as many as the scenario has, and at least five.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: what executes them, as for ``run``.
        watch: makes somebody who watches a batch, from its name.

    Raises:
        UsageError: no such metric, or a single replication; nothing was run.
    """
    if metric not in METRICS:
        raise UsageError(f"no metric {metric!r} to settle; {suggestion(metric, METRICS)}")
    own = scenario.stopping.at_least if scenario.stopping else scenario.replications
    number = max(own, FEWEST_REPLICATIONS) if replications is None else replications
    if number < 2:
        raise UsageError(f"{number} replications have no mean series; give 2 or more, better 10")
    pilot = Pilot(scenario, number)
    progress = watch(pilot.name) if watch else Silent()
    results = batch.run(pilot, out=out, jobs=jobs, on=on, progress=progress, catalog=scenario.catalog)
    tenants = _advise(pilot, results, metric) if results.exit_code != ENDED["failed"] else ()
    return Warmup(scenario, metric, number, results, tuple(tenants))


def _advise(pilot: Pilot, results: Results, metric: str) -> list[Advice]:
    """The advice for each tenant at each point, in their order."""
    from simulator.results.measured import measured

    runs = results.runs[["run", "point", "replication"]]
    requests = measured(results.requests, results.tenants, results.runs).merge(runs, on="run")
    tenants = results.tenants.astype({"copy_of": str, "workload": str}).merge(runs, on="run")
    found = []
    for place, own in tenants.groupby(["point", "copy_of"], sort=False):
        number, name = int(str(place[0])), str(place[1])
        mine = requests[(requests["point"] == number) & (requests["copy_of"] == name)]
        table = series.latencies(mine) if metric == "latency" else series.operations(mine, own["started_s"].min())
        point = pilot.originals[number]
        about = {"place": pilot.points()[number]["axes"], "tenant": name, "workload": own["workload"].iloc[0]}
        # Of a replication in which it did nothing there is no series, and no mean over all.
        whole = mine["replication"].nunique() == own["replication"].nunique()
        found.append(_of_tenant(table if whole else Table([], []), float(point["warmup_s"]), about))
    return found


def _of_tenant(table: Table, present_s: float, about: Mapping[str, Any]) -> Advice:
    cut = truncation.cut(table.values)
    count = len(table.values[0]) if table.values else 0
    if cut is None:
        return Advice(**about, verdict=TOO_FEW, values=count, present_s=present_s)
    times_s, mean = table.mean_times_s, table.mean
    average = truncation.moving_average(mean)
    welch = truncation.within_band(average)

    def begin_s(index: int | None) -> float:
        return nan if index is None else _up(float(times_s[index])) if index else 0.0

    shown: dict[str, Any] = {
        "times_s": tuple(times_s.tolist()),
        "mean": tuple(mean.tolist()),
        "average": tuple(average.tolist()),
    }
    common: dict[str, Any] = {**about, "values": count, "welch_s": begin_s(welch), "ends_s": float(times_s[-1])}
    if not cut.settled:
        return Advice(**common, **shown, verdict=UNSETTLED, present_s=present_s)
    advised_s = begin_s(cut.index)
    bias = _bias(table, present_s, advised_s)
    return Advice(
        **common, **shown, verdict=SETTLED, warmup_s=advised_s, shortest_s=begin_s(cut.shortest), present_s=present_s,
        bias_percent=bias.mean, bias_low_percent=bias.low, bias_high_percent=bias.high,
    )  # fmt: skip


def _bias(table: Table, present_s: float, advised_s: float) -> intervals.Interval:
    """By how many percent the mean after the present warm-up differs from that after the advised one."""
    pairs = list(zip(table.values, table.times_s, strict=True))
    after = [[values[times_s >= begin_s] for values, times_s in pairs] for begin_s in (present_s, advised_s)]
    if not all(len(own) for each in after for own in each):
        return intervals.NOTHING
    present, advised = ([float(own.mean()) for own in each] for each in after)
    found = intervals.difference(present, advised, LEVEL)
    whole = abs(sum(advised) / len(advised))
    return intervals.Interval(found.n, *(100.0 * each / whole if whole else nan for each in found[1:]))


def _up(time_s: float) -> float:
    """A time with two digits that is not shorter."""
    digits = 1 - floor(log10(time_s)) if time_s > 0.0 else 0
    rounded = round(time_s, digits)
    return rounded if rounded >= time_s else round(rounded + 10.0**-digits, digits)
