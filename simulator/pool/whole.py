"""All replications of a pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from simulator.pool.plan import Plan
from simulator.pool.reading import read
from simulator.pool.results import PoolResults, type_rows
from simulator.pool.running import replicate
from simulator.pool.tables import TABLES, Tables


def pool(
    source: Plan | str | os.PathLike[str] | Mapping[str, Any],
    *,
    progress: Callable[[int, int], None] | None = None,
    **changes: Any,
) -> PoolResults:
    """Run a pool of hosts.

    ``pool("scenarios/pools/a-small-cloud.yaml").frame("hosts")``: a row for each host and replication.

    Args:
        source: a file, its text, a mapping with the same keys, or a plan that was read.
        progress: is told after each replication how many of how many are done.
        changes: ``replications``, ``seed``, ``duration`` and so on other than the file's.

    Raises:
        ScenarioError: all mistakes of the file at once; nothing was run.
    """
    plan = source if isinstance(source, Plan) else read(source, overrides=changes)
    tables: Tables = {name: [] for name in TABLES}
    tables["types"] = type_rows(plan)
    for replication in range(plan.replications):
        for name, rows in replicate(plan, replication).items():
            tables[name] += rows
        if progress is not None:
            progress(replication + 1, plan.replications)
    return PoolResults(plan, tables)
