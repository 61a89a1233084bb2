"""Charts of lectures: a table in, a figure out; told apart also in grey, by dashes, markers and patterns.

picture(lines, table, "requests at once", "requests/s")
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.plots import _looks, _models
from simulator.plots._looks import Look

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_COLOURS = (_looks.INK, *_looks.PALETTE)
_MARKERS = "osD^vPXh"
_WIDTH, _HEIGHT = 10.0, 4.2
_MOST_TICKS = 12
_ROW, _BAR, _FRAME = 0.48, 0.24, 1.2
"""Inches of a bar that stands alone, of one of a group, and of what is around all bars."""


def lines(
    table: pd.DataFrame, across: str, up: str, *, log: str = "", mark: float | None = None,
    models: Mapping[str, str] | None = None,
) -> Figure:  # fmt: skip
    """A line for each column, with the table's index across.

    Args:
        table: numbers; the index may be words, which then stand side by side.
        across: what the index is, with its unit.
        up: what the numbers are, with their unit.
        log: which axes are logarithmic: ``x``, ``y`` or ``xy``.
        mark: a value of the index at which a vertical line stands.
        models: the stack of each column, if columns are models: each then has the look that it has everywhere.
    """
    figure, axes = _empty(_HEIGHT)
    for name, look in zip(table.columns, _all(table.columns, models), strict=True):
        column = table[name].dropna()
        axes.plot(column.index, column, label=str(name), **look.line())
    if mark is not None:
        axes.axvline(mark, color=_looks.INK, linewidth=1)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    _scale(axes, table, log)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def bars(table: pd.DataFrame, along: str, *, log: bool = False, models: Mapping[str, str] | None = None) -> Figure:
    """For each row of the table a group of bars, one for each column.

    Args:
        table: numbers; nan is no bar, nor is zero on a logarithmic axis.
        along: what the numbers are, with their unit.
        log: whether the axis is logarithmic.
        models: the stack of each row of a single column, if rows are models: each has the look that it has everywhere.
    """
    each = 0.8 / len(table.columns)
    figure, axes = _empty(_FRAME + max(_ROW, _BAR * (1 + len(table.columns))) * len(table))
    for number, name in enumerate(table.columns):
        places = [row - 0.4 + each * (number + 0.5) for row in range(len(table))]
        found = axes.barh(places, table[name], each, label=str(name), **_look(number))
        if models is not None:
            for bar, look in zip(found, _all(table.index, models), strict=True):
                bar.set(**look.bar())
        axes.bar_label(found, [_short(value) for value in table[name]], padding=4)
    axes.margins(x=0.12)
    least = float(table[table > 0].min().min())
    if log and isfinite(least):
        axes.set_xscale("log")
        axes.set_xlim(left=least / 3)
        _plain(axes.xaxis)
    _rows(axes, table, along)
    if len(table.columns) > 1:
        figure.legend(loc="outside right upper", frameon=False)
    return figure


def stacked(table: pd.DataFrame, along: str) -> Figure:
    """For each row of the table one bar, made of its columns one after the other.

    Args:
        table: numbers that add up.
        along: what they are, with their unit.
    """
    figure, axes = _empty(_FRAME + _ROW * len(table))
    ends = table.fillna(0.0).cumsum(axis=1)
    for number, name in enumerate(table.columns):
        values = table[name].fillna(0.0)
        axes.barh(range(len(table)), values, 0.7, left=ends[name] - values, label=str(name), **_look(number))
    for row, whole in enumerate(ends.iloc[:, -1]):
        axes.annotate(_short(whole), (whole, row), (5, 0), textcoords="offset points", va="center")
    axes.margins(x=0.1)
    _rows(axes, table, along)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def _empty(height: float) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, height), layout="constrained")
    return figure, figure.subplots()


def _all(names: Iterable[str], models: Mapping[str, str] | None) -> list[Look]:
    """Looks of lines or bars: of models by their stacks, of anything else by number."""
    listed = list(names)
    if models is None:
        return [
            Look(_COLOURS[each % len(_COLOURS)], "", _MARKERS[each % len(_MARKERS)], _looks.model("", each).dash)
            for each in range(len(listed))
        ]
    classes = [_models.classes(models[name]) for name in listed]
    return [_looks.model(each, member) for each, member in zip(classes, _looks.members(classes), strict=True)]


def _look(number: int) -> dict[str, Any]:
    """Of the bars of one column."""
    options = {**_looks.fill(number), "edgecolor": _looks.INK, "linewidth": 0.6}
    return {**options, "facecolor": "#d0d0d0", "hatch": ""} if number == 0 else options


def _rows(axes: Axes, table: pd.DataFrame, along: str) -> None:
    axes.set_yticks(range(len(table)), [str(name) for name in table.index])
    axes.invert_yaxis()
    axes.set_xlabel(along)


def _scale(axes: Axes, table: pd.DataFrame, log: str) -> None:
    """A tick at each row of the table, unless there are too many rows for that."""
    if "x" in log:
        axes.set_xscale("log", base=2)
    if "y" in log:
        axes.set_yscale("log")
        _plain(axes.yaxis)
    elif not (table < 0).any(axis=None):
        axes.set_ylim(bottom=0)
    every = -(-len(table) // _MOST_TICKS) or 1
    ticks = list(table.index)[::every]
    axes.set_xticks(ticks, [_short(each) for each in ticks])
    axes.xaxis.minorticks_off()


def _plain(axis: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2, 5, 10, ..., as plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_locator(NullLocator())


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


__all__ = ["bars", "lines", "stacked"]
