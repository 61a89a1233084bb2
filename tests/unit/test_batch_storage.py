"""Storage that fails: full, limited, read-only, vanished. Nothing finished is lost, nothing torn, and one sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_batch import HERE, TARGET, FakeScenario, Watcher, bytes_of, manifest_in, start

from simulator.batch import merging, segments, storage
from simulator.errors import ResultsError, StorageError, UsageError
from simulator.results import load
from simulator.results.folder import csv_path, finished

LIMITED = """
import resource, sys
sys.path[:0] = {path!r}
import test_batch
from pathlib import Path

class Limiting(test_batch.Watcher):
    def advance(self, run_id, status):
        super().advance(run_id, status)
        if len(self.calls) == {runs}:
            resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))

from simulator.errors import StorageError
here = Path({here!r})
try:
    test_batch.start(test_batch.FakeScenario(here / "log"), here / "out", jobs=1, watcher=Limiting())
except StorageError as error:
    print(error)
"""


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeScenario:
    monkeypatch.syspath_prepend(HERE)
    return FakeScenario(tmp_path / "log")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Makes a disk of so many bytes."""
    place = tmp_path / "disk"
    place.mkdir()

    def made(size_bytes: int) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no disk can be mounted here")
        return place

    yield made
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def fill(disk: Path, free_bytes: int) -> Path:
    """Fills a disk up to so much."""
    ballast = disk / "ballast"
    found = os.statvfs(disk)
    ballast.write_bytes(b"\0" * (found.f_bavail * found.f_frsize - free_bytes))
    return ballast


def test_record_that_cannot_be_written_costs_no_other(small_disk: Callable[[int], Path]) -> None:
    disk = small_disk(1 << 16)
    segment = segments.own(disk)
    segment.append(segments.record("p0000-r0000", segments.OK, {"a": 1}))
    ballast = fill(disk, 4096)
    with pytest.raises(StorageError, match=r"No space left on device, 4 KiB free; free some space and run the same"):
        segment.append(segments.record("p0000-r0001", segments.OK, {"a": "x" * 20000}))
    ballast.unlink()
    with pytest.raises(StorageError, match="an earlier record could not be written"):
        segment.append(segments.record("p0000-r0002", segments.OK, {}))
    assert segment.path.read_bytes().endswith(b"\n"), "cut back to the last whole record"
    again = segments.own(disk)
    again.append(segments.record("p0000-r0003", segments.OK, {}))
    assert again.path != segment.path and set(segments.Records(disk).look().ended) == {"p0000-r0000", "p0000-r0003"}
    segments.close(disk)


@pytest.mark.parametrize("jobs", [1, 2])
def test_full_disk_while_runs_are_recorded(
    scenario: FakeScenario, tmp_path: Path, small_disk: Callable[[int], Path], jobs: int
) -> None:
    whole = start(scenario, tmp_path / "whole")
    scenario.log.unlink()
    disk = small_disk(1 << 20)
    watcher = Filling(disk)
    with pytest.raises(StorageError, match=f"{disk}.*No space left.*free some space and run the same command again"):
        start(scenario, disk, jobs, watcher)
    kept = {call[0] for call in watcher.calls if call[-1] == "ok"}
    assert kept and watcher.calls[-1] == ("finish",)
    (disk / "ballast").unlink()
    scenario.log.write_text("")  # workers may have recorded every run before this process filled the disk
    results = start(scenario, disk, jobs)
    assert bytes_of(results.folder) == bytes_of(whole.folder) and not kept & set(scenario.executions())


class Filling(Watcher):
    """Fills the disk after a few runs."""

    def __init__(self, disk: Path) -> None:
        super().__init__()
        self.disk = disk

    def advance(self, run_id: str, status: str) -> None:
        super().advance(run_id, status)
        if len(self.calls) == 4:
            for path in self.disk.rglob("*.seg"):
                with path.open("ab") as file:  # until a page of a file is full, it takes more without asking
                    file.write(b" " * (-path.stat().st_size % 4096))
            with contextlib.suppress(OSError), (self.disk / "ballast").open("wb", buffering=0) as file:
                while file.write(b"\0" * 4096):
                    pass


def test_full_disk_while_tables_are_written(
    scenario: FakeScenario, tmp_path: Path, small_disk: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = start(scenario, tmp_path / "whole")
    disk = small_disk(1 << 20)
    look = merging.TableFiles.__enter__

    def full(files: Any) -> Any:
        fill(disk, 8192)
        return look(files)

    with monkeypatch.context() as patch:
        patch.setattr(merging.TableFiles, "__enter__", full)
        with pytest.raises(StorageError, match="No space left"):
            start(scenario, disk)
    (folder,) = disk.glob("fake/*")
    assert not list(folder.glob(".*.tmp")) and not list(folder.glob("*.csv")) and not finished(folder)
    (disk / "ballast").unlink()
    scenario.log.unlink()
    assert bytes_of(start(scenario, disk).folder) == bytes_of(whole.folder) and not scenario.log.exists()


@pytest.mark.parametrize(("runs", "limit"), [(4, 3000), (17, 300)])
def test_limit_on_the_size_of_files(scenario: FakeScenario, tmp_path: Path, runs: int, limit: int) -> None:
    path = [str(HERE), str(HERE.parents[1])]
    code = LIMITED.format(path=path, limit=limit, here=str(tmp_path), runs=runs)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert "File too large; raise the limit on the size of a file (ulimit -f) and run the same" in done.stdout, done
    assert done.stderr == "" and manifest_in(tmp_path / "out")["status"] == "running"
    start(scenario, tmp_path / "out")
    assert len(scenario.executions()) == 16
    assert scenario.executions().total() <= 17, "at most the run whose record was torn is executed again"


def test_folder_that_cannot_be_written_from_the_first(scenario: FakeScenario, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "under", Path("/proc/nowhere")):
        with pytest.raises(UsageError, match=r"cannot be written: .*; choose another place \(--out\)"):
            start(scenario, out)
    assert (tmp_path / "file").read_text() == "mine" and not scenario.log.exists()


def test_finished_batch_on_a_read_only_disk_is_loaded(
    scenario: FakeScenario, tmp_path: Path, small_disk: Callable[[int], Path]
) -> None:
    disk = small_disk(1 << 20)
    first = start(scenario, disk)
    (first.folder / ".runs.csv.0.tmp").touch()
    if subprocess.run(["mount", "-o", "remount,ro", str(disk)], capture_output=True, check=False).returncode:
        pytest.skip("a disk cannot be made read-only here")
    assert start(scenario, disk).status == "ok"
    scenario.seed = 2
    with pytest.raises(UsageError, match="Read-only file system; choose another place"):
        start(scenario, disk)


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", "\xff", '{"schema_version": 1}'])
def test_damaged_manifest_is_as_good_as_none(scenario: FakeScenario, tmp_path: Path, damage: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        start(scenario, tmp_path, watcher=Watcher(interrupt_after=5))
    (manifest,) = tmp_path.glob("fake/*/manifest.json")
    manifest.write_bytes(damage.encode("latin-1"))
    assert start(scenario, tmp_path).status == "ok"
    assert set(scenario.executions().values()) == {1}


@pytest.mark.parametrize("name", ["runs.csv", "tenants.parquet", "points.json"])
def test_torn_table_of_a_finished_batch_is_written_anew(scenario: FakeScenario, tmp_path: Path, name: str) -> None:
    first = start(scenario, tmp_path)
    before = bytes_of(first.folder)
    (first.folder / name).unlink() if name.endswith("json") else (first.folder / name).write_bytes(b"")
    with pytest.raises(ResultsError, match=f"{name} missing or not as it was written; write it anew: virtlab run"):
        load(first.folder)
    assert bytes_of(start(scenario, tmp_path).folder) == before


def test_what_a_kill_after_the_end_has_left_is_removed(scenario: FakeScenario, tmp_path: Path) -> None:
    first = start(scenario, tmp_path)
    names = {path.name for path in first.folder.iterdir()}
    for litter in (".runs.csv.0.tmp", ".manifest.json.tmp", ".lock"):
        (first.folder / litter).touch()
    (first.folder / merging.SEGMENTS).mkdir()
    (first.folder / merging.SEGMENTS / "1-0.seg").touch()
    start(scenario, tmp_path)
    assert {path.name for path in first.folder.iterdir()} == names
    assert not any(path.name.startswith(".") for path in first.folder.iterdir()) and merging.SEGMENTS not in names


def test_records_removed_while_at_work_are_told(scenario: FakeScenario, tmp_path: Path) -> None:
    class Remover(Watcher):
        def finish(self) -> None:
            shutil.rmtree(next(tmp_path.glob("fake/*/replications")))

    with pytest.raises(StorageError, match="the records of 16 runs have been removed while it"):
        start(scenario, tmp_path, watcher=Remover())
    assert start(scenario, tmp_path).status == "ok"


@pytest.mark.parametrize(
    ("code", "remedy"),
    [(errno.EDQUOT, "make room in your quota"), (errno.EIO, "see to its disk"), (errno.ESTALE, "still mounted")],
)
def test_each_error_has_its_remedy(tmp_path: Path, code: int, remedy: str) -> None:
    with pytest.raises(StorageError, match=remedy), storage.guarded(tmp_path / "not" / "there"):
        raise OSError(code, os.strerror(code))


def test_error_of_the_disk_is_no_failure_of_a_run(
    scenario: FakeScenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(segments, "SYNC_EVERY_S", 0.0)
        patch.setattr(os, "fsync", broken)
        with pytest.raises(StorageError, match="Input/output error"):
            start(scenario, tmp_path)
    results = start(scenario, tmp_path)
    assert results.status == "ok" and csv_path(results.folder, "runs").exists() and results.exit_code == 0


STEPS = """
import os, sys
sys.path[:0] = {path!r}
import test_batch, pyarrow.csv, pyarrow.parquet
from pathlib import Path
from simulator.batch.version import code_version, library_versions
from simulator.results.folder import finished
code_version(), library_versions()
here = Path({here!r})
ends, step = [], 0
while 0 not in ends and step < 200:
    step += 3
    child = os.fork()
    if not child:
        left = [step]
        def dying(call):
            def called(*arguments, **more):
                left[0] -= 1
                if not left[0]:
                    os._exit(9)
                return call(*arguments, **more)
            return called
        os.replace, os.unlink, os.fsync = map(dying, (os.replace, os.unlink, os.fsync))
        test_batch.start(test_batch.FakeScenario(here / "log"), here / "out")
        os._exit(0)
    ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    for folder in here.glob("out/fake/*"):
        if finished(folder):
            tables = sorted(path.name for path in folder.iterdir() if path.suffix in (".csv", ".parquet"))
            assert tables == sorted(test_batch.FILES), tables
            for name, data in test_batch.bytes_of(folder).items():
                assert data == (Path({whole!r}) / name).read_bytes(), name
print(len(ends), set(ends))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="cannot fork here")
def test_death_at_each_step_of_the_end_never_gives_a_finished_batch_that_is_not_whole(
    scenario: FakeScenario, tmp_path: Path
) -> None:
    whole = start(scenario, tmp_path / "whole").folder
    path = [str(HERE), str(HERE.parents[1])]
    code = STEPS.format(path=path, here=str(tmp_path), whole=str(whole))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stderr == ""
    number, ends = done.stdout.split(maxsplit=1)
    assert int(number) > 10 and ends.strip() in ("{0, 9}", "{9, 0}")


__all__ = ["TARGET"]
