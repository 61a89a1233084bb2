"""How latencies are spread: for each model the part of the requests that take longer than a time.

Both axes are logarithmic, so that the slowest answers, which an average hides, have as much room as all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.plots import _panels
from simulator.plots._labels import Places, records
from simulator.plots._models import described, looks
from simulator.plots._scales import logarithmic, seconds
from simulator.results.measured import measured

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "How many requests take longer than that?"
ON_DEMAND = True
"""Drawn where it is asked for, not after every run."""
_FEWEST = 20
"""Requests of a curve."""
_POINTS = 120
"""Points of a curve that are kept; the slowest requests all are."""
_TAIL = 40


def frame(results: Results) -> pd.DataFrame:
    """A row for each point of a curve: the part of the requests (``beyond_ratio``) that take longer than ``latency_s``.

    The requests of all replications and copies together, of the measured window. Programs with fewer than twenty
    requests have no curve.
    """
    import pandas as pd

    found = measured(results.requests, results.tenants, results.runs)
    found = found[(found["outcome"] == "ok") & (found["latency_s"] > 0.0)]
    placed = found.merge(results.runs[["run", *results.axes]], on="run")
    placed = placed.assign(tenant=placed["copy_of"].astype(str))
    keys = [*results.axes, "tenant"]
    firsts = records(placed.drop_duplicates(keys)[keys])
    places = Places(results, firsts)
    rows: list[dict[str, Any]] = []
    for _, group in placed.groupby(keys, sort=False, observed=True):
        if len(group) >= _FEWEST:
            about = records(group.head(1))[0]
            at = {"place": places.label(about), "stack": places.stack(about), "requests": len(group)}
            rows += [{**at, **point} for point in _curve(sorted(group["latency_s"]))]
    table = described(pd.DataFrame(rows), results)
    table.attrs["title"] = results.manifest["scenario"]["title"]
    return table


def _curve(latencies: list[float]) -> list[dict[str, float]]:
    """Points of the complementary distribution; the part beyond the slowest is that of a half request."""
    count = len(latencies)
    stride = max(1, count // _POINTS)
    kept = sorted({*range(0, count, stride), *range(max(0, count - _TAIL), count)})
    return [
        {"latency_s": latencies[rank], "beyond_ratio": max(count - 1 - rank, 0.5) / count}
        for rank in kept
    ]  # fmt: skip


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each place and tenant, a curve for each model; to the left is faster."""
    found = looks(table)
    title = f"{table.attrs.get('title', TITLE)}\nHow many requests take longer than that?"
    figure, axes = _panels.layout(table, title, _panels.lines(found, found))

    def curves(panel: Axes, rows: pd.DataFrame) -> None:
        for stack, curve in rows.groupby("stack", sort=False):
            every = max(1, len(curve) // 6)
            panel.plot(curve["latency_s"], curve["beyond_ratio"], markevery=every, **found[str(stack)].line())
        low, high = rows["latency_s"].min(), rows["latency_s"].max()
        logarithmic(panel, "x", 0.8 * low, 1.25 * high, seconds, 5)
        logarithmic(panel, "y", 0.8 * rows["beyond_ratio"].min(), 1.2, _part, 6)

    _panels.each(axes, table, curves)
    _panels.outer_labels(axes, "latency", "part that takes longer")
    return figure


def _part(value: float) -> str:
    return f"{100.0 * value:g} %"
