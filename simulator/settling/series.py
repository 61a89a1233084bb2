"""Series of one tenant from the beginning on, a value for each request or each piece of time; all equally long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.settling.truncation import BATCH, FEWEST_BATCHES

if TYPE_CHECKING:
    import pandas as pd

    from simulator.settling.truncation import Series

_MOST_PIECES = 1000
_IN_A_PIECE = 5.0
"""Operations in a piece of time, in the mean."""


@dataclass(frozen=True)
class Table:
    """The series of all replications.

    Attributes:
        values: of each replication.
        times_s: simulated time at which each value begins, in each replication.
    """

    values: list[Series]
    times_s: list[Series]

    @property
    def mean_times_s(self) -> Series:
        """When each value begins, in the mean."""
        import numpy as np

        times_s: Series = np.mean(self.times_s, axis=0)
        return times_s

    @property
    def mean(self) -> Series:
        """The mean series."""
        import numpy as np

        mean: Series = np.mean(self.values, axis=0)
        return mean


def latencies(requests: pd.DataFrame) -> Table:
    """Latencies by number of the request, as many as there are in every replication.

    Args:
        requests: of one tenant at one point.
    """
    each = [own.sort_values("start_s", kind="stable") for _, own in requests.groupby("replication", sort=True)]
    count = min(map(len, each), default=0)
    values = [own["latency_s"].to_numpy(dtype=float)[:count] for own in each]
    return Table(values, [own["start_s"].to_numpy(dtype=float)[:count] for own in each])


def operations(requests: pd.DataFrame, begin_s: float) -> Table:
    """Operations done a second, by piece of time, until the first replication has done its last.

    Args:
        requests: of one tenant at one point.
        begin_s: when it was started.
    """
    import numpy as np

    each = [own for _, own in (requests["start_s"] + requests["latency_s"]).groupby(requests["replication"], sort=True)]
    end_s = min((float(own.max()) for own in each), default=begin_s)
    fewest = min((int((own <= end_s).sum()) for own in each), default=0)
    pieces = min(_MOST_PIECES, int(fewest / _IN_A_PIECE))
    if pieces < BATCH * FEWEST_BATCHES or end_s <= begin_s:
        return Table([], [])
    edges = np.linspace(begin_s, end_s, pieces + 1)
    values = [np.histogram(own.to_numpy(dtype=float), edges)[0] / (edges[1] - edges[0]) for own in each]
    return Table(values, [edges[:-1]] * len(values))
