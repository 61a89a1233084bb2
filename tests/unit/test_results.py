"""Results: typed tables, intervals checked by hand, paired comparisons, where the time went, knock-on."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simulator.batch import run
from simulator.errors import ResultsError, UsageError
from simulator.records import TABLES, names, run_id
from simulator.results import Results, intervals, load
from simulator.results.stopping import Stopping

# seconds of the program, of the ring and of the back end in each of three replications; the batch is built from these
NATIVE = [(10.0, 0.0, 0.0), (11.0, 0.0, 0.0), (12.0, 0.0, 0.0)]
XEN = [(10.0, 1.0, 1.0), (11.0, 1.2, 1.0), (12.0, 1.4, 1.0)]
NO_RING = [(10.0, 0.0, 1.5), (11.0, 0.0, 1.5), (12.0, 0.0, 1.5)]
STACKS = {"xen": XEN, "native": NATIVE, "no ring": NO_RING}


def fake_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """One run made from the numbers above; the second program reports a rate, of which more is better."""
    if point["stack"] == "no ring" and point["axes"]["program"] == "web" and replication == 2:
        raise RuntimeError("no luck")
    run = run_id(point["point"], replication)
    program, ring, back_end = STACKS[point["stack"]][replication]
    total = program + ring + back_end
    web = point["axes"]["program"] == "web"
    merit = ("rate", 1000.0 / total, "requests/s", "higher") if web else ("time", total, "s", "lower")
    row = [run, point["point"], replication, 1, point["stack"], "xen-1", "", "m", "fluid", "ok", "", 2 * total, 9, ""]
    tenant = [
        run,
        "app",
        "app",
        point["axes"]["program"],
        "machine code",
        "ok",
        *merit,
        5.0 + replication,
        total,
        *[0.0] * (len(TABLES["tenants"]) - 14),
        1,
        1,
    ]
    seconds = [("program", "instructions", program), ("/xen", "ring", ring), ("/xen", "back_end", back_end)]
    charges = [[run, "app", "t0", "cpu", "app", c, m, s * 1e9, 0.0, 1.0, s] for c, m, s in seconds if s]
    return {"tables": {"runs": [row], "tenants": [tenant], "charges": charges}}


@dataclass
class FakeScenario:
    """Three stacks, two programs; one of the stacks is another with a mechanism switched off."""

    replications: int = 3
    name: str = "fake"
    title: str = "A fake"
    text: str = ""
    hash: str = "00"
    seed: int = 1
    baseline: str | None = "native"
    stopping: Stopping | None = None

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        places = [(stack, program) for stack in STACKS for program in ("web", "build")]
        return [
            {
                "scenario": "fake",
                "point": number,
                "seed": 1,
                "axes": {"stack": stack, "program": program, "size": 0.5},
                "stack": stack,
                "expression": "linux-2.4 |" if stack == "native" else "xen-1 | linux-2.4",
                "machine": {"name": "m"},
                "without": ["ring"] if stack == "no ring" else [],
                "fidelity": "fluid",
            }
            for number, (stack, program) in enumerate(places)
        ]


def make(out: Path, replications: int = 3) -> Results:
    return run(FakeScenario(replications), out=out, jobs=1, catalog=object(), target=f"{__name__}:fake_run")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return make(tmp_path_factory.mktemp("results"))


def only(frame: pd.DataFrame, **values: object) -> dict[Any, Any]:
    """The one row in which these columns have these values."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    (row,) = frame.to_dict("records")
    return row


def test_mean_interval_by_hand() -> None:
    # mean 2, s = 1, t(2 degrees, 97.5 %) = 4.30265: half width 4.30265 / sqrt(3) = 2.48414
    n, mean, low, high = intervals.mean([1.0, 2.0, 3.0], 0.95)
    assert (n, mean) == (3, 2.0)
    assert (low, high) == pytest.approx((2 - 2.48414, 2 + 2.48414), abs=1e-5)


def test_one_observation_has_no_interval_and_none_has_no_mean() -> None:
    assert intervals.mean([4.0], 0.95)[:2] == (1, 4.0)
    assert all(math.isnan(bound) for bound in intervals.mean([4.0], 0.95)[2:])
    assert intervals.mean([math.nan], 0.95).n == 0
    with pytest.raises(UsageError, match="between 0 and 1"):
        intervals.mean([1.0, 2.0], 95)


def test_ratio_reads_the_same_backwards() -> None:
    # logs of 2/1 and 8/1: mean log 4, s = log(8 / 2) / sqrt(2), t(1) = 12.7062
    there = intervals.ratio([2.0, 8.0], [1.0, 1.0], 0.95)
    back = intervals.ratio([1.0, 1.0], [2.0, 8.0], 0.95)
    assert there.mean == pytest.approx(4.0)
    assert there.high == pytest.approx(4.0 * math.exp(12.7062 * math.log(4) / math.sqrt(2) / math.sqrt(2)), rel=1e-4)
    assert (1 / back.mean, 1 / back.high, 1 / back.low) == pytest.approx(there[1:])
    assert math.isnan(intervals.ratio([1.0], [0.0], 0.95).mean)


def test_paired_interval_is_narrow_where_pairs_agree() -> None:
    assert intervals.difference([10.5, 20.5, 30.5], [10.0, 20.0, 30.0], 0.95)[1:] == pytest.approx((0.5, 0.5, 0.5))


def test_columns_have_their_declared_types(results: Results) -> None:
    for table in TABLES:
        frame = getattr(results, table)
        assert list(frame.columns)[: len(names(table))] == names(table)
        for column in TABLES[table]:
            kinds = {"text": ("category", "str"), "integer": ("int64", "Int64"), "number": ("float64",)}
            assert str(frame[column.name].dtype) in kinds[column.kind], (table, column.name)
    assert list(results.runs.columns)[-2:] == ["program", "size"]
    assert results.runs["size"].dtype == "float64"
    assert list(results.runs["stack"].cat.categories) == ["xen", "native", "no ring"]
    assert results.runs["status"].value_counts().to_dict() == {"ok": 17, "failed": 1}


def test_csv_and_parquet_give_the_same_frames(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(results.folder, folder)
    for path in folder.glob("*.parquet"):
        path.unlink()
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(load(folder), table), getattr(results, table))


def test_parquet_carries_units_and_meanings(results: Results) -> None:
    from pyarrow import parquet

    schema = parquet.read_schema(results.folder / "threads.parquet")
    assert schema.field("steal_s").metadata[b"unit"] == b"s"


def test_summary_by_hand(results: Results) -> None:
    frame = results.summary()
    # build on xen 12, 13.2, 14.4 s; native 10, 11, 12 s: the ratio is 1.2 in every pair
    row = only(frame, stack="xen", program="build")
    assert (row["workload"], row["metric"], row["unit"], row["better"]) == ("build", "time", "s", "lower")
    assert (row["n"], row["mean"]) == (3, pytest.approx(13.2))
    assert row["ci_high"] - row["mean"] == pytest.approx(4.30265 * 1.2 / math.sqrt(3), rel=1e-5)
    assert (row["ratio_low"], row["ratio_mean"], row["ratio_high"]) == pytest.approx((1.2, 1.2, 1.2))
    assert (row["overhead_percent"], row["level"], row["pairs"]) == (pytest.approx(20.0), 0.95, 3)
    # the rate falls to 1 / 1.2: the same request takes 20 % more
    web = only(frame, stack="xen", program="web")
    assert (web["ratio_mean"], web["overhead_percent"]) == (pytest.approx(1 / 1.2), pytest.approx(20.0))
    assert only(frame, stack="native", program="web")["overhead_percent"] == 0.0
    assert list(frame["stack"].cat.categories) == ["xen", "native", "no ring"]
    assert len(frame) == 6


def test_overhead_is_paired_over_replications_that_both_have(results: Results) -> None:
    row = only(results.summary(), stack="no ring", program="web")
    # replication 2 failed: pairs 11.5 / 10 and 12.5 / 11, geometric mean
    assert (row["n"], row["pairs"]) == (2, 2)
    assert row["overhead_percent"] == pytest.approx(100 * math.sqrt(1.15 * 12.5 / 11) - 100)
    assert row["overhead_low"] < row["overhead_percent"] < row["overhead_high"]


def test_summary_of_another_metric_and_grouping(results: Results) -> None:
    row = only(results.summary("elapsed_s", by=["stack"]), stack="xen")
    assert (row["metric"], row["unit"], row["better"], row["workload"]) == ("elapsed_s", "s", "lower", "web, build")
    assert (row["n"], row["overhead_percent"]) == (3, pytest.approx(20.0))
    with pytest.raises(UsageError, match="rate and time cannot be averaged"):
        results.summary(by=["stack"])
    with pytest.raises(UsageError, match="no metric 'speed'; there are: value"):
        results.summary("speed")
    with pytest.raises(UsageError, match="no column 'color'"):
        results.summary(by=["color"])


def test_one_replication_has_no_intervals(tmp_path: Path) -> None:
    results = make(tmp_path, replications=1)
    row = only(results.summary(), stack="xen", program="build")
    assert row["overhead_percent"] == pytest.approx(20.0)
    assert all(math.isnan(row[name]) for name in ("ci_low", "ci_high", "ratio_low", "ratio_high", "overhead_low"))
    assert not results.compare()["significant"].any()


def test_comparison_knows_which_direction_is_worse(results: Results) -> None:
    frame = results.compare()
    assert set(frame["stack"]) == {"xen", "no ring"} and set(frame["baseline"]) == {"native"}
    build = only(frame, stack="xen", program="build")
    # differences 2.0, 2.2, 2.4: mean 2.2, s 0.2
    assert (build["n"], build["difference"]) == (3, pytest.approx(2.2))
    assert build["difference_low"] == pytest.approx(2.2 - 4.30265 * 0.2 / math.sqrt(3), rel=1e-5)
    assert build["significant"] and build["degraded"]
    web = only(frame, stack="xen", program="web")
    assert web["difference"] < 0 and web["degraded"]
    better = only(results.compare("xen"), stack="native", program="web")
    assert better["significant"] and not better["degraded"]
    with pytest.raises(UsageError, match="no stack 'kvm'"):
        results.compare("kvm")


def test_where_the_time_goes(results: Results) -> None:
    frame = results.where()
    ring = only(frame, stack="xen", program="build", mechanism="ring")
    # 1.0, 1.2, 1.4 s of 12, 13.2, 14.4 s; a run lasts twice its service
    assert (ring["n"], ring["seconds"], ring["cause"]) == (3, pytest.approx(1.2), "/xen")
    assert ring["share"] == pytest.approx((1 / 12 + 1.2 / 13.2 + 1.4 / 14.4) / 3)
    assert ring["per_second"] == pytest.approx(ring["share"] / 2)
    assert ring["cycles"] == pytest.approx(1.2e9)
    assert frame.groupby(["stack", "program"], observed=True)["share"].sum().to_list() == pytest.approx([1.0] * 6)
    assert only(results.where(by=["device"]), stack="native", program="web")["share"] == pytest.approx(1.0)
    with pytest.raises(UsageError, match="by any of: tenant, thread, device"):
        results.where(by=["weather"])


def test_where_counts_what_did_not_occur_as_zero(results: Results) -> None:
    from simulator.results.where import per_run

    charges = results.charges[~((results.charges["run"] == "p0001-r0000") & (results.charges["mechanism"] == "ring"))]
    ring = per_run(charges, results.runs, ["mechanism"]).query("mechanism == 'ring' and point == 1")
    assert ring["seconds"].tolist() == [0.0, 1.2, 1.4]


def test_where_the_time_goes_with_an_axis_that_is_a_column_of_every_run(results: Results) -> None:
    from simulator.results.where import where

    runs = results.runs.assign(fidelity=results.runs["stack"].map({"native": "fluid", "xen": "quantum"}))
    frame = where(results.charges, runs, ["fidelity"], by=["mechanism"], level=0.95)
    assert set(frame[frame["mechanism"] == "ring"]["fidelity"]) == {"quantum"}


def test_knock_on_of_a_mechanism(results: Results) -> None:
    build = results.knock_on().query("program == 'build'")
    assert build["kind"].tolist() == ["own", "elsewhere", "metric"]
    own = only(build, kind="own")
    assert (own["stack"], own["compared_with"], own["without"], own["mechanism"]) == ("no ring", "xen", "ring", "ring")
    assert (own["with_it"], own["without_it"], own["change"]) == (pytest.approx(1.2), 0.0, pytest.approx(-1.2))
    elsewhere = only(build, kind="elsewhere")
    assert (elsewhere["mechanism"], elsewhere["change"]) == ("back_end", pytest.approx(0.5))
    metric = only(build, kind="metric")
    assert (metric["tenant"], metric["metric"], metric["n"]) == ("app", "time", 3)
    assert metric["change"] == pytest.approx(12.5 - 13.2) and metric["change_high"] < -0.1


def test_folder_that_is_no_finished_batch(results: Results, tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="not a folder of results"):
        load(tmp_path)
    shutil.copytree(results.folder, tmp_path / "copy")
    manifest = tmp_path / "copy" / "manifest.json"
    content = json.loads(manifest.read_text())
    for change, message in (({"status": "running"}, "go on: in Python"), ({"schema_version": 99}, "form 99")):
        manifest.write_text(json.dumps(content | change))
        with pytest.raises(ResultsError, match=message):
            load(tmp_path / "copy")
    manifest.write_text("{")
    with pytest.raises(ResultsError, match="damaged"):
        load(tmp_path / "copy")
