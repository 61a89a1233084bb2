"""The answer as it is kept beside the tables of its first batch: one JSON file, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.results.folder import read_json, replace_json

FILE = "density.json"


def save(folder: Path, data: Mapping[str, Any]) -> None:
    """Write it, whole."""
    replace_json(folder / FILE, data)


def read(folder: Path) -> dict[str, Any]:
    """What is kept there; empty where nothing is."""
    return read_json(folder / FILE)
