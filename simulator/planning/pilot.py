"""A pilot: some points run once each, in this process, to see how long that takes. What comes out is thrown away."""

from __future__ import annotations

import csv
import importlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO

from simulator.batch import segments, worker
from simulator.budget import Budget
from simulator.errors import OverBudget, RunError
from simulator.planning.measured import Measured, Point, by_stack
from simulator.records import run_id

_LEAST_S = 0.02
"""With less time left than this no further run is begun."""
_PARQUET = 0.3
"""What a table takes as Parquet, as part of what it takes as CSV."""


def measured(points: Sequence[Point], seconds: float, budget: Budget) -> Measured:
    """Points chosen evenly from every stack, as many as can be run in the time.

    A run that would take longer than the time that is left is cut short. Where it is known how much of it is simulated
    by then, it is taken to last in proportion.

    Args:
        points: from which to choose.
        seconds: for all of it.
        budget: what a run may take anyway.
    """
    importlib.import_module(worker.TARGET.partition(":")[0])
    found = Measured()
    end_s = time.perf_counter() + seconds
    sizes: list[int] = []
    for number, point in enumerate(spread(points)):
        left_s = end_s - time.perf_counter()
        if left_s < max(_LEAST_S, *found.seconds.values(), 0.0):
            break  # it would hardly come to its end
        took_s = _run(point, left_s, budget, found, sizes)
        if number == 0 and took_s < 0.2 * seconds:
            _run(point, end_s - time.perf_counter(), budget, found, sizes)  # the first has loaded modules as well
    found.run_bytes = sum(sizes) / len(sizes) if sizes else None
    if found.seconds:
        found.sources.append(f"a pilot of {len(found.seconds)} runs")
    return found


def spread(points: Sequence[Point]) -> Iterator[Point]:
    """All points, so that any beginning of them is spread evenly: over the stacks, and over the axes of each."""
    stacks = by_stack(points).values()
    orders = [_halving(len(each)) for each in stacks]
    for turn in range(max(map(len, orders), default=0)):
        for each, order in zip(stacks, orders, strict=True):
            if turn < len(order):
                yield each[order[turn]]


def _halving(number: int) -> list[int]:
    """The middle, the middles of both halves, and so on."""
    order: list[int] = []
    pieces = [(0, number)]
    while pieces:
        order += [(low + high) // 2 for low, high in pieces]
        halves = [half for low, high in pieces for half in ((low, (low + high) // 2), ((low + high) // 2 + 1, high))]
        pieces = [(low, high) for low, high in halves if low < high]
    return order


def _run(point: Point, left_s: float, budget: Budget, found: Measured, sizes: list[int]) -> float:
    """One run; notes what it took, and returns that."""
    number = int(point["point"])
    shortened = budget.wall_s is None or left_s < budget.wall_s
    limits = replace(budget, wall_s=max(left_s, _LEAST_S)) if shortened else budget
    found.cut.discard(number)
    begin_s = time.perf_counter()
    whole = 1.0
    try:
        tables = worker.simulate(dict(point), 0, worker.TARGET, limits)
        sizes.append(_size_bytes(tables))
    except OverBudget as error:
        if error.spent.limit == "wall" and shortened:
            whole = _whole(point, error.spent.simulated_s)
            if whole == 1.0:
                found.cut.add(number)
    except RunError as error:
        found.failures.append(f"{run_id(number, 0)}: {error}")
    took_s = time.perf_counter() - begin_s
    found.seconds[number] = took_s * whole
    return took_s


def _whole(point: Point, simulated_s: float) -> float:
    """How many times as long the whole run takes; 1 where nobody knows."""
    duration_s = point.get("duration_s")
    return max(1.0, duration_s / simulated_s) if duration_s and simulated_s else 1.0


def _size_bytes(tables: Mapping[str, Sequence[Sequence[object]]]) -> int:
    """What a run takes on the disk: its record, and its rows in both forms."""
    text = StringIO()
    for rows in tables.values():
        csv.writer(text).writerows(rows)
    return len(segments.record("p0000-r0000", segments.OK, {"tables": tables})) + int(
        (1.0 + _PARQUET) * len(text.getvalue())
    )
