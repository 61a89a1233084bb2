"""Panels side by side with a line for each model: how figures of curves are laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator.plots._looks import CHARACTER, FONT, HEIGHT, LINE, WIDTH, Look, columns
from simulator.plots._style import legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 6
"""Panels that can be read side by side; of more places the first are shown, and the title says so."""
_ACROSS = 2
_LOWEST = 3.0
"""Inches of a panel's height."""


def panels(table: pd.DataFrame) -> list[str]:
    """The places that have a panel."""
    return list(dict.fromkeys(table["place"]))[:MOST]


def layout(table: pd.DataFrame, title: str, handles: Sequence[Any]) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each place, and a legend below.

    Args:
        table: with a column ``place``.
        title: of the figure.
        handles: of the legend, with labels.
    """
    from matplotlib.figure import Figure

    names, every = panels(table), table["place"].nunique()
    across = min(_ACROSS, len(names))
    down = -(-len(names) // across)
    labels = [str(handle.get_label()) for handle in handles]
    below = LINE * (1.0 + -(-len(labels) // columns(labels)))
    height = max(HEIGHT if down == 1 else 0.0, 0.9 + below + down * _LOWEST)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = list(figure.subplots(down, across, squeeze=False).flat)
    for axes in grid[len(names) :]:
        axes.remove()
    more = f" (the first {len(names)} of {every} places)" if every > len(names) else ""
    figure.suptitle(headline(title + more), x=0.01, ha="left", fontweight="bold")
    legend(figure, labels, handles=list(handles))
    letters = int(WIDTH / across / CHARACTER) - 8
    for axes, name in zip(grid, names, strict=False):
        axes.set_title("\n".join(wrap(name, letters)), loc="left", fontweight="bold", fontsize=FONT)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    return figure, grid[: len(names)]


def headline(title: str) -> str:
    """A title in lines that fit over a figure."""
    letters = int(0.8 * WIDTH / CHARACTER)
    return "\n".join(line for part in title.split("\n") for line in wrap(part, letters))


def lines(found: Mapping[str, Look], stacks: Iterable[str]) -> list[Any]:
    """A handle for each model, drawn as its line is."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], label=stack, **found[stack].line()) for stack in stacks]


def each(axes: Sequence[Axes], table: pd.DataFrame, draw: Callable[[Axes, pd.DataFrame], None]) -> None:
    """Draw the rows of each place into its panel."""
    for panel, name in zip(axes, panels(table), strict=True):
        draw(panel, table[table["place"] == name])


def outer_labels(axes: Sequence[Axes], across: str, up: str) -> None:
    """What the axes show, said once: under the lowest panels and left of the first ones."""
    width = min(_ACROSS, len(axes))
    for number, panel in enumerate(axes):
        if number + width >= len(axes):
            panel.set_xlabel(across)
        if number % width == 0:
            panel.set_ylabel(up)
