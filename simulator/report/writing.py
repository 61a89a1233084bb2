"""Writing a page: whole or not at all, and never over what is not ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.batch.storage import refused
from simulator.errors import UsageError
from simulator.report.markup import GENERATOR
from simulator.report.page import page
from simulator.results.folder import replace_text

if TYPE_CHECKING:
    from simulator.results import Results

NAME = "report.html"
_HEAD = 4000
"""Letters of a file in which it says what made it."""


def write(results: Results, path: Path | None = None) -> Path:
    """Write the page of a batch; returns where.

    Args:
        results: the batch.
        path: of the file; ``report.html`` in the batch's folder if not given.

    Raises:
        UsageError: there is another file of that name, which is no report, or nothing can be written at such a place.
        StorageError: the disk does not take it.
    """
    target = results.folder / NAME if path is None else path
    try:
        if target.is_dir() or (target.exists() and not _ours(target)):
            raise UsageError(f"{target} is no report of virtlab and is left as it is; give another name with --out")
        made = page(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_text(target, made)
    except OSError as error:
        raise refused(target, error) from None
    return target


def _ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return GENERATOR in file.read(_HEAD)
