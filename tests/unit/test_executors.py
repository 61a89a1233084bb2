"""Executors: the same tables from each that is installed, whoever is killed; clear words where one is not."""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simulator import discovery
from simulator.batch import luggage, run
from simulator.batch.dispatch import Chunks
from simulator.batch.executors import kinds, place
from simulator.batch.executors.base import Workers
from simulator.batch.executors.dask import Dask
from simulator.batch.worker import Report, Task
from simulator.errors import RunError, UsageError
from simulator.records import TABLES, run_id

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FAKE = f"{Path(__file__).stem}:fake_run"
LIBRARIES = {"dask": "distributed", "loky": "loky", "mpi": "mpi4py"}
MPIEXEC = shutil.which("mpiexec", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def fake_run(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """Writes its id and process to the point's log, may kill its process, and returns one row of ``runs``."""
    run = run_id(point["point"], replication)
    with open(point["log"], "a") as log:
        log.write(f"{run} {os.getpid()}\n")
    manner = point["manners"].get(run, "")
    if manner == "kill" or (manner == "kill once" and Path(point["log"]).read_text().count(run) == 1):
        time.sleep(0.3)  # until whoever started this process knows that it lives
        os.kill(os.getpid(), signal.SIGKILL)
    row = [run, point["point"], replication, point["seed"], point["stack"], "x", "", "m", "fluid", "ok", ""]
    return {"tables": {"runs": [[*row, 0.1 + replication, 7, ""]]}}


@dataclass
class FakeScenario:
    """Two stacks, six replications."""

    log: Path
    manners: dict[str, str] = field(default_factory=dict)
    name: str = "fake"
    title: str = "A fake"
    text: str = "title: A fake\n"
    hash: str = "0123456789abcdef"
    seed: int = 1
    replications: int = 6
    baseline: str | None = "native"
    stopping: None = None

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        return [
            {
                **{"point": number, "axes": {"stack": stack}, "stack": stack, "expression": "x", "scenario": "fake"},
                **{"seed": 1, "log": str(self.log), "manners": self.manners, "machine": {"name": "m"}},
                **{"without": [], "fidelity": "fluid"},
            }
            for number, stack in enumerate(("xen", "native"))
        ]


def start(folder: Path, on: str | Executor, jobs: int | None = 2, **manners: str) -> Any:
    """One batch of the fake scenario in a folder."""
    folder.mkdir(exist_ok=True)
    named = {run.replace("_", "-"): how for run, how in manners.items()}
    return run(FakeScenario(folder / "log", named), out=folder, jobs=jobs, on=on, catalog=object(), target=FAKE)


def tables(folder: Path) -> dict[str, bytes]:
    return {f"{table}.csv": (folder / f"{table}.csv").read_bytes() for table in TABLES}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """This file as a module of its own name; what a test packs is not what this process goes on with."""
    monkeypatch.syspath_prepend(HERE)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The tables that one process makes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(HERE)
        return tables(start(tmp_path_factory.mktemp("serial") / "out", "serial").folder)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler with two workers, which gives a piece up when one worker has died of it."""
    pytest.importorskip("distributed")
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as started,
    ):
        yield started.scheduler_address


def mpi(folder: Path, **manners: str) -> None:
    """The fake scenario in three processes of MPI."""
    assert MPIEXEC is not None
    script = folder / "script.py"
    script.write_text(
        f"import sys, pathlib; sys.path.insert(0, {str(HERE)!r}); import test_executors\n"
        f"test_executors.start(pathlib.Path({str(folder)!r}), 'mpi', None, **{manners!r})\n"
    )
    command = [MPIEXEC, "-n", "3", sys.executable, "-m", "mpi4py.futures", str(script)]
    allowed = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    }
    subprocess.run(command, env={**os.environ, **allowed, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60)


def installed(kind: str) -> bool:
    return find_spec(LIBRARIES.get(kind, "simulator")) is not None and (kind != "mpi" or MPIEXEC is not None)


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind != "serial"])
def test_same_tables_from_every_executor_though_a_worker_is_killed(
    kind: str, undisturbed: dict[str, bytes], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not installed(kind):
        pytest.skip(f"{kind} is not installed")
    manners = {"p0001_r0002": "kill once"}
    if kind == "mpi":  # which ends all its processes when one is killed
        for _ in range(2):
            mpi(tmp_path, **manners)
    on = request.getfixturevalue("cluster") if kind == "dask" else "serial" if kind == "mpi" else kind
    results = start(tmp_path, on, None if kind == "dask" else 2, **manners)
    assert tables(results.folder) == undisturbed
    begun = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert {run for run, _ in begun} == {run_id(p, r) for p in range(2) for r in range(6)}
    assert str(os.getpid()) not in {process for _, process in begun}


def test_run_that_kills_its_worker_twice_is_recorded(tmp_path: Path) -> None:
    pytest.importorskip("loky")
    results = start(tmp_path, "loky", p0001_r0001="kill")
    (failure,) = results.manifest["failures"]
    assert (failure["run"], results.manifest["status"]) == ("p0001-r0001", "failures")
    assert "killed twice" in failure["error"]


def test_any_executor_will_do(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as threads:
        results = start(tmp_path, threads)
        assert threads.submit(int).result() == 0
    assert tables(results.folder) == undisturbed


def test_executor_that_is_broken_for_good_ends_the_batch(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    with (
        ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as pool,
        pytest.raises(RunError, match=r"the executor has lost its workers .* what has finished is kept"),
    ):
        start(tmp_path, pool, p0001_r0002="kill once")
    before = (tmp_path / "log").read_text().count("\n")
    assert tables(start(tmp_path, "serial", p0001_r0002="kill once").folder) == undisturbed
    assert 0 < (tmp_path / "log").read_text().count("\n") - before < 12


def test_nothing_stays_on_the_workers(cluster: str, tmp_path: Path) -> None:
    from distributed import Client

    start(tmp_path, cluster, None)
    with Client(cluster, set_as_default=False) as client:
        assert client.who_has() == {}


NOTEBOOK = """
import os, sys
import simulator as vl
from simulator import batch, demands as d
from simulator.experiment import run_point
from simulator.scenario import load

HOME = os.getpid()

class Caller(vl.Program):
    PARAMETERS = (vl.Parameter("calls_count", "count", "calls"),)

    def threads(self):
        return [vl.ThreadPlan("main", self._main())]

    def _main(self):
        start_s = self.context.now
        yield d.SystemCall("null", count=self.parameters.calls_count)
        self.context.done("main", "calls", start_s)

    def value(self, operations, elapsed_s):
        return 1.0 if os.getpid() == HOME else 2.0

def elsewhere(point, replication):
    found = run_point(point, replication)
    assert os.getpid() != HOME
    return found

vl.add(Caller, "caller", {"calls_count": 1000}, metric={"name": "elapsed", "unit": "s", "better": "lower"})
scenario = load({"title": "T", "machine": "dell-2650", "stacks": {"native": "linux-2.4 |"},
                 "tenants": {"app": {"workload": "caller"}}, "replications": 4})
on, jobs = sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else None
results = batch.run(scenario, out="out", on=on, jobs=jobs, target="__main__:elsewhere")
print(results.manifest["status"], list(results.tenants["value"]))
"""
"""A session that adds a program, which gives 1 in the session's own process and 2 in any other, and a function."""


def notebook(folder: Path, *words: str) -> tuple[str, str]:
    """What such a session prints, and what it complains about."""
    script = folder / "session.py"
    script.write_text(NOTEBOOK)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script), *words]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    return ended.stdout.strip(), ended.stderr


def test_what_a_notebook_adds_runs_on_all_processors(tmp_path: Path) -> None:
    pytest.importorskip("loky")
    assert notebook(tmp_path, "", "2") == ("ok [2.0, 2.0, 2.0, 2.0]", "")


def test_what_a_notebook_adds_runs_on_a_cluster(cluster: str, tmp_path: Path) -> None:
    assert notebook(tmp_path, cluster) == ("ok [2.0, 2.0, 2.0, 2.0]", "")


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that the session has added."""
    module = ModuleType("session_odd")
    monkeypatch.setattr(discovery, "_session_modules", {"layers": {"session_odd": module}})
    return module


def test_session_runs_where_it_can_be(added: ModuleType) -> None:
    pytest.importorskip("loky")
    assert [place("", jobs).on for jobs in (1, 2)] == ["serial", "loky"]
    with pytest.raises(UsageError, match="processes do not have what this session has added; loky sends it"):
        place("processes", 2)


def test_session_stays_in_one_process_where_nothing_can_send_it(
    added: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cloudpickle")
    added.LOCK = threading.Lock()  # type: ignore[attr-defined]
    assert place("", 2).on == "serial"
    assert "running in one process: what this session has added cannot be sent" in capsys.readouterr().err


@pytest.fixture
def packed() -> Iterator[luggage.Luggage]:
    """What this process has; afterwards it has it again."""
    yield luggage.pack()
    luggage.pack()


@pytest.mark.parametrize(("name", "says"), [("code", "has virtlab"), ("python", "has Python")])
def test_worker_with_another_version_is_refused(name: str, says: str, packed: luggage.Luggage) -> None:
    with pytest.raises(RunError, match=f"{says} .*, this process has 0.0: .*start it"):
        luggage.unpack(packed._replace(**{name: "0.0"}))


def test_cluster_with_another_version_is_refused(cluster: str, packed: luggage.Luggage) -> None:
    with pytest.raises(UsageError, match=r"tcp://\S+: the worker on .* has virtlab .*install the same version there"):
        Dask(cluster, packed._replace(code="0.0"))


def test_cluster_without_workers_is_refused(packed: luggage.Luggage) -> None:
    with empty_cluster() as address, pytest.raises(UsageError, match="has no workers; start some: dask worker tcp://"):
        Dask(address, packed, workers_within_s=0.1)


def test_batch_ends_where_the_scheduler_does(packed: luggage.Luggage) -> None:
    with empty_cluster(workers=1) as address:
        workers = Dask(address, packed)
        future = workers.submit(time.sleep, 0.3)
    with pytest.raises(RunError, match=r"the scheduler at tcp://.* is lost; what has finished is kept"):
        future.result(timeout=30)
    workers.stop()


def test_batch_ends_when_there_are_no_workers_for_long(
    packed: luggage.Luggage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.batch.executors.dask.LOOK_EVERY_S", 0.02)
    with empty_cluster(workers=1) as address:
        workers = Dask(address, packed, workers_within_s=0.5)
        workers._client.retire_workers(close_workers=True)
        with pytest.raises(RunError, match=r"has had no workers for .* what has finished is kept"):
            workers.submit(int).result(timeout=30)
        workers.stop()


@contextmanager
def empty_cluster(workers: int = 0) -> Iterator[str]:
    """The address of a scheduler in this process, with so many workers in it."""
    pytest.importorskip("distributed")
    import dask
    from distributed import LocalCluster

    here = {"processes": False, "protocol": "tcp", "dashboard_address": ":0", "silence_logs": 60}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 3}),
        LocalCluster(n_workers=workers, threads_per_worker=1, **here) as started,
    ):
        yield started.scheduler_address


def test_nobody_answers(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        commands = rf"\n  dask scheduler\n  dask worker {address} --nthreads 1"
        with pytest.raises(UsageError, match=rf"no Dask scheduler answers at {address} .*{commands}"):
            start(tmp_path, address, None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("on", "jobs", "says"),
    [
        ("process", None, "did you mean 'processes'?"),
        ("the moon", None, "there are dask, loky, mpi, processes, serial (or the address of a Dask scheduler"),
        ("serial", 0, "0 jobs cannot run anything"),
        ("tcp://localhost", None, "give host and port"),
        ("tcp://localhost:port", None, "give host and port"),
        ("tcp://localhost:8786", 2, "has workers of its own; leave out --jobs"),
        ("mpi", 2, "mpiexec says how many processes there are; leave out --jobs"),
        ("mpi", None, "use: mpiexec -n 4 python -m mpi4py.futures -m simulator run SCENARIO --on mpi"),
    ],
)
def test_what_cannot_be_meant(on: str, jobs: int | None, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in LIBRARIES:
        monkeypatch.setattr(f"simulator.batch.executors.{kind}.find_spec", lambda name: object())
    with pytest.raises(UsageError, match=re.escape(says)):
        place(on, jobs)


@pytest.mark.parametrize("on", ["dask", "tcp://localhost:8786", "loky", "mpi"])
def test_library_is_not_installed(on: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in LIBRARIES:
        monkeypatch.setattr(f"simulator.batch.executors.{kind}.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"is not installed; pip install 'virtlab\[(distributed|mpi)\]'"):
        place(on, None)


class Idle(Workers):
    """Workers of whom only the number counts."""

    SHARES_DISK = False

    def __init__(self, size: int) -> None:
        self.size = size

    def stop(self) -> None: ...


def pieces(size: int, runs: int, run_s: float) -> list[int]:
    """How many runs each piece has when every one takes so long."""
    workers = Idle(size)
    chunks = Chunks([Task({}, number) for number in range(runs)], workers)
    found = []
    while chunks:
        found.append(len(chunks.next()))
        chunks.learn(Report([("", "")] * found[-1], found[-1] * run_s))
    return found


def test_pieces_grow_with_the_workers_and_shrink_towards_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Idle, "HANDOVER_S", 0.005)
    few, many = pieces(2, 1000, 0.025), pieces(100, 100_000, 0.025)
    assert (few[0], max(few), sum(few)) == (1, 10, 1000)
    assert (
        max(many) == 80
    )  # two seconds: a hundred workers hand in fifty pieces a second, a quarter of the parent's time
    assert few[-10:] == sorted(few[-10:], reverse=True) and few[-3:] == [1, 1, 1]
