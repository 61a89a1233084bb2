"""The manifest of a batch: what was run, with what, when, and how it ended. Times stand here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.batch.storage import guarded
from simulator.batch.version import library_versions
from simulator.records import TABLES
from simulator.results.folder import APART, SCHEMA_VERSION, write_manifest
from simulator.results.heads import labels
from simulator.results.tables import cell

LABELS = ("point", "stack", "expression", "without", "axes", "companion_of", "fidelity", "duration_s")


def now() -> str:
    """The time in UTC, or the one that ``SOURCE_DATE_EPOCH`` prescribes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")


class Manifest:
    """A manifest that is written anew, whole, at each change; ``StorageError`` where it cannot be.

    What may be long stands in files beside it, and is written when it is new.

    Args:
        folder: the batch folder.
        content: what is known before the first run.
    """

    def __init__(self, folder: Path, content: Mapping[str, Any]) -> None:
        self._folder = folder
        self._content = {"schema_version": SCHEMA_VERSION, **content}

    def begin(self, started: str | None) -> None:
        """Marks the batch as running; ``started`` is when it was first begun."""
        self._content |= {"start": started or now(), "end": None}
        self._write("running")

    def end(self, status: str, **more: Any) -> None:
        """Marks the batch as ended in this way."""
        self._content |= {"end": now(), **more}
        self._write(status)

    def _write(self, status: str) -> None:
        """What stands apart is written once: it does not change."""
        content = {**self._content, "status": status}
        self._content = {name: value for name, value in self._content.items() if name not in APART}
        with guarded(self._folder):
            write_manifest(self._folder, content)


def describe(
    scenario: Any, points: Sequence[Mapping[str, Any]], identity: str, code: str, command: str
) -> dict[str, Any]:
    """What is known of a batch before its first run."""
    return {
        "scenario": {
            "name": scenario.name,
            "title": scenario.title,
            "hash": scenario.hash,
            "text": scenario.text,
            "includes": dict(getattr(scenario, "includes", {})),
        },
        "identity": identity,
        "seed": scenario.seed,
        "replications": scenario.replications,
        "stopping": asdict(scenario.stopping) if scenario.stopping else None,
        "baseline": scenario.baseline,
        "axes": axes(points),
        "labels": labels(points),
        "points": [{name: point[name] for name in LABELS if name in point} for point in points],
        "code": code,
        "libraries": library_versions(),
        "command": command,
        "columns": {table: [column._asdict() for column in columns] for table, columns in TABLES.items()},
    }


def run_times(seconds: Mapping[int, Sequence[float]]) -> list[dict[str, Any]]:
    """How long a run of each point took, on average over those that came to their own end."""
    return [{"point": point, "seconds": sum(each) / len(each)} for point, each in seconds.items()]


def axes(points: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Every axis with its values, both in the order of the scenario."""
    found: dict[str, dict[object, Any]] = {}
    for point in points:
        for name, value in point["axes"].items():
            found.setdefault(name, {}).setdefault(cell(value), value)
    return {name: list(values.values()) for name, values in found.items()}
