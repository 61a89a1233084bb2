"""Quantiles of the latency of requests, each with its interval over replications, or nothing where too few tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from simulator.errors import UsageError
from simulator.results import intervals
from simulator.results.answers import names
from simulator.results.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd

FEWEST_BEYOND = 5
"""A quantile is estimated where so many requests lie on either side of it."""
BEYOND_IN_SECTION = 100
"""So many of a section do: with fewer, its own estimate is too far off where requests hang together."""
FEWEST_SECTIONS = 3
"""An interval is given where there are so many sections."""


def check(parts: Sequence[float], level: float) -> None:
    """Whether these are quantiles and a level.

    Raises:
        UsageError: one is not between 0 and 1.
    """
    wrong = [part for part in parts if not 0.0 < part < 1.0]
    if wrong or not parts:
        raise UsageError(f"a quantile lies between 0 and 1, for example 0.99; not {wrong[0] if wrong else 'none'}")
    intervals.check_level(level)


def quantiles(requests: pd.DataFrame, *, parts: Sequence[float], level: float, by: Sequence[str]) -> pd.DataFrame:
    """One row per group and quantile; see ``Results.quantiles``.

    Args:
        requests: that count, with ``replication`` and the columns of ``by``.
        parts: which quantiles.
        level: of the intervals.
        by: columns that make a group.
    """
    import pandas as pd

    unknown = [name for name in by if name not in requests.columns]
    if unknown:
        raise UsageError(f"no column {unknown[0]!r} to group by; there are: {', '.join(requests.columns)}")
    rows = []
    for place, group in requests.groupby(list(by), sort=False, observed=True, dropna=False):
        workload = ", ".join(dict.fromkeys(map(str, group["workload"])))
        ordered = sorted(map(float, group["latency_s"]))
        each = [list(map(float, own)) for _, own in group.groupby("replication", sort=True)["latency_s"]]
        for part in parts:
            found = interval(each, ordered, part, level)
            about = {"quantile": part, "n": len(each), "sections": found.n, "requests": len(ordered)}
            bounds = {"latency_s": found.mean, "ci_low_s": found.low, "ci_high_s": found.high}
            method = {"level": level, "method": intervals.SECTIONING_METHOD}
            rows.append({**dict(zip(by, place, strict=True)), "workload": workload, **about, **bounds, **method})
    return pd.DataFrame(rows, columns=[*by, *(name for name in names("quantiles") if name not in by)])


def interval(each: Sequence[Sequence[float]], ordered: Sequence[float], part: float, level: float) -> Interval:
    """The quantile of all requests, with its interval where there are enough for three sections or more.

    A section is a replication, or several together where one alone has too few requests beyond the quantile.

    Args:
        each: the latencies of each replication.
        ordered: all of them, sorted.
        part: which quantile.
        level: of the interval.

    Returns:
        with the number of sections; it is 0, and the bounds are NaN, where there are too few.
    """
    beyond = len(ordered) * min(part, 1.0 - part)
    count = min(len(each), int(beyond / BEYOND_IN_SECTION + 1e-9))
    overall = estimate(ordered, part)
    if count < FEWEST_SECTIONS:
        return Interval(0, overall, math.nan, math.nan)
    ends = [len(each) * number // count for number in range(count + 1)]
    sections = [sorted(chain.from_iterable(each[low:high])) for low, high in pairwise(ends)]
    return intervals.sectioned([intervals.nearest_rank(own, part) for own in sections], overall, level)


def estimate(ordered: Sequence[float], part: float) -> float:
    """A quantile of sorted values (nearest rank); not a number where fewer than 5 lie on either side of it."""
    if len(ordered) * min(part, 1.0 - part) < FEWEST_BEYOND * (1.0 - 1e-9):
        return math.nan
    return intervals.nearest_rank(ordered, part)


def by_replication(requests: pd.DataFrame, tenants: pd.DataFrame, part: float) -> pd.DataFrame:
    """The table of tenants with a quantile of its own requests as each tenant's figure of merit.

    Args:
        requests: that count.
        tenants: the tenants of the same runs; equal ones count together.
        part: which quantile.

    Raises:
        UsageError: this is no quantile.
    """
    check([part], 0.95)
    latencies = requests.groupby(["run", "copy_of"], sort=False)["latency_s"]
    found = latencies.apply(lambda own: estimate(sorted(map(float, own)), part)).rename("value").reset_index()
    first = tenants.astype({"copy_of": str}).drop_duplicates(["run", "copy_of"]).drop(columns="value")
    about = {"metric": f"latency, {100.0 * part:g} % quantile", "unit": "s", "better": "lower"}
    return first.merge(found, on=["run", "copy_of"], how="left").assign(**about)
