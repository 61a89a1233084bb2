"""Measures of the models from simulated runs, each with its interval: paired by replication wherever two are compared.

Costs are compared as times for the same work: the figure of merit where less is better, else its inverse.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, isfinite, log, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.outcomes import counts, is_ok, word
from simulator.results import intervals

if TYPE_CHECKING:
    from simulator.results import Results

LEVEL = 0.95
"""Probability that an interval covers."""
OVERHEAD_METHOD = "geometric mean over workloads of the ratio paired by replication; t over replications, on logarithms"
LOSS_METHOD = "1 - alone / beside, paired by replication; t over replications, on logarithms; the worst neighbour"
GONE = 100.0
"""Per cent that a victim loses which does not live to tell."""


@dataclass(frozen=True)
class Measure:
    """A number with its interval and how many replications stand behind it; not a number where nobody knows.

    Attributes:
        word: why there is no number, or in words what the number stands for ("could not fork").
    """

    value: float = nan
    low: float = nan
    high: float = nan
    n: int = 0
    word: str = ""

    @property
    def known(self) -> bool:
        """Whether there is a number."""
        return isfinite(self.value)

    def columns(self, name: str, unit: str) -> dict[str, Any]:
        """Everything about it, as columns with the unit in their names."""
        return {
            f"{name}_{unit}": self.value,
            f"{name}_ci_low_{unit}": self.low,
            f"{name}_ci_high_{unit}": self.high,
            f"{name}_n": self.n,
            f"{name}_word": self.word,
        }


class Row(NamedTuple):
    """What one tenant did in one run.

    Attributes:
        place: the run's values on the axes other than the stack.
        beside: what the other tenants ran.
        cost: time for the same work, up to a factor; not a number where there is none.
        copy_of: the name under which the scenario has it.
    """

    stack: str
    place: Mapping[str, Any]
    tenant: str
    workload: str
    beside: str
    replication: int
    cost: float
    outcome: str
    boot_s: float
    elapsed_s: float
    memory_bytes: float
    copy_of: str = ""
    operations: float = nan
    latency_p99_s: float = nan


Costs = Mapping[int, float]
"""Costs by replication."""


def rows(results: Results) -> list[Row]:
    """All tenants of all runs that did not fail."""
    points = results.manifest["points"]
    runs = results.runs[["run", "point", "replication"]]
    found = results.tenants.merge(runs, on="run").to_dict("records")
    by_run: dict[str, list[Mapping[str, Any]]] = {}
    for each in found:
        by_run.setdefault(each["run"], []).append({str(name): value for name, value in each.items()})
    return [_row(points[int(each["point"])], each, tenants) for tenants in by_run.values() for each in tenants]


def _row(point: Mapping[str, Any], each: Mapping[str, Any], tenants: Sequence[Mapping[str, Any]]) -> Row:
    value = float(each["value"])
    cost = (1.0 / value if each["better"] == "higher" else value) if value > 0.0 else nan
    others = sorted(str(other["workload"]) for other in tenants if other is not each)
    return Row(
        str(point["stack"]), {name: item for name, item in point["axes"].items() if name != "stack"},
        str(each["tenant"]), str(each["workload"]), ", ".join(others), int(each["replication"]), cost,
        str(each["outcome"]), float(each["boot_s"]), float(each["elapsed_s"]), float(each["memory_overhead_bytes"]),
        str(each["copy_of"]), float(each["operations"]), float(each["latency_p99_s"]),
    )  # fmt: skip


def overhead(seen: Iterable[Row], stack: str, baseline: str) -> Measure:
    """What the same work takes more than on the baseline, in percent, all places and tenants together."""
    places: dict[str, dict[str, list[Row]]] = {}
    for row in seen:
        if row.stack in (stack, baseline):
            name = ", ".join([*map(str, row.place.values()), row.tenant])
            places.setdefault(name, {}).setdefault(row.stack, []).append(row)
    logs: list[dict[int, float]] = []
    for name, by_stack in places.items():
        ended = [_how(row) for row in by_stack.get(stack, []) if _is_lost(row)] or [""] * (stack not in by_stack)
        if ended:
            return Measure(word=f"{name}: {ended[0] or 'failed'}")
        logs.append(_log_ratios(_costs(by_stack[stack]), _costs(by_stack.get(baseline, []))))
    return _measure(_means(logs), _more)


def losses(alone: Iterable[Row], beside: Iterable[Row], stack: str, victim: str) -> dict[str, Measure]:
    """What part of its performance a victim loses, in percent, by what its neighbour runs."""
    own = _of(alone, stack, victim)
    if ended_alone(own, stack, victim):
        return {}
    found: dict[str, list[Row]] = {}
    for row in _of(beside, stack, victim):
        found.setdefault(row.beside, []).append(row)
    return {neighbour: loss(own, hurt) for neighbour, hurt in found.items()}


def ended_alone(alone: Iterable[Row], stack: str, victim: str) -> str:
    """How a victim ended that did not even live alone; empty where it did."""
    own = _of(alone, stack, victim)
    ended = [_how(row) for row in own if _is_lost(row)]
    return f"alone: {ended[0] if own else 'failed'}" if ended or not own else ""


def loss(alone: Sequence[Row], beside: Sequence[Row]) -> Measure:
    """What part of its performance a tenant loses, in percent, or how it ended; its copies count as one."""
    ended = most([_how(row) for row in beside if _is_lost(row)], len(beside))
    return Measure(GONE, n=len(beside), word=ended) if ended else _measure(_pairs(beside, alone), _lost)


def factor(base: Sequence[Row], seen: Sequence[Row]) -> Measure:
    """How many times as high a tenant's costs are; its copies count as one."""
    return _measure(_pairs(seen, base), exp)


def most(words: Sequence[str], of: int) -> str:
    """The word that comes most often, and how often where it is not always; empty where there is none."""
    if not words:
        return ""
    how, times = Counter(words).most_common(1)[0]
    return how + (f" in {times} of {of}" if times < of else "")


def _pairs(seen: Sequence[Row], base: Sequence[Row]) -> dict[int, float]:
    """The logarithm of the ratio in each replication, the mean of all copies."""
    names = dict.fromkeys(row.tenant for row in seen)
    own = {name: [_costs([row for row in rows if row.tenant == name]) for rows in (seen, base)] for name in names}
    return _means([_log_ratios(costs, alone) for costs, alone in own.values()])


def worst(found: Mapping[str, Measure], otherwise: str = "") -> tuple[str, Measure]:
    """The neighbour that hurts most, and the loss to it; nobody where there is none, for the reason given."""
    known = {name: each for name, each in found.items() if each.known}
    name = max(known, key=lambda name: known[name].value, default="")
    return name, known.get(name, Measure(word=otherwise))


def footprint(seen: Iterable[Row], stack: str, tenant: str) -> Measure:
    """Memory of the layers under a tenant's program, in bytes."""
    return _mean(_of(seen, stack, tenant), "memory_bytes")


def start(alone: Iterable[Row], stack: str, tenant: str) -> Measure:
    """Time until a tenant's own systems are up, in seconds; from rows of runs in which they were started."""
    return _mean(_of(alone, stack, tenant), "boot_s")


def _of(seen: Iterable[Row], stack: str, tenant: str) -> list[Row]:
    return [row for row in seen if (row.stack, row.tenant) == (stack, tenant)]


def _mean(found: Sequence[Row], column: str) -> Measure:
    """The mean over replications, each counting with its own mean."""
    by_replication: dict[int, list[float]] = {}
    for row in found:
        by_replication.setdefault(row.replication, []).append(getattr(row, column))
    means = [fsum(values) / len(values) for values in by_replication.values()]
    n, mean, low, high = intervals.mean(means, LEVEL)
    return Measure(mean, low, high, n)


def _how(row: Row) -> str:
    """How a tenant ended that has nothing to tell."""
    return "no result" if is_ok(row.outcome) else word(row.outcome)


def _is_lost(row: Row) -> bool:
    return not counts(row.outcome) or not isfinite(row.cost)


def _costs(found: Sequence[Row]) -> Costs:
    return {row.replication: row.cost for row in found}


def _log_ratios(costs: Costs, base: Costs) -> dict[int, float]:
    common = [key for key in costs if isfinite(costs[key]) and isfinite(base.get(key, nan))]
    return {key: log(costs[key] / base[key]) for key in common}


def _means(logs: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """The mean of several logarithms in each replication that has all of them."""
    common = [key for key in (logs[0] if logs else ()) if all(key in each for each in logs)]
    return {key: fsum(each[key] for each in logs) / len(logs) for key in common}


def _measure(logs: Mapping[int, float], meaning: Callable[[float], float]) -> Measure:
    n, mean, low, high = intervals.mean(list(logs.values()), LEVEL)
    return Measure(meaning(mean), meaning(low), meaning(high), n)


def _more(logarithm: float) -> float:
    return 100.0 * (exp(logarithm) - 1.0)


def _lost(logarithm: float) -> float:
    return 100.0 * (1.0 - exp(-logarithm))
