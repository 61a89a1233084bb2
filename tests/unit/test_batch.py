"""A batch: every run once, whatever is killed, and the same bytes however it was executed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import run, run_only
from simulator.batch.lock import Lock
from simulator.errors import Problem, ResultsError, ScenarioError, UsageError
from simulator.records import TABLES, run_id
from simulator.results.stopping import Stopping

HERE = Path(__file__).parent
TARGET = f"{Path(__file__).stem}:fake_run"
FILES = [f"{table}.{ending}" for table in TABLES for ending in ("csv", "parquet")]


def fake_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """Writes its id to the point's log, misbehaves as the point says, and returns one row of ``runs``."""
    run = run_id(point["point"], replication)
    with open(point["log"], "a") as log:
        log.write(f"{run}\n")
    manner = point["manners"].get(run, "")
    if manner == "raise":
        raise ValueError('a disk, with "quotes"\nand two lines')
    begun = Path(point["log"]).read_text().split().count(run)
    if manner == "kill" or (manner == "kill once" and begun == 1):
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGKILL)
    row = [run, point["point"], replication, point["seed"], point["stack"], "x", "", "m", "fluid", "ok", ""]
    tenant = [
        run,
        "app",
        "app",
        "spin",
        "machine code",
        "ok",
        "time",
        0.1 * replication + 1 / 3,
        "s",
        "lower",
        1.0,
        1e-17,
        *[0.0] * (len(TABLES["tenants"]) - 14),
        1,
        1,
    ]
    return {"tables": {"runs": [[*row, 0.1 + replication, 7, ""]], "tenants": [tenant]}}


@dataclass
class FakeScenario:
    """Two stacks, each at two sizes; four replications."""

    log: Path
    manners: dict[str, str] = field(default_factory=dict)
    name: str = "fake"
    title: str = "A fake"
    text: str = "title: A fake\n"
    hash: str = "0123456789abcdef"
    seed: int = 1
    replications: int = 4
    baseline: str | None = "native"
    stopping: Stopping | None = None
    command: str = "virtlab run scenarios/fake.yaml --seed 1"

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        places = [(stack, size) for stack in ("xen", "native") for size in (2, 16)]
        return [self._point(number, *place) for number, place in enumerate(places)]

    def _point(self, number: int, stack: str, size: int) -> dict[str, Any]:
        common = {"scenario": self.name, "seed": self.seed, "log": str(self.log), "manners": self.manners}
        place = {"point": number, "axes": {"stack": stack, "size": size}, "stack": stack, "expression": "x"}
        return {**common, **place, "machine": {"name": "m"}, "without": [], "fidelity": "fluid"}

    def executions(self) -> Counter[str]:
        return Counter(self.log.read_text().split())


class Watcher:
    """Notes what it is told; may press Ctrl-C after some runs."""

    def __init__(self, interrupt_after: int = 10**9) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.interrupt_after = interrupt_after

    def start(self, total: int, done: int) -> None:
        self.calls.append(("start", total, done))

    def advance(self, run_id: str, status: str) -> None:
        self.calls.append((run_id, status))
        if len(self.calls) > self.interrupt_after:
            raise KeyboardInterrupt

    def grow(self, total: int) -> None:
        self.calls.append(("grow", total))

    def finish(self) -> None:
        self.calls.append(("finish",))


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeScenario]:
    monkeypatch.syspath_prepend(HERE)
    return lambda **manners: FakeScenario(
        tmp_path / "log", {run.replace("_", "-"): how for run, how in manners.items()}
    )


def start(scenario: FakeScenario, out: Path, jobs: int = 1, watcher: Watcher | None = None) -> Any:
    return run(scenario, out=out, jobs=jobs, progress=watcher or Watcher(), catalog=object(), target=TARGET)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def manifest_in(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*/*/manifest.json")
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def test_same_bytes_whatever_the_number_of_workers(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    one = start(scenario(), tmp_path / "one", jobs=1)
    two = start(scenario(), tmp_path / "two", jobs=2)
    assert bytes_of(one.folder) == bytes_of(two.folder)
    lines = (one.folder / "runs.csv").read_text().splitlines()
    assert lines[0].endswith(",not_modelled,size")
    assert [line.split(",")[0] for line in lines[1:]] == [run_id(p, r) for p in range(4) for r in range(4)]
    assert "0.3333333333333333,s,lower,1.0,1e-17" in (one.folder / "tenants.csv").read_text()


def test_finished_batch_is_loaded_not_run_again(
    scenario: Callable[..., FakeScenario], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake, watcher = scenario(), Watcher()
    first = start(fake, tmp_path)
    again = run(fake, out=tmp_path, jobs=1, catalog=object(), target=TARGET)
    start(fake, tmp_path, watcher=watcher)
    assert again.folder == first.folder and "finished before" in capsys.readouterr().err
    assert watcher.calls == [("start", 16, 16), ("finish",)]
    assert set(fake.executions().values()) == {1}


def test_another_seed_gets_another_folder(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    fake = scenario()
    first = start(fake, tmp_path)
    fake.seed = 2
    assert start(fake, tmp_path).folder != first.folder


def test_watcher_hears_of_every_run_once(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    watcher = Watcher()
    start(scenario(p0001_r0002="raise"), tmp_path, jobs=2, watcher=watcher)
    told = Counter(watcher.calls)
    assert watcher.calls[0] == ("start", 16, 0) and watcher.calls[-1] == ("finish",)
    assert told[("p0001-r0002", "failed")] == 1 and set(told.values()) == {1} and len(told) == 18


@pytest.mark.parametrize("jobs", [1, 2])
def test_failing_run_is_recorded_and_the_rest_goes_on(
    scenario: Callable[..., FakeScenario], tmp_path: Path, jobs: int
) -> None:
    fake = scenario(p0002_r0001="raise")
    results = start(fake, tmp_path, jobs)
    assert (results.status, results.exit_code) == ("failures", 3)
    failed = results.runs[results.runs["status"] == "failed"]
    assert failed["run"].tolist() == ["p0002-r0001"] and len(results.runs) == 16
    assert "ValueError: a disk" in failed["error"].iloc[0]
    assert "(repeat: virtlab run scenarios/fake.yaml --seed 1 --only p0002-r0001)" in failed["error"].iloc[0]
    assert failed["size"].iloc[0] == 2 and failed["events"].isna().all()
    with pytest.raises(ValueError, match="a disk"):
        run_only(fake, "p0002-r0001", catalog=object(), target=TARGET)


def test_nothing_completed(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    every = {run_id(p, r).replace("-", "_"): "raise" for p in range(4) for r in range(4)}
    assert start(scenario(**every), tmp_path).exit_code == 1


def test_run_only_gives_the_rows_of_one_run(scenario: Callable[..., FakeScenario]) -> None:
    tables = run_only(scenario(), "p0003-r0002", catalog=object(), target=TARGET)
    assert tables["runs"][0][0] == "p0003-r0002"
    with pytest.raises(UsageError, match="p0000-r0000 to p0003-r0003"):
        run_only(scenario(), "p0004-r0000", catalog=object(), target=TARGET)


def test_killed_worker_costs_one_run_at_most(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    fake = scenario(p0001_r0000="kill", p0002_r0003="kill once")
    results = start(fake, tmp_path, jobs=2)
    status = results.runs.set_index("run")["status"]
    assert status[status == "failed"].index.tolist() == ["p0001-r0000"]
    assert "killed twice" in results.runs.set_index("run")["error"]["p0001-r0000"]
    assert fake.executions()["p0001-r0000"] == 2 == fake.executions()["p0002-r0003"]


def test_torn_record_is_run_again_and_no_other(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    fake = scenario()
    whole = start(fake, tmp_path / "undisturbed")
    with pytest.raises(KeyboardInterrupt):
        start(fake, tmp_path / "torn", watcher=Watcher(interrupt_after=4))
    (segment,) = (tmp_path / "torn").glob("*/*/replications/*.seg")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-1]) + lines[-1][:-5])
    torn = lines[-1].split()[0].decode()
    fake.log.unlink()
    watcher = Watcher()
    assert bytes_of(start(fake, tmp_path / "torn", watcher=watcher).folder) == bytes_of(whole.folder)
    kept = {line.split()[0].decode() for line in lines} - {torn}
    assert torn in fake.executions() and not kept & set(fake.executions())
    assert watcher.calls[0] == ("start", 16, len(kept))


@pytest.mark.parametrize("jobs", [1, 2])
def test_interrupted_batch_keeps_what_has_finished(
    scenario: Callable[..., FakeScenario], tmp_path: Path, jobs: int
) -> None:
    fake, first, second = scenario(), Watcher(interrupt_after=5), Watcher()
    with pytest.raises(KeyboardInterrupt):
        start(fake, tmp_path, jobs, first)
    assert manifest_in(tmp_path)["status"] == "interrupted" and first.calls[-1] == ("finish",)
    told = {call[0] for call in first.calls[1:-1]}
    fake.log.unlink()
    assert start(fake, tmp_path, jobs, second).status == "ok"
    assert not told & set(fake.executions())


def test_two_processes_do_not_work_in_one_folder(tmp_path: Path) -> None:
    code = "import sys, time; from pathlib import Path; from simulator.batch.lock import Lock\n"
    code += "with Lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(ResultsError, match=f"process {other.pid} is working"), Lock(tmp_path):
            pass
        other.kill()
    with Lock(tmp_path):
        pass


def test_invalid_scenario_writes_nothing(scenario: Callable[..., FakeScenario], tmp_path: Path) -> None:
    class Invalid(FakeScenario):
        def points(self, catalog: Any, /) -> list[dict[str, Any]]:
            raise ScenarioError([Problem("fake.yaml", 3, 1, "tenants", "none")])

    with pytest.raises(ScenarioError):
        start(Invalid(tmp_path / "log"), tmp_path / "out")

    class Ambiguous(FakeScenario):
        def points(self, catalog: Any, /) -> list[dict[str, Any]]:
            return [self._point(number, "xen", 2) for number in range(2)]

    with pytest.raises(UsageError, match="give their stacks different labels"):
        start(Ambiguous(tmp_path / "log"), tmp_path / "out")
    with pytest.raises(UsageError, match="0 jobs"):
        start(scenario(), tmp_path / "out", jobs=0)
    assert not (tmp_path / "out").exists()


def test_manifest_says_what_was_run(
    scenario: Callable[..., FakeScenario], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    manifest = start(scenario(), tmp_path).manifest
    assert manifest["start"] == manifest["end"] == "2001-09-09T01:46:40+00:00"
    assert manifest["scenario"]["text"] == "title: A fake\n" and manifest["seed"] == 1
    assert manifest["axes"] == {"stack": ["xen", "native"], "size": [2, 16]}
    assert manifest["command"] == f"virtlab run scenarios/fake.yaml --seed 1 --out {tmp_path}"
    assert {"python", "simpy", "pandas"} <= set(manifest["libraries"])
    assert next(c for c in manifest["columns"]["threads"] if c["name"] == "steal_s")["unit"] == "s"


def test_worker_imports_nothing_heavy() -> None:
    code = "import sys, simulator.batch.worker as w; w.run_one({'point': 0, 'scenario': 's', 'machine': {'name': ''},"
    code += "'without': []}, 0, 'math:nothing'); print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {"pandas", "numpy", "matplotlib", "pyarrow", "pydantic", "yaml", "scipy", "click", "rich"}
    assert "simulator.results" not in loaded


def test_script_without_guard_runs_once_and_stays_out_of_the_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            from pathlib import Path
            sys.path[:0] = {[str(HERE), str(HERE.parents[1])]!r}
            import test_batch
            print("imported")
            here = Path(__file__).parent
            print(test_batch.start(test_batch.FakeScenario(here / "log"), here / "out", jobs=2).status)
            """
        )
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["imported", "ok"], "")
