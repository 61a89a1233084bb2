"""Where the time went: processor time for the same work by layer and mechanism, relative to the baseline's total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.plots._labels import Places, Record, records, short_names
from simulator.plots._style import INK, fill

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Where does the time go?"
PROGRAM, MACHINE = "program", "machine"
_BAR = 0.8
"""Height of a bar; the rest is air."""
_INCHES = 7.0
_CHARACTER = 0.06
"""Width of the axes, and of a character of a label."""
Key = tuple[str, ...]


def frame(results: Results) -> pd.DataFrame:
    """A row for each place, stack, layer and mechanism: ``relative`` processor time per unit of work."""
    import pandas as pd

    rows = [row for row in records(results.where(by=("device", "cause", "mechanism"))) if row["device"] == "cpu"]
    done = _operations(results)
    places = Places(results, rows)
    names = {stack: short_names(_causes(rows, places, stack)) for stack in places.stacks(rows)}
    axes = list(results.axes)
    table = pd.DataFrame(
        {
            "place": places.label(row),
            "stack": places.stack(row),
            "depth": str(row["cause"]).count("/"),
            "layer": names[places.stack(row)][str(row["cause"])],
            "mechanism": str(row["mechanism"]),
            "each_s": row["seconds"] / done[_key(row, axes)],
        }
        for row in rows
        if done[_key(row, axes)] > 0.0
    )
    base = table[table["stack"] == results.baseline].groupby("place", sort=False)["each_s"].sum()
    table = table.assign(relative=table["each_s"] / table["place"].map(base)).dropna()
    table.attrs["baseline"] = results.baseline
    return table


def _operations(results: Results) -> Mapping[Key, float]:
    """Operations of a run, all tenants together, as the mean of each place."""
    axes = list(results.axes)
    found: dict[Key, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in records(results.tenants.merge(results.runs[["run", *axes]], on="run")):
        found[_key(row, axes)][row["run"]] += row["operations"]
    return {key: sum(by_run.values()) / len(by_run) for key, by_run in found.items()}


def _key(row: Record, axes: Sequence[str]) -> Key:
    return tuple(str(row[name]) for name in axes)


def _causes(rows: Sequence[Record], places: Places, stack: str) -> Iterator[str]:
    return (str(row["cause"]) for row in rows if places.stack(row) == stack)


def draw(table: pd.DataFrame) -> Figure:
    """One bar for each place and stack, its parts one after the other: the program, then the layers from the top."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    bars = list(dict.fromkeys(zip(table["place"], table["stack"], strict=True)))
    y = _positions(bars)
    figure = Figure(figsize=(_INCHES + 2.0, 1.5 + 0.24 * max(y.values(), default=0.0)), layout="constrained")
    axes = figure.add_subplot()
    layers = _layers(table)
    longest = float(table.groupby(["place", "stack"], sort=False)["relative"].sum().max())
    for (place, stack), parts in table.groupby(["place", "stack"], sort=False):
        _bar(axes, y[str(place), str(stack)], parts, layers, _CHARACTER / _INCHES * longest)
    axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--", zorder=0.5)
    _name_bars(axes, y)
    axes.set_xlim(0.0, 1.06 * longest)
    axes.set_xlabel(f"processor time for the same work, {table.attrs['baseline']} = 1")
    axes.set_title(TITLE, loc="left")
    handles = [Patch(label=layer, edgecolor=INK, linewidth=0.5, **_look(layer, layers)) for layer in layers]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(6, len(handles)), frameon=False)
    return figure


def _positions(bars: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    """Where each bar stands: those of one place together, under a line with its name."""
    positions: dict[tuple[str, str], float] = {}
    y = 0.0
    for place in dict.fromkeys(place for place, _ in bars):
        y += 1.2
        for bar in (bar for bar in bars if bar[0] == place):
            positions[bar] = y
            y += 1.0
    return positions


def _layers(table: pd.DataFrame) -> list[str]:
    """Program first, then the layers from the top of the stacks down, the hardware last."""
    depths = table.groupby("layer", sort=False)["depth"].max()
    return sorted(depths.index, key=lambda layer: (layer != PROGRAM, layer == MACHINE, -depths[layer]))


def _look(layer: str, layers: Sequence[str]) -> dict[str, Any]:
    """The program in plain grey, every layer in a colour and a pattern of its own."""
    return {"facecolor": "#d9d9d9"} if layer == PROGRAM else fill(layers.index(layer) - 1)


def _bar(axes: Axes, y: float, parts: pd.DataFrame, layers: Sequence[str], character: float) -> None:
    """All parts of one bar, those that are wide enough with the name of their mechanism."""
    left = 0.0
    order = sorted(records(parts), key=lambda part: (layers.index(part["layer"]), -part["relative"]))
    for part in order:
        width, text = part["relative"], part["mechanism"].replace("_", " ")
        axes.barh(y, width, _BAR, left, edgecolor=INK, linewidth=0.5, **_look(part["layer"], layers))
        if width > character * (len(text) + 1):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            axes.text(left + width / 2, y, text, ha="center", va="center", fontsize=7, bbox=box)
        left += width
    axes.text(left + character, y, f"{left:.2f}", va="center", fontsize=7)


def _name_bars(axes: Axes, y: Mapping[tuple[str, str], float]) -> None:
    """The stack beside each bar, the place above each group."""
    axes.set_yticks(list(y.values()), [stack for _, stack in y])
    axes.set_ylim(max(y.values(), default=0.0) + 0.7, 0.1)
    axes.tick_params(axis="y", length=0)
    for place in dict.fromkeys(place for place, _ in y):
        top = min(position for (other, _), position in y.items() if other == place)
        axes.text(0.0, top - 0.55, place, fontweight="bold", va="bottom")
