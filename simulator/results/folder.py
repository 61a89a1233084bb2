"""A batch folder: its files, and whether it is whole."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import isfinite
from pathlib import Path
from typing import Any

from simulator.errors import ResultsError
from simulator.records import TABLES

MANIFEST = "manifest.json"
APART = ("points", "failures", "run_times")
"""What stands in a file of its own beside the manifest, since it grows with the batch."""
SCHEMA_VERSION = 2
NEEDED = ("scenario", "status", "axes", "seed", "replications", "code", "command")
"""What every manifest says, in whatever form."""
ENDED = {"ok": 0, "failed": 1, "failures": 3}
"""How a batch can have ended, with the exit code that says so."""


def how_ended(total: int, failures: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a manifest says of runs that have all ended."""
    status = "ok" if not failures else "failed" if len(failures) == total else "failures"
    over = sum("spent" in each for each in failures)
    return {
        "status": status,
        "runs": {"total": total, "failed": len(failures), "over_budget": over},
        "failures": failures,
    }


def common_exit_code(codes: Sequence[int]) -> int:
    """The exit code of several batches: the one that all have, otherwise that something failed."""
    return codes[0] if len(set(codes)) == 1 else ENDED["failures"]


class Whole(dict[str, Any]):
    """A manifest; what stands apart from it is read when it is first asked for."""

    def __init__(self, folder: Path, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self._folder = folder

    def __missing__(self, key: str) -> Any:
        if key not in APART:
            raise KeyError(key)
        path = self._folder / f"{key}.json"
        try:
            self[key] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ResultsError(f"{path}: damaged ({error!r}); move the folder away and run again") from None
        return self[key]


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder; empty if it has none.

    Raises:
        ResultsError: it cannot be read, or a newer version of virtlab has written it.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ResultsError(f"{folder / MANIFEST}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise unreadable(folder, error) from None
    version_of(folder, manifest)
    return Whole(folder, manifest)


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Writes a manifest; what is given of that which stands apart from it comes first."""
    for name in [name for name in APART if name in content]:
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in content[name])
        replace_text(folder / f"{name}.json", f"[\n{lines}\n]\n" if lines else "[]\n")
    kept = {name: value for name, value in content.items() if name not in APART}
    replace_text(folder / MANIFEST, json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def version_of(folder: Path, manifest: Mapping[str, Any]) -> int:
    """The form in which a folder was written, as its manifest says.

    Raises:
        ResultsError: the manifest is damaged, or a newer version of virtlab has written it.
    """
    try:
        written = int(manifest["schema_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, error) from None
    if written > SCHEMA_VERSION:
        raise ResultsError(
            f"{folder / MANIFEST}: written in form {written} by a newer virtlab; this one reads forms up to "
            f"{SCHEMA_VERSION} (update virtlab to read it)"
        )
    missing = [key for key in NEEDED if key not in manifest]
    if missing:
        raise unreadable(folder, KeyError(missing[0]))
    return written


def unreadable(folder: Path, error: Exception) -> ResultsError:
    """What to say of a manifest that makes no sense."""
    return ResultsError(
        f"{folder / MANIFEST}: damaged ({error!r}); run the scenario again: it goes on with what is whole"
    )


def csv_path(folder: Path, table: str) -> Path:
    """Where a table is kept as CSV."""
    return folder / f"{table}.csv"


def parquet_path(folder: Path, table: str) -> Path:
    """Where a table is kept as Parquet, if it is."""
    return folder / f"{table}.parquet"


def finished(folder: Path) -> bool:
    """Whether all runs have ended and all tables are there, as long as the manifest says that they were written.

    The manifest is written last, when everything else has reached the disk: what it says decides.
    """
    manifest = read_manifest(folder)
    return manifest.get("status") in ENDED and not damaged(folder, manifest)


def damaged(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Names of the files of a finished batch that are missing, or not as long as they were written."""
    sizes: dict[str, int] = manifest.get("files") or {}  # older batches do not say
    tables = manifest.get("columns", TABLES)
    missing = [path.name for path in (csv_path(folder, table) for table in tables) if not path.exists()]
    apart = APART if manifest["schema_version"] > 1 else ()
    missing += [f"{name}.json" for name in apart if name not in manifest and not (folder / f"{name}.json").exists()]
    paths = {name: folder / name for name in sizes if name not in missing}
    return missing + [name for name, path in paths.items() if path.exists() and path.stat().st_size != sizes[name]]


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """A place for a file while it is written: it gets its name when all of it is there, and nothing is left if not."""
    draft = path.with_name(f".{path.name}.tmp")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Writes a file so that at any moment either the old or the new one is there, whole, also after a power cut."""
    draft = path.with_name(f".{path.name}.tmp")
    try:
        with draft.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Hands the names of files, new and removed, to the disk, where the system has a way to."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return  # Windows opens no folders
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
            raise  # all others say that this file system does no such thing
    finally:
        os.close(descriptor)


def replace_json(path: Path, data: Any) -> None:
    """Writes data as JSON, whole, the same bytes each time; what is not a number is null."""
    replace_text(path, json.dumps(plain(data), indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """What is kept in a file; empty where there is none."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return data


def plain(value: Any) -> Any:
    """JSON has no word for what is not a number."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
