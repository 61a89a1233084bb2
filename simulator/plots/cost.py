"""What does it cost: for each workload the time that the same work takes on each stack, the baseline being 1."""

from __future__ import annotations

import re
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING

from simulator.plots._labels import Places, records
from simulator.plots._looks import CHARACTER, HEIGHT, INK, LINE, WIDTH, Look, widest
from simulator.plots._models import described, looks
from simulator.plots._style import legend

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from simulator.results import Results

TITLE = "What does it cost?"
MOST_PLACES = 60
"""Places on the axes of which each can still be read."""
_GROUP = 0.8
"""Width of the bars of one group; the rest is air."""
_MOST_STACKS, _MOST_BARS = 4, 16
"""Stacks beside the baseline, and bars in all, that are drawn as bars: each has its number over it."""
_CELL_WIDTH, _CELL_HEIGHT = 0.92, 0.32
_DARK = 0.4
"""From this grey on numbers are white."""
_TEN = 9.995
_EQUAL = 0.005
"""Closer to the baseline than this is no difference to a reader."""
_LINE = 9
"""Characters in a line over a column."""


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
    table = described(table, results)
    table.attrs |= {"title": results.manifest["scenario"]["title"], "baseline": results.baseline}
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Grouped bars with the baseline as the line at 1; of many stacks a field of numbers."""
    from matplotlib.figure import Figure

    places = list(dict.fromkeys(table["place"]))
    stacks = list(dict.fromkeys(table["stack"]))
    if len(stacks) > _MOST_STACKS or len(stacks) * len(places) > _MOST_BARS:
        return _field(table, places, stacks)
    figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.add_subplot()
    found = looks(table)
    for number, stack in enumerate(stacks):
        _bars(axes, table[table["stack"] == stack], places, number, len(stacks), found[stack])
    axes.axhline(1.0, color=INK, linewidth=1.0)
    line = int((WIDTH - 1.0) / len(places) / CHARACTER) - 1
    axes.set_xticks(range(len(places)), [_wrapped(place, line) for place in places])
    axes.set_ylabel(f"time for the same work, {table.attrs['baseline']} = 1")
    axes.set_title(table.attrs["title"], loc="left")
    axes.tick_params(axis="x", length=0)
    axes.margins(x=0.01, y=0.12)
    legend(figure, stacks, title=_caption(table))
    return figure


def _field(table: pd.DataFrame, places: list[str], stacks: list[str]) -> Figure:
    """A cell for each stack and place: its number, and a grey that darkens with it (the scale is logarithmic)."""
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    def grid(column: str) -> NDArray[np.float64]:
        found = table.pivot_table(index="stack", columns="place", values=column, sort=False, dropna=False)
        return found.reindex(index=stacks, columns=places).to_numpy(dtype=float)

    values = grid("relative")
    faster = grid("high") < 1.0 - _EQUAL
    longest = max(len(word) for place in places for word in re.split(r"[\s-]", place))
    heads = [_wrapped(place, longest + 1) for place in places]
    lines = max(head.count("\n") + 1 for head in heads)
    width = max(0.75 * WIDTH, 0.4 + widest(stacks) + max(_CELL_WIDTH, CHARACTER * longest) * len(places))
    size = (width, 1.6 + LINE * lines + _CELL_HEIGHT * len(stacks))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    norm = LogNorm(1.0, max(2.0, float(table["relative"].max())), clip=True)
    axes.imshow(values.clip(min=1.0), cmap="Greys", norm=norm, aspect="auto")
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            if isfinite(value):
                ink = "white" if norm(value) > _DARK else INK
                weight = "bold" if faster[y, x] else "normal"
                axes.text(x, y, _short(value), ha="center", va="center", color=ink, fontweight=weight)
    axes.set_xticks(range(len(places)), heads)
    axes.set_yticks(range(len(stacks)), stacks)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{table.attrs['title']}\nTime for the same work, {table.attrs['baseline']} = 1", loc="left", pad=12)
    bold = f"; bold: faster than {table.attrs['baseline']}, whole interval" if faster.any() else ""
    figure.supxlabel("\n".join(wrap(_caption(table) + bold, int(width / CHARACTER))), fontsize="medium")
    return figure


def _short(value: float) -> str:
    """A ratio with no more digits than a reader compares."""
    return f"{value:.2f}" if value < _TEN else f"{value:.0f}"


def _bars(axes: Axes, rows: pd.DataFrame, places: list[str], number: int, stacks: int, look: Look) -> None:
    """One stack's bars, each with its interval and its value."""
    width = _GROUP / stacks
    x = [places.index(place) + (number + 0.5) * width - _GROUP / 2 for place in rows["place"]]
    axes.bar(x, rows["relative"], width * 0.94, label=rows["stack"].iloc[0], **look.bar())
    bounds = [(rows["relative"] - rows["low"]).fillna(0.0), (rows["high"] - rows["relative"]).fillna(0.0)]
    axes.errorbar(x, rows["relative"], bounds, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.0)
    tops = rows["high"].fillna(rows["relative"])
    for place, top, value in zip(x, tops, rows["relative"], strict=True):
        axes.annotate(f"{value:.2f}", (place, top), (0, 3), textcoords="offset points", ha="center")


def _wrapped(place: str, line: int) -> str:
    """The name of a place in lines of so many letters."""
    return "\n".join(each for part in place.split(", ") for each in wrap(part, max(_LINE, line)))


def _caption(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    counts = sorted(set(table["n"]))
    n = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"n = {n} replications, {100 * first['level']:g} % intervals, paired with {table.attrs['baseline']}"
