"""What the columns mean of the tables that ``Results`` makes from its runs; the axes, and what was grouped by, stand
before them."""

from __future__ import annotations

from simulator.records import BESIDE, Column

_LEVEL = Column("level", "ratio", "probability that the intervals cover")
_METHOD = Column("method", "", "how the means and intervals were made", "text")
_DESCRIBED = (
    Column("workload", "", "catalog name of the workload", "text"),
    Column("metric", "", "what the mean measures: the workload's figure of merit, or a column of tenants", "text"),
    Column("unit", "", "unit of the mean", "text"),
    Column("better", "", "higher or lower", "text"),
)
_BASELINE = Column("baseline", "", "label of the stack that is compared with", "text")
_REPLICATIONS = Column("n", "count", "replications in which it was measured", "integer")


def _interval(name: str, unit: str, of: str) -> tuple[Column, Column]:
    return Column(f"{name}_low", unit, f"lower end of the interval of {of}"), Column(
        f"{name}_high", unit, f"upper end of the interval of {of}"
    )


def names(answer: str) -> list[str]:
    """The column names of one answer, in order."""
    return [column.name for column in ANSWERS[answer]]


ANSWERS: dict[str, tuple[Column, ...]] = {
    "summary": (
        *_DESCRIBED,
        _REPLICATIONS,
        Column("mean", BESIDE, "mean over replications"),
        *_interval("ci", BESIDE, "the mean, over replications"),
        _LEVEL,
        _METHOD,
        _BASELINE,
        Column("pairs", "count", "replications that both this stack and the baseline have", "integer"),
        Column("ratio_mean", "ratio", "value over that of the baseline in the same replication, geometric mean"),
        *_interval("ratio", "ratio", "the ratio"),
        Column("overhead_percent", "%", "what the same work takes more than on the baseline: of time, or of a rate"),
        *_interval("overhead", "%", "the overhead"),
    ),
    "compare": (
        *_DESCRIBED,
        _BASELINE,
        Column("n", "count", "replications that both stacks have", "integer"),
        Column("mean", BESIDE, "mean over these replications"),
        Column("baseline_mean", BESIDE, "the same on the baseline"),
        Column("difference", BESIDE, "mean less that of the baseline, pair by pair"),
        *_interval("difference", BESIDE, "the difference"),
        Column("ratio", "ratio", "value over that of the baseline, geometric mean over the pairs"),
        *_interval("ratio", "ratio", "the ratio"),
        _LEVEL,
        _METHOD,
        Column("significant", "bool", "whether the interval of the difference excludes zero", "integer"),
        Column("degraded", "bool", "whether it moreover is a change for the worse", "integer"),
    ),
    "quantiles": (
        Column("workload", "", "catalog name of the workload", "text"),
        Column("quantile", "ratio", "part of the requests that took no longer"),
        _REPLICATIONS,
        Column("sections", "count", "parts of the replications that the interval was made from", "integer"),
        Column("requests", "count", "requests that were measured in all", "integer"),
        Column("latency_s", "s", "the quantile of all requests together, nearest rank"),
        Column("ci_low_s", "s", "lower end of the interval of the quantile"),
        Column("ci_high_s", "s", "upper end of the interval of the quantile"),
        _LEVEL,
        _METHOD,
    ),
    "where": (
        _REPLICATIONS,
        Column("seconds", "s", "device time of a run, mean over replications"),
        *_interval("seconds", "s", "the device time"),
        Column("share", "ratio", "part of all device time of the run"),
        *_interval("share", "ratio", "the share"),
        Column("per_second", "s/s", "device time for each second of simulated time: 2 keeps two processors busy"),
        Column("cycles", "cycles", "processor cycles of a run, memory waits excluded"),
        Column("bytes", "bytes", "bytes moved by devices in a run"),
        Column("operations", "count", "events in a run"),
        _LEVEL,
        _METHOD,
    ),
    "knock_on": (
        Column("compared_with", "", "label of the stack on which the mechanisms are on", "text"),
        Column("without", "", "mechanisms that are switched off, separated by blanks", "text"),
        Column("kind", "", "own: their charges; elsewhere: other charges; metric: a tenant's figure of merit", "text"),
        Column("tenant", "", "whose figure of merit it is; empty for charges", "text"),
        Column("cause", "", "program, or node that made the work necessary; empty for a figure of merit", "text"),
        Column("mechanism", "", "why; empty for a figure of merit", "text"),
        Column("metric", "", "what changes", "text"),
        Column("unit", "", "unit of what changes", "text"),
        Column("n", "count", "replications that both have", "integer"),
        Column("with_it", BESIDE, "mean with the mechanisms on"),
        Column("without_it", BESIDE, "mean with them off"),
        Column("change", BESIDE, "without less with, paired by replication"),
        *_interval("change", BESIDE, "the change"),
        _LEVEL,
        _METHOD,
    ),
}
