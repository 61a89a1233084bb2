"""A worker: runs points and appends what came out to its own segment. Imports the standard library and SimPy only."""

from __future__ import annotations

import importlib
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from simulator import records
from simulator.batch import segments
from simulator.budget import Budget
from simulator.errors import OverBudget, RunError
from simulator.garbage import collect_seldom

TARGET = "simulator.experiment:run_point"
"""The function that simulates one run, as ``module:function``: a name can be sent to any worker."""

Point = dict[str, Any]
Tables = Mapping[str, Sequence[Sequence[object]]]

ROWS = ("runs", "tenants")
"""Tables that are looked at before the merge: by the stopping rule, and by estimates of time."""

_carried: dict[str, Callable[[Point, int], dict[str, Any]]] = {}


class Task(NamedTuple):
    """One run to be done."""

    point: Point
    replication: int
    budget: Budget | None = None

    @property
    def run(self) -> str:
        return records.run_id(self.point["point"], self.replication)


class Report(NamedTuple):
    """What became of a chunk: run and mark of each, and how long they took together."""

    marks: list[tuple[str, str]]
    seconds: float


class Lines(NamedTuple):
    """What became of a chunk where the batch's folder is out of reach: the records, and how long they took."""

    lines: list[bytes]
    seconds: float


def prepare(environment: dict[str, str], alive: Connection) -> None:
    """Makes a fresh process a worker: the parent's settings, and an end as soon as the parent ends or says so."""
    os.environ.update(environment)
    collect_seldom()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(alive,), daemon=True).start()


def _end_with(alive: Connection) -> None:
    # The other end is held by the parent alone: it closes when the parent stops the batch or dies, however it dies.
    alive.poll(None)
    os._exit(1)


def run_chunk(folder: Path | None, tasks: Sequence[Task], target: str = TARGET) -> Report | Lines:
    """Runs some tasks one after the other and records each in this process's segment of ``folder``.

    Where there is no folder the records are returned.
    """
    begin = time.perf_counter()
    if folder is None:
        lines = [run_one(task.point, task.replication, target, task.budget) for task in tasks]
        return Lines(lines, time.perf_counter() - begin)
    segment = segments.own(folder)
    marks = []
    for task in tasks:
        segment.append(segments.record(task.run, segments.STARTED, None))
        line = run_one(task.point, task.replication, target, task.budget)
        segment.append(line)
        marks.append((task.run, segments.mark_of(line)))
    return Report(marks, time.perf_counter() - begin)


def keep(folder: Path, found: Lines) -> Report:
    """Appends records that came back to this process's segment of ``folder``."""
    segment = segments.own(folder)
    for line in found.lines:
        segment.append(line)
    return Report([(segments.run_of(line), segments.mark_of(line)) for line in found.lines], found.seconds)


def run_one(point: Point, replication: int, target: str = TARGET, budget: Budget | None = None) -> bytes:
    """One run as the record of a segment; an exception inside it becomes the record of a failure.

    How long it took stands in the record and in no table: tables are the same everywhere.
    """
    begin = time.perf_counter()
    run = Task(point, replication).run
    try:
        tables = simulate(point, replication, target, budget)
        content = {"tables": _as_text(tables), "seconds": time.perf_counter() - begin}
        return segments.record(run, segments.OK, content)
    except OverBudget as error:
        return over(point, replication, error, time.perf_counter() - begin)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return failure(point, replication, text, traceback.format_exc(), time.perf_counter() - begin)


def simulate(point: Point, replication: int, target: str = TARGET, budget: Budget | None = None) -> Tables:
    """The tables of one run; raises what the run raises."""
    limits = {"budget": budget} if budget else {}
    tables: Tables = function(target)(point, replication, **limits)["tables"]
    for name, rows in tables.items():
        width = len(records.TABLES[name])
        if any(len(row) != width for row in rows):
            raise RunError(f"a row of the table {name} has not the {width} columns that are declared for it")
    return tables


def _as_text(tables: Tables) -> dict[str, Sequence[Sequence[object]] | str]:
    """Tables as the text that they are on disk, since workers share that work and who merges is alone with it.

    What is asked for before the merge stays in rows.
    """
    return {name: rows if name in ROWS else records.csv_text(rows) for name, rows in tables.items()}


def failure(point: Point, replication: int, error: str, trace: str = "", seconds: float | None = None) -> bytes:
    """The record of a run that failed: one row of ``runs`` and nothing else."""
    run = Task(point, replication).run
    known = {"status": segments.FAILED, "error": error}
    content = {"tables": _row(point, replication, known), "error": error, "trace": trace}
    return segments.record(run, segments.FAILED, content if seconds is None else {**content, "seconds": seconds})


def over(point: Point, replication: int, error: OverBudget, seconds: float) -> bytes:
    """The record of a run that its budget ended: one row of ``runs``, which says how far it had come.

    What its tenants had done until then is not kept: numbers of half a run look like those of a whole one.
    """
    run = Task(point, replication).run
    known = {
        "status": words(segments.OVER),
        "error": str(error),
        "simulated_s": error.spent.simulated_s,
        "events": error.spent.events,
    }
    content = {"tables": _row(point, replication, known), "error": str(error), "trace": "", "spent": error.spent}
    return segments.record(run, segments.OVER, {**content, "seconds": seconds})


def words(mark: str) -> str:
    """A mark as people read it, e.g. ``over budget``."""
    return mark.replace("-", " ")


def _row(point: Point, replication: int, known: Mapping[str, object]) -> Tables:
    """The row of ``runs`` for a run that gave no tables."""
    place = {
        **point,
        "run": Task(point, replication).run,
        "replication": replication,
        "machine": point["machine"]["name"],
        "without": " ".join(point["without"]),
        **known,
    }
    return {"runs": [[place.get(each.name, "" if each.kind == "text" else None) for each in records.TABLES["runs"]]]}


def carry(target: str, simulated: Callable[..., dict[str, Any]] | None) -> None:
    """Makes a function that was sent here the one that ``target`` names, in place of any that was sent before."""
    _carried.clear()
    if simulated is not None:
        _carried[target] = simulated


def function(target: str) -> Callable[..., dict[str, Any]]:
    """The function that simulates one run; only where there is a budget it is called with one."""
    return _carried.get(target) or _imported(target)


@lru_cache
def _imported(target: str) -> Callable[..., dict[str, Any]]:
    module, _, name = target.partition(":")
    found: Callable[..., dict[str, Any]] = getattr(importlib.import_module(module), name)
    return found
