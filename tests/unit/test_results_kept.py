"""Batches among others: listed, found by name, exported, compared and merged."""

from __future__ import annotations

import json
import math
import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import simulator as vl
from simulator.batch import run
from simulator.errors import ResultsError, UsageError
from simulator.records import TABLES, run_id
from simulator.results import Results, exporting, load, merge, welch
from simulator.results.finding import find
from simulator.results.listing import COLUMNS, chosen, listing

TARGET = f"{Path(__file__).stem}:fake_run"


def fake_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """A time with luck of its own for each seed, replication and size; ``slower`` is added to it."""
    run = run_id(point["point"], replication)
    if run in point["fail"]:
        raise RuntimeError("no luck")
    seed, size = point["seed"], point["axes"]["tenants.app.size"]
    luck = random.Random(f"{seed} {replication}").random()
    time_s = size + luck + point["slower"] + (1.0 if point["stack"] == "xen" else 0.0)
    row = [run, point["point"], replication, seed, point["stack"], point["expression"], "", "m", "fluid", "ok", ""]
    tenant = [run, "app", "app", "spin", "machine code", "ok", "time", time_s, "s", "lower", 1.0, time_s]
    zeros = [0.0] * (len(TABLES["tenants"]) - 14)
    charge = [run, "app", "t", "cpu", "app", "program", "instructions", 1e9, 0.0, 1.0, time_s]
    return {"tables": {"runs": [[*row, time_s, 7, ""]], "tenants": [[*tenant, *zeros, 1, 1]], "charges": [charge]}}


@dataclass
class FakeScenario:
    """Two stacks at some sizes."""

    sizes: tuple[int, ...] = (2, 16)
    seed: int = 1
    replications: int = 3
    slower: float = 0.0
    fail: tuple[str, ...] = ()
    duration: str = "1 s"
    name: str = "fake"
    title: str = "A fake"
    hash: str = "0123456789abcdef"
    baseline: str | None = "native"
    stopping: Any = None
    differs: str = ""

    @property
    def text(self) -> str:
        varied = f"tenants:\n  app: {{size: {list(self.sizes)}}}\n"
        return f"title: A fake\nduration: {self.duration}\nseed: {self.seed}\n{varied}"

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        places = [(stack, size) for stack in ("native", "xen") for size in self.sizes]
        return [self._point(number, *place) for number, place in enumerate(places)]

    def _point(self, number: int, stack: str, size: int) -> dict[str, Any]:
        place = {"point": number, "stack": stack, "axes": {"stack": stack, "tenants.app.size": size}}
        expression = "xen-1 | linux" if stack == "xen" else "linux |"
        about = {"expression": expression, "machine": {"name": "m"}, "without": [], "fidelity": "fluid"}
        changes = {"scenario": self.name, "seed": self.seed, "slower": self.slower, "fail": list(self.fail)}
        changes["duration"] = self.duration
        return {**place, **about, **changes}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Makes batches in one folder; the same twice is made once."""
    out = tmp_path_factory.mktemp("results")

    def make(**changes: Any) -> Results:
        with pytest.MonkeyPatch.context() as patch:
            patch.syspath_prepend(Path(__file__).parent)
            return run(FakeScenario(**changes), out=out, jobs=1, catalog=object(), target=TARGET)

    return make


# ---------------------------------------------------------------- listing and finding


def test_listing_says_what_each_batch_is(made: Any, tmp_path: Path) -> None:
    first, failing = made(), made(fail=("p0001-r0001",), name="other")
    root = first.folder.parent.parent
    (root / "notes").mkdir(exist_ok=True)
    (root / "notes" / "a.txt").write_text("mine")
    broken = root / "fake" / "0000deadbeef"
    broken.mkdir(exist_ok=True)
    (broken / "manifest.json").write_text('{"schema_version": 2, "scenario": {}')
    found = listing(root, installed=first.manifest["code"])
    shutil.rmtree(broken)
    (failing.folder / "tenants.csv").rename(root / "tenants.csv")
    assert listing(root).others[failing.folder].startswith("tenants.csv missing or not as it was written; write it")
    (root / "tenants.csv").rename(failing.folder / "tenants.csv")
    entry = next(each for each in found.entries if each.folder == first.folder)
    assert (entry.runs, entry.failed, entry.points, entry.replications) == (12, 0, 4, 3)
    assert entry.current and entry.stacks == ("native", "xen") and entry.size_bytes > 1000
    assert found.others[root / "notes"] == "not a folder of results" and "damaged" in found.others[broken]
    (listed,) = chosen(found.entries, status="failures")
    assert listed.folder == failing.folder and listed.failed == 1


def test_batches_are_chosen_by_what_they_are(made: Any) -> None:
    first = made()
    made(sizes=(4,))
    root = first.folder.parent.parent
    frame = vl.results(root, scenario="fa*", where={"size": 16}, stack="xen-1")
    assert frame["folder"].tolist() == [str(first.folder)] and list(frame) == [column.name for column in COLUMNS]
    assert vl.results(root, since="2999-01-01").empty and len(vl.results(root, where={"size": [16, 4]})) >= 2
    with pytest.raises(UsageError, match=r"no batch has an axis 'tenants\.app\.sizes'; did you mean"):
        vl.results(root, where={"tenants.app.sizes": 16})
    with pytest.raises(UsageError, match="did you mean 'failed'"):
        vl.results(root, status="failid")
    with pytest.raises(UsageError, match="is no date"):
        vl.results(root, since="yesterday")
    with pytest.raises(UsageError, match="cannot be sorted"):
        vl.results(root, sort="colour")
    with pytest.raises(ResultsError, match="no such folder"):
        vl.results(root / "nowhere")


def test_a_batch_that_was_killed_is_not_said_to_be_running(made: Any, tmp_path: Path) -> None:
    folder = tmp_path / "fake" / "abc"
    shutil.copytree(made().folder, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["runs"]
    (folder / "manifest.json").write_text(json.dumps(manifest | {"status": "running", "end": None}))
    (entry,) = listing(tmp_path).entries
    assert (entry.status, entry.runs, entry.failed, entry.duration_s) == ("interrupted", 12, None, None)
    from simulator.batch.lock import Lock

    with Lock(folder):
        (entry,) = listing(tmp_path).entries
    assert entry.status == "running"


def test_batches_are_found_by_folder_scenario_and_first_letters(made: Any) -> None:
    first, alone = made(), made(name="alone")
    made(seed=9)
    root = first.folder.parent.parent
    for name in (str(first.folder), first.folder.name[:6], f"fake/{first.folder.name[:3]}", first.folder.name):
        assert find(name, root) == first.folder
    assert find("alone", root) == alone.folder
    with pytest.raises(UsageError, match=r"'fake' may be any of \d+ batches.*fake@newest"):
        find("fake", root)
    assert find("fake@newest", root).parent.name == "fake"
    with pytest.raises(UsageError, match="did you mean 'alone'"):
        find("alon", root)


# ---------------------------------------------------------------- export


def test_long_form_has_a_row_for_each_run_tenant_and_metric(made: Any) -> None:
    results = made(fail=("p0000-r0000",))
    frame = results.long(("time", "operations"), {"size": ["16"]})
    assert list(frame) == [
        *("run", "point", "replication", "stack", "tenants.app.size", "tenant", "metric", "unit", "value")
    ]
    assert len(frame) == 2 * 3 * 2 and frame["metric"].tolist()[:2] == ["time", "operations"]
    assert frame["unit"].tolist()[:2] == ["s", "count"]
    whole = results.long()
    assert "p0000-r0000" not in set(whole["run"]) and len(whole) == 11 * whole["metric"].nunique()
    with pytest.raises(UsageError, match="no metric 'tim'; did you mean 'time'"):
        results.long(("tim",))


def test_exported_tables_stand_with_their_places_and_meanings(made: Any, tmp_path: Path) -> None:
    results = made()
    paths = results.export(tmp_path / "csv", ("tenants", "charges"), where={"stack": ["xen"]})
    assert [path.name for path in paths] == ["tenants.csv", "charges.csv", "columns.csv"]
    frame = pd.read_csv(paths[0])
    assert set(frame["stack"]) == {"xen"} and len(frame) == 6 and set(frame["batch"]) == {results.folder.name}
    meanings = pd.read_csv(paths[2], keep_default_na=False)
    assert meanings[meanings["table"] == "tenants"]["column"].tolist() == list(frame)
    assert (meanings["meaning"] != "").all()
    with pytest.raises(UsageError, match=r"there already.*--force"):
        results.export(tmp_path / "csv")
    assert results.export(tmp_path / "csv", force=True)
    parquet = results.export(tmp_path / "parquet", form="parquet", columns=["run", "value"])
    assert pd.read_parquet(parquet[0])["value"].tolist() == results.tenants["value"].tolist()
    assert list(pd.read_parquet(parquet[0])) == ["run", "value"]


def test_several_batches_export_into_one_table(made: Any, tmp_path: Path) -> None:
    batches = [made(), made(seed=2)]
    frame, columns = exporting.together(batches, "long")
    assert len(frame) == sum(len(each.long()) for each in batches) and frame["batch"].nunique() == 2
    assert [column.name for column in columns] == list(frame)


def test_what_cannot_be_exported_is_refused_before_anything(made: Any, tmp_path: Path, monkeypatch: Any) -> None:
    results = made()
    for options, said in [
        ({"form": "xls"}, "no form 'xls'"),
        ({"tables": ["tenant"]}, "did you mean 'tenants'"),
        ({"where": {"stak": ["xen"]}}, "did you mean 'stack'"),
        ({"where": {"stack": ["xeno"]}}, "stack is never 'xeno'; did you mean 'xen'"),
        ({"columns": ["outcom"]}, "did you mean 'outcome'"),
    ]:
        with pytest.raises(UsageError, match=said):
            results.export(tmp_path / "to", **options)
    monkeypatch.setattr(exporting, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="Parquet needs pyarrow"):
        results.export(tmp_path / "to", form="parquet")
    assert not (tmp_path / "to").exists()


# ---------------------------------------------------------------- what has changed


def test_the_same_seed_is_compared_pair_by_pair(made: Any) -> None:
    """Every time is 0.1 s longer with the same luck: the interval has no width."""
    found = made().compare_with(made(slower=0.1))
    assert (len(found.rows), found.changed, found.significant) == (4, 4, 4)
    row = found.rows[0]
    assert row["difference"] == pytest.approx(0.1) and row["difference_low"] == pytest.approx(0.1)
    assert row["method"] == "paired t over replications" and row["n"] == 3
    assert found.beside == {}


def test_other_seeds_are_compared_by_welch(made: Any) -> None:
    found = made().compare_with(made(seed=2, slower=50.0))
    assert found.significant == 4 and {row["method"] for row in found.rows} == {"Welch's t"}
    assert found.beside["seed"] == [1, 2]
    assert made().compare_with(made(seed=2)).significant == 0


def test_nothing_has_changed_between_a_batch_and_itself(made: Any) -> None:
    found = made().compare_with(made())
    assert found.changed == found.significant == 0 and found.beside == {}


def test_what_only_one_batch_has_is_said(made: Any) -> None:
    found = made().compare_with(made(sizes=(16, 32), duration="2 s"))
    assert found.beside["only_old"] == ["stack=native, tenants.app.size=2", "stack=xen, tenants.app.size=2"]
    assert found.beside["only_new"][0] == "stack=native, tenants.app.size=32"
    assert "+duration: 2 s" in found.beside["scenario"]
    rows = found.frame().set_index(["stack", "tenants.app.size"])
    assert rows["changed"].tolist() == [1, 0, 1, 0, 1, 1] and rows["significant"].sum() == 0
    assert rows.loc[("native", 32), "outcome_old"] == ""
    narrowed = made().compare_with(made(sizes=(16, 32)), where={"size": ["16"]})
    assert len(narrowed.rows) == 2
    with pytest.raises(UsageError, match="no axis 'colour' in these batches"):
        made().compare_with(made(), where={"colour": ["red"]})


def test_one_replication_is_never_significant(made: Any) -> None:
    found = made(replications=1).compare_with(made(replications=1, slower=0.1))
    assert found.changed == 4 and found.significant == 0


def test_welch_by_hand() -> None:
    """Means 2 and 4, variances 1 and 4 of three each: standard error sqrt(5/3), degrees 2.941.

    The quantile of Student's t for these is 3.2188.
    """
    found = welch.difference([2.0, 4.0, 6.0], [1.0, 2.0, 3.0], 0.95)
    assert (found.n, found.mean) == (3, 2.0)
    assert found.high - found.mean == found.mean - found.low == pytest.approx(3.2188 * (5 / 3) ** 0.5, rel=1e-3)
    assert math.isnan(welch.difference([1.0], [2.0, 3.0], 0.95).low)
    assert welch.ratio([2.0, 2.0], [1.0, 1.0], 0.95) == (2, pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0))
    assert welch.ratio([2.0, -2.0], [1.0, 1.0], 0.95).n == 0


# ---------------------------------------------------------------- merging


def test_other_seeds_are_numbered_on_and_stay_paired(made: Any, tmp_path: Path) -> None:
    one, two = made(), made(seed=2)
    merged = merge([one, two], tmp_path / "merged")
    assert len(merged.runs) == 24 and merged.runs["replication"].max() == 5
    assert merged.runs["run"].is_monotonic_increasing
    both = pd.concat([one.tenants["value"], two.tenants["value"]])
    assert merged.tenants["value"].mean() == pytest.approx(both.mean())
    # The stacks differ by one second in every pair, so that the interval has no width.
    row = merged.compare().iloc[0]
    assert row["n"] == 6 and row["difference_low"] == pytest.approx(1.0) == row["difference_high"]
    sources = merged.manifest["merged"]["sources"]
    assert [each["seed"] for each in sources] == [1, 2] and sources[0]["code"] == one.manifest["code"]
    # And against a source every run of it is found again.
    assert made(seed=2).compare_with(merged).changed == 0


def test_other_points_are_put_together_with_the_same_luck(made: Any, tmp_path: Path) -> None:
    merged = merge([made(), made(sizes=(4, 16))], tmp_path / "merged")
    assert merged.axes["tenants.app.size"] == [2, 16, 4] and len(merged.runs) == 18
    assert "6 runs" in merged.manifest["merged"]["notes"][0] and "left out" in merged.manifest["merged"]["notes"][0]
    assert merged.manifest["replications"] == 3
    again = merge([merged, made(seed=2)], tmp_path / "again")
    assert len(again.runs) == 18 + 12 and again.manifest["replications"] == 6


def test_a_run_that_failed_in_one_is_taken_from_the_other(made: Any, tmp_path: Path) -> None:
    merged = merge([made(fail=("p0000-r0000",)), made()], tmp_path / "merged")
    assert merged.status == "ok" and len(merged.runs) == 12
    assert any("p0000-r0000 failed in" in note for note in merged.manifest["merged"]["notes"])
    failing = merge([made(fail=("p0000-r0000",)), made(seed=2)], tmp_path / "failing")
    assert failing.status == "failures" and [each["run"] for each in failing.manifest["failures"]] == ["p0000-r0000"]


def test_what_does_not_belong_together_is_refused(made: Any, tmp_path: Path) -> None:
    one, to = made(), tmp_path / "merged"
    with pytest.raises(UsageError, match="two batches or more"):
        merge([one, one], to)
    with pytest.raises(UsageError, match="same point with the same seed, and other numbers"):
        merge([one, made(slower=0.1)], to)
    with pytest.raises(UsageError, match="differs in duration"):
        merge([one, made(seed=2, duration="2 s")], to)
    with pytest.raises(UsageError, match="of another scenario: other, not fake"):
        merge([one, made(seed=2, name="other")], to)
    older = tmp_path / "older"
    shutil.copytree(made(seed=2).folder, older)
    manifest = json.loads((older / "manifest.json").read_text())
    manifest["code"] = "0+older"
    (older / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r"another version: 0\+older"):
        merge([one, older], to)
    manifest["columns"]["tenants"].pop()
    (older / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="other columns in the table tenants"):
        merge([one, older], to, force=True)
    assert not to.exists() and not list(tmp_path.glob(".*"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("do not lose")
    with pytest.raises(UsageError, match="there already"):
        merge([one, made(seed=2)], tmp_path / "mine")


def test_what_is_forced_together_is_recorded(made: Any, tmp_path: Path) -> None:
    merged = merge([made(), made(seed=2, duration="2 s")], tmp_path / "merged", force=True)
    assert "differs in duration" in merged.manifest["merged"]["notes"][0]
    assert merged.manifest["command"].endswith("--force") and load(tmp_path / "merged").status == "ok"
