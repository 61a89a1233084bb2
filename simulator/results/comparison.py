"""The comparison: every stack against a baseline, pair by pair. Only here a tenant can be called degraded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.results import intervals
from simulator.results.sample import DESCRIPTION, Sample, baseline_of, by_place, samples

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "baseline",
    "n",
    "mean",
    "baseline_mean",
    "difference",
    "difference_low",
    "difference_high",
    "ratio",
    "ratio_low",
    "ratio_high",
    "level",
    "method",
    "significant",
    "degraded",
]


def comparison(tenants: pd.DataFrame, baseline: str, *, metric: str, level: float, by: Sequence[str]) -> pd.DataFrame:
    """One row per place off the baseline; see ``Results.compare``."""
    import pandas as pd

    found = samples(tenants, metric, by)
    every = by_place(found)
    rows = []
    for sample in found:
        base = baseline_of(sample, every, baseline)
        if base is not None and base is not sample:
            rows.append(_row(sample, base, baseline, level))
    return pd.DataFrame(rows, columns=[*by, *DESCRIPTION, *COLUMNS])


def _row(sample: Sample, base: Sample, baseline: str, level: float) -> dict[str, object]:
    own, other = sample.paired(base)
    gap = intervals.difference(own, other, level)
    ratio = intervals.ratio(own, other, level)
    significant = gap.low > 0 or gap.high < 0
    worse = gap.mean < 0 if sample.about["better"] == "higher" else gap.mean > 0
    return {
        **sample.place,
        **sample.about,
        "baseline": baseline,
        "n": gap.n,
        "mean": intervals.mean(own, level).mean,
        "baseline_mean": intervals.mean(other, level).mean,
        **dict(zip(("difference", "difference_low", "difference_high"), gap[1:], strict=True)),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratio[1:], strict=True)),
        "level": level,
        "method": intervals.RATIO_METHOD,
        "significant": significant,
        "degraded": significant and worse,
    }
