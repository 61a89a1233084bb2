"""The growth curve as a figure."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import matplotlib
from measurements import Measurements

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "virtlab", "svg.fonttype": "none"})


def draw(found: Measurements, path: Path) -> None:
    """Microseconds of a change against the number of guests, one line a contender."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9.0, 4.8), layout="constrained")
    names = dict.fromkeys(name for rounds in found.growth.values() for name in rounds.runs)
    for name in names:
        sizes = [guests for guests, rounds in found.growth.items() if name in rounds.runs]
        us = [median(found.growth[n].column(name, "run_s")) / found.growth[n].changes * 1e6 for n in sizes]
        own = name.startswith("virtlab")
        axes.plot(sizes, us, marker="o", label=name, linewidth=2.4 if own else 1.2, linestyle="-" if own else "--")
    axes.set(
        xscale="log", yscale="log", xlabel="guests of one host (16 cores)", ylabel="processor time of a change, µs"
    )
    axes.set_title("S1: what one arrival or completion costs")
    axes.grid(True, which="major", alpha=0.3)
    figure.legend(loc="outside right center", frameon=False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
