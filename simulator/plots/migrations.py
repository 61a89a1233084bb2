"""Migrations: how long a guest stands still when it moves, how many bytes are sent for that, in how many rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean
from typing import TYPE_CHECKING, Any

from simulator.outcomes import word
from simulator.plots._labels import Places, records
from simulator.plots._looks import CHARACTER, FONT, INK, WIDTH, Look, widest
from simulator.plots._models import described, looks
from simulator.plots._scales import logarithmic, seconds, size

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "What does a move take?"
MIGRATE, DONE = "migrate", "done"
_ROW = 0.34
"""Inches of a row."""
_MOST = 40
"""Rows that are shown; of more the first."""
_COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("downtime_s", "standing still", seconds),
    ("moved_bytes", "sent", size),
    ("rounds", "rounds", "{:g}".format),
)
_SHORTEST = 0.3
"""Part of the axis below the shortest bar."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each place, guest and model, in the order in which they were asked for.

    Means over replications of ``downtime_s``, ``moved_bytes``, ``rounds`` and ``duration_s``; ``outcome`` is done, or
    the word for what it was in any of them.
    """
    import pandas as pd

    operations = results.operations[results.operations["operation"] == MIGRATE]
    rows = records(operations.merge(results.runs[["run", *results.axes]], on="run"))
    places = Places(results, rows)
    groups: dict[tuple[str, str, float, str], list[dict[str, Any]]] = {}
    for row in rows:
        label = places.label(row)
        place = label if str(row["tenant"]) in label else f"{label}, {row['tenant']}"
        groups.setdefault((place, str(row["tenant"]), row["at_s"], places.stack(row)), []).append(row)
    several = len({place for place, _, _, _ in groups}) < len({key[:3] for key in groups})
    table = pd.DataFrame(
        {
            "place": f"{place}, at {seconds(at_s)}" if several else place,
            "stack": stack,
            "how": str(group[0]["how"]),
            "outcome": next((word(str(row["outcome"])) for row in group if row["outcome"] != DONE), DONE),
            **{name: mean(row[name] for row in group) for name in ("downtime_s", "moved_bytes", "rounds")},
            "duration_s": mean(row["duration_s"] for row in group),
        }
        for (place, _, at_s, stack), group in groups.items()
    )
    if table.empty or not (table["moved_bytes"] > 0.0).any():
        return pd.DataFrame()
    order = {place: number for number, place in enumerate(dict.fromkeys(table["place"]))}
    table = table.sort_values("place", key=lambda column: column.map(order), kind="stable").reset_index(drop=True)
    table = described(table, results)
    table.attrs["title"] = results.manifest["scenario"]["title"]
    return table


def draw(table: pd.DataFrame) -> Figure:
    """Three bars for each guest on each model, guests one under the other; the first two axes are logarithmic."""
    from matplotlib.figure import Figure

    rows, found = records(table)[:_MOST], looks(table)
    names = [f"{row['stack']} ({row['how']})" if row["how"] else str(row["stack"]) for row in rows]
    heights, heads = _places(rows)
    figure = Figure(figsize=(WIDTH, 1.3 + _ROW * (heights[-1] + 1.0)), layout="constrained")
    grid = list(figure.subplots(1, len(_COLUMNS), sharey=True))
    wide = (WIDTH - widest(names) - 0.6) / len(_COLUMNS)
    for axes, (column, title, text) in zip(grid, _COLUMNS, strict=True):
        _bars(axes, rows, heights, column, text, found, wide)
        axes.set_title(title, loc="left", fontsize=FONT, fontweight="bold")
    grid[0].set_yticks(heights, names)
    for height, head in heads:
        grid[0].annotate(head, (0.0, height), (4.0, 0.0), xycoords=("axes fraction", "data"),
                         textcoords="offset points", va="center", fontweight="bold")  # fmt: skip
    grid[0].set_ylim(heights[-1] + 0.7, -0.7)
    more = f" (the first {_MOST} of {len(table)})" if len(table) > _MOST else ""
    figure.suptitle(f"{table.attrs.get('title', TITLE)}{more}", x=0.01, ha="left", fontweight="bold")
    return figure


def _places(rows: Sequence[dict[str, Any]]) -> tuple[list[float], list[tuple[float, str]]]:
    """Where each row stands, and where the name of each guest does, above its rows."""
    heights: list[float] = []
    heads: list[tuple[float, str]] = []
    at = -1.0
    for number, row in enumerate(rows):
        if not number or row["place"] != rows[number - 1]["place"]:
            at += 1.0
            heads.append((at, str(row["place"])))
        at += 1.0
        heights.append(at)
    return heights, heads


def _bars(
    axes: Axes, rows: Sequence[dict[str, Any]], heights: Sequence[float], column: str, text: Callable[[float], str],
    found: dict[str, Look], wide: float,
) -> None:  # fmt: skip
    from matplotlib.ticker import MaxNLocator

    known = [row[column] for row in rows if row[column] > 0.0] or [1.0]
    log = column != "rounds"
    start = _SHORTEST * min(known) if log else 0.0
    room = 10.0 * CHARACTER / wide
    end = start * (max(known) / start) ** (1.0 / (1.0 - room)) if log else max(known) / (1.0 - room)
    if log:
        logarithmic(axes, "x", start, end, text, 3)
    else:
        axes.set_xlim(0.0, end)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    for row, height in zip(rows, heights, strict=True):
        if row[column] > 0.0:
            axes.barh(height, row[column] - start, 0.8, start, **found[row["stack"]].bar())
        words = text(float(f"{row[column]:.3g}")) if row[column] > 0.0 else ""
        if column == "downtime_s" and row["outcome"] != DONE:
            words = f"{words} {row['outcome']}".strip()
        axes.annotate(words, (max(row[column], start), height), (4.0, 0.0), textcoords="offset points", va="center",
                      color=INK)  # fmt: skip
    axes.tick_params(axis="y", length=0)
