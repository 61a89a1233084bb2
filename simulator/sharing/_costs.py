"""What a switch costs: the switch itself, and the wait for the working set to come back into the cache."""

from __future__ import annotations

from collections.abc import Callable

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.tree import INFINITE, Share

Refill = Callable[[Share, float], float]
"""Seconds a leaf waits for its working set after others have used so many bytes of the cache."""

_ROUNDING_S = 1e-13
"""Less than this is no wait."""


class Costs:
    """Prices switches and books them.

    Args:
        refill: see ``Refill``; None: caches refill in no time.
    """

    def __init__(self, refill: Refill | None) -> None:
        self.refill = refill
        self.working_sets_bytes = 0.0
        """Of all that have work."""

    def price(self, queue: RunQueue) -> None:
        """What switches to the entities of a queue cost, from what is runnable now."""
        dirty = queue.dirty
        for entity in queue.entities:
            if entity.inner is not None and entity.inner.entities:
                self.price(entity.inner)
            if dirty:
                self._price(entity)

    def _price(self, entity: Entity) -> None:
        switch_s, refill_s, all_s = self._seconds(entity)
        entity.cost_ns = round((switch_s + refill_s) * 1e9) if switch_s or refill_s else 0
        if entity.moved:
            entity.first_ns = round((switch_s + all_s) * 1e9)
        elif entity.ran:
            entity.first_ns = entity.cost_ns

    def _seconds(self, entity: Entity) -> tuple[float, float, float]:
        """Seconds for the switch itself; for the working set, after the others and if nothing of it is there."""
        share = entity.share
        if entity.inner is None:
            if self.refill is None or not share.working_set_bytes:
                return share.switch_s, 0.0, 0.0
            others_bytes = self.working_sets_bytes - share.working_set_bytes
            return share.switch_s, self.refill(share, others_bytes), self.refill(share, INFINITE)
        vcpu = entity.home is None
        if vcpu and self.refill is None:
            return share.switch_s, 0.0, 0.0
        switch_s = refill_s = all_s = 0.0
        for inner in entity.inner.entities:
            part = self._seconds(inner)
            switch_s, refill_s, all_s = switch_s + part[0], refill_s + part[1], all_s + part[2]
        number = max(1, len(entity.inner.entities))
        return (share.switch_s if vcpu else switch_s / number), refill_s / number, all_s / number

    def pay(self, thread: Entity, entity: Entity, time_ns: int, number: float) -> None:
        """Book a switch on the thread that runs: the switch itself, and the rest as refill.

        A switch to a group takes what switches to its threads take on average.
        """
        share, time_s = thread.share, time_ns / 1e9
        on = entity.share if entity.kind == "vcpu" else share
        if on.switch_s:
            number = min(number, time_s / on.switch_s)
        share.switches[on] = share.switches.get(on, 0.0) + number
        refill_s = time_s - number * on.switch_s
        if refill_s > _ROUNDING_S:
            share.refill_s += refill_s
            share.refills += number
