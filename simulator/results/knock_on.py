"""The knock-on of switching a mechanism off: its own charges, what changes elsewhere, and the tenants' figures."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.results import intervals
from simulator.results.answers import names
from simulator.results.frames import placed
from simulator.results.places import elsewhere
from simulator.results.where import per_run

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.results import Results

NEGLIGIBLE = 1e-9
"""Share of the time of a run below which a change elsewhere is rounding."""

Point = Mapping[str, Any]
Series = Mapping[object, float]
Charges = dict[tuple[str, str], dict[object, float]]
Metrics = dict[str, tuple[dict[str, str], dict[object, float]]]


def knock_on(results: Results, level: float) -> pd.DataFrame:
    """One row per change; see ``Results.knock_on``."""
    import pandas as pd

    axes = list(results.axes)
    companions = list(pairs(results.manifest["points"]))
    numbers = {point["point"] for pair in companions for point in pair}
    spent, measured = (_spent(results, numbers), _measured(results, numbers)) if companions else ({}, {})
    rows = []
    for off, on in companions:
        place = placed(off["axes"], axes) | {"compared_with": on["stack"], "without": " ".join(off["without"])}
        at_on, at_off = on["point"], off["point"]
        charges = _charges(spent.get(at_on, {}), spent.get(at_off, {}), off["without"], level)
        metrics = _metrics(measured.get(at_on, {}), measured.get(at_off, {}), level)
        for row in [*charges, *metrics]:
            rows.append(place | row | {"level": level, "method": intervals.MEAN_METHOD})
    return pd.DataFrame(rows, columns=[*axes, *names("knock_on")])


def pairs(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Each point with mechanisms switched off, and its companion that has them on."""
    beside: dict[object, list[Point]] = {}
    for point in points:
        beside.setdefault(elsewhere(point), []).append(point)
    for off in points:
        candidates = [on for on in beside[elsewhere(off)] if _differs_in_mechanisms_only(on, off)]
        if candidates:
            yield off, min(candidates, key=lambda on: (not _named(on, off), len(on["without"])))


def _differs_in_mechanisms_only(on: Point, off: Point) -> bool:
    return set(on["without"]) < set(off["without"]) and (_named(on, off) or on["expression"] == off["expression"])


def _named(on: Point, off: Point) -> bool:
    return bool(on.get("companion_of") == off["stack"] or off.get("companion_of") == on["stack"])


def _spent(results: Results, points: Collection[int]) -> dict[int, Charges]:
    """Device time of these points by cause and mechanism."""
    runs = results.runs[results.runs["point"].isin(points)]
    charges = results.charges[results.charges["run"].isin(runs["run"])]
    found: dict[int, Charges] = {}
    for point, replication, cause, mechanism, seconds in _cells(
        per_run(charges, runs, ["cause", "mechanism"]), "point", "replication", "cause", "mechanism", "seconds"
    ):
        series = found.setdefault(point, {}).setdefault((str(cause), str(mechanism)), {})
        series[replication] = seconds
    return found


def _measured(results: Results, points: Collection[int]) -> dict[int, Metrics]:
    """Each tenant's figure of merit at these points, with what it is."""
    runs = results.runs.loc[results.runs["point"].isin(points), ["run", "point", "replication"]]
    tenants = results.tenants[["run", "tenant", "metric", "unit", "value"]].merge(runs, on="run")
    found: dict[int, Metrics] = {}
    for point, replication, tenant, metric, unit, value in _cells(
        tenants, "point", "replication", "tenant", "metric", "unit", "value"
    ):
        _, series = found.setdefault(point, {}).setdefault(tenant, ({"metric": metric, "unit": unit}, {}))
        series[replication] = value
    return found


def _cells(frame: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(frame[name].tolist() for name in names), strict=True)


def _charges(at_on: Charges, at_off: Charges, without: Collection[str], level: float) -> Iterator[dict[str, Any]]:
    total = sum(sum(series.values()) for series in at_on.values())
    for key in dict.fromkeys([*at_on, *at_off]):
        row = _row(at_on.get(key, {}), at_off.get(key, {}), level, absent=0.0)
        own = key[1] in without
        if own or abs(row["change"]) * row["n"] > NEGLIGIBLE * total:
            kind = "own" if own else "elsewhere"
            about = {"cause": key[0], "mechanism": key[1], "metric": "service_s", "unit": "s"}
            yield {"kind": kind, "tenant": ""} | about | row


def _metrics(at_on: Metrics, at_off: Metrics, level: float) -> Iterator[dict[str, Any]]:
    for name, (about, with_it) in at_on.items():
        _, without_it = at_off.get(name, ({}, {}))
        of_what = {"tenant": name, "cause": "", "mechanism": ""} | about
        yield {"kind": "metric"} | of_what | _row(with_it, without_it, level)


def _row(on: Series, off: Series, level: float, absent: float | None = None) -> dict[str, Any]:
    """Both means and the paired change; a charge that one side does not have at all is zero there."""
    if absent is not None:
        on = on or dict.fromkeys(off, absent)
        off = off or dict.fromkeys(on, absent)
    common = [key for key in on if key in off]
    first, second = [on[key] for key in common], [off[key] for key in common]
    change = intervals.difference(second, first, level)
    return {
        "n": change.n,
        "with_it": intervals.mean(first, level).mean,
        "without_it": intervals.mean(second, level).mean,
        **dict(zip(("change", "change_low", "change_high"), change[1:], strict=True)),
    }
