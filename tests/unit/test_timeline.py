"""The timeline: states of a tenant from the tables of a run, lanes, and the figure and text of any batch."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from simulator import batch
from simulator.cli.commands import virtlab
from simulator.errors import UsageError
from simulator.plots import draw, timeline
from simulator.plots._spans import DOWN, PAUSED, RUNNING, STARTING, Span, lanes, rows, spans
from simulator.results import Results
from simulator.scenario import load

TENANT: dict[str, Any] = {"tenant": "web", "started_s": 1.0, "boot_s": 2.0, "ended_s": nan}


def operation(word: str, at_s: float, end_s: float, **more: Any) -> dict[str, Any]:
    return {"operation": word, "tenant": "web", "at_s": at_s, "end_s": end_s, "how": "", "rounds": 0,
            "downtime_s": 0.0, "outcome": "done", **more}  # fmt: skip


def states(*operations: dict[str, Any], faults: tuple[dict[str, Any], ...] = (), **tenant: Any) -> list[Any]:
    found = spans([{**TENANT, **tenant}], operations, faults, 20.0)
    return [(each.kind, each.start_s, each.end_s) for each in found if each.kind not in ("operation", "fault")]


def test_a_tenant_starts_and_runs_to_its_end() -> None:
    assert states() == [(STARTING, 1.0, 3.0), (RUNNING, 3.0, 20.0)]
    assert states(ended_s=9.0) == [(STARTING, 1.0, 3.0), (RUNNING, 3.0, 9.0)]
    assert states(boot_s=nan) == [(STARTING, 1.0, 20.0)]
    assert states(started_s=25.0) == []


def test_a_pause_lasts_until_it_is_resumed_or_to_the_end() -> None:
    resumed = operation("resume", 8.0, 8.5, downtime_s=2.5)
    parts = [(STARTING, 1.0, 3.0), (RUNNING, 3.0, 6.0), (PAUSED, 6.0, 8.5), (RUNNING, 8.5, 20.0)]
    assert states(operation("pause", 5.0, 6.0), resumed) == parts
    assert states(operation("pause", 5.0, 8.5, downtime_s=2.5)) == parts
    assert states(operation("pause", 5.0, 6.0))[-1] == (PAUSED, 6.0, 20.0)


def test_who_is_killed_is_down_until_it_is_started_again() -> None:
    killed = operation("kill", 5.0, 5.0)
    assert states(killed)[-1] == (DOWN, 5.0, 20.0)
    assert states(killed, operation("start", 7.0, 9.0))[2:] == [
        (DOWN, 5.0, 7.0), (STARTING, 7.0, 9.0), (RUNNING, 9.0, 20.0),
    ]  # fmt: skip
    assert states(operation("kill", 5.0, 5.0, outcome="failed: web does not run")) == states()


def test_a_fault_takes_it_down_until_it_is_up() -> None:
    fault = {"tenant": "web", "effect": "lost", "at_s": 5.0, "up_s": 8.0, "kind": "crash", "component": "linux kernel"}
    assert states(faults=(fault,))[1:] == [(RUNNING, 3.0, 5.0), (DOWN, 5.0, 8.0), (RUNNING, 8.0, 20.0)]
    assert states(faults=({**fault, "effect": "untouched"},)) == states()


def test_an_operation_on_the_machine_has_its_own_lane() -> None:
    found = spans([TENANT], [operation("pull", 5.0, 6.0, tenant="nginx", rounds=3)], (), 20.0)
    assert (found[-1].lane, found[-1].label) == ("machine", "pull nginx, 3 rounds")


def test_of_many_lanes_those_are_shown_to_which_something_was_done() -> None:
    quiet = [Span(name, RUNNING, 0.0, 1.0) for name in "abc"]
    assert lanes([*quiet, Span("d", PAUSED, 0.0, 1.0)], 2) == ["a", "d"]


def test_marks_that_overlap_have_lines_of_their_own() -> None:
    assert rows([(0.0, 2.0), (0.5, 2.5), (3.0, 5.0), (2.2, 2.9)]) == [0, 1, 0, 0]


def test_who_is_kept_and_ended_is_down_until_it_is_restored() -> None:
    kept = {**operation("checkpoint", 5.0, 6.0), "how": "ended"}
    assert states(kept, operation("restore", 8.0, 9.0))[1:] == [
        (RUNNING, 3.0, 6.0), (DOWN, 6.0, 8.0), (STARTING, 8.0, 9.0), (RUNNING, 9.0, 20.0),
    ]  # fmt: skip


SCENARIO: dict[str, Any] = {
    "version": 1,
    "title": "Stopped and started",
    "machine": "server-2025",
    "stacks": {"docker": "linux-6 | docker-27", "kvm": "linux-6 | kvm-6 / linux-6"},
    "tenants": {"web": {"workload": "cpu-hog", "memory": "1 GiB", "vcpus": 1}},
    "operations": [
        {"at": "1 s", "pause": "web", "for": "2 s"},
        {"at": "2 s", "inspect": "web"},
        {"at": "5 s", "kill": "web"},
    ],
    "duration": "6 s",
    "replications": 1,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return batch.run(load(SCENARIO), out=tmp_path_factory.mktemp("results"), jobs=1)


def test_a_batch_has_its_figure_and_its_text(results: Results, tmp_path: Path) -> None:
    assert [path.name for path in draw(results, ["timeline"], tmp_path)] == ["timeline.svg", "timeline.png"]
    figure = tmp_path / "again.svg"
    told = CliRunner().invoke(virtlab, ["timeline", str(results.folder), "--figure", str(figure)])
    assert told.exit_code == 0, told.output
    assert figure.read_bytes().startswith(b"<?xml")
    line = next(line for line in told.output.splitlines() if line.startswith("web |"))
    assert line.count(".") == pytest.approx(78 * 2 / 6, abs=1) and line.count("x") == pytest.approx(78 / 6, abs=1)
    seen = next(line for line in told.output.splitlines() if line.startswith("    2 s  web  docker-27"))
    assert "compute" in seen and "running" in seen
    data = json.loads(CliRunner().invoke(virtlab, ["timeline", str(results.folder), "--json"]).output)
    assert [each["end_s"] for each in data if each["kind"] == "paused"] == pytest.approx([3.0, 3.0], abs=0.01)


def test_a_batch_in_which_nothing_was_done_has_lives_only(tmp_path: Path) -> None:
    quiet = batch.run(load({**SCENARIO, "operations": []}), out=tmp_path, jobs=1)
    assert timeline.frame(quiet).empty
    told = CliRunner().invoke(virtlab, ["timeline", str(quiet.folder)])
    assert told.exit_code == 0 and told.output.count("web |=") == 2


def test_a_run_that_is_not_there_is_told(results: Results) -> None:
    arguments = ["timeline", str(results.folder), "--run", "p0009-r0000"]
    with pytest.raises(UsageError, match="there is no run"):
        CliRunner().invoke(virtlab, arguments, catch_exceptions=False)
