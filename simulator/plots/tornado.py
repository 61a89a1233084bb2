"""The tornado: what each answer hangs on, a bar from one end of each range to the other, the widest on top.

Drawn of what ``virtlab sensitivity`` has found; a batch without that has nothing to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.importance import OVERHEAD, kept
from simulator.plots._labels import records
from simulator.plots._looks import INK, PALETTE, WIDTH
from simulator.units import DIMENSIONS, format_quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Which parameters does the answer hang on?"
_MOST_PANELS = 6
"""Answers that are drawn; the table has them all."""
_ALONE, _TOGETHER = 10, 6
"""Bars of one answer, and of each of several."""
_BAR, _PANEL = 0.46, 1.0
"""Inches: the height of a bar, and of a panel beside its bars."""
_LOW, _HIGH = PALETTE[0], PALETTE[1]
_NUMBERS = ("value", "range_low", "range_high", "low_percent", "high_percent")


def frame(results: Results) -> pd.DataFrame:
    """A row for each answer and parameter that is drawn, and one for all of them together (``all``)."""
    import pandas as pd

    data = kept.read(results.folder)
    answers = data.get("answers", [])
    shown = answers[:_MOST_PANELS]
    most = min(data.get("top", 0), _ALONE if len(shown) == 1 else _TOGETHER)
    rows = [row for answer in shown for row in _rows(answer, most)]
    table = pd.DataFrame(rows)
    if not table.empty:
        names = ("title", "baseline", "metric", "method", "runs")
        table.attrs |= {**{name: data[name] for name in names}, "left_out": len(answers) - len(shown)}
    return table


def _rows(answer: dict[str, Any], most: int) -> list[dict[str, Any]]:
    """The widest bars of an answer, and above them the interval of all draws."""
    number = answer["answer_value"]
    known = {name: answer[name] for name in ("answer", "answer_value", "answer_unit", "draws")}
    ends = [
        100.0 * (answer[end] / number - 1.0) if number and answer[end] is not None else None for end in ("low", "high")
    ]
    together = {"parameter": "all", "unit": "", "source_kind": "", "low_percent": ends[0], "high_percent": ends[1]}
    parameters = sorted(answer["parameters"], key=_reach, reverse=True)[:most]
    rows = [{**together, "value": None, "range_low": None, "range_high": None}, *parameters]
    return [
        {
            **known,
            **{name: row[name] for name in ("parameter", "unit", "source_kind")},
            **{name: float("nan") if row[name] is None else float(row[name]) for name in _NUMBERS},
        }
        for row in rows
    ]


def _reach(parameter: dict[str, Any]) -> float:
    """The larger change of the answer; what loses it comes first."""
    changes = [parameter["low_percent"], parameter["high_percent"]]
    return max(float("inf") if change is None else abs(change) for change in changes)


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each answer, one under the other."""
    from matplotlib.figure import Figure

    answers = list(dict.fromkeys(table["answer"]))
    bars = [int((table["answer"] == answer).sum()) for answer in answers]
    figure = Figure(figsize=(WIDTH, 1.3 + sum(_PANEL + _BAR * each for each in bars)))
    figure.set_layout_engine("constrained", h_pad=0.1, w_pad=0.1)
    grid = figure.subplots(len(answers), 1, squeeze=False, height_ratios=bars)
    for axes, answer in zip(grid.flat, answers, strict=True):
        _panel(axes, records(table[table["answer"] == answer]), table.attrs)
    left_out = (
        f" (the first {len(answers)} of {len(answers) + table.attrs['left_out']})" if table.attrs["left_out"] else ""
    )
    figure.suptitle(f"{table.attrs['title']}\n{TITLE}{left_out}", x=0.01, ha="left")
    _legend(figure, int(table["draws"].iloc[0]))
    return figure


def _panel(axes: Axes, rows: list[dict[str, Any]], about: Mapping[Any, Any]) -> None:
    """One answer: the interval of all draws on top, then a bar for each parameter, the ends of its range beside it."""
    from matplotlib.ticker import MaxNLocator

    parameters = [row for row in rows if row["parameter"] != "all"]
    for y, row in enumerate(parameters, start=1):
        for end, colour in (("low_percent", _LOW), ("high_percent", _HIGH)):
            if isfinite(row[end]):
                axes.barh(y, row[end], 0.62, color=colour, edgecolor=INK, linewidth=0.6)
    axes.axvline(0.0, color=INK, linewidth=1.0)
    _all_draws(axes, rows[0])
    axes.set_yticks(range(len(parameters) + 1), ["all together", *(_name(row) for row in parameters)])
    axes.set_ylim(len(parameters) + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.3)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    if not parameters:
        axes.set_xlim(-1.0, 1.0)
    for y, row in enumerate(parameters, start=1):
        _ends(axes, y, row)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter("{x:+g} %")
    axes.set_title(_head(rows[0], about), loc="left", fontsize="medium", fontweight="bold")


def _all_draws(axes: Axes, row: dict[str, Any]) -> None:
    if isfinite(row["low_percent"]) and isfinite(row["high_percent"]):
        ends = [row["low_percent"], row["high_percent"]]
        axes.plot(ends, [0, 0], color=INK, linewidth=2.2, marker="|", markersize=9, solid_capstyle="butt")


def _ends(axes: Axes, y: int, row: dict[str, Any]) -> None:
    """The ends of a range, each outside its end of the bar; where both lie on one side, in the order of the bars."""
    places = {"range_low": row["low_percent"], "range_high": row["high_percent"]}
    known = {end: place for end, place in places.items() if isfinite(place)}
    left = [end for end, place in known.items() if place < 0.0]
    right = [end for end in known if end not in left]
    for ends, side in ((left, -1), (right, 1)):
        if ends:
            text = " … ".join(_quantity(row[end], row["unit"]) for end in sorted(ends, key=lambda end: known[end]))
            place = max((known[end] for end in ends), key=abs)
            align = "left" if side > 0 else "right"
            axes.annotate(text, (place, y), (3 * side, 0), textcoords="offset points", ha=align, va="center")


def _head(row: dict[str, Any], about: Mapping[Any, Any]) -> str:
    value = row["answer_value"]
    if about["metric"] == OVERHEAD:
        return f"{row['answer']}: {value:.3g} times the time on {about['baseline']}"
    return f"{row['answer']}: {_quantity(value, row['answer_unit'])}"


def _name(row: dict[str, Any]) -> str:
    """Entry and parameter in two lines, with what kind of number it is."""
    entry, _, parameter = row["parameter"].rpartition(".")
    return f"{parameter}\n{entry}, {row['source_kind']}"


def _quantity(value: float, unit: str) -> str:
    return format_quantity(value, unit) if unit in DIMENSIONS else f"{value:.3g} {unit}".strip()


def _legend(figure: Figure, draws: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=_LOW, edgecolor=INK, linewidth=0.6, label="at the lower end of its range"),
        Patch(facecolor=_HIGH, edgecolor=INK, linewidth=0.6, label="at the upper end"),
        Line2D([], [], color=INK, linewidth=2.2, marker="|", markersize=9, label=f"5 to 95 % of {draws} draws of all"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
