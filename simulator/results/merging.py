"""Several batches of one question put together: more replications, more points, or both."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from simulator.errors import UsageError
from simulator.records import Column
from simulator.results import schema
from simulator.results.folder import SCHEMA_VERSION, csv_path, how_ended, parquet_path, write_manifest
from simulator.results.heads import labels
from simulator.results.numbering import Numbering, Run, numbered, rows
from simulator.results.results import Results, load
from simulator.results.tables import cell, of_axes, write_parquet

FREE = ("title", "question", "seed", "replications", "stacks", "sweep", "figures", "baseline", "published")
"""Keys of a scenario that may be others in batches that belong together."""


def merge(
    batches: Sequence[Results | str | os.PathLike[str]], to: str | os.PathLike[str], *, force: bool = False
) -> Results:
    """Put batches together into one that can be loaded like any other.

    Replications under other seeds are numbered on; points of the same place are one; of a run that several batches
    have, one is kept. Runs that were paired (the same seed and replication) stay so.

    Args:
        batches: finished batches, or their folders; two or more.
        to: folder of the merged one, which must not be there yet.
        force: merge also what another version of the code or a scenario that differs in more than its axes has made;
            the manifest says so.

    Raises:
        UsageError: they cannot be put together, or the folder is there; nothing is written.
        ResultsError: one of them is no finished batch.
    """
    loaded = [each if isinstance(each, Results) else load(each) for each in batches]
    target = Path(to)
    _check(loaded, target)
    doubts = list(_doubts(loaded))
    if doubts and not force:
        listed = "\n".join(f"  {doubt}" for doubt in doubts)
        raise UsageError(f"these batches may not say the same; merge them all the same with --force:\n{listed}")
    numbering = numbered(loaded)
    draft = target.with_name(f".{target.name}.tmp")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        axes = _axes(loaded)
        for table in schema.written_tables(loaded[0].manifest):
            _write(draft, table, loaded, numbering, axes)
        sizes = {path.name: path.stat().st_size for path in sorted(draft.iterdir())}
        write_manifest(draft, {**_manifest(loaded, numbering, axes, doubts, target), "files": sizes})
        os.replace(draft, target)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; choose another place") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load(target)


def _check(batches: Sequence[Results], target: Path) -> None:
    """Refuses what cannot be put together."""
    if len({each.folder.resolve() for each in batches}) < 2:
        raise UsageError("to merge means two batches or more; name another one")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already; name a folder that is not")
    first = batches[0]
    for other in batches[1:]:
        alone = sorted(set(first.axes) ^ set(other.axes))
        if alone:
            raise UsageError(
                f"{alone[0]} is an axis of one of {first.folder} and {other.folder} only; write it as a list in both "
                "scenarios, if need be of one value"
            )
        table = next(iter(_of_other_form(first, other)), None)
        if table is not None:
            raise UsageError(
                f"{first.folder} and {other.folder} have other columns in the table {table}: other versions wrote "
                "them; run the older one again"
            )


def _of_other_form(first: Results, other: Results) -> Iterator[str]:
    """Tables that do not have the same columns."""
    forms = [{table: _kinds(columns) for table, columns in each.manifest["columns"].items()} for each in (first, other)]
    for table in dict.fromkeys([*forms[0], *forms[1]]):
        if forms[0].get(table) != forms[1].get(table):
            yield table


def _kinds(columns: Sequence[Mapping[str, str]]) -> list[tuple[str, str, str]]:
    return [(column["name"], column["unit"], column["kind"]) for column in columns]


def _doubts(batches: Sequence[Results]) -> Iterator[str]:
    """Reasons why numbers of these batches may not belong together."""
    first = batches[0]
    for other in batches[1:]:
        one, another = first.manifest, other.manifest
        if one["code"] != another["code"]:
            yield f"{other.folder} was run by another version: {another['code']}, not {one['code']}"
        if one["scenario"]["name"] != another["scenario"]["name"]:
            yield f"{other.folder} is of another scenario: {another['scenario']['name']}, not {one['scenario']['name']}"
        differing = _differing(one["scenario"]["text"], another["scenario"]["text"], first.axes)
        if differing:
            yield f"the scenario of {other.folder} differs in {', '.join(differing)}"


def _differing(text: str, other: str, axes: Mapping[str, Any]) -> list[str]:
    """Keys of two scenarios that differ and are neither axes nor free."""
    import yaml

    leaves = [dict(_leaves(yaml.safe_load(each) or {})) for each in (text, other)]
    paths = dict.fromkeys([*leaves[0], *leaves[1]])
    return [
        ".".join(path)
        for path in paths
        if leaves[0].get(path) != leaves[1].get(path)
        and path[:1] not in {(key,) for key in FREE}
        and not _on(path, axes)
    ]


def _leaves(data: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, (*path, str(key)))
    else:
        yield path, data


def _on(path: tuple[str, ...], axes: Mapping[str, Any]) -> bool:
    """Whether a key is an axis, or stands inside the values of one."""
    return any(".".join(path[:length]) in axes for length in range(1, len(path) + 1))


def _axes(batches: Sequence[Results]) -> dict[str, list[Any]]:
    """The axes with the values of all batches."""
    found: dict[str, dict[object, Any]] = {name: {} for name in batches[0].axes}
    for results in batches:
        for name, values in results.axes.items():
            for value in values:
                found[name].setdefault(cell(value), value)
    return {name: list(values.values()) for name, values in found.items()}


def _write(folder: Path, table: str, batches: Sequence[Results], numbering: Numbering, axes: Mapping[str, Any]) -> None:
    """One table: the rows of each run as they were, under its new number."""
    declared = [Column(**each) for each in batches[0].manifest["columns"][table]]
    if table == "runs":
        declared += of_axes(axes, declared)
    kept = {(run.source, run.old): run for run in numbering.runs.values()}
    found: dict[str, list[dict[str, str]]] = {}
    for source, results in enumerate(batches):
        for old, group in groupby(rows(results.folder, table), key=lambda row: row["run"]):
            run = kept.get((source, old))
            if run is not None:
                found.setdefault(run.new, []).extend(_renumbered(row, run) for row in group)
    with csv_path(folder, table).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in declared])
        for run in numbering.ordered():
            writer.writerows([row[column.name] for column in declared] for row in found.get(run.new, ()))
    if find_spec("pyarrow") is not None:
        write_parquet(csv_path(folder, table), parquet_path(folder, table), declared)


def _renumbered(row: dict[str, str], run: Run) -> dict[str, str]:
    numbers = {"point": str(run.point), "replication": str(run.replication)}
    return row | {"run": run.new} | {name: value for name, value in numbers.items() if name in row}


def _manifest(
    batches: Sequence[Results], numbering: Numbering, axes: Mapping[str, Any], doubts: Sequence[str], target: Path
) -> dict[str, Any]:
    """What is said of the merged batch: as of the first one, with all sources."""
    first, runs = batches[0].manifest, numbering.ordered()
    identities = [results.manifest["identity"] for results in batches]
    folders = [str(results.folder) for results in batches]
    return {
        **{name: first[name] for name in first if name != "seconds"},
        "schema_version": min(SCHEMA_VERSION, max(int(each.manifest["schema_version"]) for each in batches)),
        "identity": hashlib.sha256("\n".join(identities).encode()).hexdigest(),
        "replications": len(numbering.replications),
        "axes": dict(axes),
        "labels": labels(numbering.points),
        "points": numbering.points,
        "code": ", ".join(dict.fromkeys(str(results.manifest["code"]) for results in batches)),
        "command": f"virtlab results merge {' '.join(folders)} --to {target}" + (" --force" if doubts else ""),
        "start": min(str(results.manifest["start"]) for results in batches),
        "end": max(str(results.manifest["end"]) for results in batches),
        **how_ended(len(runs), list(_failures(batches, runs))),
        "run_times": [],
        "merged": {
            "sources": [_source(results) for results in batches],
            "replications": [list(luck) for luck in numbering.replications],
            "notes": [*doubts, *numbering.notes],
        },
    }


def _source(results: Results) -> dict[str, Any]:
    """Where a part of the runs comes from; of a merged batch with its own sources."""
    manifest = results.manifest
    kept = ("identity", "scenario", "seed", "replications", "code", "libraries", "command", "start", "end", "merged")
    return {"folder": str(results.folder), "runs": manifest["runs"]["total"]} | {
        name: manifest[name] for name in kept if name in manifest
    }


def _failures(batches: Sequence[Results], runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    failures = [{each["run"]: each for each in results.manifest["failures"]} for results in batches]
    for run in runs:
        failure = failures[run.source].get(run.old)
        if failure is not None:
            yield {**failure, "run": run.new, "from": f"{batches[run.source].folder} {run.old}"}
