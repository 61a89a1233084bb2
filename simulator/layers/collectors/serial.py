"""The serial collector: one thread, two generations.

Where a young collection might not find room in the old generation it is tried all the same, and a full one follows;
also where the old generation had to grow for what was promoted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.layers._jvm_generations import Generations
from simulator.steps import Later, Step


class Serial(Generations):
    """One thread does all."""

    PARALLEL = False
    COMPACT = "compact_cycles_per_byte"
    PASSES = 4.0  # mark, compute new places, adjust references, move (genMarkSweep.cpp)

    def is_safe(self) -> bool:
        """Room for the padded mean of earlier promotions, or for all of eden (``tenuredGeneration.cpp``)."""
        return self._free >= self.promoted.padded or self._free >= self.heap.used_bytes

    def collect(self, now_s: float) -> Iterator[Step]:
        """First the young ones, in any case."""
        if not self.heap.is_full(self.eden_bytes):
            return
        safe, room_bytes = self.is_safe(), self._old_bytes(self.heap.capacity_bytes)
        yield from self.young()
        yield Later(lambda now_s: self._full_if_needed(safe, room_bytes), "all objects, if there was no room")

    def _full_if_needed(self, safe: bool, room_bytes: float) -> Iterable[Step]:
        """Promotion was not safe, has failed, or made the old generation grow."""
        old_bytes = self.heap.old_bytes
        return () if safe and old_bytes <= min(room_bytes, self._old_most) else self.full()


COLLECTOR = Serial
