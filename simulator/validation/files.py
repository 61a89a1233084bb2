"""The rows of a validation as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from math import isfinite
from pathlib import Path

from simulator.results.folder import replace_text
from simulator.validation.rows import Row


def write_rows(rows: Iterable[Row], path: Path) -> Path:
    """Write rows as CSV, one line each; what is not a number is empty. Returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows([_cell(each) for each in row] for row in rows)
    replace_text(path, text.getvalue())
    return path


def _cell(value: object) -> object:
    return "" if isinstance(value, float) and not isfinite(value) else value
