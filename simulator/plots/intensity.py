"""Overhead against how often a program makes a model work: exits, translated faults, rings, filtered calls, packets.

The rate is counted, not chosen: the events that the layers which virtualize were paid for, over the processor time of
the program itself. Where a scenario has an axis of numbers the points along it are joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.plots import _panels
from simulator.plots._labels import STACK, Places, product_names, records
from simulator.plots._looks import INK
from simulator.plots._models import SYSTEM, described, family, looks
from simulator.plots._scales import logarithmic, overheads

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "What does it cost at which rate of events?"
ON_DEMAND = True
"""Drawn where it is asked for, not after every run."""
_FEWEST = 3
"""Values of an axis that make a curve."""
_PLAIN = (SYSTEM, "program", "machine")
_ALL = "all"
Key = tuple[str, ...]


def frame(results: Results) -> pd.DataFrame:
    """A row for each place and model off the baseline: ``events_per_s`` and ``overhead_percent`` with its interval.

    ``along`` is the value of the scenario's axis of most numbers; without one all places of a model are points by
    themselves, in one panel.
    """
    import pandas as pd

    rates, axis = _rates(results), _axis(results)
    rows = records(results.summary())
    rest = [{name: value for name, value in row.items() if name != axis} for row in rows]
    places = Places(results, rows)
    table = pd.DataFrame(
        {
            "place": places.label(other) if axis else _ALL,
            "stack": places.stack(row),
            "along": row[axis] if axis else float("nan"),
            "events_per_s": rates[_key(row, results)],
            "overhead_percent": row["overhead_percent"],
            "low_percent": row["overhead_low"],
            "high_percent": row["overhead_high"],
        }
        for row, other in zip(rows, rest, strict=True)
        if places.stack(row) != results.baseline
        and isfinite(row["overhead_percent"])
        and rates.get(_key(row, results), 0.0) > 0.0
    )
    table = described(table, results)
    table.attrs |= {"title": results.manifest["scenario"]["title"], "baseline": results.baseline}
    return table


def _axis(results: Results) -> str:
    """The axis with most values, if they are numbers and at least three; in tables they have become quantities."""
    found = [name for name in results.axes if name != STACK and _numbers(results.axes[name]) >= _FEWEST]
    return max(found, key=lambda name: len(results.axes[name]), default="")


def _numbers(values: list[Any]) -> int:
    """How many numbers there are, with or without a unit; none where any is a word."""
    words = [str(value).strip() for value in values]
    return len(words) if all(word[:1].isdigit() or word[:1] == "." for word in words) else 0


def _key(row: Mapping[str, Any], results: Results) -> Key:
    return tuple(str(row[name]) for name in (*results.axes, "tenant"))


def _rates(results: Results) -> dict[Key, float]:
    """Events of the layers that virtualize in a second of the program's own processor time, by place and tenant."""
    events: dict[Key, float] = defaultdict(float)
    seconds: dict[Key, float] = defaultdict(float)
    rows = [
        row for row in records(results.where(by=("tenant", "device", "cause", "mechanism"))) if row["device"] == "cpu"
    ]
    products = product_names(str(row["cause"]) for row in rows)
    for row in rows:
        of = family(products[str(row["cause"])].partition(" ")[0].partition("(")[0])
        if of == "program":
            seconds[_key(row, results)] += row["seconds"]
        if of not in _PLAIN:
            events[_key(row, results)] += row["operations"]
    return {key: events[key] / seconds[key] for key in seconds if seconds[key] > 0.0}


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each place; further right is entered more often, higher up is dearer."""
    found = looks(table)
    title = f"{table.attrs.get('title', TITLE)}\nOverhead against the rate of events"
    figure, axes = _panels.layout(table, title, _panels.lines(found, found))

    def points(panel: Axes, rows: pd.DataFrame) -> None:
        for stack, mine in rows.groupby("stack", sort=False):
            ordered = mine.sort_values(["along", "events_per_s"])
            look = found[str(stack)].line() | ({} if ordered["along"].notna().all() else {"linestyle": "none"})
            up = [(ordered["overhead_percent"] - ordered["low_percent"]).clip(lower=0.0).fillna(0.0),
                  (ordered["high_percent"] - ordered["overhead_percent"]).clip(lower=0.0).fillna(0.0)]  # fmt: skip
            panel.errorbar(ordered["events_per_s"], ordered["overhead_percent"], up, ecolor=INK, elinewidth=1.0, **look)
        panel.axhline(0.0, color=INK, linewidth=0.8)
        logarithmic(panel, "x", 0.6 * rows["events_per_s"].min(), 1.6 * rows["events_per_s"].max(), _rate)
        overheads(panel, "y", rows["overhead_percent"].min(), rows["overhead_percent"].max())
        if panel.get_title(loc="left") == _ALL:
            panel.set_title("")
            panel.set_title("each point is a workload or place", loc="left", fontsize="medium")

    _panels.each(axes, table, points)
    across = "events of the layers that virtualize, for each second of the program"
    _panels.outer_labels(axes, across, f"overhead over {table.attrs.get('baseline', 'the baseline')}")
    return figure


def _rate(value: float) -> str:
    for scale, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:g}{letter}"
    return f"{value:g}"
