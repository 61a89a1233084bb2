"""What a stopping rule has not reached: points of which less is known than was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from math import nan
from typing import TYPE_CHECKING, Any

from simulator.results.places import in_words
from simulator.results.sample import samples
from simulator.results.stopping import Stopping

if TYPE_CHECKING:
    import pandas as pd


def shortfalls(manifest: Mapping[str, Any], runs: pd.DataFrame, tenants: pd.DataFrame) -> list[str]:
    """A sentence for each group of points, with its place; none where all is known as well as was asked for.

    Args:
        manifest: of a batch with a rule.
        runs: its table of runs.
        tenants: its table of tenants, joined with the points and replications of the runs.
    """
    rule = Stopping(**manifest["stopping"])
    by_number = {point["point"]: point for point in manifest["points"]}
    known = _by_tenant(rule, runs, tenants)
    found = []
    for group in rule.groups(manifest["points"]):
        point = by_number[group[-1]]
        if len(group) == 1 and point["stack"] == rule.over:
            continue  # a baseline with nobody to be compared with
        said = rule.shortfall(*rule.looked_at([known.get(number, {}) for number in group]))
        axes = {axis: value for axis, value in point["axes"].items() if axis != "stack" or not rule.over}
        found += [f"{in_words(axes) or 'everywhere'}: {said}"] if said else []
    return found


def _by_tenant(rule: Stopping, runs: pd.DataFrame, tenants: pd.DataFrame) -> dict[int, dict[str, list[float]]]:
    """The metric of each tenant in each replication of each point; NaN where it failed."""
    counts = runs.groupby("point").size().to_dict()
    found: dict[int, dict[str, list[float]]] = {}
    for sample in samples(tenants, rule.metric, ["point", "tenant"]):
        point, tenant = int(str(sample.place["point"])), str(sample.place["tenant"])
        if rule.tenant in ("", tenant):
            values = [sample.by_replication.get(number, nan) for number in range(counts[point])]
            found.setdefault(point, {})[tenant] = values
    return found
