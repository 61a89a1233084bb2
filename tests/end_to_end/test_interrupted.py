"""Signals in the middle of a long run: the command ends in order, says so by its exit code, and goes on afterwards."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import experiment
from simulator.batch import worker
from simulator.cli import main

ROOT = Path(__file__).parents[2]
SLOW = """
version: 1
title: One run is over at once, the other one in minutes
machine: dell-2650
stacks: {native: linux-2.4 |}
tenants:
  spinning: {workload: spin}
  hog: {workload: cpu-hog}
duration: [1 s, 10000000 s]
fidelity: quantum
replications: 1
"""
FAILING = """
version: 1
title: A device that is not ready for this
machine: dell-2650
stacks: {native: linux-2.4 |}
tenants: {spinning: {workload: spin}}
duration: 1 s
replications: 3
"""
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from simulator.cli import main
sys.exit(main(sys.argv[1:]))
"""


def begin(place: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command in a terminal of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        cwd=place, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def wait_for_the_long_run(place: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        assert process.poll() is None, process.communicate()
        text = b"".join(path.read_bytes() for path in place.glob("results/slow/*/replications/*.seg"))
        if text.count(b"p0001-r0000 started ") and text.count(b"p0000-r0000 ok "):
            return
        time.sleep(0.01)
    raise AssertionError("it does not come to the long run")


@pytest.mark.parametrize(
    ("name", "jobs", "to_all", "again", "code"),
    [
        ("SIGINT", 1, False, False, 130),
        ("SIGINT", 2, True, True, 130),
        ("SIGTERM", 2, True, False, 143),
        ("SIGHUP", 1, False, True, 129),
    ],
)
def test_signal_ends_the_command_in_order(
    tmp_path: Path, name: str, jobs: int, to_all: bool, again: bool, code: int
) -> None:
    (tmp_path / "slow.yaml").write_text(SLOW)
    with begin(tmp_path, "run", "slow.yaml", "--jobs", str(jobs), "--no-figures") as process:
        wait_for_the_long_run(tmp_path, process)
        for _ in range(1 + again):
            (os.killpg if to_all else os.kill)(process.pid, getattr(signal, name))
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "interrupted" in err and "a batch that is run again goes on" in err and "Traceback" not in err
    (manifest,) = tmp_path.glob("results/slow/*/manifest.json")
    assert json.loads(manifest.read_text())["status"] == "interrupted"
    assert {path.name for path in manifest.parent.iterdir()} == {"manifest.json", "points.json", "replications"}


def test_failing_run_is_repeated_by_the_command_that_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    simulate = experiment.run_point

    def fails(point: dict[str, object], replication: int) -> dict[str, object]:
        if replication == 1:
            raise ValueError("a defect that one run meets \udce9")
        return simulate(point, replication)

    monkeypatch.setitem(worker._carried, worker.TARGET, fails)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my files").mkdir()
    (tmp_path / "my files" / "failing.yaml").write_text(FAILING)
    given = ["run", "my files/failing.yaml", "--seed", "5", "--jobs", "1", "--no-figures"]
    assert main(given) == 3
    told = capsys.readouterr().err
    how = "virtlab run 'my files/failing.yaml' --seed 5 --only p0000-r0001"
    assert f"p0000-r0001 failed: ValueError: a defect that one run meets ?\n  repeat: {how}\n" in told
    (folder,) = tmp_path.glob("results/failing/*")
    assert how in (folder / "runs.csv").read_text()
    (failure,) = json.loads((folder / "failures.json").read_text())
    assert failure["repeat"] == f"repeat: {how}" and "in fails" in failure["trace"]
    assert (
        json.loads((folder / "manifest.json").read_text())["command"] == "virtlab run 'my files/failing.yaml' --seed 5"
    )
    with pytest.raises(ValueError, match="a defect that one run meets"):
        main(shlex.split(how)[1:])
    assert main(given) == 3, "it is loaded, and the exit code says the same"


def test_figures_that_cannot_be_written_cost_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(FAILING.replace("replications: 3", "figures: [cost]"))
    assert main(["run", "small.yaml", "--jobs", "1", "--no-figures"]) == 0
    (folder,) = tmp_path.glob("results/small/*")
    (folder / "figures").write_text("a file in its place")
    capsys.readouterr()
    assert main(["run", "small.yaml", "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert f"results: {folder.relative_to(tmp_path)}" in out and "error: figures: " in err and "Traceback" not in err
