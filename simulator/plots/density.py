"""How many fit: for each model what memory and what processors allow, and the smaller of the two.

Drawn of what ``virtlab density`` has found; a batch without that has nothing to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.filling import kept
from simulator.plots._labels import records
from simulator.plots._looks import HEAD, INK, PALETTE, WIDTH
from simulator.units import format_quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "How many fit?"
_ROW, _ROUND = 0.62, 1.6
"""Inches of each model, and of what is around them."""
_BAR = 0.36
_PALE = 0.35
_BARS = (("memory_count", "memory allows", PALETTE[0], ""), ("processors_count", "processors allow", PALETTE[1], "///"))
"""Column, name, colour and pattern of each bar."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each model."""
    import pandas as pd

    data = kept.read(results.folder)
    columns = ("model", "instances", "limited_by", "memory_count", "processors_count", "processors_reached")
    table = pd.DataFrame({name: model[name] for name in columns} for model in data.get("models", []))
    if not table.empty:
        table.attrs |= {name: data[name] for name in ("title", "service", "host_bytes", "latency_s", "percentile")}
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Two bars for each model; the one that limits is dark."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(WIDTH, _ROUND + _ROW * len(table)))
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    axes = figure.add_subplot()
    models = records(table)
    most = max(max(model["memory_count"], model["processors_count"]) for model in models)
    for place, model in enumerate(models):
        _bars(axes, place, model, most)
    _axes(axes, table, models, most)
    handles = [Patch(facecolor=colour, hatch=hatch, edgecolor="white") for _, _, colour, hatch in _BARS]
    names = [name for _, name, _, _ in _BARS]
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _bars(axes: Axes, place: int, model: dict[str, Any], most: float) -> None:
    """What memory and processors allow, each with its number."""
    for number, (column, _, colour, hatch) in enumerate(_BARS):
        value, y = model[column], place + (number - 0.5) * _BAR
        limits = value == model["instances"] and (column != "processors_count" or model["processors_reached"])
        axes.barh(
            y, value, height=_BAR, color=colour, hatch=hatch, edgecolor="white", alpha=1.0 if limits else _PALE,
            zorder=2,
        )  # fmt: skip
        open_ended = column == "processors_count" and not model["processors_reached"]
        text = f"{value:g} or more" if open_ended else f"{value:g}"
        weight = "bold" if limits else "normal"
        axes.text(value + 0.01 * most, y, text, va="center", color=INK, fontweight=weight)


def _axes(axes: Axes, table: pd.DataFrame, models: list[dict[str, Any]], most: float) -> None:
    attrs = table.attrs
    names = [f"{model['model']}\n{model['instances']}, by {model['limited_by']}" for model in models]
    axes.set_yticks(range(len(models)), names)
    axes.invert_yaxis()
    axes.set_xlim(0.0, 1.18 * most)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6, zorder=0)
    axes.set_axisbelow(True)
    host, latency = format_quantity(attrs["host_bytes"], "bytes"), format_quantity(attrs["latency_s"], "s")
    target = f"{100.0 * attrs['percentile']:g} % of the answers within {latency}"
    axes.set_xlabel(f"instances of {attrs['service']} on a host of {host}, {target}")
    axes.set_title(attrs["title"], loc="left", fontsize=HEAD, fontweight="bold")
