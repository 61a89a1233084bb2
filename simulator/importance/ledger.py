"""What the ledger of the scenario's own runs says beforehand: how much an unknown can change at most.

A cost of a mechanism that took one per mille of a tenant's time and may be twice as high changes about one per mille.
That is an expectation and no result: what it sorts out is run as a group, see :mod:`simulator.importance.screening`.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import inf
from pathlib import Path

from simulator.records import run_id
from simulator.results.folder import csv_path
from simulator.uncertainty import Unknown


class Ledger:
    """Device time of a batch by point, product and mechanism, as part of the length of the run.

    Args:
        folder: of the batch.
        numbers: of the scenario's points, in the order of the batch.
        replications: of each.
    """

    def __init__(self, folder: Path, numbers: Sequence[int], replications: int) -> None:
        runs = {
            run_id(position, replication): number
            for position, number in enumerate(numbers)
            for replication in range(replications)
        }
        length_s = dict.fromkeys(numbers, 0.0)
        for row in _rows(folder, "runs"):
            length_s[runs[row["run"]]] += float(row["simulated_s"] or 0.0)
        self._parts: dict[tuple[int, str, str], float] = {}
        self._devices: set[tuple[int, str]] = set()
        for row in _rows(folder, "charges"):
            point = runs[row["run"]]
            key = (point, _product(row["cause"]), row["mechanism"])
            part = float(row["service_s"]) / length_s[point]
            self._parts[key] = self._parts.get(key, 0.0) + part
            self._devices.add((point, row["device"].partition("-")[0]))

    def expected(self, point: int, unknown: Unknown) -> float:
        """What part of a point's time the unknown can change at most; infinite where the ledger does not say."""
        if unknown.parameter.startswith("start."):
            return 0.0
        if unknown.kind == "device":
            device = unknown.entry.rpartition(".")[2]
            return inf if device in ("cpu", "memory") or (point, device) in self._devices else 0.0
        if unknown.kind != "layer" or not unknown.mechanism:
            return inf
        products = (unknown.entry, *unknown.also)
        part = sum(self._parts.get((point, product, unknown.mechanism), 0.0) for product in products)
        return part * _stretch(unknown) if part else 0.0


def _rows(folder: Path, table: str) -> Sequence[dict[str, str]]:
    with csv_path(folder, table).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _product(path: str) -> str:
    """The product of a node, by its path."""
    return path.rpartition("/")[2].partition("[")[0]


def _stretch(unknown: Unknown) -> float:
    """By what part of its value an unknown differs from it at most."""
    if not unknown.value:
        return inf
    return max(unknown.high - unknown.value, unknown.value - unknown.low) / abs(unknown.value)
