"""The heap curve: how long a Java program takes, and how much of that it stands still, in heaps of different sizes.

Drawn where a scenario runs the same program with several sizes of the heap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator.outcomes import is_ok
from simulator.plots._labels import STACK, Places, records
from simulator.plots._looks import CHARACTER, FONT, HEIGHT, INK, LINE, WIDTH, Look, columns
from simulator.plots._models import described, looks
from simulator.plots._panels import headline, lines
from simulator.plots._scales import logarithmic, size, times
from simulator.plots._style import legend

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "How large a heap?"
HEAP = "heap_most_bytes"
PAUSE = "pause"
"""How kinds of collections begin in the log during which the program stands still."""
_MOST = 3
"""Places that have a column of panels; of more the first are shown."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each model, program, place on axes that leave the heap as it is, and size of the heap.

    Numbers are means over replications.

    ``operation_s`` is the time of an operation, ``relative`` that over the shortest of the program on any model, and
    ``paused_ratio`` the part of the time in which collections stop the program. All are empty, and ``ended`` says how
    often, where it did not end well in every replication.
    """
    import pandas as pd

    settings = results.settings
    heaps = {
        (row["run"], row["tenant"]): float(row["value"])
        for row in records(settings[settings["setting"] == HEAP][["run", "tenant", "value"]])
    }
    log = results.log
    stops = log[log["kind"].astype(str).str.startswith(PAUSE)]
    paused = {str(run): float(s) for run, s in stops.groupby("run", observed=True)["duration_s"].sum().items()}
    tenants = results.tenants.merge(results.runs[["run", "simulated_s", *results.axes]], on="run")
    rows = [{**row, HEAP: heaps[at]} for row in records(tenants) if (at := (row["run"], row["tenant"])) in heaps]
    beside, places = _beside(rows, list(results.axes)), Places(results, [])
    groups: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for row in rows:
        about = {name: row[name] for name in beside if str(row[name]) != str(row["workload"])}
        place = f"{row['workload']} ({row['tenant']}){', ' if about else ''}{places.label(about) if about else ''}"
        groups.setdefault((places.stack(row), place, row[HEAP]), []).append(row)
    table = pd.DataFrame([_row(key, rows, paused) for key, rows in groups.items()])
    if table.empty or table.groupby(["stack", "place"])["heap_bytes"].nunique().max() < 2:
        return pd.DataFrame()
    shortest = table.groupby("place")["operation_s"].transform("min")
    table = described(table.assign(relative=table["operation_s"] / shortest), results)
    table.attrs["title"] = results.manifest["scenario"]["title"]
    return table


def _beside(rows: Sequence[dict[str, Any]], axes: Sequence[str]) -> list[str]:
    """The axes, but that of stacks, along which no heap changes its size while all others stay."""
    found = []
    for axis in axes:
        heaps: dict[tuple[Any, ...], set[float]] = {}
        for row in rows:
            others = (row["tenant"], *(row[name] for name in axes if name != axis))
            heaps.setdefault(others, set()).add(row[HEAP])
        if axis != STACK and all(len(sizes) == 1 for sizes in heaps.values()):
            found.append(axis)
    return found


def _row(key: tuple[str, str, float], rows: Sequence[dict[str, Any]], paused: dict[str, float]) -> dict[str, Any]:
    badly = [row for row in rows if not is_ok(row["outcome"]) or not row["operations"]]
    nan = float("nan")
    return {
        "stack": key[0],
        "place": key[1],
        "heap_bytes": key[2],
        "operation_s": nan if badly else mean(row["elapsed_s"] / row["operations"] for row in rows),
        "paused_ratio": nan if badly else mean(paused.get(row["run"], 0.0) / row["simulated_s"] for row in rows),
        "ended": len(badly),
    }


def draw(table: pd.DataFrame) -> Figure:
    """Above the time, below the part of it in pauses; a cross where a program did not end well."""
    from matplotlib.figure import Figure

    found = looks(table)
    every = list(dict.fromkeys(table["place"]))
    names = every[:_MOST]
    handles = lines(found, found)
    labels = [str(handle.get_label()) for handle in handles]
    height = max(HEIGHT, 5.0 + LINE * -(-len(labels) // columns(labels)))
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(2, len(names), squeeze=False, sharex="col")
    for number, name in enumerate(names):
        _column(grid[0][number], grid[1][number], table[table["place"] == name], found, 6 // len(names))
        grid[0][number].set_title(
            "\n".join(wrap(name, int(WIDTH / len(names) / CHARACTER) - 6)), loc="left", fontsize=FONT
        )
        grid[1][number].set_xlabel("size of the heap")
    grid[0][0].set_ylabel("time over the shortest")
    grid[1][0].set_ylabel("standing still, %")
    more = f" (the first {len(names)} of {len(every)} programs)" if len(every) > len(names) else ""
    cross = "; a cross: it did not end well" if table["ended"].any() else ""
    title = f"{table.attrs.get('title', TITLE)}\nTime and pauses by the size of the heap{more}{cross}"
    figure.suptitle(headline(title), x=0.01, ha="left", fontweight="bold")
    legend(figure, labels, handles=handles)
    return figure


def _column(upper: Axes, lower: Axes, rows: pd.DataFrame, found: Mapping[str, Look], most: int) -> None:
    """One program; sizes have their number on the axis if there are at most so many."""
    low, high = rows["heap_bytes"].min(), rows["heap_bytes"].max()
    sizes = sorted(set(rows["heap_bytes"]))
    longest = rows["relative"].max()
    longest = longest if longest == longest else 2.0
    for stack, curve in rows.groupby("stack", sort=False):
        look, curve = found[str(stack)], curve.sort_values("heap_bytes")
        upper.plot(curve["heap_bytes"], curve["relative"], **look.line())
        lower.plot(curve["heap_bytes"], 100.0 * curve["paused_ratio"], **look.line())
        badly = curve[curve["ended"] > 0]
        top = [1.35 * max(longest, 1.5)] * len(badly)
        upper.scatter(badly["heap_bytes"], top, s=120, c=look.colour, marker="X", edgecolors=INK, zorder=3)
    logarithmic(upper, "y", 0.85, 1.6 * max(longest, 1.5), times, 5)
    for axes in (upper, lower):
        logarithmic(axes, "x", 0.85 * low, 1.2 * high, size, 3)
        if len(sizes) <= most:
            axes.set_xticks(sizes, [size(each) for each in sizes])
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    lower.set_ylim(bottom=0.0)
