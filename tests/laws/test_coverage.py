"""Coverage on M/M/1: intervals that say 95 % enclose the law's value in 93 to 97 % of all experiments.

An experiment is a set of replications, made by Lindley's recursion; its intervals are made by the functions that make
those of a batch. Seeds are fixed, so that the numbers of each test are always the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import simulator as vl
from simulator import demands as d
from simulator import discovery, laws
from simulator.results import Results, intervals
from simulator.results.quantiles import interval
from simulator.results.stopping import Stopping
from simulator.settling import truncation

Array = np.ndarray[Any, np.dtype[np.float64]]
LEVEL = 0.95


def times(random: np.random.Generator, load: float, replications: int, customers: int) -> tuple[Array, Array]:
    """Waiting time, and time in the system, of the first customers of an empty queue; service takes 1 in the mean."""
    shape = (replications, customers)
    arrivals, services = random.standard_exponential(shape) / load, random.standard_exponential(shape)
    steps = np.zeros(shape)
    np.cumsum((services - arrivals)[:, :-1], axis=1, out=steps[:, 1:])
    waits = steps - np.minimum.accumulate(steps, axis=1)
    return waits, waits + services


def wait(load: float) -> float:
    """The mean waiting time by the law."""
    return laws.mm1_response_s(load, 1.0) - 1.0


def covered(found: list[intervals.Interval], truth: float) -> float:
    """The part of intervals that enclose the truth."""
    assert all(math.isfinite(each.low) for each in found)
    return sum(each.low <= truth <= each.high for each in found) / len(found)


def test_the_recursion_is_the_queue() -> None:
    waits, whole = times(np.random.default_rng(1), 0.5, 200, 4000)
    assert waits[:, 500:].mean() == pytest.approx(wait(0.5), rel=0.02)
    assert np.quantile(whole[:, 500:], 0.95) == pytest.approx(-math.log(0.05) * 2.0, rel=0.02)


@pytest.mark.parametrize("load", [0.5, 0.7])
def test_mean_after_a_fixed_warm_up(load: float) -> None:
    random = np.random.default_rng(2)
    means = (times(random, load, 10, 1800)[0][:, 300:].mean(axis=1) for _ in range(1200))
    coverage = covered([intervals.mean(each.tolist(), LEVEL) for each in means], wait(load))
    assert 0.93 <= coverage <= 0.97


def test_mean_after_an_advised_warm_up() -> None:
    """Advised by runs of their own, as ``virtlab warmup`` does; what it cuts is not always the same."""
    random, found, cuts = np.random.default_rng(3), [], []
    for _ in range(1600):
        cut = truncation.cut(list(times(random, 0.7, 10, 3000)[0]))
        assert cut is not None
        cuts.append(cut.index)
        means = times(random, 0.7, 10, 3000)[0][:, cut.index :].mean(axis=1)
        found.append(intervals.mean(means.tolist(), LEVEL))
    assert 0.93 <= covered(found, wait(0.7)) <= 0.97
    assert len(set(cuts)) > 20


def replications(random: np.random.Generator, load: float) -> Iterator[float]:
    """Mean waits of replications, one after the other."""
    while True:
        yield from times(random, load, 20, 800)[0][:, 300:].mean(axis=1).tolist()


def until_enough(rule: Stopping, more: Iterator[float]) -> list[float]:
    """The replications of one experiment, in the rounds of a batch; later ones are discarded."""
    values: list[float] = []
    while (enough := rule.enough(values)) is None:
        values += [next(more) for _ in range(rule.next(values) - len(values))]
    return values[:enough]


@pytest.mark.parametrize("width", [0.10, 0.15])
def test_mean_when_the_rule_stops(width: float) -> None:
    rule = Stopping("latency_mean_s", "", width, None, LEVEL, 10, 200)
    more = replications(np.random.default_rng(4), 0.5)
    samples = [until_enough(rule, more) for _ in range(900)]
    found = [intervals.mean(each, LEVEL) for each in samples]
    assert 0.93 <= covered(found, wait(0.5)) <= 0.97
    assert all(each.high - each.mean <= width * each.mean * (1 + 1e-9) for each in found if each.n < 200)
    assert len({each.n for each in found}) > 10


def test_quantile_of_latencies_by_sectioning() -> None:
    random, found = np.random.default_rng(5), []
    for _ in range(400):
        whole = times(random, 0.5, 10, 2200)[1][:, 200:]
        found.append(interval(whole.tolist(), np.sort(whole, axis=None).tolist(), 0.95, LEVEL))
    assert 0.93 <= covered(found, -math.log(0.05) / 0.5) <= 0.97


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_quantile_of_a_metric_between_two_of_its_values(part: float) -> None:
    """The time of the 100th customer, whose law is exponential: one number of each replication."""
    last = times(np.random.default_rng(6), 0.5, 60_000, 100)[1][:, -1].reshape(-1, 100)
    found = [intervals.quantile(each.tolist(), part, LEVEL) for each in last]
    assert 0.93 <= covered(found, -math.log(1.0 - part) / 0.5) <= 0.97


# ---------------------------------------------------------------- real runs


class Queue(vl.Program):
    """Customers come by a Poisson process and are served one after the other, for exponential times."""

    PARAMETERS = (
        vl.Parameter("between_s", "s", "mean time between two arrivals"),
        vl.Parameter("service_cycles", "cycles", "mean work for one"),
    )
    CHOSEN = frozenset({"between_s", "service_cycles"})

    def threads(self) -> list[vl.ThreadPlan]:
        return [vl.ThreadPlan("server", self._server())]

    def _server(self) -> Iterator[d.Demand]:
        draws, due_s = self.context.draws("customers"), self.context.now
        while True:
            due_s += draws.exponential(self.parameters.between_s)
            cycles = draws.exponential(self.parameters.service_cycles)
            if due_s > self.context.now:
                yield d.Sleep(due_s - self.context.now)
            yield d.Compute(count=cycles)
            self.context.done("server", f"{cycles:.3f} cycles", due_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        return operations / elapsed_s


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Results]:
    """Runs of a queue that is busy for half of the time, on a system and in a virtual machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(discovery, "_session_modules", {})
        patch.setattr(discovery, "_session_folders", [])
        metric = {"name": "rate", "unit": "1/s", "better": "higher"}
        vl.add(Queue, "queue-1", {"between_s": 0.020, "service_cycles": 25e6}, metric=metric)
        yield vl.run(
            {
                "title": "One queue",
                "machine": {"base": "server-2025", "devices": {"cpu": {"frequency_hz": "2.5 GHz"}}},
                "stacks": {"native": "linux-6 |", "virtual": "linux-6 | kvm-6 / linux-6"},
                "tenants": {"app": {"workload": "queue-1", "vcpus": 1, "memory": "1 GiB"}},
                "duration": "7 s",
                "warmup": "1 s",
                "replications": 12,
            },
            out=tmp_path_factory.mktemp("results"),
            jobs=1,
        )


def test_runs_of_the_simulator_are_the_queue(queue: Results) -> None:
    """Mean time in the system 20 ms, with what the system itself takes for waking and timers: less than 1 %."""
    row = queue.summary("latency_mean_s", level=0.99).set_index("stack").loc["native"]
    assert row["n"] == 12
    assert row["ci_low"] <= laws.mm1_response_s(50.0, 100.0) * 1.01 <= row["ci_high"] * 1.01


def test_luck_is_the_same_on_every_stack(queue: Results) -> None:
    """The same customers with the same work at the same times, whatever they run on."""
    frame = queue.requests.merge(queue.runs[["run", "stack", "replication"]], on="run")
    for _, own in frame.groupby("replication"):
        native, virtual = (own[own["stack"] == name].reset_index() for name in ("native", "virtual"))
        both = min(len(native), len(virtual))
        assert both > 250
        assert list(native["kind"][:both]) == list(virtual["kind"][:both])
        first = native["start_s"].iloc[0] - virtual["start_s"].iloc[0]
        assert native["start_s"][:both].to_numpy() == pytest.approx(virtual["start_s"][:both].to_numpy() + first)
    assert frame.groupby("replication")["kind"].first().nunique() == 12


def test_common_random_numbers_make_differences_sharper(queue: Results) -> None:
    frame = queue.tenants.merge(queue.runs[["run", "stack", "replication"]], on="run")
    wide = frame.pivot(index="replication", columns="stack", values="latency_mean_s")
    paired = (wide["virtual"] - wide["native"]).var()
    assert paired < 0.5 * (wide["virtual"].var() + wide["native"].var())
    row = queue.compare(metric="latency_mean_s").iloc[0]
    assert row["significant"] and row["degraded"]
