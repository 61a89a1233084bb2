"""Merging: the records of all runs become the tables of the batch, and what was needed on the way is removed.

What a kill leaves behind in each phase, and what the same command then does:

* Before the manifest: an empty folder, which is used.
* Between runs: segments, and a manifest that says ``running``. Runs that are recorded are not run again.
* In the middle of the tables, CSV or Parquet: drafts, ``.runs.csv.<mark>.tmp``, which are removed and written anew.
* While tables get their final names: some have them. The manifest says ``running``, so the batch is not taken for
  finished, and all are written again.
* Between the tables and the manifest: the same. All tables, and their names, are on the disk before the manifest is
  written; the manifest, whole or not at all, decides. It says how long each table is.
* After the manifest: segments that nobody needs any more. They are removed at the next chance, which is the next time
  that the batch is asked for: what they say stands in the tables and, of failures, in the manifest, and they would
  double what a batch takes on the disk. Only where a run was ended by its budget they stay: with a larger one it is run
  again, and the others are not.

A manifest that is damaged or empty is as good as none: the folder's name says which batch it is, and its segments have
checksums of their own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from simulator.batch import lock, segments
from simulator.batch.lock import Lock
from simulator.batch.manifest import run_times
from simulator.batch.storage import guarded
from simulator.batch.worker import Task
from simulator.errors import ResultsError, Spent, StorageError, VirtlabError
from simulator.records import names
from simulator.results.folder import finished, how_ended, read_manifest, sync_folder
from simulator.results.tables import TableFiles

SEGMENTS = "replications"
DRAFTS = ".*.tmp"
_TOLD = ("error", "trace", "spent")
_ERROR = names("runs").index("error")


def whole(folder: Path) -> bool:
    """Whether the batch has finished, and nothing of it is damaged. Never raises for what another run would mend."""
    try:
        return finished(folder)
    except ResultsError:
        return False


def begun(folder: Path) -> str | None:
    """When the batch was first begun, if its manifest can still say so."""
    try:
        return read_manifest(folder).get("start")
    except ResultsError:
        return None


def merge(
    folder: Path,
    tasks: Sequence[Task],
    done: Mapping[str, segments.Place],
    axes: Mapping[str, Sequence[object]],
    repeat: Callable[[Task], str],
) -> dict[str, Any]:
    """Writes the tables, run after run in the order of the scenario.

    Args:
        folder: the batch folder.
        tasks: the runs, in order.
        done: the record of each.
        axes: the scenario's axes with their values.
        repeat: how a run can be repeated.

    Returns:
        how the runs ended and how long the tables are, for the manifest.

    Raises:
        StorageError: the tables cannot be written, or records are gone.
    """
    failures: list[dict[str, Any]] = []
    seconds: dict[int, list[float]] = {}
    total_s = 0.0
    lost = [task.run for task in tasks if task.run not in done]
    if lost:
        raise StorageError(
            f"{folder}: the records of {len(lost)} runs have been removed while it was at work; run again"
        )
    with guarded(folder), TableFiles(folder, axes) as files:
        for task in tasks:
            place = done[task.run]
            ok = place.mark == segments.OK
            # A number has the same text in a record and in a table: it is not parsed to be written again.
            content = segments.content(place, str if ok else None)
            took_s = float(content.get("seconds", 0.0))
            total_s += took_s
            if ok and "seconds" in content:
                seconds.setdefault(task.point["point"], []).append(took_s)
            if not ok:
                how = repeat(task)
                content["tables"]["runs"] = [_told(row, how) for row in content["tables"]["runs"]]
                told: dict[str, Any] = {name: content[name] for name in _TOLD if name in content}
                failures.append({"run": task.run, "repeat": how, **told})
            files.add(content["tables"], task.point["axes"])
        sizes = files.commit()
    return {**how_ended(len(tasks), failures), "seconds": total_s, "run_times": run_times(seconds), "files": sizes}


def over_budget(folder: Path) -> list[Spent]:
    """What ended runs of a finished batch by their budget."""
    manifest = read_manifest(folder)
    some = manifest.get("runs", {}).get("over_budget", 0)
    return [Spent(*each["spent"]) for each in manifest["failures"] if "spent" in each] if some else []


def sweep(folder: Path) -> None:
    """Removes what killed processes have left of tables and manifest. Only for the process that holds the lock."""
    with suppress(OSError):
        for draft in folder.glob(DRAFTS):
            draft.unlink(missing_ok=True)


def strip(folder: Path) -> None:
    """Removes all that a finished batch does not need. Only for the process that holds the lock."""
    sweep(folder)
    if (folder / SEGMENTS).exists() and not over_budget(folder):
        shutil.rmtree(folder / SEGMENTS, ignore_errors=True)
        with suppress(OSError):
            sync_folder(folder)


def tidy(folder: Path) -> None:
    """Removes what a batch has left that was killed after it had finished, unless somebody else is at it.

    A folder that cannot be written stays as it is: the batch in it can be read all the same.
    """
    left = [folder / lock.NAME, folder / lock.CLAIM, *folder.glob(DRAFTS)]
    left += [] if over_budget(folder) else [folder / SEGMENTS]
    if any(path.exists() for path in left):
        with suppress(OSError, VirtlabError), Lock(folder):
            if whole(folder):
                strip(folder)


def _told(row: Sequence[object], how: str) -> list[object]:
    """A row of ``runs`` that says beside the error how to repeat the run."""
    told = list(row)
    told[_ERROR] = f"{told[_ERROR]} ({how})" if how else told[_ERROR]
    return told
