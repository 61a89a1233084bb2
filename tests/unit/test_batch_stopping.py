"""As many replications as a rule wants: decided in their order, whoever runs them, and those beyond are left out."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_batch import FakeScenario, Watcher, bytes_of

from simulator.batch import run
from simulator.batch.executors import place
from simulator.errors import UsageError
from simulator.records import TABLES, names, run_id
from simulator.results.stopping import Stopping

TARGET = f"{Path(__file__).stem}:noisy_run"
RULE = Stopping("value", "", 0.05, None, 0.95, 5, 60)


def noisy_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """A value that scatters the more the larger the point's size."""
    run = run_id(point["point"], replication)
    with open(point["log"], "a") as log:
        log.write(f"{run}\n")
    scatter = point["axes"]["size"] / 100 * random.Random(f"{point['stack']} {replication}").gauss(0.0, 1.0)
    row = [run, point["point"], replication, 1, point["stack"], "x", "", "m", "fluid", "ok", "", 0.1, 7, ""]
    head = [run, "app", "app", "spin", "machine code", "ok", "time", 1.0 + scatter, "s", "lower"]
    return {"tables": {"runs": [row], "tenants": [[*head, *[0.0] * (len(TABLES["tenants"]) - len(head) - 2), 1, 1]]}}


def started(folder: Path, jobs: int, watcher: Watcher | None = None, rule: Stopping = RULE, **more: Any) -> Any:
    fake = FakeScenario(folder / "log", replications=rule.at_most, stopping=rule)
    more = {"progress": watcher or Watcher(), "catalog": object(), "target": TARGET} | more
    return run(fake, out=folder, jobs=jobs, **more)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    for name in ("one", "two", "cut"):
        (tmp_path / name).mkdir()


def test_each_point_has_as_many_as_the_rule_wants(tmp_path: Path) -> None:
    watcher = Watcher()
    results = started(tmp_path / "one", 1, watcher)
    counts = results.runs.groupby("point").size().to_dict()
    values = results.tenants.set_index("run")["value"]
    for point, count in counts.items():
        series = [values[run_id(point, number)] for number in range(count)]
        assert RULE.enough(series) == count and RULE.enough(series[:-1]) is None
    assert max(counts[0], counts[2]) < min(counts[1], counts[3]) < RULE.at_most
    assert watcher.calls[0] == ("start", 20, 0) and ("grow", sum(counts.values())) in watcher.calls
    assert results.manifest["runs"]["total"] == sum(counts.values())
    assert results.manifest["stopping"]["relative_half_width"] == 0.05


def test_who_ran_them_changes_nothing(tmp_path: Path) -> None:
    one, two = started(tmp_path / "one", 1), started(tmp_path / "two", 2)
    assert bytes_of(one.folder) == bytes_of(two.folder)
    with pytest.raises(KeyboardInterrupt):
        started(tmp_path / "cut", 1, Watcher(interrupt_after=27))
    assert bytes_of(started(tmp_path / "cut", 2).folder) == bytes_of(one.folder)


OVER = replace(RULE, over="native", relative_half_width=0.07)


def test_over_a_stack_both_have_as_many_as_their_ratio_wants(tmp_path: Path) -> None:
    results = started(tmp_path / "one", 1, rule=OVER)
    counts = results.runs.groupby("point").size().to_dict()
    values = results.tenants.set_index("run")["value"]
    for xen, native in ((0, 2), (1, 3)):
        count = counts[xen]
        assert counts[native] == count < OVER.at_most
        own, base = ([values[run_id(point, number)] for number in range(count)] for point in (xen, native))
        ratios = [math.log(a / b) for a, b in zip(own, base, strict=True)]
        assert OVER.enough(ratios) == count and OVER.enough(ratios[:-1]) is None
    assert counts[0] < counts[1]
    two = started(tmp_path / "two", 2, rule=OVER)
    with pytest.raises(KeyboardInterrupt):
        started(tmp_path / "cut", 1, Watcher(interrupt_after=27), rule=OVER)
    cut = started(tmp_path / "cut", 2, rule=OVER)
    assert bytes_of(two.folder) == bytes_of(results.folder) == bytes_of(cut.folder)


def test_what_is_not_known_well_enough_is_said_with_its_place(tmp_path: Path) -> None:
    assert started(tmp_path / "one", 1).shortfalls() == []
    few = started(tmp_path / "two", 1, rule=replace(RULE, at_most=12))
    said = "after 12 replications value is still less well known than asked for"
    assert few.shortfalls() == [f"stack=xen, size=16: {said}", f"stack=native, size=16: {said}"]
    over = started(tmp_path / "cut", 1, rule=replace(OVER, at_most=12))
    assert over.shortfalls() == [f"size=16: {said.replace('value', 'value over native')}"]
    alone = started(tmp_path / "cut", 1, rule=replace(OVER, over="kvm"))
    assert alone.runs.groupby("point").size().tolist() == [RULE.at_least] * 4
    assert len(alone.shortfalls()) == 4 and "nobody has value over kvm" in alone.shortfalls()[0]


def test_nothing_is_called_so() -> None:
    with pytest.raises(UsageError, match="cannot be executed on 'cluster'"):
        place("cluster", 2)
    assert names("tenants")[2] == "copy_of"
