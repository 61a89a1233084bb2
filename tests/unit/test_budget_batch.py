"""Budgets in a batch: the others go on, the record says what happened, and more is given to those that need it only."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import run, run_only, segments
from simulator.budget import Budget
from simulator.errors import OverBudget, Spent
from simulator.records import TABLES, run_id
from simulator.results.stopping import Stopping

TARGET = f"{Path(__file__).stem}:fake_run"


def fake_run(point: dict[str, Any], replication: int, budget: Budget | None = None) -> dict[str, Any]:
    """Notes itself in the point's log; takes as many events as the point says, if it may."""
    run = run_id(point["point"], replication)
    with open(point["log"], "a") as log:
        log.write(f"{run}\n")
    events = point["needs"].get(run, 10)
    if events < 0:
        raise ValueError("it broke")
    for limit, name in (("events", "events"), ("wall_s", "wall")):
        size = getattr(budget, limit, None)
        if size is not None and events > size:
            raise OverBudget("ended by its budget; give it more", Spent(name, size, size / 10, int(size)))
    row = [run, point["point"], replication, point["seed"], point["stack"], "x", "", "m", "fluid", "ok", ""]
    return {"tables": {"runs": [[*row, events / 10, events, ""]]}}


@dataclass(frozen=True)
class FakeScenario:
    """Two points, three replications."""

    log: Path
    events: dict[str, int] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    name: str = "fake"
    title: str = "A fake"
    text: str = "title: A fake\n"
    hash: str = "00"
    seed: int = 1
    replications: int = 3
    baseline: str | None = None
    stopping: Stopping | None = None

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        common = {"scenario": self.name, "seed": self.seed, "log": str(self.log), "needs": self.events}
        more = {"expression": "x", "machine": {"name": "m"}, "without": [], "fidelity": "fluid"}
        return [
            {**common, **more, "point": number, "axes": {"stack": stack}, "stack": stack}
            for number, stack in enumerate(("xen", "native"))
        ]


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeScenario:
    """p0000-r0001 takes 1000 events, p0001-r0000 2000; all others 10."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return FakeScenario(tmp_path / "log", {"p0000-r0001": 1000, "p0001-r0000": 2000})


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.runs: dict[str, str] = {}
        self.started = (0, 0)

    def start(self, total: int, done: int) -> None:
        self.started = (total, done)

    def advance(self, run_id: str, status: str) -> None:
        self.runs[run_id] = status

    def grow(self, total: int) -> None: ...

    def finish(self) -> None: ...


def batch(scenario: FakeScenario, out: Path, jobs: int = 1, **limits: Any) -> tuple[Any, list[str], Watcher]:
    """Results, which runs were executed for them, and what was told."""
    before = Counter(scenario.log.read_text().split()) if scenario.log.exists() else Counter[str]()
    limited, watcher = replace(scenario, budget=Budget(**limits)), Watcher()
    results = run(limited, out=out, jobs=jobs, progress=watcher, catalog=object(), target=TARGET)
    return results, sorted((Counter(scenario.log.read_text().split()) - before).elements()), watcher


def statuses(results: Any) -> dict[str, str]:
    return dict(zip(results.runs["run"], results.runs["status"], strict=True))


def test_a_run_over_its_budget_is_recorded_and_the_others_go_on(scenario: FakeScenario, tmp_path: Path) -> None:
    results, _, watcher = batch(scenario, tmp_path / "out", jobs=2, events=500)
    assert Counter(statuses(results).values()) == {"ok": 4, "over budget": 2}
    assert (results.status, results.exit_code) == ("failures", 3)
    assert results.manifest["runs"] == {"total": 6, "failed": 2, "over_budget": 2}
    assert watcher.runs["p0001-r0000"] == "over budget"
    assert len(watcher.runs) == 6
    (row,) = results.runs[results.runs["run"] == "p0001-r0000"].to_dict("records")
    assert (row["events"], row["simulated_s"], row["stack"]) == (500, 50.0, "native")
    assert row["error"].startswith("ended by its budget; give it more (repeat in Python: ")
    (failure, _) = results.manifest["failures"]
    assert failure["trace"] == ""
    assert failure["spent"] == ["events", 500, 50.0, 500]


def test_workers_without_the_folder_keep_to_the_budget_too(scenario: FakeScenario, tmp_path: Path) -> None:
    limited = replace(scenario, budget=Budget(events=500))
    with ThreadPoolExecutor(2) as threads:
        results = run(limited, out=tmp_path / "out", jobs=2, on=threads, catalog=object(), target=TARGET)
    assert Counter(statuses(results).values()) == {"ok": 4, "over budget": 2}


def test_nothing_is_run_again_with_the_same_budget_or_a_smaller_one(scenario: FakeScenario, tmp_path: Path) -> None:
    first, _, _ = batch(scenario, tmp_path / "out", events=500)
    for limits in ({"events": 500}, {"events": 3}):
        again, executed, watcher = batch(scenario, tmp_path / "out", **limits)
        assert executed == []
        assert watcher.started == (6, 6)
        assert statuses(again) == statuses(first)


def test_a_larger_budget_runs_those_again_that_need_it(scenario: FakeScenario, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, _, _ = batch(scenario, out, events=500)
    more, executed, watcher = batch(scenario, out, events=1500)
    assert executed == ["p0000-r0001", "p0001-r0000"]
    assert (watcher.started, len(watcher.runs)) == ((6, 4), 2)
    assert more.folder == first.folder
    assert Counter(statuses(more).values()) == {"ok": 5, "over budget": 1}
    assert list(more.runs.loc[more.runs["status"] == "over budget", "events"]) == [1500]
    assert (more.folder / "replications").is_dir()
    whole, executed, _ = batch(scenario, out)
    assert executed == ["p0001-r0000"]
    assert not (whole.folder / "replications").exists()
    assert (whole.status, set(statuses(whole).values())) == ("ok", {"ok"})
    undisturbed, _, _ = batch(scenario, tmp_path / "other")
    for table in TABLES:
        name = f"{table}.csv"
        assert (whole.folder / name).read_bytes() == (undisturbed.folder / name).read_bytes()


def test_a_budget_of_another_kind_takes_its_own_decision(scenario: FakeScenario, tmp_path: Path) -> None:
    """First ended at 1500 s of wall time, then at 300 events: the record that counts is that of the budget in force."""
    out = tmp_path / "out"
    batch(scenario, out, wall_s=1500.0)
    results, executed, _ = batch(scenario, out, events=300)
    assert executed == ["p0001-r0000"]
    assert list(results.runs.loc[results.runs["status"] == "over budget", "events"]) == [300]
    _, executed, _ = batch(scenario, out, events=300)
    assert executed == []


def test_a_run_that_fails_of_itself_is_not_run_again(scenario: FakeScenario, tmp_path: Path) -> None:
    broken = replace(scenario, events={"p0000-r0000": -1})
    results, _, _ = batch(broken, tmp_path / "out", events=500)
    assert results.manifest["runs"] == {"total": 6, "failed": 1, "over_budget": 0}
    _, executed, _ = batch(broken, tmp_path / "out")
    assert executed == []


def test_all_runs_over_budget_are_nothing_completed(scenario: FakeScenario, tmp_path: Path) -> None:
    results, _, _ = batch(scenario, tmp_path / "out", events=1)
    assert (results.status, results.exit_code) == ("failed", 1)


def test_an_interrupted_batch_goes_on_under_the_budget_in_force(scenario: FakeScenario, tmp_path: Path) -> None:
    """Only the records are left, as after a kill: the manifest and the tables are gone."""
    first, _, _ = batch(scenario, tmp_path / "out", events=500)
    for path in first.folder.iterdir():
        if path.is_file():
            path.unlink()
    segments.forget(first.folder / "replications")
    _, executed, _ = batch(scenario, tmp_path / "out", events=1500)
    assert executed == ["p0000-r0001", "p0001-r0000"]


def test_a_damaged_list_of_failures_is_mended_from_the_records(scenario: FakeScenario, tmp_path: Path) -> None:
    first, _, _ = batch(scenario, tmp_path / "out", events=500)
    (first.folder / "failures.json").write_text("[torn")
    again, executed, _ = batch(scenario, tmp_path / "out", events=500)
    assert executed == []
    assert again.manifest["failures"] == first.manifest["failures"]


def test_of_two_records_that_counts_which_came_further(tmp_path: Path) -> None:
    def write(mark: str, *spent: Any) -> None:
        segment = segments.Segment(tmp_path)
        segment.append(segments.record("p0000-r0000", mark, {"spent": spent}))
        segment.close()

    for events in (200, 700, 400):
        write(segments.OVER, "events", events, 1.0, events)
    assert segments.content(segments.finished(tmp_path)["p0000-r0000"])["spent"][3] == 700
    assert segments.finished(tmp_path, Budget(events=701)) == {}
    assert segments.finished(tmp_path, Budget(events=700)) != {}
    write(segments.OK)
    assert segments.finished(tmp_path, Budget())["p0000-r0000"].mark == segments.OK


def test_a_repeated_run_has_the_same_budget(scenario: FakeScenario) -> None:
    with pytest.raises(OverBudget):
        run_only(replace(scenario, budget=Budget(events=5)), "p0001-r0000", catalog=object(), target=TARGET)
    assert run_only(scenario, "p0001-r0000", catalog=object(), target=TARGET)["runs"][0][12] == 2000


def test_how_long_runs_took_stands_in_the_manifest_and_beside_it(scenario: FakeScenario, tmp_path: Path) -> None:
    results, _, _ = batch(scenario, tmp_path / "out")
    total_s = json.loads((results.folder / "manifest.json").read_text())["seconds"]
    times = json.loads((results.folder / "run_times.json").read_text())
    assert [each["point"] for each in times] == [0, 1]
    assert total_s == pytest.approx(3 * sum(each["seconds"] for each in times))
    assert total_s > 0


def test_runs_that_were_cut_short_do_not_say_how_long_a_run_takes(scenario: FakeScenario, tmp_path: Path) -> None:
    results, _, _ = batch(scenario, tmp_path / "out", events=5)
    assert results.manifest["run_times"] == []
    assert results.manifest["seconds"] > 0
