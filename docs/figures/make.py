"""Makes the pictures of docs/figures.md from finished batches: ``python docs/figures/make.py RESULTS``.

Each picture is one figure of one batch, found below RESULTS by the name of its scenario. Where a batch is missing it
says which command makes it, and goes on with the others.
"""

from __future__ import annotations

import sys
from pathlib import Path

from simulator import discovery, plots
from simulator.plots import _style
from simulator.results import load

PICTURES = {
    "trade_offs": ("which-model-for-which-need", "choose scenarios/which-model-for-which-need.yaml"),
    "who_hurts_whom": ("noisy-neighbour", "isolate scenarios/noisy-neighbour.yaml"),
    "density": ("how-many-fit-density", "density scenarios/how-many-fit.yaml"),
    "cost": ("what-does-it-cost", "run scenarios/what-does-it-cost.yaml"),
    "where": ("noisy-neighbour", "isolate scenarios/noisy-neighbour.yaml"),
    "intensity": ("what-does-it-cost", "run scenarios/what-does-it-cost.yaml"),
    "latencies": ("noisy-neighbour", "isolate scenarios/noisy-neighbour.yaml"),
    "timeline": ("save-and-rewind", "run scenarios/save-and-rewind.yaml"),
    "migrations": ("move-it-while-it-runs", "run scenarios/move-it-while-it-runs.yaml"),
    "starts": ("starts-side-by-side", "run scenarios/starts-side-by-side.yaml"),
    "heap_curve": ("heap-against-memory", "run scenarios/heap-against-memory.yaml"),
    "warm_up": ("how-java-warms-up", "run scenarios/how-java-warms-up.yaml"),
    "layers": ("noisy-neighbour", "isolate scenarios/noisy-neighbour.yaml"),
    "tornado": (
        "what-does-it-cost-sensitivity",
        "sensitivity scenarios/what-does-it-cost.yaml --workload stream --method tornado",
    ),
}
"""For each figure the name of the batch, and the command that makes it."""


def main(results: Path, target: Path) -> int:
    """Draw all; returns how many are missing."""
    missing = 0
    for name, (scenario, command) in PICTURES.items():
        tables = (discovery.member("plots", name).frame(load(each)) for each in _batches(results / scenario))
        table = next((table for table in tables if not table.empty), None)
        if table is None:
            print(f"{name}: no batch of {scenario} in {results} shows it; virtlab {command}", file=sys.stderr)
            missing += 1
            continue
        with _style.settings():
            picture = _style.picture(discovery.member("plots", name).draw(table))
        (target / f"{name}.png").write_bytes(picture)
        print(f"{name}.png: {len(picture) / 1e3:.0f} kB")
    return missing


def _batches(folder: Path) -> list[Path]:
    return sorted((path.parent for path in folder.glob("*/manifest.json")), key=lambda path: path.stat().st_mtime)[::-1]


if __name__ == "__main__":
    assert set(PICTURES) == set(plots.figures()), "every figure has a picture"
    raise SystemExit(min(1, main(Path(sys.argv[1] if len(sys.argv) > 1 else "results"), Path(__file__).parent)))
