"""The requests of a batch that count: done, and asked for within the measured window of their tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-12


def measured(requests: pd.DataFrame, tenants: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``requests`` that the figures of ``tenants`` are made of, with ``copy_of`` and ``workload`` beside them.

    The table of requests holds also what was asked for before the warm-up was over, and, after the operations of its
    run and tenant, what came to nothing; ``tenants`` says when the window began and how many operations there were.
    """
    columns = ["run", "tenant", "copy_of", "workload", "operations", "elapsed_s", "ended_s"]
    known = tenants[columns].merge(runs[["run", "simulated_s"]], on="run")
    end_s = known["ended_s"].fillna(known["simulated_s"])
    known = known.assign(begin_s=end_s - known["elapsed_s"] - _ROUNDING * (1.0 + end_s))
    known = known[["run", "tenant", "copy_of", "workload", "operations", "begin_s"]]
    words = {"tenant": str, "copy_of": str, "workload": str}
    found = requests.astype({"tenant": str}).merge(known.astype(words), on=["run", "tenant"])
    found = found[found["start_s"] >= found["begin_s"]]
    number = found.groupby(["run", "tenant"], sort=False).cumcount()
    return found[number < found["operations"]].drop(columns=["operations", "begin_s"])
