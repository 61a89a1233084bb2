"""Demands and sizes in words."""

from __future__ import annotations

import re

from simulator.demands import Demand
from simulator.units import format_quantity


def title(demand: Demand) -> str:
    """A demand in words, with its size, its kind or its name where it has one."""
    parts = [_words(type(demand).__name__)]
    for name in ("kind", "name", "direction"):
        value = getattr(demand, name, "")
        parts += [value.replace("_", " ")] if isinstance(value, str) and value else []
    parts += ["write"] if getattr(demand, "write", False) else []
    size_bytes = getattr(demand, "size_bytes", 0.0)
    return " ".join((*parts, *([size(size_bytes)] if size_bytes else [])))


def size(size_bytes: float) -> str:
    """A size in words."""
    return format_quantity(size_bytes, "bytes")


def _words(name: str) -> str:
    """A class name as words: ``TransferBlocks`` is "transfer blocks"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
