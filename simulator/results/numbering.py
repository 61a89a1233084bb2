"""The runs of several batches, numbered anew: the same point keeps one number, the same luck one replication.

A replication is a seed and a number under it. Runs that have both in common drew the same random numbers, so they get
the same new number at every point, and what was paired stays so.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.errors import UsageError
from simulator.records import run_id
from simulator.results.circumstances import place
from simulator.results.folder import csv_path
from simulator.results.results import Results
from simulator.results.tables import cell

Luck = tuple[int, int]
"""Seed and number of a replication."""


@dataclass(frozen=True)
class Run:
    """One run of a merged batch and where it comes from."""

    point: int
    replication: int
    source: int
    old: str
    ok: bool

    @property
    def new(self) -> str:
        """Its key in the merged batch."""
        return run_id(self.point, self.replication)


@dataclass
class Numbering:
    """All runs by point and replication.

    Attributes:
        points: of the merged batch, as its manifest describes them.
        replications: the luck of each replication.
        runs: the run at each point and replication.
        notes: what was left out, and why.
    """

    points: list[dict[str, Any]] = field(default_factory=list)
    replications: dict[Luck, int] = field(default_factory=dict)
    runs: dict[tuple[int, int], Run] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def ordered(self) -> list[Run]:
        """The runs as the tables have them: point after point, replication after replication."""
        return [self.runs[key] for key in sorted(self.runs)]


def numbered(batches: Sequence[Results]) -> Numbering:
    """Numbers the runs of all batches.

    Raises:
        UsageError: two batches have the same run with other numbers in it.
    """
    found = Numbering()
    numbers: dict[object, tuple[int, str]] = {}
    for source, results in enumerate(batches):
        points = {point["point"]: _number(point, numbers, found) for point in results.manifest["points"]}
        twice: list[tuple[Run, Run]] = []
        for row in rows(results.folder, "runs"):
            luck = lucky(results.manifest, int(row["seed"]), int(row["replication"]))
            replication = found.replications.setdefault(luck, len(found.replications))
            run = Run(points[int(row["point"])], replication, source, row["run"], row["status"] == "ok")
            known = found.runs.setdefault((run.point, run.replication), run)
            if known is not run:
                twice.append((known, run))
        _settle(batches, found, twice)
    return found


def lucky(manifest: Mapping[str, Any], seed: int, replication: int) -> Luck:
    """The luck of a replication; a merged batch has numbered them anew, and remembers."""
    merged = manifest.get("merged")
    if not merged:
        return seed, replication
    known_seed, number = merged["replications"][replication]
    return int(known_seed), int(number)


def rows(folder: Path, table: str) -> Iterator[dict[str, str]]:
    """The rows of a table as they are written."""
    with csv_path(folder, table).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _number(point: Mapping[str, Any], numbers: dict[object, tuple[int, str]], found: Numbering) -> int:
    """The new number of a point; two at the same place are the same only if they are so in all that is known."""
    about = {name: value for name, value in point.items() if name != "point"}
    whole = json.dumps(about, sort_keys=True)
    there = frozenset((name, cell(value)) for name, value in about["axes"].items())
    number, known = numbers.setdefault(there, (len(found.points), whole))
    if known != whole:
        raise UsageError(
            f"{place(point)} is another point in these batches "
            f"({found.points[number]['expression']}, {about['expression']}); give the stacks different labels"
        )
    if number == len(found.points):
        found.points.append({"point": number, **about})
    return number


def _settle(batches: Sequence[Results], found: Numbering, twice: Sequence[tuple[Run, Run]]) -> None:
    """Of a run that two batches have, one is kept: the one that was completed, else the first."""
    alike = [(known, run) for known, run in twice if known.ok == run.ok]
    seals = {
        source: _seals(batches[source].folder, {pair[side].old for pair in alike if pair[side].source == source})
        for side in (0, 1)
        for source in {pair[side].source for pair in alike}
    }
    for known, run in alike:
        if known.ok and seals[known.source][known.old] != seals[run.source][run.old]:
            one, other = (f"{batches[each.source].folder} {each.old}" for each in (known, run))
            raise UsageError(
                f"{one} and {other} are the same point with the same seed, and other numbers; see what has changed: "
                f"virtlab results compare {batches[known.source].folder} {batches[run.source].folder}"
            )
    if alike:
        source = batches[alike[0][1].source].folder
        found.notes.append(f"{len(alike)} runs of {source} were there already, the same in all numbers; left out")
    completed = [(known, run) for known, run in twice if run.ok and not known.ok]
    for known, run in completed:
        found.runs[known.point, known.replication] = run
        found.notes.append(
            f"{run.new} failed in {batches[known.source].folder}; taken from {batches[run.source].folder}"
        )
    for known, run in twice:
        if known.ok and not run.ok:
            found.notes.append(f"{known.new} failed in {batches[run.source].folder}, where it was left out")


def _seals(folder: Path, runs: set[str]) -> dict[str, str]:
    """A digest of all that the tables say of some runs, but for their numbers."""
    digests = {run: hashlib.sha256() for run in runs}
    for path in sorted(folder.glob("*.csv")):
        for row in rows(folder, path.stem):
            run = row.get("run")
            if run in digests:
                kept = [value for name, value in row.items() if name not in ("run", "point", "replication")]
                digests[run].update(json.dumps([path.stem, sorted(map(str, kept))]).encode())
    return {run: digest.hexdigest() for run, digest in digests.items()}
