"""The comparison: every stack against a baseline, pair by pair. Only here a tenant can be called degraded."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import TYPE_CHECKING

from simulator.results import intervals
from simulator.results.answers import names
from simulator.results.sample import Sample, baseline_of, by_place, samples

if TYPE_CHECKING:
    import pandas as pd


def comparison(
    tenants: pd.DataFrame,
    baseline: str,
    *,
    metric: str,
    level: float,
    by: Sequence[str],
    simultaneous: bool = False,
) -> pd.DataFrame:
    """One row per place off the baseline; see ``Results.compare``."""
    import pandas as pd

    found = samples(tenants, metric, by)
    every = by_place(found)
    pairs = [(sample, baseline_of(sample, every, baseline)) for sample in found]
    compared = [(sample, base) for sample, base in pairs if base is not None and base is not sample]
    among = len(compared) if simultaneous else 1
    rows = [_row(sample, base, baseline, level, among) for sample, base in compared]
    return pd.DataFrame(rows, columns=[*by, *names("compare")])


def _row(sample: Sample, base: Sample, baseline: str, level: float, among: int) -> dict[str, object]:
    """One comparison, whose intervals cover together with those of all ``among`` which it is."""
    own, other = sample.paired(base)
    each = 1.0 - (1.0 - level) / among
    gap = intervals.difference(own, other, each)
    ratio = intervals.ratio(own, other, each)
    both = [pair for pair in zip(own, other, strict=True) if not isnan(pair[0]) and not isnan(pair[1])]
    significant = gap.low > 0 or gap.high < 0
    worse = gap.mean < 0 if sample.about["better"] == "higher" else gap.mean > 0
    return {
        **sample.place,
        **sample.about,
        "baseline": baseline,
        "n": gap.n,
        "mean": intervals.mean([value for value, _ in both], level).mean,
        "baseline_mean": intervals.mean([value for _, value in both], level).mean,
        **dict(zip(("difference", "difference_low", "difference_high"), gap[1:], strict=True)),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratio[1:], strict=True)),
        "level": level,
        "method": intervals.RATIO_METHOD
        + (f", simultaneous (Bonferroni, each of {among} at {100.0 * each:.4g} %)" if among > 1 else ""),
        "significant": significant,
        "degraded": significant and worse,
    }
