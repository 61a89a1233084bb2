"""Published figures, as they came: one CSV per paper beside this file, with the use each row may be put to."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "published"


class Figure(NamedTuple):
    """One published figure.

    ``use`` is frozen: ``calibrates`` (may be a parameter; a macro row may fit an event count), ``baseline``
    (native; may fit an event count), ``judges`` (never an input), ``control`` (must come out as published).
    """

    source: str
    table: str
    platform: str
    benchmark: str
    metric: str
    unit: str
    value: str
    notes: str
    use: str


def load(name: str) -> list[Figure]:
    """All figures of one file, in its order.

    Args:
        name: file name without ``.csv``.
    """
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [
            Figure(
                row["source"], row["table_or_figure"], row["platform"], row["benchmark"], row["metric"], row["unit"],
                row["value"], row["notes"], row["use"],
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip
