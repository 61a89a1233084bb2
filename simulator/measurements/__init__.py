"""Measurements: what other tools print, read into figures and written as catalog files.

One module per tool, found by discovery. Each recognises its files, reads them into one kind of record (``base``), and
says which numbers of the catalog its figures are: a profile of a program, the costs of a kernel, a disk. What a file
says and the catalog has no use for is listed with its reason; nothing is dropped in silence.
"""

from __future__ import annotations

from simulator import discovery
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Record, Request, Tool, Unused

__all__ = ["CatalogFile", "Figure", "Measurement", "Number", "Record", "Request", "Tool", "Unused", "tools"]


def tools() -> dict[str, Tool]:
    """Every tool by the name that its command has."""
    found = (discovery.member("measurements", name).TOOL() for name in discovery.members("measurements"))
    return {tool.NAME: tool for tool in found}
