"""Batches of many points: what is asked of them costs in proportion, what is printed and drawn stays readable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import call_counts
import pandas as pd
import pytest

from simulator.batch import run
from simulator.cli import printed
from simulator.plots import draw, unreadable
from simulator.results import Results, load
from simulator.results.knock_on import pairs

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def many_runs() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    import many_runs as module

    yield module
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def batch(many_runs: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Results]:
    out = tmp_path_factory.mktemp("many")

    def made(points: int) -> Results:
        scenario = many_runs.ManyPoints(points, 2)
        return run(scenario, out=out, jobs=1, catalog=object(), target=many_runs.TARGET)

    return made


@pytest.fixture(scope="module")
def counts(batch: Any) -> dict[str, list[int]]:
    """Calls for each question, of 50 and of 200 points."""
    folders = [str(batch(points).folder) for points in (50, 200)]
    command = [sys.executable, call_counts.__file__, *folders]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("question", call_counts.QUESTIONS)
def test_four_times_the_points_cost_at_most_four_times_as_much(counts: dict[str, list[int]], question: str) -> None:
    cost_of_few, cost_of_many = counts[question]
    assert cost_of_many < 4.5 * cost_of_few


class Point(dict[str, Any]):
    """A point that counts how often anything of any point is looked at."""

    looks = 0

    def __getitem__(self, key: str) -> Any:
        Point.looks += 1
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        Point.looks += 1
        return super().get(key, default)


def test_points_with_and_without_a_mechanism_are_found_without_looking_at_all_pairs() -> None:
    points = [
        Point(stack=stack, expression="e", without=without, axes={"stack": stack, "size": size})
        for size in range(100)
        for stack, without in (("on", []), ("off", ["ring"]))
    ]
    found = list(pairs(points))
    assert len(points) < Point.looks < 30 * len(points)
    assert [(off["axes"]["size"], on["axes"]["size"]) for off, on in found] == [(n, n) for n in range(100)]


def test_a_manifest_does_not_grow_with_the_points(batch: Any) -> None:
    few, many = batch(50), batch(200)
    sizes = [(each.folder / "manifest.json").stat().st_size for each in (few, many)]
    assert sizes[1] < 1.2 * sizes[0]
    again = load(many.folder)
    assert "points" not in again.manifest and len(again.manifest["points"]) == 200 and again.manifest["failures"] == []


def test_a_manifest_that_has_everything_in_it_is_read_as_well(batch: Any) -> None:
    path = batch(50).folder / "manifest.json"
    kept = path.read_text()
    path.write_text(json.dumps({**json.loads(kept), "points": [{"stack": "old"}], "failures": []}))
    assert load(path.parent).manifest["points"] == [{"stack": "old"}]
    path.write_text(kept)


def test_of_many_places_the_lowest_the_middle_and_the_highest_are_printed(batch: Any) -> None:
    results = batch(420)
    lines = printed.cost(results)
    assert len(lines) < 12 and max(map(len, lines)) < 200
    shown = "\n".join(lines)
    places = len(results.runs[[name for name in results.axes if name != "stack"]].drop_duplicates())
    assert f"{2 * places} places are too many" in shown and "virtlab results export" in shown
    rows = results.summary()
    worst = rows.loc[rows[(rows["stack"] == "kvm") & (rows["tenant"] == "web")]["overhead_percent"].idxmax()]
    (line,) = [line for line in lines if line.startswith("kvm") and " web " in line]
    assert f"{worst['tenants.web.memory']}, load {worst['tenants.database.parameters.load']:g}, web" in line
    assert max(map(len, printed.where(results))) < 200


def test_a_figure_with_more_places_than_can_be_read_is_left_out(batch: Any, tmp_path: Path) -> None:
    assert unreadable(batch(50)) == []
    assert unreadable(batch(420)) == ["cost", "starts", "where"]
    assert [path.stem for path in draw(batch(420), ["cost", "where", "layers"], tmp_path)] == ["layers", "layers"]
    assert draw(batch(420), iter(["cost"]), folder=tmp_path) == []


def test_numbers_are_read_exactly_as_they_were_written(batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    results = batch(50)
    as_csv = load(results.folder)
    monkeypatch.setattr("simulator.results.frames.find_spec", lambda name: None)
    for table in ("runs", "tenants", "charges"):
        pd.testing.assert_frame_equal(getattr(as_csv, table), getattr(results, table), check_exact=True)
    first = (results.folder / "tenants.csv").read_text().splitlines()[1].split(",")
    values = {repr(float(each)) for each in as_csv.tenants.iloc[0] if isinstance(each, float)}
    assert {repr(float(each)) for each in first if "." in each} <= values


def test_the_benchmark_says_what_each_step_took(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "many_runs.py"), "--points", "8", "--out", str(tmp_path)]
    ended = subprocess.run([*command, "run", "list"], capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in ended.stdout.splitlines() if line.endswith("MB")]
    assert [line.split()[0] for line in lines] == ["run", "list"]
