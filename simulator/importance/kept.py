"""What was found, as it is kept in the folder of the runs with the catalog's values: JSON, and a tidy table as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from simulator.records import Column
from simulator.results.folder import replace_text

FILE, TABLE = "sensitivity.json", "sensitivity.csv"


def save(folder: Path, data: Mapping[str, Any], columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write both, whole; what is not a number is null in one and empty in the other."""
    replace_text(folder / FILE, json.dumps(plain(data), indent=2, ensure_ascii=False) + "\n")
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in columns], lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain(row) for row in rows)
    replace_text(folder / TABLE, text.getvalue())


def read(folder: Path) -> dict[str, Any]:
    """What is kept there; empty where nothing is."""
    try:
        data: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
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
