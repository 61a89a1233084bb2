"""The trade-offs: each model by its overhead and by what a victim loses on it, as large as its memory footprint.

Drawn of what ``virtlab choose`` has found; a batch without that has nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, pi, sqrt
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator.choice import FRONT, kept
from simulator.choice.fronts import pareto
from simulator.choice.measures import Measure
from simulator.plots import _looks
from simulator.plots._labels import records
from simulator.plots._looks import CHARACTER, GRID, HEIGHT, INK, LINE, PALE, WIDTH
from simulator.plots._placing import Box, Mark, place
from simulator.units import format_quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Which model for which need?"
_LETTERS = 21
"""Of a line of the legend."""
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

    classes = {model: "\n".join(wrap(model, _LETTERS)) for model in _classes(table)}
    lines = sum(words.count("\n") + 1 for words in classes.values())
    figure = Figure(figsize=(WIDTH, max(HEIGHT, LINE * (1.3 * lines + 12.0))))
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.08)
    axes = figure.add_subplot()
    _axes(axes, table)
    models = sorted(records(table), key=lambda model: -model["footprint_bytes"])
    largest = max(model["footprint_bytes"] for model in models)
    for model in models:
        _marker(axes, model, largest)
    _front(axes, models)
    _legends(figure, classes, largest)
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
    axes.axhspan(_BAND, _TOP, color=PALE, zorder=0)
    axes.grid(color=GRID, linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"overhead over {attrs['baseline']}: what the same work takes more")
    axes.set_ylabel(f"what {attrs['victim']} loses to its worst neighbour")
    axes.set_title(attrs["title"], loc="left", fontweight="bold")
    left_out = f"; not drawn, because not known: {', '.join(attrs['left_out'])}" if attrs["left_out"] else ""
    runs = f"{attrs['victim']} runs {attrs['victim_workload']} beside its neighbour"
    caption = f"{runs}; n = {attrs['replications']} replications, {100 * attrs['level']:g} % intervals{left_out}"
    figure: Any = axes.figure
    figure.supxlabel("\n".join(wrap(caption, int(WIDTH / CHARACTER))), x=0.01, ha="left", fontsize="medium")


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
    return _area(model["footprint_bytes"], largest) / _scale(_looks.model(model["class"]).marker)


def _marker(axes: Axes, model: dict[str, Any], largest: float) -> None:
    """One model with its intervals."""
    x, y = model["overhead_percent"], model["y"]
    across = [[_gap(x - model["overhead_ci_low_percent"])], [_gap(model["overhead_ci_high_percent"] - x)]]
    up = [[_gap(y - model["loss_ci_low_percent"])], [_gap(model["loss_ci_high_percent"] - y)]]
    axes.errorbar(x, y, up, across, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2.0, zorder=1.5)
    look = _looks.model(model["class"]).point()
    axes.scatter([x], [y], s=_size(model, largest), alpha=0.9, zorder=2, **look)


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


def _classes(table: pd.DataFrame) -> list[str]:
    """The families of the models, single ones first."""
    return sorted(set(table["class"]), key=lambda name: (name.count("+"), name))


def _legends(figure: Figure, classes: Mapping[str, str], largest: float) -> None:
    """Classes, then sizes and what is best, beside the figure."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", markersize=10, markeredgecolor=INK, label=words, marker=look.marker,
               markerfacecolor=look.colour)
        for words, look in ((words, _looks.model(name)) for name, words in classes.items())
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside right upper", frameon=False, labelspacing=0.5)
    sizes = [
        Line2D([], [], linestyle="none", marker="o", markerfacecolor="white", markeredgecolor=INK,
               markersize=2.0 * sqrt(_area(size, largest) / pi),
               label=f"{format_quantity(float(f'{size:.2g}'), 'bytes')}\nfor each tenant")
        for size in (largest / 16.0, largest)
    ]  # fmt: skip
    front = Line2D([], [], color=INK, linestyle="--", linewidth=1.4, label="no other is better in\noverhead and loss")
    bold = Line2D([], [], linestyle="none", label="in bold: nor with\nfootprint and start")
    figure.legend(handles=[*sizes, front, bold], loc="outside right lower", frameon=False, labelspacing=0.9)


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
            ha="center", va="center", fontweight=_weight(model), zorder=4,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.7},
            arrowprops=line if mark.is_far(box) else None,
        )  # fmt: skip


def _mark(axes: Axes, model: dict[str, Any], radius: float, renderer: Any) -> Mark:
    """Where a model stands, how large its marker is and its name, in dots."""
    text = axes.text(0, 0, _name(model), fontweight=_weight(model))
    size = text.get_window_extent(renderer)
    text.remove()
    x, y = axes.transData.transform((model["overhead_percent"], model["y"]))
    return Mark(x, y, radius, size.width + 0.4 * size.height, 1.1 * size.height)


def _weight(model: dict[str, Any]) -> str:
    return "bold" if model["bold"] else "normal"


def _name(model: dict[str, Any]) -> str:
    return f"{model['model']} ({model['word']})" if model["word"] else str(model["model"])
