"""What was found, as it is kept in the folder of the runs with the catalog's values: JSON, and a tidy table as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.records import Column
from simulator.results.folder import plain, read_json, replace_json, replace_text

FILE, TABLE = "sensitivity.json", "sensitivity.csv"


def save(folder: Path, data: Mapping[str, Any], columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write both, whole; what is not a number is null in one and empty in the other."""
    replace_json(folder / FILE, data)
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain(row) for row in rows)
    replace_text(folder / TABLE, text.getvalue())


def read(folder: Path) -> dict[str, Any]:
    """What is kept there; empty where nothing is."""
    return read_json(folder / FILE)
