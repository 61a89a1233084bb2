"""Summaries and where the time went, against the same written plainly, place by place: the very same numbers."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.results import intervals
from simulator.results.comparison import comparison
from simulator.results.sample import samples
from simulator.results.summary import overhead, summary
from simulator.results.where import where

STACKS, SIZES, TENANTS, REPLICATIONS = ("native", "xen", "kvm"), (1.0, 2.5, math.nan), ("app", "db"), 3
NUMBERS = st.one_of(st.floats(1e-6, 1e6), st.just(math.nan), st.just(0.0))
Row = dict[str, Any]


@st.composite
def tenants(draw: st.DrawFn) -> pd.DataFrame:
    """A table of tenants joined with the axes: some places, replications and copies are missing, some are twice."""
    place = st.tuples(
        st.sampled_from(STACKS), st.sampled_from(SIZES), st.sampled_from(TENANTS), st.integers(0, REPLICATIONS - 1)
    )
    rows = [
        {
            **dict(zip(("stack", "size", "tenant", "replication"), each, strict=True)),
            **{"workload": f"{each[2]}-server", "metric": "time" if each[2] == "app" else "rate", "unit": "s"},
            **{"better": "lower" if each[2] == "app" else "higher", "value": draw(NUMBERS)},
        }
        for each in draw(st.lists(place, min_size=1, max_size=30))
    ]
    frame = pd.DataFrame(rows)
    frame["stack"] = frame["stack"].astype(pd.CategoricalDtype(list(STACKS)))
    return frame


def plain_samples(frame: pd.DataFrame) -> dict[tuple[Any, ...], dict[int, float]]:
    """Every place with its mean in each replication."""
    found: dict[tuple[Any, ...], dict[int, list[float]]] = {}
    for row in frame.to_dict("records"):
        place = (row["stack"], None if math.isnan(row["size"]) else row["size"], row["tenant"])
        found.setdefault(place, {}).setdefault(row["replication"], []).append(row["value"])
    return {place: {key: plain_mean(each) for key, each in values.items()} for place, values in found.items()}


def plain_mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def same(one: object, other: object) -> bool:
    return one == other or (one != one and other != other)


@settings(max_examples=40, deadline=None)
@given(tenants())
def test_summary_is_the_plain_one(frame: pd.DataFrame) -> None:
    rows = summary(frame, "native", metric=None, level=0.9, by=["stack", "size", "tenant"]).to_dict("records")
    every = plain_samples(frame)
    assert len(rows) == len(every)
    for row, ((stack, size, tenant), numbers) in zip(rows, every.items(), strict=True):
        assert row["stack"] == stack and (row["size"] == size or (pd.isna(row["size"]) and size is None))
        assert (row["tenant"], row["workload"]) == (tenant, f"{tenant}-server")
        base = every.get(("native", size, tenant))
        common = [key for key in numbers if base is not None and key in base]
        pairs = ([numbers[key] for key in common], [base[key] for key in common] if base else [])
        ratio = intervals.ratio(*pairs, 0.9) if base is not None else intervals.NOTHING
        wanted = (*intervals.mean(list(numbers.values()), 0.9), *ratio, *overhead(ratio, row["better"]))
        names = (
            "n mean ci_low ci_high pairs ratio_mean ratio_low ratio_high overhead_percent overhead_low overhead_high"
        )
        assert all(same(row[name], each) for name, each in zip(names.split(), wanted, strict=True)), (row, wanted)


@settings(max_examples=30, deadline=None)
@given(tenants())
def test_comparison_is_the_plain_one(frame: pd.DataFrame) -> None:
    rows = comparison(frame, "native", metric="value", level=0.9, by=["stack", "size", "tenant"]).to_dict("records")
    every = plain_samples(frame)
    wanted = [place for place in every if place[0] != "native" and ("native", *place[1:]) in every]
    assert [(row["stack"], None if pd.isna(row["size"]) else row["size"], row["tenant"]) for row in rows] == wanted
    for row, place in zip(rows, wanted, strict=True):
        own, base = every[place], every[("native", *place[1:])]
        common = [key for key in own if key in base]
        gap = intervals.difference([own[key] for key in common], [base[key] for key in common], 0.9)
        names = ("n", "difference", "difference_low", "difference_high")
        assert all(same(row[name], each) for name, each in zip(names, gap, strict=True))


@settings(max_examples=30, deadline=None)
@given(tenants(), st.permutations(range(30)))
def test_the_order_of_the_rows_decides_the_order_of_the_places_only(frame: pd.DataFrame, order: list[int]) -> None:
    shuffled = frame.iloc[[number for number in order if number < len(frame)]]
    one, other = (
        {tuple(each.place.values()): each for each in samples(rows, None, ["stack", "size", "tenant"])}
        for rows in (frame, shuffled)
    )
    assert one.keys() == other.keys()
    assert all(repr(each.by_replication) == repr(other[place].by_replication) for place, each in one.items())


@st.composite
def charged(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables of charges and of runs: two points, some charges of each, one run that failed."""
    runs = [
        {"run": f"p{p}-r{r}", "point": p, "replication": r, "stack": STACKS[p], "simulated_s": 2.0 + r}
        | {"status": "failed" if (p, r) == (1, 2) else "ok"}
        | dict.fromkeys(("seed", "expression", "without", "machine", "fidelity", "error", "events", "not_modelled"), "")
        for p in range(2)
        for r in range(REPLICATIONS)
    ]
    cell = st.tuples(st.sampled_from(runs), st.sampled_from("abc"), st.floats(0.0, 1e3))
    names = ("service_s", "cycles", "bytes", "operations")
    charges = [
        {"run": run["run"], "cause": cause, "mechanism": "m", **dict.fromkeys(names, seconds)}
        for run, cause, seconds in draw(st.lists(cell, max_size=25))
    ]
    columns = ["run", "cause", "mechanism", *names]
    frame = pd.DataFrame(charges, columns=columns).astype({"cause": "category", **dict.fromkeys(names, float)})
    return frame, pd.DataFrame(runs)


@settings(max_examples=25, deadline=None)
@given(charged())
def test_where_is_the_plain_one(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    charges, runs = tables
    rows = where(charges, runs, ["stack"], by=("cause",), level=0.9).to_dict("records")
    done = runs[runs["status"] == "ok"].to_dict("records")
    spent = {
        (run["run"], cause): group["service_s"].sum()
        for run in done
        for cause, group in charges[charges["run"] == run["run"]].groupby("cause", observed=True)
    }
    wanted = {(run["stack"], cause) for run in done for name, cause in spent if name == run["run"]}
    assert {(row["stack"], row["cause"]) for row in rows} == wanted and len(rows) == len(wanted)
    for row in rows:
        of_point = [run for run in done if run["stack"] == row["stack"]]
        seconds = [spent.get((run["run"], row["cause"]), 0.0) for run in of_point]
        mean = intervals.mean(seconds, 0.9)
        assert row["n"] == len(of_point)
        assert math.isclose(row["seconds"], mean.mean, rel_tol=1e-12, abs_tol=1e-300)
        rates = [each / run["simulated_s"] for each, run in zip(seconds, of_point, strict=True)]
        assert math.isclose(row["per_second"], math.fsum(rates) / len(rates), rel_tol=1e-12, abs_tol=1e-300)
