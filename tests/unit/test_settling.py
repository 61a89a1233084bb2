"""The advice on a warm-up: where series are cut, checked by hand, and what is said of a scenario."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import simulator as vl
from simulator.cli.warmup import command
from simulator.errors import UsageError
from simulator.scenario import load
from simulator.settling import advice, series, truncation
from simulator.settling.pilot import Pilot
from simulator.settling.series import Table

SCENARIO = {
    "title": "A server warms up",
    "machine": "server-2025",
    "stacks": {"native": "linux-6 |", "virtual": "linux-6 | kvm-6 / linux-6"},
    "tenants": {
        "app": {
            "workload": "small-service", "vcpus": 1, "memory": "1 GiB",
            "parameters": {"clients": 20, "client": "50 ms", "request_cycles": "1 M cycles"},
        },
    },
    "duration": "0.5 s",
    "warmup": ["0 s", "0.1 s"],
    "replications": 3,
}  # fmt: skip


def settling(values: int, transient: int, replications: int = 6, noise: float = 0.1, seed: int = 1) -> list[Any]:
    """Series that begin at twice their later mean and come down to it in a straight line."""
    random = np.random.default_rng(seed)
    shape = 1.0 + np.maximum(0.0, 1.0 - np.arange(values) / max(1, transient))
    return [shape + noise * random.standard_normal(values) for _ in range(replications)]


def test_mser_is_the_cut_with_the_smallest_standard_error() -> None:
    series = settling(300, 60, 1)[0]
    means = series.reshape(60, 5).mean(axis=1)
    error = [((means[cut:] - means[cut:].mean()) ** 2).sum() / (60 - cut) ** 2 for cut in range(55)]
    assert truncation.mser(series) == 5 * int(np.argmin(error)) > 30


def test_a_series_is_cut_where_its_transient_ends() -> None:
    cut = truncation.cut(settling(600, 100))
    assert cut is not None and cut.settled
    assert 70 <= cut.shortest <= cut.index <= 130


def test_the_longest_of_the_cuts_without_one_replication_is_taken() -> None:
    table = settling(600, 100, 5, noise=0.5)
    cut = truncation.cut(table)
    whole = sum(table)
    cuts = [truncation.mser(whole / 5), *(truncation.mser((whole - each) / 4) for each in table)]
    assert cut is not None and (cut.shortest, cut.index) == (min(cuts), max(cuts))
    assert cut.shortest < cut.index <= 300


def test_a_transient_that_lasts_longer_than_half_of_the_run_is_refused() -> None:
    cut = truncation.cut(settling(600, 500))
    assert cut is not None and not cut.settled


@pytest.mark.parametrize(("values", "replications"), [(99, 6), (600, 1), (600, 0)])
def test_too_few_values_or_replications_have_no_cut(values: int, replications: int) -> None:
    assert truncation.cut(settling(values, 10, replications)) is None


def test_a_series_that_never_changes_needs_no_cut() -> None:
    assert truncation.cut([np.full(200, 3.0)] * 4) == truncation.Cut(0, 0, True)


def test_moving_average_by_hand() -> None:
    series = np.array([4.0, 1.0, 1.0, 4.0, 7.0, 1.0])
    assert truncation.moving_average(series).tolist() == [4.0, 2.0, 2.0, 4.0, 4.0, 1.0]


def test_welch_sees_when_the_moving_average_arrives() -> None:
    average = truncation.moving_average(np.mean(settling(600, 100), axis=0))
    arrived = truncation.within_band(average)
    assert arrived is not None and 70 <= arrived <= 130
    assert truncation.within_band(np.linspace(2.0, 1.0, 600)) is None


@pytest.mark.parametrize(
    ("time_s", "rounded_s"), [(0.1234, 0.13), (0.12, 0.12), (12.01, 13.0), (0.0991, 0.1), (150, 150)]
)
def test_a_warm_up_is_written_with_two_digits_and_not_too_short(time_s: float, rounded_s: float) -> None:
    assert advice._up(time_s) == rounded_s


def of(values: list[Any], present_s: float = 0.0) -> advice.Advice:
    """The advice where a value begins every 10 ms."""
    times = [np.arange(len(each)) / 100.0 for each in values]
    return advice._of_tenant(Table(values, times), present_s, {"place": {}, "tenant": "app", "workload": "w"})


def test_what_the_present_warm_up_loses() -> None:
    found = of(settling(600, 100))
    assert found.verdict == "settled" and 0.7 <= found.warmup_s <= 1.3
    # the transient adds 1/2 over 100 of 600 values: 8.3 % of the mean
    assert found.bias_low_percent < found.bias_percent < found.bias_high_percent
    assert found.bias_percent == pytest.approx(8.3, abs=1.0)
    enough = of(settling(600, 100), present_s=found.warmup_s)
    assert (enough.bias_percent, enough.bias_low_percent, enough.bias_high_percent) == (0.0, 0.0, 0.0)
    assert math.isnan(of(settling(600, 100), present_s=7.0).bias_percent)


def test_no_advice_where_it_has_not_settled_or_is_too_short() -> None:
    found = of(settling(600, 500))
    assert found.verdict == "not settled" and math.isnan(found.warmup_s) and found.ends_s == pytest.approx(5.99)
    assert of(settling(99, 10)).verdict == of([]).verdict == "too few"


# ---------------------------------------------------------------- a scenario


def test_the_pilot_runs_every_point_once_from_its_beginning_with_luck_of_its_own() -> None:
    scenario = load(SCENARIO)
    pilot = Pilot(scenario, 5)
    points = pilot.points()
    assert [point["axes"] for point in points] == [{"stack": "native"}, {"stack": "virtual"}]
    assert [point["point"] for point in points] == [0, 1]
    assert {point["warmup_s"] for point in points} == {0.0}
    assert {point["seed"] for point in points} == {pilot.seed} != {scenario.seed}
    assert pilot.seed == Pilot(scenario, 6).seed != Pilot(load(SCENARIO, overrides={"seed": 2}), 5).seed


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def found(out: Path) -> vl.Warmup:
    return vl.warmup(SCENARIO, out=out, jobs=1)


def test_advice_for_a_scenario(found: vl.Warmup) -> None:
    frame = found.frame()
    assert list(frame["stack"]) == ["native", "virtual"] and set(frame["tenant"]) == {"app"}
    assert found.replications == 5 and found.exit_code == 0
    assert set(frame["verdict"]) <= {"settled", "not settled"} and frame["values"].min() > 100
    settled = frame[frame["verdict"] == "settled"]
    assert len(settled) and found.warmup_s == settled["warmup_s"].max() <= 0.25


def test_a_run_without_requests_or_with_few_has_too_few(out: Path) -> None:
    short = vl.warmup(SCENARIO, out=out, jobs=1, duration="0.15 s", replications=2, warmup="0 s")
    assert {each.verdict for each in short.tenants} == {"too few"} and math.isnan(short.warmup_s)


def test_wrong_questions_are_refused(out: Path) -> None:
    with pytest.raises(UsageError, match="no metric 'latencies' to settle; did you mean 'latency'"):
        vl.warmup(SCENARIO, metric="latencies", out=out)
    with pytest.raises(UsageError, match="1 replications have no mean series; give 2 or more"):
        vl.warmup(SCENARIO, replications=1, out=out)


def test_the_command_prints_draws_and_changes_nothing(found: vl.Warmup, out: Path, tmp_path: Path) -> None:
    path = tmp_path / "a-server-warms-up.yaml"
    path.write_text(json.dumps({"version": 1, **SCENARIO}), encoding="utf-8")
    before, figure = path.read_bytes(), tmp_path / "settling.svg"
    options = [str(path), "--out", str(out), "--jobs", "1", "--figure", str(figure)]
    printed = CliRunner().invoke(command, options, standalone_mode=False, catch_exceptions=False).stdout
    assert "native   app" in printed and f"figure: {figure}" in printed
    assert "n = 5 replications with luck of their own" in printed
    assert path.read_bytes() == before and "advised warm-up" in figure.read_text(encoding="utf-8")
    data = json.loads(CliRunner().invoke(command, [*options[:5], "--json"], standalone_mode=False).stdout)
    assert data["folder"] == str(found.results.folder)
    assert [each["place"] for each in data["tenants"]] == [{"stack": "native"}, {"stack": "virtual"}]
    assert len(data["tenants"][0]["mean"]) == data["tenants"][0]["values"]


def test_operations_a_second_by_piece_of_time() -> None:
    """From 1 s on 100 operations a second, then 200; each takes 0.5 s and counts when it is done."""
    done_s = np.concatenate([np.arange(1.005, 6.0, 0.01), np.arange(6.0025, 16.0, 0.005)])
    one = pd.DataFrame({"start_s": done_s - 0.5, "latency_s": 0.5})
    table = series.operations(pd.concat([one.assign(replication=number) for number in range(3)]), 1.0)
    assert len(table.values) == 3 and len(table.mean) == 500
    assert table.mean_times_s[0] == 1.0 and table.mean_times_s[-1] < 16.0
    assert table.mean[:160].mean() == pytest.approx(100, rel=0.01)
    assert table.mean[170:].mean() == pytest.approx(200, rel=0.01)
    cut = truncation.cut(table.values)
    assert cut is not None and cut.settled and table.mean_times_s[cut.index] == pytest.approx(6.0, abs=0.2)
    assert series.operations(one.head(400).assign(replication=0), 1.0).values == []
