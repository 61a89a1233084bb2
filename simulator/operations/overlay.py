"""A virtual disk after a snapshot: what was there stays, and the first write to each part of it goes elsewhere.

Mechanism (emergent; paid by the thread that writes): the first write to a cluster since the snapshot finds room for it
and notes where (``cluster_cycles``); a write that fills a part of a cluster only has the rest copied (qcow2, redo
logs). Where several states are kept, each request that goes past the guest's page cache is looked for in the part of
each (``chain_cycles``), the newest first. Going back to the snapshot throws these clusters away; deleting it copies
them into what was there before.

By hand: clusters of 64 KiB, four writes of 4 KiB, two of them to the same cluster: three clusters, 180 KiB copied.

Scope and limits: writes through the page cache are taken to reach the disk in a row, and to fill their clusters; what
is read into it is not looked up.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator import demands as d
from simulator.demands import Demand
from simulator.plans import Plan
from simulator.threads import Thread


class Overlay:
    """What has been written to a virtual disk since a snapshot.

    Args:
        cluster_bytes: the unit that is kept apart.
        price: the plan of so many clusters, of which so many bytes are copied.
        looked_up: what each request takes to be looked for in the parts of older states.
        below: who had the disk's writes before, and has them again when this one is gone.
    """

    def __init__(
        self, cluster_bytes: float, price: Callable[[float, float], Plan], looked_up: Plan = (),
        below: Overlay | None = None,
    ) -> None:  # fmt: skip
        self.cluster_bytes, self.price, self.looked_up, self.below = cluster_bytes, price, looked_up, below
        self._written: dict[str, set[int]] = {}
        self.clusters = 0.0
        """How many there are."""

    @property
    def size_bytes(self) -> float:
        """What they take on the host's disk."""
        return self.clusters * self.cluster_bytes

    def __call__(self, thread: Thread, demand: Demand) -> Plan:
        """What a thread pays before a demand."""
        appended_bytes = _appended(demand)
        if appended_bytes:
            new = appended_bytes / self.cluster_bytes
            self.clusters += new
            return (*self.price(new, 0.0), *(self.looked_up if isinstance(demand, d.WriteThrough) else ()))
        if not isinstance(demand, d.DirectTransfer) or demand.flush:
            return ()
        new, copied_bytes = self._at_a_place(demand) if demand.write else (0.0, 0.0)
        return (*(self.price(new, copied_bytes) if new else ()), *self.looked_up)

    def _at_a_place(self, demand: d.DirectTransfer) -> tuple[float, float]:
        """The clusters that a write is the first to, and what of them is copied."""
        begin, end, size = demand.offset_bytes, demand.offset_bytes + demand.size_bytes, self.cluster_bytes
        first, last = int(begin // size), int((end - 1) // size)
        there = self._written.setdefault(demand.file.name, set())
        new = set(range(first, last + 1)) - there
        there |= new
        self.clusters += len(new)
        brought = sum(min(end, (each + 1) * size) - max(begin, each * size) for each in new)
        return float(len(new)), len(new) * size - brought


def _appended(demand: Demand) -> float:
    """What a demand writes behind what was written before it."""
    if isinstance(demand, d.Write):
        return demand.size_bytes * demand.count if demand.kept and not demand.in_memory else 0.0
    if isinstance(demand, d.WriteThrough):
        return demand.size_bytes * demand.count
    return float(demand.size_bytes) if isinstance(demand, d.DirectTransfer) and demand.write and demand.stream else 0.0
