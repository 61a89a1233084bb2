"""Quantiles of latencies and of metrics, and comparisons of many stacks, checked by hand."""

from __future__ import annotations

import math
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner
from scipy.special import bdtr

import simulator as vl
from simulator.cli.compare import command as compare
from simulator.errors import UsageError
from simulator.results import Results, intervals
from simulator.results.quantiles import BEYOND_IN_SECTION, estimate, interval

CLIENTS = {"clients": 20, "client": "50 ms", "request_cycles": "1 M cycles"}
SCENARIO = {
    "title": "Calls of two tenants",
    "machine": "server-2025",
    "stacks": {"native": "linux-6 |", "container": "linux-6 | docker", "kvm": "linux-6 | kvm / linux-6"},
    "tenants": {"app": {"workload": "small-service", "vcpus": 1, "memory": "1 GiB", "count": 2, "parameters": CLIENTS}},
    "duration": "0.4 s",
    "warmup": "0.1 s",
    "replications": 3,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return vl.run(SCENARIO, out=tmp_path_factory.mktemp("results"), jobs=1)


def test_the_requests_that_count_are_those_that_the_tenants_table_counts(results: Results) -> None:
    requests = results._measured_requests()
    assert len(results.requests) > len(requests) > 100
    assert requests["start_s"].min() >= 0.1
    for row in results.tenants.to_dict("records"):
        own = requests[(requests["run"] == row["run"]) & (requests["tenant"] == row["tenant"])]["latency_s"]
        assert len(own) == row["operations"]
        assert own.mean() == pytest.approx(row["latency_mean_s"], rel=1e-12)
        assert intervals.nearest_rank(sorted(own), 0.99) == row["latency_p99_s"]


def test_quantiles_of_a_batch(results: Results) -> None:
    frame = results.quantiles((0.5, 0.9))
    assert len(frame) == 6 and set(frame["tenant"]) == {"app"} and set(frame["n"]) == {3}
    requests = results._measured_requests().merge(results.runs[["run", "stack"]], on="run")
    for row in frame.to_dict("records"):
        own = sorted(requests[requests["stack"] == row["stack"]]["latency_s"])
        assert row["requests"] == len(own)
        assert row["latency_s"] == intervals.nearest_rank(own, row["quantile"])
        if row["sections"]:
            assert row["ci_low_s"] <= row["latency_s"] <= row["ci_high_s"]
        else:
            assert math.isnan(row["ci_low_s"]) and len(own) * (1 - row["quantile"]) < 3 * BEYOND_IN_SECTION
    whole = results.quantiles([0.5], by=["workload"]).to_dict("records")
    assert len(whole) == 1 and whole[0]["requests"] == len(requests)


@pytest.mark.parametrize(
    ("q", "level", "by", "message"),
    [
        ([99], 0.95, None, "a quantile lies between 0 and 1, for example 0.99; not 99"),
        ([], 0.95, None, "a quantile lies between 0 and 1, for example 0.99; not none"),
        ([0.5], 95, None, "a confidence level lies between 0 and 1, for example 0.95; not 95"),
        ([0.5], 0.95, ["stak"], "no column 'stak' to group by; there are: "),
    ],
)
def test_wrong_quantiles_are_refused(results: Results, q: Any, level: float, by: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        results.quantiles(q, level, by)


def test_too_few_requests_have_no_quantile_and_too_few_sections_no_interval() -> None:
    values = [float(number) for number in range(1, 501)]
    assert estimate(values, 0.99) == 495.0 and math.isnan(estimate(values[:499], 0.99))
    assert math.isnan(estimate(values, 0.001)) and math.isnan(estimate([], 0.5))
    each = [values] * 3
    assert interval(each, sorted(values * 3), 0.8, 0.95).n == 3
    found = interval(each, sorted(values * 3), 0.81, 0.95)
    assert found.n == 0 and found.mean == 405.0 and math.isnan(found.low) and math.isnan(found.high)


def test_replications_that_are_too_short_alone_are_sections_together() -> None:
    random = Random(3)
    each = [[random.random() for _ in range(500)] for _ in range(12)]
    found = interval(each, sorted(chain(*each)), 0.95, 0.95)
    own = [intervals.nearest_rank(sorted(chain(*each[n : n + 4])), 0.95) for n in (0, 4, 8)]
    deviation = math.sqrt(sum((value - found.mean) ** 2 for value in own) / 2)
    assert found.n == 3
    assert found.high - found.mean == pytest.approx(4.30265 * deviation / math.sqrt(3), rel=1e-5)


def test_a_quantile_of_a_metric_lies_between_two_of_its_values() -> None:
    values = [float(number) for number in range(1, 101)]
    Random(1).shuffle(values)
    n, median, low, high = intervals.quantile([*values, math.nan], 0.5, 0.95)
    assert (n, median) == (100, 50.0)
    below = [float(bdtr(int(rank) - 1, 100, 0.5)) for rank in (low, high)]
    assert below[1] - below[0] >= 0.95 > float(bdtr(int(high) - 2, 100, 0.5)) - below[0]
    assert (low, high) in ((40.0, 60.0), (41.0, 61.0))


@pytest.mark.parametrize(("n", "bounded"), [(5, False), (6, True)])
def test_no_two_of_five_values_enclose_the_median(n: int, bounded: bool) -> None:
    found = intervals.quantile([float(number) for number in range(n)], 0.5, 0.95)
    assert math.isfinite(found.low) == bounded and math.isfinite(found.mean)
    assert math.isnan(intervals.quantile([], 0.5, 0.95).mean)
    with pytest.raises(UsageError, match="a quantile lies between 0 and 1"):
        intervals.quantile([1.0], 95, 0.95)


# ---------------------------------------------------------------- comparisons


def test_a_quantile_is_compared_pair_by_pair(results: Results) -> None:
    frame = results.compare(quantile=0.9)
    assert set(frame["metric"]) == {"latency, 90 % quantile"} and set(frame["n"]) == {3}
    requests = results._measured_requests().merge(results.runs[["run", "stack", "replication"]], on="run")
    own = requests.groupby(["stack", "replication"], observed=True)["latency_s"].apply(
        lambda values: intervals.nearest_rank(sorted(values), 0.9)
    )
    row = frame[frame["stack"] == "kvm"].to_dict("records")[0]
    assert row["difference"] == pytest.approx((own["kvm"] - own["native"]).mean(), rel=1e-9)
    with pytest.raises(UsageError, match=r"for example 0\.99; not 99"):
        results.compare(quantile=99)


def test_intervals_of_many_comparisons_cover_together(results: Results) -> None:
    alone, together = (results.compare(simultaneous=flag).to_dict("records") for flag in (False, True))
    for one, every in zip(alone, together, strict=True):
        # Bonferroni over two stacks: t(2 degrees, 98.75 %) = 6.20535 instead of t(2 degrees, 97.5 %) = 4.30265
        wider = (every["difference_high"] - every["difference"]) / (one["difference_high"] - one["difference"])
        assert wider == pytest.approx(6.20535 / 4.30265, rel=1e-5)
        assert every["level"] == 0.95
        assert every["method"].endswith(", simultaneous (Bonferroni, each of 2 at 97.5 %)")
        assert "simultaneous" not in one["method"]


def test_compare_prints_a_quantile(results: Results) -> None:
    options = [str(results.folder), "--quantile", "0.9", "--simultaneous"]
    printed = CliRunner().invoke(compare, options, standalone_mode=False, catch_exceptions=False).output
    assert "latency, 90 % quantile" in printed and "Bonferroni, each of 2 at 97.5 %" in printed
    data = CliRunner().invoke(compare, [*options, "--json"], standalone_mode=False, catch_exceptions=False).output
    assert '"metric": "latency, 90 % quantile"' in data


def test_pairs_are_the_replications_that_both_have(results: Results, tmp_path: Path) -> None:
    kept = results.runs[~((results.runs["stack"] == "kvm") & (results.runs["replication"] == 1))]
    part = Results(results.folder, results.manifest)
    part.__dict__.update(runs=kept, tenants=results.tenants[results.tenants["run"].isin(kept["run"])])
    row, full = (each.compare().set_index("stack").loc["kvm"] for each in (part, results))
    assert (row["n"], full["n"]) == (2, 3)
    assert row["mean"] - row["baseline_mean"] == pytest.approx(row["difference"], rel=1e-9)
    other = part.compare().set_index("stack").loc["container"]
    assert other["n"] == 3
