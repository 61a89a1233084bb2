"""Words of a large table changed at random places, like RandomAccess (GUPS).

One operation: some thousands of updates. The table is far larger than the cache and than what the translation buffer
covers, so that nearly each update waits for the memory, and for the page table before. The table was touched for
the first time before the clock starts.
"""

from __future__ import annotations

from simulator.demands import AccessMemory
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan, turns


class RandomAccess(Program):
    """Some threads on one table."""

    PARAMETERS = (
        Parameter("threads_count", "count", "threads that update the table"),
        Parameter("groups_count", "count", "groups of updates, all threads together"),
        Parameter("group_updates_count", "count", "updates of a group"),
        Parameter("update_accesses_count", "count", "memory accesses of an update that are waited for"),
        Parameter("update_cycles", "cycles", "user cycles of an update, the place computed"),
        Parameter("table_bytes", "bytes", "size of the table"),
    )
    CHOSEN = frozenset({"threads_count", "groups_count", "group_updates_count", "table_bytes"})
    COUNTS = ("compute", "memory")

    def threads(self) -> list[ThreadPlan]:
        """The threads."""
        shares = turns(self.parameters.groups_count, self.parameters.threads_count)
        names = (f"thread-{number}" for number in range(len(shares)))
        return [ThreadPlan(name, self._update(name, groups)) for name, groups in zip(names, shares, strict=True)]

    def _update(self, name: str, groups: int) -> Demands:
        parameters = self.parameters
        updates = parameters.group_updates_count
        accesses = updates * parameters.update_accesses_count
        for _ in range(groups):
            start_s = self.context.now
            words = AccessMemory("random", parameters.table_bytes, count=accesses)
            yield from self.compute(parameters.update_cycles * updates, on=words)
            self.context.done(name, "updates", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Thousand millions of updates a second."""
        return operations * self.parameters.group_updates_count / elapsed_s / 1e9


PROGRAM = RandomAccess
