"""The trade-offs: each model by its overhead and by what a victim loses on it, as large as its memory footprint.

Drawn of what ``virtlab choose`` has found; a batch without that has nothing to show.
"""

from __future__ import annotations

from math import isfinite, pi, sqrt
from typing import TYPE_CHECKING, Any

from simulator.choice import FRONT, kept
from simulator.choice.fronts import pareto
from simulator.choice.measures import Measure
from simulator.plots._labels import records
from simulator.plots._placing import Box, Mark, place
from simulator.plots._style import INK, family
from simulator.units import format_quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Which model for which need?"
_SIZE = (12.8, 7.2)
"""Inches: a slide."""
_FONT, _SMALL = 13, 11
"""Points: readable from the last row."""
_LARGEST, _SMALLEST = 900.0, 30.0
"""Areas of markers in square points: that of the largest footprint, and the least that shows colour and shape."""
_LINEAR = 1.0
"""Per cent of overhead up to which the axis is linear, so that it can show none and less than none."""
_TICKS = (-30, -10, -3, -1, 0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
_BAND, _LOST, _TOP = 102.0, 107.0, 112.0
"""Where the band begins for victims that do not live to tell, where they stand in it, and the end of the axis."""
_NUMBERS = (
    "overhead_percent", "overhead_ci_low_percent", "overhead_ci_high_percent",
    "loss_percent", "loss_ci_low_percent", "loss_ci_high_percent", "footprint_bytes",
)  # fmt: skip


def frame(results: Results) -> pd.DataFrame:
    """A row for each model whose overhead and loss are known; the others are named in ``attrs``."""
    import pandas as pd

    data = kept.read(results.folder)
    models = data.get("models", [])
    table = pd.DataFrame(
        {
            "model": model["model"],
            "class": model["class"],
            **{name: float("nan") if model[name] is None else float(model[name]) for name in _NUMBERS},
            "word": model["loss_word"],
        }
        for model in models
    )
    if table.empty:
        return table
    known = table["overhead_percent"].notna() & table["loss_percent"].notna()
    table.attrs |= {
        **{name: data[name] for name in ("title", "baseline", "victim", "victim_workload", "replications", "level")},
        "left_out": list(table["model"][~known]),
    }
    table = table[known].copy()
    table["bold"] = table["model"].isin(data["needs"][FRONT])
    table["y"] = table["loss_percent"].where(table["word"] == "", _LOST)
    return table


def draw(table: pd.DataFrame) -> Figure:
    """The plane of overhead and loss; lower left is better."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    axes = figure.add_subplot()
    _axes(axes, table)
    models = sorted(records(table), key=lambda model: -model["footprint_bytes"])
    largest = max(model["footprint_bytes"] for model in models)
    for model in models:
        _marker(axes, model, largest)
    _front(axes, models)
    _legends(figure, axes, models, largest)
    _label(figure, axes, models, largest)
    return figure


def _axes(axes: Axes, table: pd.DataFrame) -> None:
    attrs = table.attrs
    axes.set_xscale("symlog", linthresh=_LINEAR, linscale=0.6)
    low, high = table["overhead_percent"].min(), table["overhead_percent"].max()
    axes.set_xlim(min(-0.6, 1.6 * low), max(2.0, 2.2 * high))
    ticks = [tick for tick in _TICKS if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{tick} %" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_ylim(min(-6.0, 1.2 * table["loss_percent"].min()), _TOP)
    ticks = list(range(0, 101, 20))
    axes.set_yticks([*ticks, _LOST], [*(f"{tick} %" for tick in ticks), "its life"])
    axes.axhspan(_BAND, _TOP, color="#eeeeee", zorder=0)
    axes.grid(color="#dddddd", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=_SMALL)
    axes.set_xlabel(f"overhead over {attrs['baseline']}: what the same work takes more", fontsize=_FONT)
    axes.set_ylabel(f"what {attrs['victim']} loses to its worst neighbour", fontsize=_FONT)
    axes.set_title(attrs["title"], loc="left", fontsize=_FONT + 2, fontweight="bold")
    left_out = f"; not drawn, because not known: {', '.join(attrs['left_out'])}" if attrs["left_out"] else ""
    runs = f"{attrs['victim']} runs {attrs['victim_workload']} beside its neighbour"
    caption = f"{runs}; n = {attrs['replications']} replications, {100 * attrs['level']:g} % intervals{left_out}"
    axes.text(0.0, -0.13, caption, transform=axes.transAxes, fontsize=_SMALL, color=INK, va="top")


def _area(size_bytes: float, largest_bytes: float) -> float:
    """Area of a marker in square points."""
    return max(_SMALLEST, _LARGEST * size_bytes / largest_bytes)


def _scale(marker: str) -> float:
    """The area of a shape of size 1: shapes of one size differ in it."""
    from matplotlib.markers import MarkerStyle

    style = MarkerStyle(marker)
    outline: Any = style.get_path().transformed(style.get_transform()).to_polygons()[0]
    x, y = [float(corner[0]) for corner in outline], [float(corner[1]) for corner in outline]
    return abs(sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))) / 2.0


def _size(model: dict[str, Any], largest: float) -> float:
    """The size that gives a model's marker its area."""
    return _area(model["footprint_bytes"], largest) / _scale(family(model["class"])["marker"])


def _marker(axes: Axes, model: dict[str, Any], largest: float) -> None:
    """One model with its intervals."""
    x, y = model["overhead_percent"], model["y"]
    across = [[_gap(x - model["overhead_ci_low_percent"])], [_gap(model["overhead_ci_high_percent"] - x)]]
    up = [[_gap(y - model["loss_ci_low_percent"])], [_gap(model["loss_ci_high_percent"] - y)]]
    axes.errorbar(x, y, up, across, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2.0, zorder=1.5)
    look = family(model["class"])
    size = _size(model, largest)
    axes.scatter([x], [y], s=size, edgecolors=INK, linewidths=0.9, alpha=0.9, zorder=2, **look)


def _gap(width: float) -> float:
    return max(0.0, width) if isfinite(width) else 0.0


def _front(axes: Axes, models: list[dict[str, Any]]) -> None:
    """The models that no other one beats in overhead and loss together, joined in steps."""
    points = {model["model"]: (model["overhead_percent"], model["y"]) for model in models}
    best = pareto({name: [Measure(x), Measure(y)] for name, (x, y) in points.items()})
    corners = sorted({points[name] for name in best})
    x = [corners[0][0], *(corner[0] for corner in corners), axes.get_xlim()[1]]
    y = [_TOP, *(corner[1] for corner in corners), corners[-1][1]]
    axes.plot(x, y, drawstyle="steps-post", color=INK, linestyle="--", linewidth=1.4, zorder=1)


def _legends(figure: Figure, axes: Axes, models: list[dict[str, Any]], largest: float) -> None:
    """Classes, then sizes and what is best, beside the figure."""
    from matplotlib.lines import Line2D

    classes = sorted({model["class"] for model in models}, key=lambda name: (name.count("+"), name))
    handles = [
        Line2D([], [], linestyle="none", markersize=10, markeredgecolor=INK, label=name, marker=look["marker"],
               markerfacecolor=look["facecolor"])
        for name, look in ((name, family(name)) for name in classes)
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside right upper", frameon=False, fontsize=_SMALL, labelspacing=0.8)
    sizes = [
        Line2D([], [], linestyle="none", marker="o", markerfacecolor="white", markeredgecolor=INK,
               markersize=2.0 * sqrt(_area(size, largest) / pi),
               label=f"{format_quantity(float(f'{size:.2g}'), 'bytes')} for each tenant")
        for size in (largest / 16.0, largest)
    ]  # fmt: skip
    front = Line2D([], [], color=INK, linestyle="--", linewidth=1.4, label="no other is better\nin overhead and loss")
    bold = Line2D([], [], linestyle="none", label="in bold: nor if footprint\nand start count as well")
    figure.legend(
        handles=[*sizes, front, bold], loc="outside right lower", frameon=False, fontsize=_SMALL, labelspacing=1.6
    )


def _label(figure: Figure, axes: Axes, models: list[dict[str, Any]], largest: float) -> None:
    """The name of each model near its marker, with a line to it where it had to go further away."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    point = figure.dpi / 72.0
    marks = [_mark(axes, model, sqrt(_size(model, largest)) / 2.0 * point, renderer) for model in models]
    extent = axes.get_window_extent(renderer)
    places = place(marks, Box(extent.x0, extent.y0, extent.x1, extent.y1))
    for model, mark, box in zip(models, marks, places, strict=True):
        offset = ((box.left + box.right) / 2.0 - mark.x) / point, ((box.bottom + box.top) / 2.0 - mark.y) / point
        line = {"arrowstyle": "-", "color": INK, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
        axes.annotate(
            _name(model), (model["overhead_percent"], model["y"]), offset, textcoords="offset points",
            ha="center", va="center", fontsize=_FONT, fontweight=_weight(model), zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.7},
            arrowprops=line if mark.is_far(box) else None,
        )  # fmt: skip


def _mark(axes: Axes, model: dict[str, Any], radius: float, renderer: Any) -> Mark:
    """Where a model stands, how large its marker is and its name, in dots."""
    text = axes.text(0, 0, _name(model), fontsize=_FONT, fontweight=_weight(model))
    size = text.get_window_extent(renderer)
    text.remove()
    x, y = axes.transData.transform((model["overhead_percent"], model["y"]))
    return Mark(x, y, radius, size.width + 0.4 * size.height, 1.1 * size.height)


def _weight(model: dict[str, Any]) -> str:
    return "bold" if model["bold"] else "normal"


def _name(model: dict[str, Any]) -> str:
    return f"{model['model']} ({model['word']})" if model["word"] else str(model["model"])
