"""Published figures, as they came: one CSV per paper beside this file, with the use each row may be put to."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from simulator.errors import UsageError

FOLDER = Path(__file__).parent / "published"
USES = ("judges", "control", "baseline", "calibrates")
COLUMNS = ("source", "table_or_figure", "platform", "model_class", "metric", "unit", "value", "notes", "use")
FigurePlace = tuple[str, int, str]
"""File, line and value of a figure: tables of ours and of the user's may be called the same."""
NO_RESULT = ("DNR", "did not respond")
"""What sources write where a system gave no result."""
_RANGE = re.compile(r"\s*(-?[\d.]+(?:[eE][+-]?\d+)?)\s*-\s*(-?[\d.]+(?:[eE][+-]?\d+)?)\s*")


class Figure(NamedTuple):
    """One published figure.

    ``use`` is frozen: ``calibrates`` (may be a parameter; a macro row may fit an event count), ``baseline``
    (native; may fit an event count), ``judges`` (never an input), ``control`` (must come out as published).
    ``file`` and ``line`` say where it stands.
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
    model_class: str = ""
    file: str = ""
    line: int = 0

    @property
    def place(self) -> FigurePlace:
        """What tells it from all other figures."""
        return self.file, self.line, self.value

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The number, or the ends of a range of numbers; None where the value is a word."""
        return bounds(self.value)

    @property
    def no_result(self) -> bool:
        """Whether the source says that there was no result: whoever was measured did not respond."""
        return self.value.strip() in NO_RESULT

    @property
    def judges(self) -> bool:
        """Whether it may never be an input: what is predicted of it counts."""
        return self.use in ("judges", "control")


def bounds(text: str) -> tuple[float, float] | None:
    """The ends of a range like "1-3", twice the same for a single number; None for a word."""
    try:
        return float(text), float(text)
    except ValueError:
        found = _RANGE.fullmatch(text)
    return (float(found[1]), float(found[2])) if found else None


def names() -> list[str]:
    """The names of all tables."""
    return sorted(path.stem for path in FOLDER.glob("*.csv"))


def load(name: str, folder: Path = FOLDER) -> list[Figure]:
    """All figures of one file, in its order.

    Args:
        name: file name without ``.csv``.
        folder: where it lies.

    Raises:
        UsageError: there is no such file, it lacks a column, or a row has a use that nobody knows.
    """
    path = folder / f"{name}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            _check_columns(path, reader.fieldnames or ())
            found = [_figure(row, name, number) for number, row in enumerate(reader, 2)]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; `virtlab list published` names all") from None
    for each in found:
        if each.use not in USES:
            raise UsageError(f"{path}:{each.line}: use {each.use!r} is not known; it is one of {', '.join(USES)}")
    return found


def load_all(folders: Iterable[Path] = ()) -> dict[str, list[Figure]]:
    """All figures by file name; those of further folders stand behind ours where the file is called the same."""
    found = {name: load(name) for name in names()}
    for folder in folders:
        paths = sorted(folder.glob("*.csv"))
        if not paths:
            raise UsageError(f"{folder} holds no table (*.csv); name a folder with some")
        for path in paths:
            found.setdefault(path.stem, []).extend(load(path.stem, folder))
    return found


def _check_columns(path: Path, columns: Iterable[str]) -> None:
    missing = [name for name in COLUMNS if name not in columns]
    if not {"benchmark", "benchmark_or_operation"} & set(columns):
        missing.append("benchmark")
    if missing:
        raise UsageError(f"{path}: no column {missing[0]!r}; a table of published figures has {', '.join(COLUMNS)}")


def _figure(row: Mapping[str, str], name: str, line: int) -> Figure:
    benchmark = row.get("benchmark") or row.get("benchmark_or_operation") or ""
    condition = row.get("condition")
    return Figure(
        row["source"], row["table_or_figure"], row["platform"], f"{benchmark}, {condition}" if condition else benchmark,
        row["metric"], row["unit"], row["value"], row["notes"], row["use"], row["model_class"], name, line,
    )  # fmt: skip
