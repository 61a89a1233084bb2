"""The knock-on of switching a mechanism off: its own charges, what changes elsewhere, and the tenants' figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.results import intervals
from simulator.results.frames import placed
from simulator.results.where import per_run

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.results import Results

COLUMNS = [
    "compared_with",
    "without",
    "kind",
    "tenant",
    "cause",
    "mechanism",
    "metric",
    "unit",
    "n",
    "with_it",
    "without_it",
    "change",
    "change_low",
    "change_high",
    "level",
    "method",
]
NEGLIGIBLE = 1e-9
"""Share of the time of a run below which a change elsewhere is rounding."""

Point = Mapping[str, Any]
Series = Mapping[object, float]


def knock_on(results: Results, level: float) -> pd.DataFrame:
    """One row per change; see ``Results.knock_on``."""
    import pandas as pd

    axes = list(results.axes)
    rows = []
    for off, on in pairs(results.manifest["points"]):
        place = placed(off["axes"], axes) | {"compared_with": on["stack"], "without": " ".join(off["without"])}
        for row in [*_charges(results, on, off, level), *_metrics(results, on, off, level)]:
            rows.append(place | row | {"level": level, "method": intervals.MEAN_METHOD})
    return pd.DataFrame(rows, columns=[*axes, *COLUMNS])


def pairs(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Each point with mechanisms switched off, and its companion that has them on."""
    for off in points:
        candidates = [on for on in points if _differs_in_mechanisms_only(on, off)]
        if candidates:
            yield off, min(candidates, key=lambda on: (not _named(on, off), len(on["without"])))


def _differs_in_mechanisms_only(on: Point, off: Point) -> bool:
    elsewhere_equal = {**on["axes"], "stack": ""} == {**off["axes"], "stack": ""}
    same_stack = _named(on, off) or on["expression"] == off["expression"]
    return set(on["without"]) < set(off["without"]) and elsewhere_equal and same_stack


def _named(on: Point, off: Point) -> bool:
    return bool(on.get("companion_of") == off["stack"] or off.get("companion_of") == on["stack"])


def _charges(results: Results, on: Point, off: Point, level: float) -> Iterator[dict[str, Any]]:
    spent = per_run(results.charges, results.runs, ["cause", "mechanism"])
    at_on, at_off = (_by_key(spent[spent["point"] == point["point"]]) for point in (on, off))
    total = sum(sum(series.values()) for series in at_on.values())
    for key in dict.fromkeys([*at_on, *at_off]):
        row = _row(at_on.get(key, {}), at_off.get(key, {}), level, absent=0.0)
        own = key[1] in off["without"]
        if own or abs(row["change"]) * row["n"] > NEGLIGIBLE * total:
            kind = "own" if own else "elsewhere"
            about = {"cause": key[0], "mechanism": key[1], "metric": "service_s", "unit": "s"}
            yield {"kind": kind, "tenant": ""} | about | row


def _by_key(spent: pd.DataFrame) -> dict[tuple[str, str], Series]:
    grouped = spent.groupby(["cause", "mechanism"], sort=False, observed=True)
    return {
        (str(cause), str(mechanism)): dict(zip(group["replication"], group["seconds"], strict=True))
        for (cause, mechanism), group in grouped
    }


def _metrics(results: Results, on: Point, off: Point, level: float) -> Iterator[dict[str, Any]]:
    tenants = results.tenants.merge(results.runs[["run", "point", "replication"]], on="run")
    at_off = tenants[tenants["point"] == off["point"]]
    for name, group in tenants[tenants["point"] == on["point"]].groupby("tenant", sort=False, observed=True):
        other = at_off[at_off["tenant"] == name]
        first = group.iloc[0]
        about = {"tenant": name, "cause": "", "mechanism": "", "metric": first["metric"], "unit": first["unit"]}
        with_it, without_it = (dict(zip(part["replication"], part["value"], strict=True)) for part in (group, other))
        yield {"kind": "metric"} | about | _row(with_it, without_it, level)


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
