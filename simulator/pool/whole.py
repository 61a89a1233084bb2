"""All replications of a pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from time import perf_counter
from typing import Any

from simulator.batch.executors import place, processors
from simulator.pool.plan import Plan
from simulator.pool.reading import read
from simulator.pool.results import PoolResults, type_rows
from simulator.pool.running import replicate
from simulator.pool.tables import TABLES, Tables

_WORTH_S = 2.0
"""Worker processes are started if what is left would take longer than this."""


def pool(
    source: Plan | str | os.PathLike[str] | Mapping[str, Any],
    *,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    **changes: Any,
) -> PoolResults:
    """Run a pool of hosts.

    ``pool("scenarios/pools/a-small-cloud.yaml").frame("hosts")``: a row for each host and replication.

    Args:
        source: a file, its text, a mapping with the same keys, or a plan that was read.
        jobs: worker processes, as many as there are processors if not given; the results are the same.
        progress: is told after each replication how many of how many are done.
        changes: ``replications``, ``seed``, ``duration`` and so on other than the file's.

    Raises:
        ScenarioError: all mistakes of the file at once; nothing was run.
    """
    plan = source if isinstance(source, Plan) else read(source, overrides=changes)
    tables: Tables = {name: [] for name in TABLES}
    tables["types"] = type_rows(plan)
    for number, found in enumerate(_replications(plan, jobs or processors())):
        for name, rows in found.items():
            tables[name] += rows
        if progress is not None:
            progress(number + 1, plan.replications)
    return PoolResults(plan, tables)


def _replications(plan: Plan, jobs: int) -> Iterator[Tables]:
    """Each replication's tables in order; the first is run here, the others beside each other if they take long."""
    began_s = perf_counter()
    yield replicate(plan, 0)
    left_s = (perf_counter() - began_s) * (plan.replications - 1)
    if jobs == 1 or left_s < _WORTH_S:
        yield from (replicate(plan, number) for number in range(1, plan.replications))
        return
    with place("", jobs).opened(plan.replications - 1) as executor:
        futures = [executor.submit(replicate, plan, number) for number in range(1, plan.replications)]
        yield from (future.result() for future in futures)
