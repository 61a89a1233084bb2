"""The summary: each tenant's figure of merit on each stack, with its interval, beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.results import intervals
from simulator.results.answers import names
from simulator.results.intervals import Interval
from simulator.results.sample import Sample, baseline_of, by_place, samples

if TYPE_CHECKING:
    import pandas as pd


def summary(
    tenants: pd.DataFrame, baseline: str, *, metric: str | None, level: float, by: Sequence[str]
) -> pd.DataFrame:
    """One row per group; see ``Results.summary``."""
    import pandas as pd

    found = samples(tenants, metric, by)
    every = by_place(found)
    rows = [_row(sample, baseline_of(sample, every, baseline), baseline, level) for sample in found]
    return pd.DataFrame(rows, columns=[*by, *(name for name in names("summary") if name not in by)])


def overhead(ratio: Interval, better: str) -> tuple[float, float, float]:
    """What the same work costs more, in percent, with its bounds: time where less is better, else its inverse."""
    if better == "higher":
        return 100 / ratio.mean - 100, 100 / ratio.high - 100, 100 / ratio.low - 100
    return 100 * ratio.mean - 100, 100 * ratio.low - 100, 100 * ratio.high - 100


def _row(sample: Sample, base: Sample | None, baseline: str, level: float) -> dict[str, object]:
    own = intervals.mean(list(sample.by_replication.values()), level)
    ratio = intervals.ratio(*sample.paired(base), level) if base is not None else intervals.NOTHING
    cost = overhead(ratio, sample.about["better"])
    return {
        **sample.about,
        **sample.place,
        **dict(zip(("n", "mean", "ci_low", "ci_high"), own, strict=True)),
        "level": level,
        "method": f"{intervals.MEAN_METHOD}; {intervals.RATIO_METHOD}",
        "baseline": baseline,
        **dict(zip(("pairs", "ratio_mean", "ratio_low", "ratio_high"), ratio, strict=True)),
        **dict(zip(("overhead_percent", "overhead_low", "overhead_high"), cost, strict=True)),
    }
