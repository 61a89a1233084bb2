"""A batch that is killed at random moments, again and again, ends with the tables of an undisturbed one.

Fifty kills with ``kill -9``: of the process that was started, of its whole process group, of one of its workers, in the
middle of runs or of merging. Each is followed by the same command. ``KILLED_SEED`` sets other moments.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.batch import merging, segments
from simulator.records import TABLES

ROOT = Path(__file__).parents[2]
SEED = int(os.environ.get("KILLED_SEED", "9"))
KILLS = 50
RUNS = 40
RUN_S = 0.01
LONGEST_S = 60.0
ENDINGS = ("csv", "parquet")
TABLE_FILES = {f"{table}.{ending}" for table in TABLES for ending in ENDINGS}
DECLARED = {"manifest.json", "points.json", "failures.json", "run_times.json"} | TABLE_FILES


class Life:
    """One process that works at a batch, until it ends or is killed."""

    def __init__(self, nursery: subprocess.Popen[str], out: Path, log: Path, jobs: int) -> None:
        assert nursery.stdin is not None and nursery.stdout is not None
        self._answers = nursery.stdout
        nursery.stdin.write(json.dumps([str(out), str(log), jobs]) + "\n")
        nursery.stdin.flush()
        self.pid = int(self._answers.readline())

    def over(self) -> bool:
        return bool(select.select([self._answers], [], [], 0)[0])

    def end(self) -> int:
        assert select.select([self._answers], [], [], LONGEST_S)[0], "it does not end"
        return int(self._answers.readline())


class Batch:
    """A batch in the hands of somebody who kills it."""

    def __init__(self, nursery: subprocess.Popen[str], place: Path) -> None:
        self._nursery, self.out, self.log = nursery, place / "out", place / "log"
        self.known: dict[str, int] = {}
        place.mkdir()

    def begin(self, jobs: int) -> Life:
        return Life(self._nursery, self.out, self.log, jobs)

    def look(self) -> None:
        """Notes how often runs have been executed that are recorded."""
        executed = self.executions()
        for kept in self.out.glob(f"short/*/{merging.SEGMENTS}"):
            for name in segments.Records(kept).look().ended:
                self.known.setdefault(name, executed[name])

    def executions(self) -> Counter[str]:
        return Counter(self.log.read_text().split()) if self.log.exists() else Counter()

    def check(self, undisturbed: dict[str, bytes]) -> None:
        executed = self.executions()
        assert len(executed) == RUNS
        assert {name: executed[name] for name in self.known} == self.known, "a recorded run was executed again"
        found = self.files()
        assert set(found) ^ DECLARED == set()
        assert [name for name in undisturbed if found[name] != undisturbed[name]] == []

    def files(self) -> dict[str, bytes]:
        (folder,) = self.out.glob("short/*")
        return {path.name: path.read_bytes() if path.is_file() else b"" for path in folder.iterdir()}


def descendants(root: int) -> list[int]:
    """Workers that have been started by a process, and what has started them."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = [root]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return [each for each in found[1:] if not is_tracker(each)]


def run_something(root: int) -> list[int]:
    """Those of them that execute runs: not the server that they are forked from."""
    found = set(descendants(root))
    parents = {}
    for each in found:
        with suppress(OSError):
            parents[each] = int(Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[1])
    return sorted(each for each, parent in parents.items() if parent in found)


def lives(process: int) -> bool:
    """Whether it does anything still, and does not only wait for somebody to take notice of its end."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def is_tracker(process: int) -> bool:
    """Whether it is what ``multiprocessing`` has to clean up: it does no work, and says much when it is killed."""
    try:
        return b"resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for(happened: Callable[[], bool]) -> None:
    begin = time.monotonic()
    while not happened():
        assert time.monotonic() - begin < LONGEST_S, "it does not happen"
        time.sleep(0.002)


def wait_a_moment(batch: Batch, life: Life, luck: random.Random) -> None:
    """Until some more runs have been executed, or all and they are being merged, and a little longer."""
    if luck.random() < 0.75:
        wanted = batch.executions().total() + luck.choice((0, 1, 2, 5))
        wait_for(lambda: batch.executions().total() >= wanted or life.over())
        time.sleep(2 * RUN_S * luck.random())
    else:
        wait_for(lambda: len(batch.executions()) == RUNS or life.over())
        time.sleep(0.2 * luck.random())


def kill(batch: Batch, life: Life, luck: random.Random) -> int:
    """Kills one of the workers or none, then the parent alone or all; says how often it has killed.

    One worker in a life: a run whose worker is killed twice would rightly be taken for the one to blame.
    """
    kills = 0
    wait_a_moment(batch, life, luck)
    workers = descendants(life.pid)
    victims = run_something(life.pid)
    if victims and luck.random() < 0.5:
        with suppress(ProcessLookupError):
            os.kill(luck.choice(victims), signal.SIGKILL)
            kills += 1
        wait_a_moment(batch, life, luck)
        workers += descendants(life.pid)
    if life.over():
        return kills
    with suppress(ProcessLookupError):
        (os.kill if luck.random() < 0.4 else os.killpg)(life.pid, signal.SIGKILL)
        kills += 1
    wait_for(lambda: not any(lives(worker) for worker in workers))
    return kills


@pytest.fixture
def nursery() -> Iterator[subprocess.Popen[str]]:
    paths = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}
    code = "import short_runs; short_runs.nurse()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, text=True, **pipes) as process:
        yield process


@pytest.mark.timeout(400)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for workers to kill in /proc")
def test_killed_again_and_again(tmp_path: Path, nursery: subprocess.Popen[str]) -> None:
    print(f"to see it again: KILLED_SEED={SEED}")
    luck = random.Random(SEED)
    whole = Batch(nursery, tmp_path / "undisturbed")
    assert whole.begin(jobs=1).end() == 0
    undisturbed = {name: data for name, data in whole.files().items() if name in TABLE_FILES}
    kills = batches = 0
    while kills < KILLS:
        batch = Batch(nursery, tmp_path / str(batches))
        code = None
        while code != 0 and kills < KILLS:
            life = batch.begin(luck.choice((1, 1, 2, 3)))
            kills += kill(batch, life, luck)
            code = life.end()
            assert code in (0, -signal.SIGKILL)
            batch.look()
        if code != 0:
            assert batch.begin(jobs=2).end() == 0
        batch.check(undisturbed)
        batches += 1
    print(f"{kills} kills of {batches} batches")
