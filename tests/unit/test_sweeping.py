"""``vl.sweep``: a scenario over some values as one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simulator as vl
from simulator.batch import run
from simulator.errors import ScenarioError, UsageError
from simulator.records import TABLES, run_id
from simulator.scenario import load
from simulator.sweeping import quantities, table, values

TEXT = """\
version: 1
title: Sweep me
machine: dell-2650
stacks: {native: linux-2.4 |, xen: xen-2 | linux-2.4}
tenants:
  app: {workload: {name: request-response, parameters: {transactions: 20}}, memory: [512 MiB, 1 GiB], vcpus: 1}
replications: 2
"""
MEMORY, CPUS = "tenants.app.memory", "tenants.app.vcpus"


def fake_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """One row of ``runs`` and of ``tenants``; nothing can be measured at 3 GiB, and once at 2 GiB."""
    memory = point["axes"][MEMORY]
    if memory == "3 GiB" or (memory == "2 GiB" and replication == 0):
        raise RuntimeError("no luck")
    run = run_id(point["point"], replication)
    known = {
        **point,
        "run": run,
        "replication": replication,
        "status": "ok",
        "machine": "m",
        "without": "",
        "error": "",
    }
    known |= {"tenant": "app", "copy_of": "app", "metric": "time", "unit": "s", "better": "lower", "outcome": "ok"}
    tables = {
        name: [[known.get(column.name, "" if column.kind == "text" else 1 + replication) for column in TABLES[name]]]
        for name in ("runs", "tenants")
    }
    return {"tables": tables}


@dataclass
class FakeScenario:
    """One stack at three sizes, twice each."""

    name: str = "fake"
    title: str = "A fake"
    text: str = ""
    hash: str = "00"
    seed: int = 1
    replications: int = 2
    baseline: str | None = "native"
    stopping: None = None
    sizes: tuple[str, ...] = ("1 GiB", "2 GiB", "3 GiB")

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        common = {
            "scenario": "fake",
            "seed": 1,
            "stack": "native",
            "expression": "x",
            "without": [],
            "fidelity": "fluid",
        }
        return [
            {**common, "point": number, "axes": {MEMORY: size}, "machine": {"name": "m"}}
            for number, size in enumerate(self.sizes)
        ]


def of_fake(out: Path, *sizes: str, metrics: tuple[str | None, ...] = (None,)) -> pd.DataFrame:
    scenario = FakeScenario(sizes=sizes)
    return table(run(scenario, out=out, jobs=1, catalog=object(), target=f"{__name__}:fake_run"), metrics, 0.95)


def test_a_sweep_is_one_table(tmp_path: Path) -> None:
    found = vl.sweep(TEXT, {MEMORY: ["1 GiB", "512 MiB"], CPUS: range(1, 3)}, out=tmp_path, jobs=1, replications=2)
    assert list(found.columns[:5]) == ["stack", MEMORY, f"{MEMORY}_bytes", CPUS, "tenant"]
    assert list(found[MEMORY].cat.categories) == ["1 GiB", "512 MiB"] and found[CPUS].dtype == "float64"
    places = found[["stack", f"{MEMORY}_bytes", CPUS]].to_records(index=False).tolist()
    assert places == [(s, m, c) for s in ("native", "xen") for m in (2.0**30, 2.0**29) for c in (1.0, 2.0)]
    assert set(found["n"]) == {2} and set(found["failed"]) == {0}
    results = vl.load(found.attrs["folder"])
    assert found.attrs["identity"] == results.manifest["identity"] and found.attrs["baseline"] == "native"
    assert found.attrs["units"]["mean"] == "transactions/s" and found.attrs["units"][f"{MEMORY}_bytes"] == "bytes"
    pd.testing.assert_series_equal(found["mean"], results.summary()["mean"])


def test_the_axes_are_instead_of_what_stands_there_and_the_file_keeps_its_others(tmp_path: Path) -> None:
    found = vl.sweep(TEXT, {CPUS: 2, "stacks": {"native": "linux-2.4 |"}}, out=tmp_path, jobs=1, replications=1)
    assert list(found[MEMORY]) == ["512 MiB", "1 GiB"] and "stack" not in found.columns and CPUS not in found.columns


def test_axes_side_by_side_cases_designs_and_conditions(tmp_path: Path) -> None:
    common: dict[str, Any] = {"out": tmp_path, "jobs": 1, "replications": 1, "progress": False}
    one = load(TEXT, overrides={"stacks": {"a": "linux-2.4 |"}})
    axes = {MEMORY: ["512 MiB", "1 GiB"], CPUS: [1, 2]}
    assert list(vl.sweep(one, axes, zip=[[MEMORY, CPUS]], **common)[CPUS]) == [1.0, 2.0]
    assert len(vl.sweep(one, axes, drop=[{CPUS: 2, MEMORY: "> 512 MiB"}], **common)) == 3
    cases = {"small": {MEMORY: "256 MiB"}, "large": {MEMORY: "1 GiB", CPUS: 2}}
    assert list(vl.sweep(one, cases=cases, **common)["case"]) == ["small", "large"]
    over = {MEMORY: {"from": "256 MiB", "to": "1 GiB"}, CPUS: np.array([1, 2])}
    design = vl.sweep(one, design={"kind": "sobol", "points": 4, "over": over}, **common)
    assert len(set(design[f"{MEMORY}_bytes"])) == 4 and sorted(design[CPUS]) == [1.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (range(1, 4), [1, 2, 3]),
        (np.array([0.5, 1.0]), [0.5, 1.0]),
        (pd.Series(["1 GiB", "2 GiB"]), ["1 GiB", "2 GiB"]),
        (("a", "b"), ["a", "b"]),
        ((size for size in ("a", "b")), ["a", "b"]),
        ("1 GiB", "1 GiB"),
        (2, 2),
    ],
)
def test_anything_in_an_order_is_an_axis(given: Any, found: Any) -> None:
    assert values("x", given) == found


@pytest.mark.parametrize(
    ("axes", "more", "says"),
    [
        ({MEMORY: []}, {}, "axes: tenants.app.memory: an axis without values"),
        ({MEMORY: {"1 GiB"}}, {}, "a set has no order"),
        ({"tenants.ap.memory": ["1 GiB"]}, {}, "no tenant is called 'ap'.*'app'"),
        ({MEMORY: ["1 GiX"]}, {}, "did you mean 'GiB'"),
        ({"seed": 3}, {"seed": 4}, "seed is given twice"),
        ({}, {"metric": "latency"}, "no metric 'latency'; there are: value"),
        ({}, {"metric": []}, "no metric is asked for"),
        ({}, {"level": 95}, "between 0 and 1"),
    ],
)
def test_mistakes_are_told_before_anything_runs(axes: Any, more: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        vl.sweep(TEXT, axes, out=tmp_path, jobs=1, **more)
    assert not list(tmp_path.iterdir())


def test_a_point_that_could_not_be_measured_has_a_row(tmp_path: Path) -> None:
    found = of_fake(tmp_path, "1 GiB", "2 GiB", "3 GiB", metrics=(None, "latency_p99_s"))
    assert list(zip(found[MEMORY], found["n"], found["failed"], strict=True)) == [
        ("1 GiB", 2, 0), ("1 GiB", 2, 0), ("2 GiB", 1, 1), ("2 GiB", 1, 1), ("3 GiB", 0, 2),
    ]  # fmt: skip
    assert list(found["metric"][:4]) == ["time", "latency_p99_s"] * 2 and found["mean"].isna().tolist()[-1]
    assert found.attrs["status"] == "failures"


def test_nothing_that_could_be_measured_is_a_table_too(tmp_path: Path) -> None:
    found = of_fake(tmp_path, "3 GiB")
    assert list(found["n"]) == [0] and list(found["failed"]) == [2] and found.attrs["status"] == "failed"


def test_quantities_of_one_kind_are_numbers_as_well() -> None:
    axes = {"a": ["1 GiB", "512 MiB"], "b": ["1 GiB", "2 s"], "c": [1, 2], "d": ["30 ms", 0], "e": ["xen", "kvm"]}
    found = quantities(axes)
    assert found == {
        "a": ("a_bytes", "bytes", {"1 GiB": 2.0**30, "512 MiB": 2.0**29}),
        "d": ("d_s", "s", {"30 ms": 0.03, "0": 0.0}),
    }


def test_what_leads_nowhere_in_a_file_is_told_with_its_place() -> None:
    with pytest.raises(ScenarioError, match="override"):
        load(TEXT, overrides={"sweep": {"axes": {"tenants.ap.memory": ["1 GiB"]}}})
