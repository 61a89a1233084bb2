"""What does it cost: for each workload the time that the same work takes on each stack, the baseline being 1."""

from __future__ import annotations

from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

from simulator.plots._labels import Places, records
from simulator.plots._style import INK, fill, legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "What does it cost?"
_GROUP = 0.8
"""Width of the bars of one group; the rest is air."""
_LINE = 11
"""Characters in a line under a group."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each place and stack off the baseline: ``relative`` cost with its bounds, paired by replication."""
    import pandas as pd

    rows = records(results.summary())
    places = Places(results, rows)
    table = pd.DataFrame(
        {
            "place": places.label(row),
            "stack": places.stack(row),
            "relative": 1.0 + row["overhead_percent"] / 100.0,
            "low": 1.0 + row["overhead_low"] / 100.0,
            "high": 1.0 + row["overhead_high"] / 100.0,
            "n": row["n"],
            "level": row["level"],
        }
        for row in rows
        if places.stack(row) != results.baseline and isfinite(row["overhead_percent"])
    )
    table.attrs |= {"title": results.manifest["scenario"]["title"], "baseline": results.baseline}
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Grouped bars; the baseline is the line at 1."""
    from matplotlib.figure import Figure

    places = list(dict.fromkeys(table["place"]))
    stacks = list(dict.fromkeys(table["stack"]))
    figure = Figure(figsize=(max(5.0, 1.2 + 0.42 * len(places) * max(2, len(stacks))), 3.8), layout="constrained")
    axes = figure.add_subplot()
    for number, stack in enumerate(stacks):
        _bars(axes, table[table["stack"] == stack], places, number, len(stacks))
    axes.axhline(1.0, color=INK, linewidth=1.0)
    axes.set_xticks(range(len(places)), [_wrapped(place) for place in places])
    axes.set_ylabel(f"time for the same work, {table.attrs['baseline']} = 1")
    axes.set_title(table.attrs["title"], loc="left")
    axes.tick_params(axis="x", length=0)
    axes.margins(x=0.01, y=0.12)
    legend(figure, stacks, title=_caption(table))
    return figure


def _bars(axes: Axes, rows: pd.DataFrame, places: list[str], number: int, stacks: int) -> None:
    """One stack's bars, each with its interval and its value."""
    width = _GROUP / stacks
    x = [places.index(place) + (number + 0.5) * width - _GROUP / 2 for place in rows["place"]]
    axes.bar(
        x, rows["relative"], width * 0.94, label=rows["stack"].iloc[0], edgecolor=INK, linewidth=0.6, **fill(number)
    )
    bounds = [(rows["relative"] - rows["low"]).fillna(0.0), (rows["high"] - rows["relative"]).fillna(0.0)]
    axes.errorbar(x, rows["relative"], bounds, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.0)
    tops = rows["high"].fillna(rows["relative"])
    for place, top, value in zip(x, tops, rows["relative"], strict=True):
        axes.annotate(f"{value:.2f}", (place, top), (0, 3), textcoords="offset points", ha="center", fontsize=7)


def _wrapped(place: str) -> str:
    """The name of a place in lines that fit under its group."""
    return "\n".join(line for part in place.split(", ") for line in wrap(part, _LINE))


def _caption(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    counts = sorted(set(table["n"]))
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"n = {n} replications, {100 * first['level']:g} % intervals, paired with {table.attrs['baseline']}"
