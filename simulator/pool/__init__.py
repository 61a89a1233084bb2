"""A pool of hosts, as a provider of infrastructure runs one: requests for instances come, are admitted, placed, run and
billed; hosts are maintained, fail, are packed and switched off.

What an instance takes follows from the layers of its stack, see ``measuring``; who gets how much of a host's processors
from the same solver as in any run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from simulator.pool.plan import Plan
from simulator.pool.reading import read
from simulator.pool.results import PoolResults, type_rows
from simulator.pool.running import replicate
from simulator.pool.tables import TABLES, Tables

__all__ = ["Plan", "PoolResults", "read", "run"]


def run(
    pool: Plan | str | os.PathLike[str] | Mapping[str, Any],
    *,
    overrides: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PoolResults:
    """Run all replications of a pool.

    Args:
        pool: a file, its text, a mapping with the same keys, or a plan that was read.
        overrides: other values at dotted paths, e.g. ``{"replications": 3}``.
        progress: is told after each replication how many of how many are done.

    Raises:
        ScenarioError: all mistakes of the file at once; nothing was run.
    """
    plan = pool if isinstance(pool, Plan) else read(pool, overrides=overrides)
    tables: Tables = {name: [] for name in TABLES}
    tables["types"] = type_rows(plan)
    for replication in range(plan.replications):
        for name, rows in replicate(plan, replication).items():
            tables[name] += rows
        if progress is not None:
            progress(replication + 1, plan.replications)
    return PoolResults(plan, tables)
