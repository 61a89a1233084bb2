"""kill -9 in the middle of a batch, then the same command again: nothing repeated, the same bytes as undisturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import run, segments
from simulator.records import TABLES, run_id

ROOT = Path(__file__).parents[2]
RUN_S = 0.05
POINTS, REPLICATIONS = 3, 6


def slow_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """Takes a while, notes that it was executed, and charges something."""
    run = run_id(point["point"], replication)
    time.sleep(RUN_S)
    with open(os.environ["KILLED_LOG"], "a") as log:
        log.write(f"{run}\n")
    row = [run, point["point"], replication, 1, point["stack"], "x", "", "m", "fluid", "ok", "", replication / 3, 7, ""]
    charges = [[run, "app", "t", "cpu", "os", "os", f"m{i}", i / 7, 0.0, 1.0, i * 0.1] for i in range(100)]
    return {"tables": {"runs": [row], "charges": charges}}


class Slow:
    """A scenario of eighteen slow runs."""

    name, title, text, hash, seed, baseline, stopping = "slow", "Slow", "", "00", 1, None, None
    replications = REPLICATIONS

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        return [
            {"scenario": "slow", "point": p, "axes": {"stack": f"s{p}"}, "stack": f"s{p}", "seed": 1, "expression": "x"}
            | {"machine": {"name": "m"}, "without": [], "fidelity": "fluid"}
            for p in range(POINTS)
        ]


def main(out: str, jobs: str) -> None:
    """What the subprocess runs."""
    run(Slow(), out=out, jobs=int(jobs), catalog=object(), target="test_killed:slow_run")


def begin(out: Path, log: Path, jobs: int) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": paths, "KILLED_LOG": str(log)}
    code = f"import test_killed; test_killed.main({str(out)!r}, {str(jobs)!r})"
    return subprocess.Popen([sys.executable, "-c", code], env=environment, start_new_session=True)


def wait_until(happened: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60.0
    while not happened():
        assert time.monotonic() < end_s, "it did not happen within a minute"
        time.sleep(0.01)


def executions(log: Path) -> Counter[str]:
    return Counter(log.read_text().split()) if log.exists() else Counter()


def tables(out: Path) -> dict[str, bytes]:
    (folder,) = out.glob("slow/*")
    names = [f"{table}.{ending}" for table in TABLES for ending in ("csv", "parquet")]
    return {name: (folder / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    place = tmp_path_factory.mktemp("undisturbed")
    assert begin(place / "out", place / "log", jobs=1).wait(60) == 0
    return tables(place / "out")


@pytest.mark.parametrize(("jobs", "whole_group"), [(1, True), (2, True), (2, False)])
def test_killed_batch_goes_on(tmp_path: Path, undisturbed: dict[str, bytes], jobs: int, whole_group: bool) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    first = begin(out, log, jobs)
    wait_until(lambda: executions(log).total() >= 6)
    (os.killpg if whole_group else os.kill)(first.pid, signal.SIGKILL)
    first.wait(60)
    wait_until(lambda: not still_writing(out))

    (kept,) = out.glob("slow/*/replications")
    finished = set(segments.finished(kept))
    assert 4 <= len(finished) < POINTS * REPLICATIONS
    assert not list(out.glob("slow/*/*.csv"))

    assert begin(out, log, jobs).wait(60) == 0
    counted = executions(log)
    assert len(counted) == POINTS * REPLICATIONS
    assert {counted[run] for run in finished} == {1}
    assert sum(counted.values()) - len(counted) <= jobs, "only runs in flight may be executed again"
    assert tables(out) == undisturbed


def still_writing(out: Path) -> bool:
    """Whether an orphaned worker appends to a segment; a run would end within this time."""

    def size() -> int:
        return sum(path.stat().st_size for path in out.glob("slow/*/replications/*"))

    before = size()
    time.sleep(3 * RUN_S)
    return size() != before
