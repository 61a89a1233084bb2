"""Predicted against published: the cost over native of each figure, and how far all predictions are off, by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator.plots._looks import BARE, HEIGHT, INK, OTHER, WIDTH, Look, model
from simulator.plots._scales import logarithmic, times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.validation.rows import Row

_CLASSES: Mapping[str, tuple[str, Look]] = {
    "bare": ("bare metal", model(BARE)),
    "container": ("containers", model("container")),
    "type2": ("hosted, and KVM", model("hosted hypervisor")),
    "type1": ("type-I hypervisors", model("hardware hypervisor")),
    "microvm": ("micro virtual machines", model("hardware hypervisor + unikernel")),
    "jvm": ("Java virtual machines", model("jvm")),
    "other": ("emulators, unikernels, others", model(OTHER)),
}
"""Name and look of each class of the published tables, which mix families; each looks as most of its members."""
_BANDS = ((0.4, "#efefef"), (0.15, "#dcdcdc"))
"""Errors that are shaded, and how dark."""
_LETTERS = 17
"""Of a line of a class's name."""
_SPREAD = 0.32
"""How far the points of a class stand apart, in parts of the distance to the next."""


def draw(rows: Sequence[Row]) -> Figure:
    """Two panels: costs over native on two logarithms, and errors of all figures by class, which is named there."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
    classes = [name for name in _CLASSES if any(row.model_class == name for row in rows)]
    _costs(left, [row for row in rows if isfinite(row.cost) and row.predicted_cost > 0.0], classes)
    _errors(right, rows, classes)
    return figure


def _costs(axes: Axes, rows: Sequence[Row], classes: Sequence[str]) -> None:
    """Each figure at its published and its predicted cost; on the diagonal it is right."""
    values = [each for row in rows for each in (row.cost, row.predicted_cost)] or [1.0]
    low, high = min(*values, 1.0) / 1.3, max(*values, 1.0) * 1.3
    for part, colour in _BANDS:
        ends = [low, high]
        axes.fill_between(ends, [x / (1 + part) for x in ends], [x * (1 + part) for x in ends], color=colour, lw=0)
    axes.plot([low, high], [low, high], color=INK, linewidth=0.8)
    for name in classes:
        own = [row for row in rows if row.model_class == name]
        axes.scatter([row.cost for row in own], [row.predicted_cost for row in own], **_look(name))
    for along in ("x", "y"):
        logarithmic(axes, along, low, high, times)
    axes.set_aspect("equal")
    axes.set_xlabel("published cost over native")
    axes.set_ylabel("predicted cost over the published native")
    axes.set_title(f"Cost over native: {len(rows)} figures", loc="left", fontweight="bold", fontsize="medium")


def _errors(axes: Axes, rows: Sequence[Row], classes: Sequence[str]) -> None:
    """Predicted over published of every figure, a row of points for each class."""
    for part, colour in _BANDS:
        axes.axvspan(1.0 / (1.0 + part), 1.0 + part, color=colour, linewidth=0)
    axes.axvline(1.0, color=INK, linewidth=0.8)
    ratios = [1.0 + row.error_percent / 100.0 for row in rows if row.error_percent > -100.0]
    for number, name in enumerate(classes):
        own = sorted(1.0 + row.error_percent / 100.0 for row in rows if row.model_class == name)
        heights = [number + _SPREAD * (index % 7 - 3) / 3.0 for index in range(len(own))]
        axes.scatter(own, heights, **_look(name))
    labels = [f"{_CLASSES[name][0]} ({sum(row.model_class == name for row in rows)})" for name in classes]
    axes.set_yticks(range(len(classes)), ["\n".join(wrap(label, _LETTERS)) for label in labels])
    axes.tick_params(axis="y", length=0)
    logarithmic(axes, "x", 0.8 * min([*ratios, 0.6]), 1.25 * max([*ratios, 1.6]), times, 4)
    axes.set_ylim(len(classes) - 0.5, -0.5)
    axes.set_xlabel("predicted over published;\nshaded: 15 and 40 %")
    axes.set_title(f"All {len(rows)} judged figures", loc="left", fontweight="bold", fontsize="medium")


def _look(name: str) -> dict[str, Any]:
    return {"s": 40, "alpha": 0.85, **_CLASSES[name][1].point()}
