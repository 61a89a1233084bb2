"""Where the time went: processor time for the same work by layer and mechanism, relative to the baseline's total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.plots._labels import Places, Record, product_names, records
from simulator.plots._looks import CHARACTER, INK, LINE, WIDTH, Look, columns, widest
from simulator.plots._models import layer_looks
from simulator.plots._style import legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Where does the time go?"
MOST_PLACES = 60
"""Places on the axes of which each can still be read."""
PROGRAM, MACHINE = "program", "machine"
_BAR = 0.8
"""Height of a bar; the rest is air."""
_ROW = 0.36
"""Inches of a bar with its air."""
_SLIVER = 1.0
"""Parts narrower than so many characters are drawn together."""
Key = tuple[str, ...]


def frame(results: Results) -> pd.DataFrame:
    """A row for each place, stack, layer and mechanism: ``relative`` processor time per unit of work."""
    import pandas as pd

    rows = [row for row in records(results.where(by=("device", "cause", "mechanism"))) if row["device"] == "cpu"]
    done = _operations(results)
    places = Places(results, rows)
    names = {stack: product_names(_causes(rows, places, stack)) for stack in places.stacks(rows)}
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
    if table.empty:
        return table
    base = table[table["stack"] == results.baseline].groupby("place", sort=False)["each_s"].sum()
    table = table.assign(relative=table["each_s"] / table["place"].map(base)).dropna()
    keys = ["place", "stack", "depth", "layer", "mechanism"]
    table = table.groupby(keys, sort=False, as_index=False)[["relative"]].sum()
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
    """A panel for each place, each to its own scale, with a bar for each stack.

    The parts of a bar stand one after the other: the program, then the layers from the top.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    places, stacks, layers = list(dict.fromkeys(table["place"])), list(dict.fromkeys(table["stack"])), _layers(table)
    found = layer_looks(layers)
    across = 1 if len(places) == 1 else 2
    down = -(-len(places) // across)
    below = LINE * (1.5 + -(-len(layers) // columns(layers)))
    figure = Figure(figsize=(WIDTH, 0.5 + below + down * (0.6 + _ROW * len(stacks))), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False, sharey=True).flat)
    wide = (WIDTH - 0.4 - widest(stacks)) / across - 0.2
    for axes, place in zip(panels, places, strict=False):
        _panel(axes, table[table["place"] == place], stacks, found, wide)
        axes.set_title(place, loc="left", fontweight="bold", fontsize="medium")
    for axes in panels[len(places) :]:
        axes.remove()
    figure.suptitle(TITLE)
    handles = [Patch(label=layer, **found[layer].bar()) for layer in layers]
    caption = f"processor time for the same work, {table.attrs['baseline']} = 1"
    legend(figure, layers, handles=handles, title=caption)
    return figure


def _panel(axes: Axes, table: pd.DataFrame, stacks: Sequence[str], looks: Mapping[str, Look], wide: float) -> None:
    """The bars of one place, in so many inches."""
    longest = float(table.groupby("stack", sort=False)["relative"].sum().max())
    room = longest / (1.0 - 6.0 * CHARACTER / wide)
    for y, stack in enumerate(stacks):
        _bar(axes, y, table[table["stack"] == stack], looks, CHARACTER / wide * room)
    axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--", zorder=0.5)
    axes.set_yticks(range(len(stacks)), stacks)
    axes.set_ylim(len(stacks) - 0.4, -0.6)
    axes.set_xlim(0.0, room)
    axes.tick_params(axis="y", length=0)


def _layers(table: pd.DataFrame) -> list[str]:
    """Program first, then the layers from the top of the stacks down, the hardware last."""
    depths = table.groupby("layer", sort=False)["depth"].max()
    return sorted(depths.index, key=lambda layer: (layer != PROGRAM, layer == MACHINE, -depths[layer]))


def _visible(parts: Sequence[Record], layers: Sequence[str], least: float) -> list[dict[str, Any]]:
    """The parts in order, those of a layer that are too narrow to be told apart as one."""
    kept = [dict(part) for part in parts if part["relative"] >= least]
    narrow: dict[str, float] = defaultdict(float)
    for part in parts:
        narrow[part["layer"]] += part["relative"] if part["relative"] < least else 0.0
    kept += [{"layer": layer, "mechanism": "", "relative": width} for layer, width in narrow.items() if width]
    return sorted(kept, key=lambda part: (layers.index(part["layer"]), not part["mechanism"], -part["relative"]))


def _bar(axes: Axes, y: float, parts: pd.DataFrame, looks: Mapping[str, Look], character: float) -> None:
    """All parts of one bar, those that are wide enough with the name of their mechanism."""
    left = 0.0
    for part in _visible(records(parts), list(looks), _SLIVER * character):
        width, text = part["relative"], part["mechanism"].replace("_", " ")
        axes.barh(y, width, _BAR, left, **looks[part["layer"]].bar())
        if text and width > character * (len(text) + 1):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            axes.text(left + width / 2, y, text, ha="center", va="center", bbox=box)
        left += width
    axes.text(left + character, y, f"{left:.2f}", va="center")
