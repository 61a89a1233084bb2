"""Batches by name: a folder, a scenario that has one batch, or the first letters of a batch's folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from simulator.catalog.suggestion import suggestion
from simulator.errors import ResultsError, UsageError
from simulator.results.heads import head
from simulator.results.listing import folders, is_batch

NEWEST = "@newest"
_SHORTEST = 4
"""Letters of a hash that are enough to be one, if they are clear."""


def find(name: str, root: str | os.PathLike[str] = "results") -> Path:
    """The folder of a batch.

    Args:
        name: its folder; ``scenario/hash``; a scenario's name where it has one batch, ``scenario@newest`` where it has
            several; or the first letters (4 or more) of the hash.
        root: folder of all results.

    Raises:
        UsageError: no batch has this name, or several have; they are listed.
    """
    folder = Path(name)
    if is_batch(folder):
        return folder
    every = [path for path in folders(Path(root)) if is_batch(path)] if Path(root).is_dir() else []
    wanted, newest, _ = name.rstrip("/").partition(NEWEST)
    found = [path for path in every if _is_called(path, wanted)]
    if len(found) == 1:
        return found[0]
    if found and newest:
        return max(found, key=_start)
    if found:
        listed = "\n".join(f"  {path.parent.name}/{path.name}  {_start(path)}" for path in found)
        raise UsageError(f"{name!r} may be any of {len(found)} batches; name one, or {wanted}{NEWEST}:\n{listed}")
    if not every:
        raise UsageError(f"{name!r} is no batch: there are none in {root}; name the folder of all results with --in")
    known = [path.parent.name for path in every] + [path.name for path in every]
    raise UsageError(f"no batch {name!r} in {root}; {suggestion(name, set(known))} (virtlab results list)")


def find_all(names: Sequence[str], root: str | os.PathLike[str] = "results") -> list[Path]:
    """The folders of some batches, each once."""
    return list(dict.fromkeys(find(name, root) for name in names))


def _is_called(path: Path, name: str) -> bool:
    scenario, slash, digits = name.rpartition("/")
    if slash:
        return path.parent.name == scenario and bool(digits) and path.name.startswith(digits)
    return path.parent.name == name or (len(name) >= _SHORTEST and path.name.startswith(name))


def _start(path: Path) -> str:
    """When it was begun, for choosing among several; of a damaged one nothing is known."""
    try:
        return str(head(path).get("start") or "")
    except (ResultsError, OSError):
        return "(damaged)"
