"""A state change of a whole stack over one of the bare processor: what all the layers in between cost.

A point of the main scenario is run as a batch would run it; every arrival, completion and change of a rule on a shared
device counts as one change, and all that the run costs (layers, plans, queues, devices that are not shared, records)
is divided by their number. The bare processor is S1 with ten guests, in the same process, in turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from measuring import HERE, Spread
from scenarios.closed_loop import s1
from scenarios.draws import Draws
from scenarios.on_processor import simulate, ways

from simulator.experiment import run_point
from simulator.scenario import load
from simulator.sharing.fluid import SHARING

SCENARIO = HERE.parent / "scenarios" / "what-does-it-cost.yaml"
STACKS = ("bare metal", "Docker", "KVM", "Xen PV")
WORKLOADS = ("compression", "native-server")


def measure(rounds: int) -> list[dict[str, Any]]:
    """One row a point, in the order of the scenario."""
    with TemporaryDirectory() as folder:
        draws = Draws(str(s1(10).write(Path(folder))))
    return [_row(point, draws, rounds) for point in chosen()]


def chosen() -> list[dict[str, Any]]:
    """The points that are measured."""
    points = load(SCENARIO).points()
    return [p for p in points if p["stack"] in STACKS and p["tenants"]["app"]["workload"] in WORKLOADS]


def _row(point: dict[str, Any], draws: Draws, rounds: int) -> dict[str, Any]:
    changes = count_changes(point)
    ratios, us = [], []
    for _ in range(rounds):
        bare_s = _timed(lambda: simulate(draws, ways()[-1], False)) / (2 * draws.guests * draws.tasks)
        stack_s = _timed(lambda: run_point(point, 0)) / changes
        ratios.append(stack_s / bare_s)
        us.append(stack_s * 1e6)
    spread, workload = Spread.of(ratios), point["tenants"]["app"]["workload"]
    return {
        "stack": point["stack"],
        "workload": workload,
        "changes": changes,
        "us_per_change": Spread.of(us).median,
        "over_bare": [spread.median, spread.low, spread.high],
    }


def _timed(what: Any) -> float:
    begin_s = process_time()
    what()
    return process_time() - begin_s


def count_changes(point: dict[str, Any]) -> int:
    """State changes on shared devices in one run of a point."""
    with _counted() as calls:
        run_point(point, 0)
    return 2 * calls["submit"] + calls["set"] + calls["set_unit_rate"]


@contextmanager
def _counted() -> Iterator[dict[str, int]]:
    """Counts calls of the solver; each work that is submitted ends once, completed or removed."""
    calls = dict.fromkeys(("submit", "set", "set_unit_rate"), 0)
    originals = {name: getattr(SHARING, name) for name in calls}

    def counting(name: str) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            return originals[name](*arguments, **options)

        return call

    for name in calls:
        setattr(SHARING, name, counting(name))
    try:
        yield calls
    finally:
        for name, original in originals.items():
            setattr(SHARING, name, original)
