"""Measuring: runs of many experiments at once, of which only the readings are kept.

Readings are stored as they come, one line for each run, under a digest of what decided it: what is stopped goes on
where it was, and the same experiment under the same code is never run twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from simulator.batch.executors import Workers, place
from simulator.batch.progress import Progress
from simulator.errors import RunError, UsageError
from simulator.validation import readings

Point = Mapping[str, Any]
_DIGITS = 24
_FORMAT = 2
"""Of what is kept of a run; another one makes older readings unknown."""


class Reading(NamedTuple):
    """What one run gave.

    Attributes:
        tenants: readings of each tenant.
        mechanisms: mechanisms of layers, by their part of all processor time.
        outcomes: how tenants ended that did not end well.
        error: why the run failed; empty if it did not.
    """

    tenants: dict[str, dict[str, float]]
    mechanisms: dict[str, float]
    outcomes: dict[str, str]
    error: str


class Run(NamedTuple):
    """One run to be measured, by its digest."""

    key: str
    point: Point
    replication: int


class Change(Protocol):
    """Makes another point of a point: a mechanism switched off, other numbers. Its name tells it from others."""

    name: str

    def __call__(self, point: Point, /) -> Point: ...


def runs(point: Point, replications: int, code: str) -> list[Run]:
    """The runs of a point; what only names it (its number, titles) decides nothing."""
    deciding = {name: value for name, value in point.items() if name not in ("point", "axes", "stack", "title")}
    text = json.dumps([deciding, code, _FORMAT], sort_keys=True)
    found = []
    for replication in range(replications):
        digest = hashlib.sha256(f"{text}{replication}".encode()).hexdigest()[:_DIGITS]
        found.append(Run(digest, point, replication))
    return found


def take(point: Point, replication: int) -> dict[str, Any]:
    """One run's readings; an exception inside it is its result. What a worker does."""
    from simulator.experiment import run_point

    try:
        tables = run_point(point, replication)["tables"]
    except Exception as error:
        return Reading({}, {}, {}, f"{type(error).__name__}: {error}")._asdict()
    return Reading(
        readings.read(tables), readings.mechanisms(tables), readings.outcomes(tables), ""
    )._asdict()  # fmt: skip


class Store:
    """Readings of finished runs, in a file to which lines are only ever added; a torn last line is left out.

    Args:
        path: the file; it is made with its folder when the first run has finished.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Reading] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._remember(line)

    def _remember(self, line: str) -> None:
        try:
            record = json.loads(line)
            self._found[record["key"]] = Reading(**record["reading"])
        except (ValueError, KeyError, TypeError):
            return

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def __getitem__(self, key: str) -> Reading:
        return self._found[key]

    def add(self, key: str, reading: Mapping[str, Any]) -> None:
        """Keep one run's readings; failed runs are not written, so that they are tried again."""
        self._found[key] = Reading(**reading)
        if reading["error"]:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                torn = file.tell() and not self._ends_whole(file)
                line = json.dumps({"key": key, "reading": reading}, sort_keys=True)
                file.write(f"{chr(10) if torn else ''}{line}\n".encode())
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written: {error.strerror}; choose another --out") from error

    @staticmethod
    def _ends_whole(file: Any) -> bool:
        file.seek(-1, os.SEEK_END)
        whole: bool = file.read(1) == b"\n"
        return whole


def measure(wanted: Iterable[Run], store: Store, jobs: int, progress: Progress) -> None:
    """Runs what the store does not have, whatever it takes, the longest points not known beforehand.

    Raises:
        RunError: worker processes die.
        KeyboardInterrupt: stopped; what has finished is kept.
    """
    every = list({run.key: run for run in wanted}.values())
    missing = [run for run in every if run.key not in store]
    progress.start(len(every), len(every) - len(missing))
    executor = place("", jobs).opened(len(missing))
    try:
        _drain(missing, store, executor, progress, 3 * jobs)
    except BrokenExecutor as error:
        executor.stop()
        raise RunError("a worker process was killed; run the command again, with --jobs 1 to see why") from error
    except BaseException:
        executor.stop()
        raise
    else:
        executor.shutdown()
    finally:
        progress.finish()


def _drain(missing: Sequence[Run], store: Store, executor: Workers, progress: Progress, most: int) -> None:
    left = list(reversed(missing))
    waiting: dict[Future[dict[str, Any]], Run] = {}
    while left or waiting:
        while left and len(waiting) < most:
            run = left.pop()
            waiting[executor.submit(take, run.point, run.replication)] = run
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            run, reading = waiting.pop(future), future.result()
            store.add(run.key, reading)
            progress.advance(f"{run.point['scenario']}, {run.point['stack']}", "failed" if reading["error"] else "ok")


def mean(store: Store, found: Sequence[Run], tenant: str, read: str) -> tuple[float, list[float]]:
    """The mean of a reading over the runs of a point, and each of them.

    Raises:
        RunError: a run failed, or gives no such reading; with the reason.
    """
    values = []
    for run in found:
        reading = store[run.key]
        if reading.error:
            raise RunError(reading.error)
        own = reading.tenants.get(tenant, {})
        if read not in own:
            how = "; ".join(reading.outcomes.values()) or "the run has no such number"
            raise RunError(f"no {read} of {tenant!r}: {how}")
        values.append(own[read])
    return sum(values) / len(values), values
