"""The benchmarks as one command: everything is measured, and every exact solver finds the same digits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KNOWN_S = {"S1 N=10": 0.100729346, "S1 N=100": 0.103620791}
TARGETS = {"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T11", "stack"}

pytestmark = pytest.mark.timeout(400)
"""Many programs one after the other: slow where the machine is busy."""


def script(name: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "benchmarks" / name), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that ``--quick`` has written its results and its page into."""
    folder = tmp_path_factory.mktemp("benchmarks") / "found"
    ended = script("run.py", "--quick", "--json", str(folder / "quick.json"), "--write-docs", str(folder))
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def quick(written: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((written / "quick.json").read_text())
    return found


@pytest.mark.slow
def test_every_part_is_measured(quick: dict[str, Any]) -> None:
    assert list(quick) == [
        "made", "agreement", "whole", "growth", "instructions_per_change", "start_up", "stack_over_solver",
        "fluid_solver", "quantum", "tracing", "targets",
    ]  # fmt: skip
    assert quick["made"]["quick"] is True
    assert list(quick["whole"]) == ["S1 N=10", "S1 N=100", "S2 H=20"]
    for contenders in (*quick["whole"].values(), *quick["growth"].values()):
        assert {"virtlab (run)", "naive fluid SimPy"} <= set(contenders)
        for row in contenders.values():
            assert min(row["cpu_s"], row["us_per_change"], row["peak_mib"]) > 0
    assert {row["target"] for row in quick["targets"]} == TARGETS
    assert all((row["met"] is None) == bool(row["not_measured"]) for row in quick["targets"])
    assert {row["stack"] for row in quick["stack_over_solver"]} == {"bare metal", "Docker", "KVM", "Xen PV"}
    assert quick["start_up"]["worker"]["packages"] == ["simpy"]


@pytest.mark.slow
def test_every_exact_solver_finds_the_same_mean_response(quick: dict[str, Any]) -> None:
    for row in quick["agreement"]:
        assert row["expected_s"] == KNOWN_S.get(row["scenario"], row["expected_s"])
        if "slices" in row["contender"]:
            # A slice of 4 ms is a twenty-fifth of the mean work: near, not equal.
            assert row["right"] is None
            assert row["mean_response_s"] == pytest.approx(row["expected_s"], rel=0.01)
        else:
            assert row["right"] is True, row
            assert row["mean_response_s"] == pytest.approx(row["expected_s"], abs=1.1e-9)


@pytest.mark.slow
def test_calendar_entries_do_not_depend_on_the_machine(quick: dict[str, Any]) -> None:
    """At most as many as the naive version makes, which starts a time-out at every change."""
    for contenders in quick["whole"].values():
        assert contenders["virtlab (run)"]["entries"] <= contenders["naive fluid SimPy"]["entries"]


@pytest.mark.slow
def test_the_page_has_a_line_for_every_target_and_the_figure(written: Path, quick: dict[str, Any]) -> None:
    page = (written / "performance.md").read_text()
    for row in quick["targets"]:
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {row['target']}: {row['says']} |")]
        said = {True: "met", False: "**missed**", None: "not measured"}[row["met"]]
        assert line.endswith(f"| {said} |")
    assert "WRONG" not in page
    assert "](performance.svg)" in page
    assert "naive fluid SimPy" in (written / "performance.svg").read_text()


def test_host_by_host_gives_what_all_together_give() -> None:
    apart, together = (script("thousand_hosts.py", "--hosts", "5", *words) for words in ((), ("--together",)))
    assert apart.returncode == together.returncode == 0, apart.stderr + together.stderr
    mean = [next(line for line in run.stdout.splitlines() if line.startswith("mean")) for run in (apart, together)]
    assert mean[0] == mean[1]
    assert mean[0].endswith("over 1000 tasks")


def test_the_page_of_the_project_is_not_made_of_quick_measurements() -> None:
    ended = script("run.py", "--quick", "--write-docs")
    assert ended.returncode == 2
    assert "leave out --quick" in ended.stderr


def test_a_part_answers_for_its_own_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``quantum.py`` prints becomes three rows, met up to the limit itself; a part that failed says why."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import measurements
    import targets

    found = measurements.Measurements(quick=False)
    found.slices = {"ratio to naive": 10.0, "simulated s per s": 1199.0, "0.1 ms to 3 ms": 1.05}
    found.solver = {"failed": "ImportError: nothing there"}
    answers = {target.says: targets.Verdict(target, target.find(found)) for target in targets.of_siblings(found)}
    assert [verdict.met for verdict in answers.values() if verdict.target.name == "T8"] == [True, False, True]
    assert {verdict.measured for verdict in answers.values() if verdict.target.name in ("T4", "T6")} == {
        "benchmarks/fluid_solver.py failed: ImportError: nothing there"
    }
    assert measurements.Measurements(quick=False, solver=found.solver).wrong == ["ImportError: nothing there"]


@pytest.mark.slow
def test_every_executor_runs_the_batch_of_the_benchmark() -> None:
    ended = script("batches.py", "--quick")
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout.splitlines()[-1])
    assert {"serial", "processes"} <= set(found["executors"])
    assert found["executors"]["serial"]["clock"] == [1.0]
    assert all(min(row["wall_s"] + row["runs_cpu_s"]) > 0 for row in found["executors"].values())
    assert len(found["targets"]) == 2 + ("dask" in found["executors"])
