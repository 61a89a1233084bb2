"""How programs warm up: how long each of their operations takes, from the first one on.

Drawn where a Java virtual machine runs bytecode; other models beside it show what does not change with time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.plots import _panels
from simulator.plots._labels import Places, records
from simulator.plots._models import described, looks
from simulator.plots._scales import logarithmic, seconds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "How do programs warm up?"
BYTECODE = "bytecode"
_FEWEST = 3
"""Operations of a curve."""
_POINTS = 60
"""Points of a curve; of more operations, the mean of neighbours."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each operation, or group of neighbours: its ``number``, the first being 1, and how long it took.

    ``latency_s`` is the mean over the replications, from ``low_s`` to ``high_s``. Only operations that all replications
    have done count; those before the warm-up was over do, too.
    """
    import pandas as pd

    tenants = results.tenants[["run", "tenant", "copy_of", "build"]].astype({"tenant": str, "copy_of": str})
    java = set(tenants.loc[tenants["build"] == BYTECODE, "copy_of"])
    tenants = tenants[tenants["copy_of"].isin(java) & (tenants["tenant"] == tenants["copy_of"])]
    requests = results.requests.astype({"tenant": str})
    requests = requests[(requests["outcome"] == "ok") & (requests["kind"] != "start")]
    found = requests.merge(tenants[["run", "tenant"]], on=["run", "tenant"])
    found = found.merge(results.runs[["run", *results.axes]], on="run").sort_values(["run", "start_s"], kind="stable")
    keys = [*results.axes, "tenant"]
    places = Places(results, records(found.drop_duplicates(keys)[keys]))
    rows: list[dict[str, Any]] = []
    for _, group in found.groupby(keys, sort=False, observed=True):
        runs = [list(one["latency_s"]) for _, one in group.groupby("run", sort=False)]
        if min(map(len, runs)) >= _FEWEST:
            about = records(group.head(1))[0]
            at = {"place": places.label(about), "stack": places.stack(about)}
            rows += [{**at, **point} for point in _curve(runs)]
    table = described(pd.DataFrame(rows), results)
    table.attrs["title"] = results.manifest["scenario"]["title"]
    return table


def _curve(runs: list[list[float]]) -> list[dict[str, float]]:
    """Points at growing distances, since what is warm changes little."""
    count = min(map(len, runs))
    ends = sorted({round(count ** (step / _POINTS)) for step in range(_POINTS + 1)})
    points, begin = [], 0
    for end in ends:
        means = [sum(run[begin:end]) / (end - begin) for run in runs]
        middle = (begin + 1 + end) / 2.0
        points.append(
            {"number": middle, "latency_s": sum(means) / len(means), "low_s": min(means), "high_s": max(means)}
        )
        begin = end
    return points


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each place, a curve for each model; the area around it is that of all replications."""
    found = looks(table)
    title = f"{table.attrs.get('title', TITLE)}\nHow long does each operation take?"
    figure, axes = _panels.layout(table, title, _panels.lines(found, found))

    def curves(panel: Axes, rows: pd.DataFrame) -> None:
        for stack, curve in rows.groupby("stack", sort=False):
            look = found[str(stack)]
            panel.fill_between(curve["number"], curve["low_s"], curve["high_s"], color=look.colour, alpha=0.3, lw=0)
            panel.plot(curve["number"], curve["latency_s"], markevery=max(1, len(curve) // 6), **look.line())
        logarithmic(panel, "x", 0.9, 1.1 * max(2.0, rows["number"].max()), lambda number: f"{number:g}")
        logarithmic(panel, "y", 0.8 * rows["low_s"].min(), 1.25 * rows["high_s"].max(), seconds)

    _panels.each(axes, table, curves)
    _panels.outer_labels(axes, "number of the operation", "time that it takes")
    return figure
