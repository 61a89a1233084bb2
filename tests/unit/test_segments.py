"""Segments, the lock and the commands that repeat: each alone."""

from __future__ import annotations

import csv
import errno
import io
import math
import os
import random
import shlex
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import lock, repeating, segments
from simulator.batch.lock import Lock
from simulator.batch.segments import FAILED, OK, STARTED, Records, Segment, record
from simulator.batch.worker import Task
from simulator.errors import ResultsError, StorageError
from simulator.scenario import Scenario, load

SMALL: Mapping[str, Any] = {
    "machine": "dell-2650", "stacks": {"native": "linux-2.4 |"}, "tenants": {"app": {"workload": "spin"}},
    "duration": "1 s",
}  # fmt: skip


def put(folder: Path, *lines: bytes) -> Path:
    segment = Segment(folder)
    for line in lines:
        segment.append(line)
    segment.close()
    return segment.path


def test_any_cut_of_a_segment_loses_no_whole_record(tmp_path: Path) -> None:
    lines = [record(f"p0000-r{n:04d}", OK, {"n": "x" * n}) for n in range(5)]
    path = put(tmp_path, *lines)
    data = path.read_bytes()
    for end in range(len(data) + 1):
        path.write_bytes(data[:end])
        whole = sum(len(b"".join(lines[: n + 1])) <= end for n in range(5))
        assert len(Records(tmp_path).look().ended) == whole


def test_damage_anywhere_is_seen(tmp_path: Path) -> None:
    lines = [record(f"p0000-r{n:04d}", OK, {"n": n}) for n in range(3)]
    path = put(tmp_path, *lines)
    data, luck = path.read_bytes(), random.Random(1)
    for place in range(len(lines[0]), len(lines[0]) + len(lines[1])):
        changed = bytearray(data)
        changed[place] ^= 1 << luck.randrange(8)
        path.write_bytes(changed)
        assert set(Records(tmp_path).look().ended) - {"p0000-r0000"} <= {"p0000-r0002"}


def test_second_look_reads_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    parse = segments._parse
    monkeypatch.setattr(segments, "_parse", lambda line: parsed.append(line) or parse(line))
    segment, records = Segment(tmp_path), Records(tmp_path)
    for n in range(4):
        segment.append(record(f"p0000-r{n:04d}", STARTED, None))
        segment.append(record(f"p0000-r{n:04d}", OK, {}))
        assert len(records.look().look().ended) == n + 1
    assert len(parsed) == 8 and not records.begun
    segment._write(record("p0000-r0009", OK, {})[:-4])
    assert len(records.look().ended) == 4
    segment.close()
    segment.path.unlink()
    assert records.look().ended == {}, "what has been removed is not remembered"


@pytest.mark.parametrize("first", [0, 1])
def test_run_recorded_twice_counts_once(tmp_path: Path, first: int) -> None:
    """In any order, and a worker that was taken for dead is believed when it comes back."""
    one, two = record("p0000-r0000", OK, {"v": 1}), record("p0000-r0001", FAILED, {"v": 2})
    late = record("p0000-r0001", OK, {"v": 3})
    halves = [(one, two), (late, one)]
    for each in (halves[first], halves[1 - first]):
        put(tmp_path, *each)
    records = Records(tmp_path).look()
    assert {run: (place.mark, segments.content(place)["v"]) for run, place in records.ended.items()} == {
        "p0000-r0000": (OK, 1), "p0000-r0001": (OK, 3),
    }  # fmt: skip


def test_threads_of_a_worker_share_its_segment(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for n in range(50):
            segments.own(tmp_path).append(record(f"p{number:04d}-r{n:04d}", OK, {"x": "y" * 5000}))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    segments.close(tmp_path)
    assert len(Records(tmp_path).look().ended) == 200


def test_worker_that_outlives_its_batch_begins_a_new_segment(tmp_path: Path) -> None:
    old = segments.own(tmp_path)
    assert segments.own(tmp_path) is old
    old.path.unlink()
    segments.own(tmp_path).append(record("p0000-r0000", OK, {}))
    assert set(Records(tmp_path).look().ended) == {"p0000-r0000"}
    segments.close(tmp_path)
    with pytest.raises(StorageError, match="see who has moved or removed it"):
        segments.own(tmp_path / "gone")


def test_record_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = put(tmp_path, record("p0000-r0000", OK, {"v": 1}))
    place = Records(tmp_path).look().ended["p0000-r0000"]
    path.write_bytes(path.read_bytes().replace(b"1}", b"2}"))
    with pytest.raises(StorageError, match="has changed while it was read"):
        segments.content(place)


def test_numbers_have_the_same_text_in_a_record_and_in_a_table(tmp_path: Path) -> None:
    """Whether they are parsed on the way or not."""
    luck = random.Random(1)
    row: list[object] = [0.1, 1 / 3, -0.0, 1.0, 1e16, 1e-5, 1e22, 1e100, 5e-324, math.inf, -math.inf, math.nan]
    row += [7, 10**30, True, "", None]
    row += [luck.uniform(-1, 1) * 10.0 ** luck.randint(-300, 300) for _ in range(1000)]
    put(tmp_path, record("p0000-r0000", OK, {"tables": {"runs": [row]}}))
    place = Records(tmp_path).look().ended["p0000-r0000"]
    as_texts = segments.content(place, str)["tables"]["runs"][0]
    assert as_texts[:2] == ["0.1", repr(1 / 3)]
    assert _written(as_texts) == _written(segments.content(place)["tables"]["runs"][0]) == _written(row)


def _written(row: Sequence[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(row)
    return text.getvalue()


def test_lock_leaves_nothing_behind_and_survives_its_file(tmp_path: Path) -> None:
    mine = f"process {os.getpid()} is working in this folder"
    with Lock(tmp_path), pytest.raises(ResultsError, match=mine), Lock(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / lock.NAME).write_text("process 1 on another machine, killed")
    with Lock(tmp_path):
        pass


def test_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_take", none)
    with Lock(tmp_path), pytest.raises(ResultsError, match=r"is working in this folder, or was killed.*remove .*claim"):
        Lock(tmp_path).__enter__()
    assert list(tmp_path.iterdir()) == []
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    (tmp_path / lock.CLAIM).write_text(f"process {gone.stdout.decode().strip()}{lock._here()}")
    with Lock(tmp_path):
        pass
    (tmp_path / lock.CLAIM).write_text("process 1 on another machine")
    with pytest.raises(ResultsError, match="process 1 on another machine is working"), Lock(tmp_path):
        pass


def written(folder: Path, name: str = "small.yaml") -> Path:
    import yaml

    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": 1, **SMALL}))
    return path


def test_command_is_the_one_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, "a b/my small.yaml")
    scenario = load("a b/my small.yaml", overrides={"seed": 7, "replications": 2})
    task = Task(scenario.points()[0], 1)
    given = "virtlab run 'a b/my small.yaml' --seed 7 --replications 2"
    assert repeating.repeat(scenario, task) == f"repeat: {given} --only p0000-r0001"
    assert repeating.command(scenario, Path("results")) == given
    assert repeating.command(scenario, Path("my out")) == f"{given} --out 'my out'"
    assert shlex.split(given)[2] == "a b/my small.yaml"
    monkeypatch.chdir("/")
    assert scenario.command.startswith("virtlab run '") and str(tmp_path).lstrip("/") in scenario.command
    assert load(scenario, overrides={"seed": 8}).command.endswith("--seed 8 --replications 2")


def test_what_is_no_file_is_repeated_in_python(tmp_path: Path) -> None:
    scenarios = [
        Scenario.from_mapping(SMALL), load(written(tmp_path).read_text()),
        load(written(tmp_path), overrides={"tenants.app": {"workload": "spin", "weight": 2}}),
    ]  # fmt: skip
    for scenario in scenarios:
        assert scenario.command == ""
        how = repeating.repeat(scenario, Task(scenario.points()[0], 0))
        assert how.startswith("repeat in Python: simulator.batch.run_only(scenario, 'p0000-r0000')")
        assert "simulator.run(scenario, out='elsewhere')" in repeating.command(scenario, Path("elsewhere"))
    assert repeating.repeat(scenarios[0], Task({"differs": "point 3 with a = 1"}, 0)) == "point 3 with a = 1"
