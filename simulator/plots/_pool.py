"""A pool of hosts over time: instances, hosts and processors in use, what it draws; and how its hosts are used."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from simulator.plots._looks import INK, PALETTE, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.pool import PoolResults

_HOURS = (("s", 1.0), ("min", 60.0), ("h", 3600.0), ("d", 86400.0))
_FEW = 3.0
"""An axis of time is in the largest unit of which it has at least so many."""


def draw_time(results: PoolResults) -> Figure:
    """Three panels on one axis of time, means over replications."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 7.5), layout="constrained")
    upper, middle, lower = figure.subplots(3, 1, sharex=True)
    times_s, _ = results.over_time("instances")
    unit, scale = next((unit, scale) for unit, scale in reversed(_HOURS) if times_s[-1] >= _FEW * scale or scale == 1.0)
    for axes, lines in (
        (upper, (("instances", "instances", 0), ("waiting", "requests that wait", 2))),
        (middle, (("hosts_on", "hosts on", 1), ("hosts_used", "of them with an instance", 3))),
    ):
        for column, label, colour in lines:
            _line(axes, results, column, label, PALETTE[colour], scale)
        axes.set_ylim(bottom=0.0)
        axes.legend(frameon=False, loc="best")
    upper.set_ylabel("instances")
    middle.set_ylabel("hosts")
    _line(lower, results, "utilisation", "processors in use", PALETTE[0], scale, 100.0)
    lower.set_ylim(0.0, 100.0)
    lower.set_ylabel("processors in use, %")
    _power(lower, results, scale)
    lower.set_xlabel(f"time, {unit}")
    upper.set_title(f"{results.plan.title}\nmean of {len(results.tables['runs'])} replications", loc="left")
    return figure


def _line(
    axes: Axes, results: PoolResults, column: str, label: str, colour: str, scale: float, times: float = 1.0
) -> None:
    at_s, values = results.over_time(column)
    axes.step([time_s / scale for time_s in at_s], [times * value for value in values], where="pre", color=colour,
              label=label, linewidth=1.6)  # fmt: skip


def _power(axes: Axes, results: PoolResults, scale: float) -> None:
    """What the pool draws, on an axis of its own; nothing where nobody knows."""
    _, watts = results.over_time("watts")
    if all(isnan(value) for value in watts):
        return
    right = axes.twinx()
    at_s, _ = results.over_time("watts")
    right.step([time_s / scale for time_s in at_s], [value / 1000.0 for value in watts], where="pre", color=INK,
               linestyle="--", linewidth=1.2, label="power")  # fmt: skip
    right.set_ylim(bottom=0.0)
    right.set_ylabel("power, kW (dashed)")
    right.spines["right"].set_visible(True)


def draw_hosts(results: PoolResults) -> Figure:
    """How hosts were used, sorted: processors, instances at once, energy; each host of each replication a point."""
    from matplotlib.figure import Figure

    from simulator.pool.tables import names

    columns = {name: place for place, name in enumerate(names("hosts"))}
    rows = results.tables["hosts"]
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    panels = [("utilisation", "processors in use, %", 100.0), ("instances_most", "most instances at once", 1.0)]
    if not all(isnan(row[columns["energy_j"]]) for row in rows):
        panels.append(("energy_j", "energy, kWh", 1.0 / 3.6e6))
    for axes, (column, label, times) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for number, kind in enumerate(dict.fromkeys(row[columns["type"]] for row in rows)):
            values = sorted(times * row[columns[column]] for row in rows if row[columns["type"]] == kind)
            parts = [100.0 * (place + 0.5) / len(values) for place in range(len(values))]
            axes.step(parts, values, where="mid", label=kind, color=PALETTE[number % len(PALETTE)], linewidth=1.6)
        axes.set_ylabel(label)
        axes.set_xlabel("hosts of a type, sorted, %")
        axes.set_ylim(bottom=0.0)
    figure.axes[0].legend(frameon=False)
    figure.axes[0].set_title(results.plan.title, loc="left")
    return figure
