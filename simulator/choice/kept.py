"""The choice as it is kept beside the tables of its scenario's batch: one JSON file, the same bytes each time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from simulator.results.folder import replace_text

FILE = "choice.json"


def save(folder: Path, data: Mapping[str, Any]) -> None:
    """Write it, whole."""
    replace_text(folder / FILE, json.dumps(_plain(data), indent=2, ensure_ascii=False) + "\n")


def read(folder: Path) -> dict[str, Any]:
    """What is kept there; empty where nothing is."""
    try:
        data: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return data


def _plain(value: Any) -> Any:
    """JSON has no word for what is not a number."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value
