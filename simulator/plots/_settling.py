"""How figures settle: for each point and tenant the mean series, its moving average, and the advised cut.

Drawn of what ``virtlab warmup`` has found; a panel each, the first twelve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.plots._looks import FONT, HEIGHT, INK, PALETTE, WIDTH
from simulator.plots._style import legend
from simulator.settling import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 12
_ACROSS = 2
_SERIES = "mean over replications"
_AVERAGE = "moving average (Welch)"
_ADVISED = "advised warm-up"
_PRESENT = "warm-up of the scenario"
_UNITS = {"latency": "s", "operations": "1/s"}


def draw(answer: Mapping[str, Any]) -> Figure:
    """A figure of an answer, as ``Warmup.data`` gives it.

    Raises:
        UsageError: there is no series to draw.
    """
    from matplotlib.figure import Figure

    shown = [each for each in answer["tenants"] if each["mean"]]
    if not shown:
        raise UsageError(f"{answer['scenario']}: no tenant has a series to draw; make the run longer")
    panels = shown[:_MOST]
    rows = -(-len(panels) // _ACROSS)
    figure = Figure(figsize=(WIDTH, max(HEIGHT, 1.6 + 2.7 * rows)))
    figure.set_layout_engine("constrained")
    grid = figure.subplots(rows, _ACROSS if len(panels) > 1 else 1, squeeze=False)
    for axes, each in zip(grid.flat, panels, strict=False):
        _panel(axes, each)
        axes.set_ylabel(f"{answer['metric']} ({_UNITS[answer['metric']]})")
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    more = f" (the first {_MOST} of {len(shown)})" if len(shown) > _MOST else ""
    subtitle = f"{METRICS[answer['metric']]}; mean of {answer['replications']} replications{more}"
    figure.suptitle(f"{answer['title']}\n{subtitle}", x=0.01, ha="left")
    handles = {label: line for axes in grid.flat for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend(figure, list(handles), handles=list(handles.values()))
    return figure


def _panel(axes: Axes, each: Mapping[str, Any]) -> None:
    times_s, advised_s, present_s = each["times_s"], each["warmup_s"], each["present_s"]
    axes.plot(times_s, each["mean"], color="#b8b8b8", linewidth=0.6, label=_SERIES)
    axes.plot(times_s, each["average"], color=PALETTE[0], linewidth=1.6, label=_AVERAGE)
    if advised_s == advised_s:
        axes.axvline(advised_s, color=PALETTE[2], linewidth=1.4, label=_ADVISED)
    axes.axvline(present_s, color=INK, linewidth=1.0, linestyle="--", label=_PRESENT)
    place = ", ".join(map(str, each["place"].values()))
    verdict = "" if each["verdict"] == "settled" else f": {each['verdict']}"
    axes.set_title(
        f"{place}, {each['tenant']}{verdict}" if place else f"{each['tenant']}{verdict}", loc="left", fontsize=FONT
    )
    axes.set_xlabel("simulated time (s)")
    axes.set_ylim(bottom=0.0)
