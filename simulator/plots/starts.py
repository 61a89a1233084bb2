"""Starts: what a start alone consists of, and how long starts take alone and many at once.

A start's latency is counted until its systems are up and, where the program reports it (a request ``start``), until the
program says that it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.plots._labels import Places, Record, product_names, records
from simulator.plots._looks import CHARACTER, INK, LINE, WIDTH, Look, columns, widest
from simulator.plots._models import layer_looks
from simulator.plots._scales import logarithmic
from simulator.plots._scales import seconds as as_time
from simulator.plots._style import legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "How long does a start take?"
MOST_PLACES = 60
"""Places on the axes of which each can still be read."""
WAITS, DISK = "waits", "disk"
_BAR, _ROW = 0.7, 0.42
"""Part of a row that its bar takes, and inches of a row."""
_LATENCY = 9
"""Characters of a latency beside its bar."""
_OFFSET = 0.16
"""Half the distance of the two marks of a stack, of the distance of stacks."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each start and part of it: ``seconds``, with the ``latency_s`` of the whole and how many started."""
    import pandas as pd

    tenants = records(results.tenants.merge(results.runs[["run", *results.axes]], on="run"))
    said = _said(results)
    starts = [{**row, "latency_s": row["boot_s"] + said.get((row["run"], row["tenant"]), 0.0)} for row in tenants]
    if not any(isfinite(row["boot_s"]) and row["boot_s"] > 0.0 for row in starts):
        return pd.DataFrame()
    starts = [row for row in starts if isfinite(row["latency_s"]) and row["latency_s"] > 0.0]
    copies: dict[tuple[str, str], int] = defaultdict(int)
    for row in starts:
        copies[row["run"], row["copy_of"]] += 1
    most = max(copies.values())
    named = {name for (_, name), number in copies.items() if number == most}
    starts = [row for row in starts if row["copy_of"] in named]
    places, parts = Places(results, starts), _parts(results)
    rows = [
        {
            "stack": places.stack(row),
            "start": f"{row['run']} {row['tenant']}",
            "copies": copies[row["run"], row["copy_of"]],
            "latency_s": row["latency_s"],
            **part,
        }
        for row in starts
        for part in _whole(row, parts.get((row["run"], row["tenant"]), {}))
    ]
    return pd.DataFrame(rows)


def _said(results: Results) -> dict[tuple[str, str], float]:
    """When programs said that they were there, after their systems were up."""
    rows = records(results.requests)
    return {(row["run"], row["tenant"]): row["latency_s"] for row in rows if row["kind"] == "start"}


def _parts(results: Results) -> dict[tuple[str, str], dict[tuple[str, str], float]]:
    """What each tenant's threads took of processors, by layer and mechanism, and how long they waited for the disk."""
    every = [row for row in records(results.charges) if row["device"] == "cpu"]
    names = product_names(str(row["cause"]) for row in every)
    found: dict[tuple[str, str], dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    for row in every:
        found[row["run"], row["tenant"]][names[str(row["cause"])], str(row["mechanism"])] += row["service_s"]
    for row in records(results.threads):
        if row["blocked_disk_s"]:
            found[row["run"], row["tenant"]][DISK, DISK] += row["blocked_disk_s"]
    return found


def _whole(row: Record, parts: Mapping[tuple[str, str], float]) -> Iterator[dict[str, Any]]:
    """The parts of a start, and what is left of its latency: turns and grace periods waited for, processors shared."""
    for (layer, mechanism), seconds in parts.items():
        yield {"layer": layer, "mechanism": mechanism, "seconds": seconds}
    left_s = row["latency_s"] - sum(parts.values())
    yield {"layer": WAITS, "mechanism": WAITS, "seconds": max(0.0, left_s)}


def draw(table: pd.DataFrame) -> Figure:
    """On the left the parts of a start with fewest others beside it; on the right all latencies, fewest and most."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    stacks, layers = list(dict.fromkeys(table["stack"])), _layers(table)
    found = layer_looks(layers)
    below = LINE * (3.0 + -(-len(layers) // columns(layers)))
    figure = Figure(figsize=(WIDTH, 0.8 + below + _ROW * len(stacks)), layout="constrained")
    wide = (WIDTH - 0.4 - widest(stacks)) / 2.0 - 0.2
    room = 1.0 / (1.0 - _LATENCY * CHARACTER / wide)
    left, right = figure.subplots(1, 2, sharey=True)
    for y, stack in enumerate(stacks):
        mine = table[table["stack"] == stack]
        _composed(left, y, mine[mine["copies"] == mine["copies"].min()], found, CHARACTER / wide * room)
        _spread(right, y, mine)
    left.set_yticks(range(len(stacks)), stacks)
    left.set_ylim(len(stacks) - 0.4, -0.6)
    left.set_xlim(0.0, room)
    left.set_xticks([0.0, 0.5, 1.0], ["0", "half", "all"])
    left.set_xlabel("of its latency, which stands beside it")
    left.set_title("alone", loc="left", fontweight="bold", fontsize="medium")
    logarithmic(right, "x", 0.7 * table["latency_s"].min(), 1.4 * table["latency_s"].max(), as_time, 4)
    right.set_xlabel("latency of a start")
    counts = sorted({int(table["copies"].min()), int(table["copies"].max())})
    right.set_title(
        " and ".join(f"{number} at once" for number in counts), loc="left", fontweight="bold", fontsize="medium"
    )
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
    figure.suptitle(TITLE)
    handles = [Patch(label=layer, **found[layer].bar()) for layer in layers]
    legend(figure, layers, handles=handles)
    return figure


def _layers(table: pd.DataFrame) -> list[str]:
    """By name, what is no layer's work last."""
    return sorted(
        dict.fromkeys(table["layer"]), key=lambda layer: (DISK, WAITS).index(layer) + 1 if layer in (DISK, WAITS) else 0
    )


def _composed(axes: Axes, y: float, rows: pd.DataFrame, looks: Mapping[str, Look], character: float) -> None:
    """One bar of the parts of a start, in the mean over all that there are."""
    number = rows["start"].nunique()
    parts = rows.groupby(["layer", "mechanism"], sort=False, as_index=False)["seconds"].sum()
    found = sorted(parts.itertuples(index=False, name=None), key=lambda part: [*looks].index(part[0]))
    whole_s, left = float(parts["seconds"].sum()) / number, 0.0
    for layer, mechanism, seconds in found:
        width = seconds / number / whole_s
        axes.barh(y, width, _BAR, left, **looks[layer].bar())
        if width > character * (len(mechanism) + 1):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            axes.text(left + width / 2, y, mechanism.replace("_", " "), ha="center", va="center", bbox=box)
        left += width
    axes.text(1.0 + character, y, _short(whole_s), va="center")


def _spread(axes: Axes, y: float, rows: pd.DataFrame) -> None:
    """From the shortest to the longest latency with the median, for fewest and for most at once."""
    starts = rows.drop_duplicates("start")
    for number, at in ((starts["copies"].min(), y - _OFFSET), (starts["copies"].max(), y + _OFFSET)):
        latencies = starts[starts["copies"] == number]["latency_s"]
        alone = number == starts["copies"].min()
        axes.plot([latencies.min(), latencies.max()], [at, at], color=INK, linewidth=2.0, solid_capstyle="butt")
        face = "white" if alone else INK
        axes.plot(
            [latencies.median()], [at], marker="o" if alone else "D", color=INK, markerfacecolor=face, markersize=5
        )


def _short(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1.0 else f"{seconds:.3g} s"
