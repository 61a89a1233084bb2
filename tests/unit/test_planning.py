"""What a batch would run, and about how long that takes."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import simulator as vl
from simulator.batch import run
from simulator.batch.progress import Silent
from simulator.catalog import Catalog
from simulator.cli.plan import lasting
from simulator.errors import OverBudget, RunError, Spent, UsageError
from simulator.planning import earlier, pilot, plan
from simulator.planning.estimate import Span, estimate
from simulator.planning.measured import Measured
from simulator.results.folder import NEEDED
from simulator.scenario import Scenario, load

CATALOG = Catalog()
SCENARIO: dict[str, Any] = {
    "title": "Small",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", "xen": "xen-1 | linux-2.4"},
    "tenants": {"app": {"workload": ["dbench", "request-response"], "memory": "512 MiB", "vcpus": 1}},
    "replications": 2,
}


def scenario(**changes: Any) -> Scenario:
    return load({**SCENARIO, **changes}, catalog=CATALOG)


def points(stacks: dict[str, int], **more: Any) -> list[dict[str, Any]]:
    """So many points of each stack."""
    labels = [stack for stack, number in stacks.items() for _ in range(number)]
    return [
        {"point": number, "stack": stack, "axes": {"n": number}, "fidelity": "fluid", **more}
        for number, stack in enumerate(labels)
    ]


# ---- what is left


def test_before_anything_was_run_everything_is_left(tmp_path: Path) -> None:
    found = plan(scenario(), out=tmp_path, pilot_s=0)
    assert (found.runs, found.to_run, found.finished) == ((8, 8), (8, 8), 0)
    assert found.axes == {"stack": ["native", "xen"], "tenants.app.workload": ["dbench", "request-response"]}
    assert found.estimate is None
    assert list(tmp_path.iterdir()) == []


def test_a_plan_and_its_pilot_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = plan(scenario(), pilot_s=30, jobs=2)
    assert list(tmp_path.iterdir()) == []
    assert found.estimate is not None
    assert found.estimate.source == "a pilot of 4 runs"
    assert [(each.stack, each.runs, each.measured) for each in found.estimate.stacks] == [
        ("native", 4, 2),
        ("xen", 4, 2),
    ]
    assert 0 < found.estimate.work_s.low < found.estimate.work_s.likely < found.estimate.work_s.high
    assert found.estimate.wall_s.likely == pytest.approx(found.estimate.work_s.likely / 2)
    assert (found.estimate.disk_bytes or 0) > 1000


def test_what_is_finished_is_not_left(tmp_path: Path) -> None:
    asked = scenario()
    results = run(asked, out=tmp_path, jobs=1, catalog=CATALOG)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    found = plan(asked, out=tmp_path)
    assert found.folder == results.folder
    assert (found.finished, found.to_run, found.estimate) == (8, (0, 0), None)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    more = plan(scenario(replications=5), out=tmp_path, jobs=1)
    assert (more.finished, more.to_run) == (0, (20, 20))
    assert more.estimate is not None
    assert more.estimate.source.startswith("earlier runs of 4 points (")
    each_s = [each["seconds"] for each in results.manifest["run_times"]]
    assert more.estimate.work_s.likely == pytest.approx(5 * sum(each_s))


class Impatient(Silent):
    """Presses Ctrl-C after three runs."""

    def __init__(self) -> None:
        self.runs = 0

    def advance(self, run_id: str, status: str) -> None:
        self.runs += 1
        if self.runs == 3:
            raise KeyboardInterrupt


def test_a_batch_that_was_interrupted_knows_what_its_runs_took(tmp_path: Path) -> None:
    asked = scenario()
    with pytest.raises(KeyboardInterrupt):
        run(asked, out=tmp_path, jobs=1, catalog=CATALOG, progress=Impatient())
    found = plan(asked, out=tmp_path, jobs=1, pilot_s=0)
    assert found.finished >= 3
    assert found.to_run == (8 - found.finished, 8 - found.finished)
    assert found.estimate is not None
    assert found.estimate.source == f"{found.finished} of its own runs"
    assert sum(each.runs for each in found.estimate.stacks) == 8 - found.finished


def test_the_points_of_a_plan_are_a_frame(tmp_path: Path) -> None:
    found = vl.plan(SCENARIO, out=tmp_path, pilot_s=0, replications=4)
    assert isinstance(found, vl.Plan)
    frame = found.frame()
    assert list(frame.columns) == ["point", "stack", "tenants.app.workload", "to_run"]
    assert frame.iloc[3].to_list() == [3, "xen", "request-response", 4]


def test_runs_over_a_smaller_budget_are_left(tmp_path: Path) -> None:
    run(scenario(budget={"events": 400}), out=tmp_path, jobs=1, catalog=CATALOG)
    assert plan(scenario(budget={"events": 400}), out=tmp_path).to_run == (0, 0)
    found = plan(scenario(budget={"events": 500}), out=tmp_path, pilot_s=0)
    assert (found.finished, found.to_run) == (0, (8, 8))


def test_a_rule_that_stops_gives_two_ends(tmp_path: Path) -> None:
    rule = {"until": {"metric": "value", "relative_half_width": "5 %"}, "min": 3, "max": 50}
    found = plan(scenario(replications=rule), out=tmp_path, pilot_s=0)
    assert (found.runs, found.to_run) == ((12, 200), (12, 200))


def test_where_it_would_run_is_checked_and_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        plan(scenario(), out=tmp_path, on="nowhere", pilot_s=0)
    with ThreadPoolExecutor(3) as threads:
        found = plan(scenario(), out=tmp_path, on=threads, jobs=3, pilot_s=30)
        assert found.estimate is not None
        assert found.estimate.workers == 3
        assert threads.submit(lambda: 5).result() == 5


def test_planning_decides_no_result() -> None:
    """Its code is no part of the version that names a batch: else every change of it would run all batches again."""
    from simulator.batch import version

    assert "planning" in version.READ_ONLY


# ---- the pilot


def test_a_beginning_of_all_points_is_spread_over_stacks_and_axes() -> None:
    order = [each["point"] for each in pilot.spread(points({"a": 7, "b": 3}))]
    assert order[:6] == [3, 8, 1, 7, 5, 9]
    assert sorted(order) == list(range(10))
    assert list(pilot.spread([])) == []


class Fake:
    """Stands for the simulation: a clock that moves by what each point takes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, takes_s: dict[int, float]) -> None:
        self.now_s, self.takes_s, self.runs = 0.0, takes_s, Counter[int]()
        monkeypatch.setattr(pilot.time, "perf_counter", lambda: self.now_s)
        monkeypatch.setattr(pilot.worker, "simulate", self.simulate)

    def simulate(self, point: dict[str, Any], replication: int, target: str, budget: Any) -> dict[str, Any]:
        self.runs[point["point"]] += 1
        took_s = self.takes_s[point["point"]]
        if took_s < 0:
            raise RunError("it broke")
        self.now_s += min(took_s, budget.wall_s)
        if took_s > budget.wall_s:
            raise OverBudget("too long", Spent("wall", budget.wall_s, budget.wall_s / took_s * 10, 5))
        return {"runs": [["p0000-r0000"]]}


def measure(fake: Fake, seconds: float, **more: Any) -> Measured:
    every = points({"a": 2, "b": 2}, **more)
    return pilot.measured(every, seconds, scenario(**({"budget": more["budget"]} if "budget" in more else {})).budget)


def test_a_pilot_runs_points_once_each_and_the_first_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4})
    found = measure(fake, 60)
    assert found.seconds == pytest.approx(fake.takes_s)
    assert fake.runs == {0: 1, 1: 2, 2: 1, 3: 1}
    assert (found.cut, found.sources) == (set(), ["a pilot of 4 runs"])


def test_a_pilot_keeps_to_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, {0: 4.0, 1: 4.0, 2: 4.0, 3: 4.0})
    found = measure(fake, 10)
    assert fake.now_s <= 10
    assert found.seconds == {1: 4.0, 3: 4.0}
    assert found.cut == set()


def test_a_run_that_a_pilot_cuts_short_takes_at_least_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, dict.fromkeys(range(4), 1000.0))
    found = measure(fake, 10)
    assert (found.seconds, found.cut) == ({1: 10.0}, {1})


def test_with_a_duration_a_run_that_is_cut_short_tells_how_long_all_of_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = Fake(monkeypatch, dict.fromkeys(range(4), 1000.0))
    found = measure(fake, 10, duration_s=10.0)
    assert (found.seconds, found.cut) == ({1: pytest.approx(1000.0)}, set())


def test_a_budget_of_the_scenario_ends_runs_of_the_pilot_as_it_does_others(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, dict.fromkeys(range(4), 1000.0))
    found = measure(fake, 100, budget={"wall": "3 s"})
    assert found.seconds == dict.fromkeys(range(4), 3.0)
    assert found.cut == set()


def test_a_run_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Fake(monkeypatch, {0: 0.1, 1: -1, 2: 0.3, 3: 0.4})
    assert "p0001-r0000: it broke" in measure(fake, 60).failures


# ---- earlier batches


def _batch(folder: Path, end: str, means: dict[str, float], **more: Any) -> None:
    folder.mkdir(parents=True)
    labels = points({"a": 2, "b": 1}, **more)
    manifest = dict.fromkeys(NEEDED, "") | {
        "schema_version": 2,
        "end": end,
        "status": "ok",
        "points": labels,
        "runs": {"total": 3},
    }
    times = [{"point": int(point), "seconds": seconds} for point, seconds in means.items()]
    (folder / "manifest.json").write_text(json.dumps({**manifest, "run_times": times}))


def test_of_a_point_in_several_batches_the_latest_counts(tmp_path: Path) -> None:
    _batch(tmp_path / "x", "2026-02-01", {"0": 1.0, "1": 2.0})
    _batch(tmp_path / "w", "2026-01-01", {"0": 7.0, "2": 3.0})
    (tmp_path / "y").mkdir()
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "manifest.json").write_text("{torn")
    found = earlier.measured(tmp_path, points({"a": 2, "b": 1}))
    assert found.seconds == {0: 1.0, 1: 2.0, 2: 3.0}
    assert found.sources == [f"earlier runs of 3 points ({tmp_path / 'x'} and 1 more)"]


@pytest.mark.parametrize("written", [None, "[torn"])
def test_a_batch_whose_points_are_lost_or_damaged_says_nothing(tmp_path: Path, written: str | None) -> None:
    """They stand beside the manifest, which is whole."""
    _batch(tmp_path / "x", "2026-02-01", {"0": 1.0, "1": 2.0})
    _batch(tmp_path / "y", "2026-03-01", {"0": 5.0})
    manifest = json.loads((tmp_path / "y" / "manifest.json").read_text())
    del manifest["points"]
    (tmp_path / "y" / "manifest.json").write_text(json.dumps(manifest))
    if written is not None:
        (tmp_path / "y" / "points.json").write_text(written)
    found = earlier.measured(tmp_path, points({"a": 2}))
    assert found.seconds == {0: 1.0, 1: 2.0}
    assert found.sources == [f"earlier runs of 2 points ({tmp_path / 'x'})"]


def test_another_duration_counts_in_proportion_and_another_fidelity_not_at_all(tmp_path: Path) -> None:
    _batch(tmp_path / "x", "2026-02-01", {"0": 1.0, "1": 2.0}, duration_s=10.0)
    assert earlier.measured(tmp_path, points({"a": 2}, duration_s=30.0)).seconds == {0: 3.0, 1: 6.0}
    other = [{**each, "fidelity": "quantum"} for each in points({"a": 2}, duration_s=30.0)]
    assert earlier.measured(tmp_path, other) == Measured()
    assert earlier.measured(tmp_path / "none", other) == Measured()


def test_other_points_of_a_stack_say_what_it_takes(tmp_path: Path) -> None:
    _batch(tmp_path / "x", "2026-02-01", {"0": 1.0, "1": 3.0})
    asked = [{**each, "axes": {"m": each["point"]}} for each in points({"a": 2})]
    found = earlier.measured(tmp_path, asked)
    assert (found.seconds, found.of_stack) == ({}, {"a": [1.0, 3.0]})
    assert found.knows("a", [])


# ---- from some to all


def test_stacks_that_nobody_measured_are_like_the_others() -> None:
    every = points({"a": 4, "b": 2})
    measured = Measured(seconds={0: 1.0, 1: 3.0}, run_bytes=100.0, sources=["a pilot of 2 runs"])
    found = estimate(every, dict.fromkeys(range(6), (10, 10)), measured, 2, 60)
    assert found is not None
    a, b = found.stacks
    assert (a.runs, a.measured, b.runs, b.measured) == (40, 2, 20, 0)
    assert a.run_s == b.run_s == Span(0.8, 2.0, 3.75)
    assert a.work_s.likely == pytest.approx(10 * (1 + 3 + 2 + 2))
    assert found.work_s.likely == pytest.approx(80 + 40)
    assert (found.wall_s.likely, found.disk_bytes) == (pytest.approx(60), 6000.0)


def test_a_single_run_says_little_of_others() -> None:
    found = estimate(points({"a": 2}), dict.fromkeys(range(2), (1, 1)), Measured(seconds={0: 2.0}), 1, 2)
    assert found is not None
    assert found.stacks[0].run_s == Span(1.0, 2.0, 4.0)


def test_no_batch_ends_before_its_longest_run() -> None:
    found = estimate(points({"a": 1}), {0: (1, 1)}, Measured(seconds={0: 2.0}), 64, 1)
    assert found is not None
    assert found.wall_s.likely == 2.0


def test_a_rule_that_stops_widens_the_range() -> None:
    found = estimate(points({"a": 1}), {0: (10, 100)}, Measured(seconds={0: 1.0}), 1, 10)
    assert found is not None
    assert (found.work_s.likely, found.work_s.high) == (10.0, 125.0)


def test_what_is_finished_takes_no_time() -> None:
    found = estimate(points({"a": 2}), {0: (0, 0), 1: (1, 1)}, Measured(seconds={0: 50.0, 1: 1.0}), 1, 2)
    assert found is not None
    assert found.work_s.likely == 1.0


def test_nothing_measured_is_no_estimate() -> None:
    assert estimate(points({"a": 1}), {0: (1, 1)}, Measured(), 1, 1) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "12 ms"),
        (0.42, "0.42 s"),
        (5.04, "5.0 s"),
        (59.6, "60 s"),
        (90, "1.5 min"),
        (4e4, "11 h"),
        (4e5, "4.6 d"),
    ],
)
def test_times_have_two_digits(seconds: float, text: str) -> None:
    assert lasting(seconds) == text
