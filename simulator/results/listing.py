"""The batches of a folder of results: one entry each, from manifests alone; what is no batch is named, never read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import ResultsError, UsageError
from simulator.records import Column
from simulator.results.folder import ENDED, MANIFEST, damaged, unreadable
from simulator.results.heads import head, held
from simulator.results.places import Wanted, axis_named, called, is_value
from simulator.results.stopping import Stopping
from simulator.results.tables import cell

if TYPE_CHECKING:
    import pandas as pd

STATUSES = (*ENDED, "interrupted", "running")
ANSWERS = ("choice", "density", "isolation", "sensitivity")
"""Commands that keep what they found beside the tables, each in a file of its name."""
_DEPTH = 4
"""How many folders below that of all results batches are looked for."""

COLUMNS = (
    Column("scenario", "", "name of the scenario", "text"),
    Column("hash", "", "name of the batch's folder: what decides its numbers", "text"),
    Column("status", "", "ok, failures (some runs failed), failed (all did), interrupted or running", "text"),
    Column("runs", "count", "runs of the batch, whether or not they have ended", "integer"),
    Column("failed", "count", "of these failed; empty before the batch has ended", "number"),
    Column("points", "count", "combinations of axes and stacks", "integer"),
    Column("replications", "count", "runs of a point, the most there may be where a rule decides", "integer"),
    Column(
        "until", "", "the rule that decides how many replications are enough; empty where their number is fixed", "text"
    ),
    Column("seed", "count", "root of all luck", "integer"),
    Column("start", "", "when it was first begun, in UTC", "text"),
    Column("duration_s", "s", "from then to its end; empty before it has ended", "number"),
    Column("size_bytes", "bytes", "of all its files", "integer"),
    Column("code", "", "version of virtlab that ran it", "text"),
    Column("current", "bool", "1 where that is the installed code, as far as it was said which is", "integer"),
    Column("stacks", "", "labels of its stacks, separated by commas", "text"),
    Column("axes", "", "names of its axes, separated by commas", "text"),
    Column("answers", "", "commands that keep an answer beside the tables, separated by commas", "text"),
    Column("title", "", "title of the scenario", "text"),
    Column("folder", "", "where it is", "text"),
)
SORTED_BY = ("scenario", "status", "runs", "failed", "points", "start", "duration_s", "size_bytes", "code")


@dataclass(frozen=True)
class Entry:
    """One batch; see ``COLUMNS``."""

    scenario: str
    hash: str
    status: str
    runs: int
    failed: int | None
    points: int
    replications: int
    until: str
    seed: int
    start: str
    duration_s: float | None
    size_bytes: int
    code: str
    current: bool
    stacks: tuple[str, ...]
    axes: Mapping[str, Sequence[object]]
    answers: tuple[str, ...]
    title: str
    folder: Path
    expressions: tuple[str, ...] = field(repr=False, default=())

    def row(self) -> dict[str, object]:
        """One value for each of ``COLUMNS``."""
        listed = {name: ", ".join(getattr(self, name)) for name in ("stacks", "axes", "answers")}
        row = asdict(self) | listed | {"folder": str(self.folder), "current": int(self.current)}
        return {column.name: row[column.name] for column in COLUMNS}


@dataclass
class Listing:
    """What is in a folder of results.

    Attributes:
        entries: the batches.
        others: folders that are none, with what they are instead or what is wrong with them.
    """

    entries: list[Entry] = field(default_factory=list)
    others: dict[Path, str] = field(default_factory=dict)


def listing(folder: str | os.PathLike[str] = "results", *, installed: str = "") -> Listing:
    """Everything below a folder of results, in the order of names.

    Args:
        folder: of all results.
        installed: the version of code that counts as current.

    Raises:
        ResultsError: there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ResultsError(f"{root}: there is no such folder of results; name it with --in, or run a scenario first")
    found = Listing()
    for path in folders(root):
        if not is_batch(path):
            found.others[path] = _instead(path)
            continue
        try:
            found.entries.append(entry(path, installed))
        except (ResultsError, OSError) as error:
            found.others[path] = str(error).removeprefix(f"{path / MANIFEST}: ")
    return found


def batches(
    folder: str | os.PathLike[str] = "results", *, scenario: str = "", status: str = "", since: str = "",
    stack: str = "", where: Mapping[str, object] | None = None, sort: str = "scenario", installed: str = "",
) -> pd.DataFrame:  # fmt: skip
    """The batches of a folder of results, a row for each.

    ``vl.load(vl.results(scenario="what-*")["folder"].iloc[0])`` loads the first of them.

    Args:
        folder: of all results.
        scenario: pattern of its name, with ``*`` and ``?``.
        status: ``ok``, ``failures``, ``failed``, ``interrupted`` or ``running``.
        since: date or time, in UTC where it says nothing else, before which it was not begun.
        stack: pattern of a stack's label, or a product in its expression.
        where: a value, or a list of values, by axis.
        sort: one of ``SORTED_BY``.
        installed: the version of code that counts as current.

    Returns:
        see ``COLUMNS``; ``attrs["others"]`` names the folders that hold no batch, with why.

    Raises:
        ResultsError: there is no such folder.
        UsageError: a condition that cannot be met by any batch.
    """
    import pandas as pd

    found = listing(folder, installed=installed)
    values = {axis: value if isinstance(value, list | tuple) else [value] for axis, value in (where or {}).items()}
    places = {axis: [str(cell(value)) for value in each] for axis, each in values.items()}
    kept = chosen(found.entries, scenario=scenario, status=status, since=since, stack=stack, where=places)
    rows = [entry.row() for entry in ordered(kept, sort)]
    frame = pd.DataFrame(rows, columns=[column.name for column in COLUMNS])
    frame.attrs["others"] = {str(path): why for path, why in found.others.items()}
    return frame


def chosen(
    entries: Sequence[Entry], *, scenario: str = "", status: str = "", since: str = "", stack: str = "",
    where: Wanted | None = None,
) -> list[Entry]:  # fmt: skip
    """The batches that meet all conditions; an empty one is met by all.

    Args:
        entries: batches.
        scenario: pattern of its name, with ``*`` and ``?``.
        status: one of ``STATUSES``.
        since: date or time, in UTC where it says nothing else, before which it was not begun.
        stack: pattern of a stack's label, or a product in its expression.
        where: values of axes, one of which it has.

    Raises:
        UsageError: no such status, not a date, or an axis that none of the batches has.
    """
    if status and status not in STATUSES:
        raise UsageError(f"no status {status!r}; {suggestion(status, STATUSES)}")
    begin = _moment(since) if since else None
    conditions: list[Callable[[Entry], bool]] = [
        lambda entry: not scenario or fnmatchcase(entry.scenario, scenario),
        lambda entry: not status or entry.status == status,
        lambda entry: begin is None or (bool(entry.start) and _moment(entry.start) >= begin),
        lambda entry: not stack or _has_stack(entry, stack),
    ]
    found = [entry for entry in entries if all(condition(entry) for condition in conditions)]
    for name, texts in (where or {}).items():
        axes = {axis for entry in entries for axis in entry.axes}
        if entries and not called(name, axes):
            raise UsageError(f"no batch has an axis {name!r}; {suggestion(name, axes)}")
        found = [entry for entry in found if _stands_at(entry, name, texts)]
    return found


def ordered(entries: Sequence[Entry], by: str) -> list[Entry]:
    """Batches by one of ``SORTED_BY``; those that have no such value come last.

    Raises:
        UsageError: nothing to sort by.
    """
    if by not in SORTED_BY:
        raise UsageError(f"batches cannot be sorted by {by!r}; {suggestion(by, SORTED_BY)}")

    def key(entry: Entry) -> tuple[Any, ...]:
        value = getattr(entry, by)
        return (value is None, "" if value is None else value, entry.scenario, entry.start)

    return sorted(entries, key=key)


def folders(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    """Folders that hold a manifest, or files and no folder that does."""
    if is_batch(folder):
        yield folder
        return
    try:
        content = sorted(folder.iterdir())
    except OSError:
        yield folder
        return
    below = [path for path in content if os.path.isdir(path) and not path.name.startswith(".")]
    inside = [found for path in below for found in folders(path, depth - 1)] if depth else []
    if depth == _DEPTH or any(is_batch(path) for path in inside):
        yield from inside
    elif content:
        yield folder


def is_batch(folder: Path) -> bool:
    return os.path.exists(folder / MANIFEST)


def _instead(folder: Path) -> str:
    if not os.access(folder, os.R_OK | os.X_OK):
        return "may not be read"
    if (folder / "pool.json").exists():
        return "a pool, not a batch; its tables are CSV"
    if any(folder.glob("*/*.seg")):
        return "a batch without its manifest; run its scenario again, what is recorded is found"
    return "not a folder of results"


def entry(folder: Path, installed: str = "") -> Entry:
    """One batch; see ``listing``.

    Raises:
        ResultsError: its manifest is damaged, or tables are missing.
    """
    try:
        return _entry(folder, installed)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise unreadable(folder, error) from error


def _entry(folder: Path, installed: str) -> Entry:
    manifest = head(folder)
    labels, runs = manifest["labels"], manifest.get("runs")
    points, replications = labels["points"], int(manifest["replications"])
    return Entry(
        scenario=str(manifest["scenario"]["name"]),
        hash=folder.name,
        status=_status(folder, manifest),
        runs=runs["total"] if runs else points * replications,
        failed=runs["failed"] if runs else None,
        points=points,
        replications=replications,
        until=str(Stopping(**manifest["stopping"])) if manifest.get("stopping") else "",
        seed=int(manifest["seed"]),
        start=str(manifest.get("start") or ""),
        duration_s=_duration_s(manifest),
        size_bytes=size_bytes(folder),
        code=str(manifest["code"]),
        current=bool(installed) and manifest["code"] == installed,
        stacks=tuple(labels["stack"]),
        axes=dict(manifest["axes"]),
        answers=tuple(name for name in ANSWERS if (folder / f"{name}.json").exists()),
        title=str(manifest["scenario"]["title"]),
        folder=folder,
        expressions=tuple(labels["expression"]),
    )


def _status(folder: Path, manifest: Mapping[str, Any]) -> str:
    """As the manifest says, but that one that was killed could not write that it has ended."""
    status = str(manifest["status"])
    if status == "running":
        return "running" if held(folder) else "interrupted"
    if status in ENDED and (names := damaged(folder, manifest)):
        raise ResultsError(f"{', '.join(names)} missing or not as it was written; write it anew: {manifest['command']}")
    if status not in STATUSES:
        raise ValueError(f"status {status!r}")
    return status


def _duration_s(manifest: Mapping[str, Any]) -> float | None:
    if not manifest.get("start") or not manifest.get("end"):
        return None
    return (_moment(manifest["end"]) - _moment(manifest["start"])).total_seconds()


def size_bytes(folder: Path, without: tuple[str, ...] = ()) -> int:
    """Of all files in a folder but those that end so; one that vanishes meanwhile counts nothing."""
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            if name.endswith(without):
                continue
            try:
                total += os.stat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return total


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no date; write it like 2026-11-28 or 2026-11-28T14:30") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _has_stack(entry: Entry, stack: str) -> bool:
    return any(fnmatchcase(label, stack) for label in entry.stacks) or any(stack in each for each in entry.expressions)


def _stands_at(entry: Entry, name: str, texts: Sequence[str]) -> bool:
    axis = axis_named(name, entry.axes)
    return axis is not None and any(is_value(value, text) for value in entry.axes[axis] for text in texts)
