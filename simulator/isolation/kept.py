"""The answers as they are kept beside the tables of a batch: one JSON file, an entry for each question asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.results.folder import read_json, replace_json

FILE = "isolation.json"


def save(folder: Path, data: Mapping[str, Any]) -> None:
    """Write an answer, whole; those to other questions stay."""
    name = f"{data['victim']} beside {data['aggressor'] or ', '.join(data['aggressors'])}"
    replace_json(folder / FILE, dict(sorted({**_all(folder), name: data}.items())))


def read(folder: Path) -> list[dict[str, Any]]:
    """All answers that are kept there."""
    return list(_all(folder).values())


def _all(folder: Path) -> dict[str, dict[str, Any]]:
    return read_json(folder / FILE)
