"""A batch of 400 runs of about 50 ms on each executor against one process, and what a batch costs beside its runs.

usage: python benchmarks/batches.py [--quick]

All executors run the same batch in turn, in each round; a ratio is taken within the round. Machines are shared, so
there are two numbers for each: the ratio of the times on the clock, and the one that two processors would show if they
did nothing else: processor time of the runs, wherever they run, and of this process, which hands them out. A cluster
is started before the clock is, as anybody's would be. The last line is everything as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from measuring import Spread, child_environment  # noqa: E402

from simulator import batch  # noqa: E402
from simulator.experiment import run_point  # noqa: E402
from simulator.garbage import collect_seldom  # noqa: E402
from simulator.scenario import load  # noqa: E402

SCENARIO = HERE.parent / "scenarios" / "noisy-neighbour.yaml"
TIMED = "batches:timed"
WORKERS = 2
LONG_S, SHORT_S = 0.050, 0.025
CANDIDATES = 8
TARGETS = {"processes": 1.85, "dask": 0.8 * 1.85}
OVERHEAD = 0.05


def timed(point: dict[str, Any], replication: int) -> dict[str, Any]:
    """One run; the processor time that it took is noted in the point's log."""
    begin_s = process_time()
    found = run_point(point, replication)
    with open(point["log"], "a") as log:
        log.write(f"{process_time() - begin_s!r}\n")
    return found


@dataclass
class Only:
    """A batch of one point."""

    point: dict[str, Any]
    replications: int
    name: str = "benchmark"
    title: str = "benchmark"
    text: str = ""
    hash: str = ""
    seed: int = 1
    baseline: None = None
    stopping: None = None

    def points(self, catalog: Any, /) -> list[dict[str, Any]]:
        """The point."""
        return [self.point]


@dataclass(frozen=True)
class Took:
    """What a batch took: on the clock, and of processors in this process and within the runs."""

    wall_s: float
    own_cpu_s: float
    runs_cpu_s: float

    def over(self, serial: Took) -> tuple[float, float]:
        """How many times as fast as in one process: on the clock, and if nobody else used the processors."""
        if self is serial:
            return 1.0, 1.0
        return serial.wall_s / self.wall_s, serial.own_cpu_s * WORKERS / (self.own_cpu_s + self.runs_cpu_s)


def chosen(wanted_s: float) -> dict[str, Any]:
    """The point of a shipped scenario whose run takes most nearly so long."""

    def away_s(point: dict[str, Any]) -> float:
        run_point(point, 0)  # warm
        begin_s = process_time()
        run_point(point, 1)
        return abs(process_time() - begin_s - wanted_s)

    return min(load(SCENARIO).points()[:CANDIDATES], key=away_s)


def once(on: str, point: dict[str, Any], runs: int) -> Took:
    """The batch on one executor, from nothing to its tables."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        scenario = Only({**point, "log": str(log)}, runs)
        jobs = None if "://" in on or on == "mpi" else WORKERS
        begin_s, begin_cpu_s = perf_counter(), process_time()
        batch.run(scenario, out=folder, on=on, jobs=jobs, catalog=object(), target=TIMED)
        own_s = process_time() - begin_cpu_s
        return Took(perf_counter() - begin_s, own_s, sum(map(float, log.read_text().split())))


def by_mpi(point: dict[str, Any], runs: int) -> Took:
    """The same in a program of MPI: this process's start and end are not in it, as a cluster's are not."""
    with TemporaryDirectory() as folder:
        written = Path(folder, "point.json")
        written.write_text(json.dumps(point))
        program = [sys.executable, "-m", "mpi4py.futures", __file__, "--mpi", str(written), str(runs)]
        command = [str(mpiexec()), "-n", str(WORKERS + 1), *program]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, env=child_environment())
    return Took(*json.loads(ended.stdout.splitlines()[-1]))


def mpiexec() -> str | None:
    """The launcher, where mpi4py is too."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return shutil.which("mpiexec", path=path) if find_spec("mpi4py") else None


@contextmanager
def executors() -> Iterator[dict[str, Callable[[dict[str, Any], int], Took]]]:
    """Every executor that is installed, one process first."""

    def on(where: str) -> Callable[[dict[str, Any], int], Took]:
        return lambda point, runs: once(where, point, runs)

    ways = {name: on(name) for name in ("serial", "processes", *(["loky"] if find_spec("loky") else []))}
    if mpiexec():
        ways["mpi"] = by_mpi
    if not find_spec("distributed"):
        yield ways
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as cluster:
        yield {**ways, "dask": on(cluster.scheduler_address)}


def measure(quick: bool = False) -> dict[str, Any]:
    """Everything, with the rows of the targets."""
    runs, rounds = (16, 1) if quick else (400, 3)
    point = chosen(LONG_S)
    took: dict[str, list[Took]] = {}
    once("serial", point, 2)  # warm
    with executors() as ways:
        for number in range(rounds):
            for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
                took.setdefault(name, []).append(ways[name](point, runs))
    rows = {name: _row(took["serial"], found) for name, found in took.items()}
    short = chosen(SHORT_S)
    overheads = [overhead(short, 8 if quick else 400) for _ in range(rounds)]
    return {
        "run_cpu_ms": min(found.runs_cpu_s for found in took["serial"]) / runs * 1e3,
        "runs": runs,
        "executors": rows,
        "overhead": {"clock": [each[0] for each in overheads], "processor": [each[1] for each in overheads]},
        "targets": [
            *(
                _target(f"400 runs of 50 ms on two: {name}, over one process", least, "least", rows[name]["processor"])
                for name, least in TARGETS.items()
                if name in rows
            ),
            _target(
                "a batch of runs of 25 ms in one process, beside the runs", OVERHEAD, "most", [e[1] for e in overheads]
            ),
        ],
    }


def overhead(point: dict[str, Any], runs: int) -> tuple[float, float]:
    """What a batch in one process costs beside a bare loop over its runs, for each as a share of 25 ms.

    No shipped scenario has runs of just that length; what is beside a run hardly depends on how long it takes.
    """
    with TemporaryDirectory() as folder:
        once("serial", point, 2)  # warm
        point = {**point, "log": str(Path(folder, "log"))}
        begin_s, begin_cpu_s = perf_counter(), process_time()
        for replication in range(runs):
            timed(point, replication)
        bare_s, bare_cpu_s = perf_counter() - begin_s, process_time() - begin_cpu_s
    took = once("serial", point, runs)
    return (took.wall_s - bare_s) / runs / SHORT_S, (took.own_cpu_s - bare_cpu_s) / runs / SHORT_S


def _row(serial: list[Took], found: list[Took]) -> dict[str, Any]:
    ratios = [each.over(other) for each, other in zip(found, serial, strict=True)]
    return {
        "wall_s": [each.wall_s for each in found],
        "own_cpu_s": [each.own_cpu_s for each in found],
        "runs_cpu_s": [each.runs_cpu_s for each in found],
        "clock": [clock for clock, _ in ratios],
        "processor": [processor for _, processor in ratios],
    }


def _target(says: str, limit: float, bound: str, rounds: list[float]) -> dict[str, Any]:
    return {"target": "batches", "says": says, "limit": limit, "bound": bound, "rounds": rounds}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few runs, once each")
    parser.add_argument("--mpi", nargs=2, metavar=("POINT", "RUNS"), help="one batch within a program of MPI")
    asked = parser.parse_args()
    collect_seldom()  # as the command line does, and workers: it is no merit of two processes
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if asked.mpi:
        took = once("mpi", json.loads(Path(asked.mpi[0]).read_text()), int(asked.mpi[1]))
        print(json.dumps([took.wall_s, took.own_cpu_s, took.runs_cpu_s]))
        return
    found = measure(asked.quick)
    print(f"{found['runs']} runs of {found['run_cpu_ms']:.0f} ms on {WORKERS} workers, times as fast as one process")
    for name, row in found["executors"].items():
        clock, processor = Spread.of(row["clock"]).median, Spread.of(row["processor"]).median
        print(f"{name:>10}: {clock:.2f} on the clock, {processor:.2f} by processor time")
    for kind, shares in found["overhead"].items():
        print(f"beside runs of 25 ms in one process: {100 * Spread.of(shares).median:.1f} % ({kind})")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
