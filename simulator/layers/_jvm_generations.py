"""A heap of two generations (serial and parallel collectors): eden and two survivor spaces, and the old generation.

A young collection is not tried where the old generation might not take what it promotes: neither a padded mean of what
earlier ones promoted, nor all that eden holds. Then all live data are marked and moved together.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar

from simulator.layers._jvm_collection import Collector
from simulator.layers._jvm_heap import OUT_OF_MEMORY, Found, Heap
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import Step


class PaddedMean:
    """A mean in which older values count less and less, and what it is often exceeded by (``gcUtil.hpp``).

    Args:
        weight: of a new value; the first ones count as in a plain mean.
        padding: mean deviations added.
    """

    def __init__(self, weight: float, padding: float) -> None:
        self._weight, self._padding = weight, padding
        self._count, self._mean, self._deviation = 0, 0.0, 0.0

    def add(self, value: float) -> None:
        """One more value; 0 says nothing of the deviations."""
        self._count += 1
        weight = max(self._weight, 1.0 / self._count)
        self._mean += weight * (value - self._mean)
        if value:
            self._deviation += weight * (abs(value - self._mean) - self._deviation)

    @property
    def padded(self) -> float:
        """The mean and so many deviations."""
        return self._mean + self._padding * self._deviation


class Generations(Collector):
    """What both collectors have in common."""

    COMPACT: ClassVar[str]
    """The parameter that says what a live byte takes in a full collection."""

    def __init__(self, parameters: Parameters, heap: Heap, place: Place, threads: int, beside_threads: int) -> None:
        super().__init__(parameters, heap, place, threads, beside_threads)
        self.promoted = PaddedMean(parameters.promotion_weight_ratio, parameters.promotion_padding_count)

    # ---- how the heap is divided

    @property
    def space_bytes(self) -> float:
        """One survivor space."""
        return self._young_bytes(self.heap.capacity_bytes) * self.space_ratio

    @property
    def space_ratio(self) -> float:
        """The same over the young generation."""
        return 1.0 / (self.parameters.survivor_ratio_count + 2.0)

    def _young_bytes(self, capacity_bytes: float) -> float:
        return capacity_bytes / (1.0 + self.parameters.new_ratio_count)

    def _old_bytes(self, capacity_bytes: float) -> float:
        return capacity_bytes - self._young_bytes(capacity_bytes)

    def _eden(self, capacity_bytes: float, kept_bytes: float, old_bytes: float) -> float:
        """Live data that the old generation cannot hold lie in eden."""
        young_bytes = self._young_bytes(capacity_bytes)
        return young_bytes * (1.0 - 2.0 * self.space_ratio) - max(0.0, kept_bytes - old_bytes)

    @property
    def _old_most(self) -> float:
        return self._old_bytes(self.heap.size_bytes)

    @property
    def eden_bytes(self) -> float:
        """The young generation less its survivor spaces."""
        heap = self.heap
        return self._eden(heap.capacity_bytes, heap.kept_bytes, self._old_most)

    def fits(self, live_bytes: float) -> bool:
        """A part of the heap must be left for new objects."""
        size_bytes = self.heap.size_bytes
        left_bytes = self._eden(size_bytes, live_bytes, self._old_most)
        return left_bytes >= self.parameters.free_least_ratio * size_bytes

    # ---- collecting it

    @property
    def _free(self) -> float:
        """What the old generation could still take."""
        return self._old_most - self.heap.old_bytes

    @abstractmethod
    def is_safe(self) -> bool:
        """Whether the old generation will take what a young collection promotes."""

    @abstractmethod
    def collect(self, now_s: float) -> Iterable[Step]:
        """Young or full, or both."""

    def young(self) -> Iterator[Step]:
        """Copy what lives in eden and one survivor space."""
        heap = self.heap
        found = heap.find(self.space_bytes)
        faults = self.old_faults(min(heap.old_bytes + found.promoted_bytes, self._old_most))
        yield from self.pause("young", self.copying(found, faults), lambda now_s: self.copied(found))

    def copied(self, found: Found) -> Iterable[Step]:
        """A young collection is over."""
        self.promoted.add(found.promoted_bytes)
        self.heap.copied(found, self.space_bytes)
        return ()

    def full(self) -> Iterator[Step]:
        """Mark and move all live data; afterwards the heap may be larger."""
        heap = self.heap
        work = self.divided(heap.alive_bytes * self.parameters[self.COMPACT], touched=(self.of_all(),))
        yield from self.pause("full", work, self.compacted)

    def compacted(self, now_s: float) -> Iterable[Step]:
        """A full collection is over; the old generation wants a part of itself free, the young one follows it."""
        heap, parameters = self.heap, self.parameters
        heap.compacted()
        old_bytes = heap.old_bytes / (1.0 - parameters.free_wanted_ratio)
        self.resize(old_bytes * (1.0 + 1.0 / parameters.new_ratio_count))
        if self.eden_bytes < parameters.free_least_ratio * heap.size_bytes:
            heap.exhausted = OUT_OF_MEMORY
        return ()

    def resize(self, capacity_bytes: float) -> None:
        """The heap never shrinks here."""
        heap = self.heap
        heap.capacity_bytes = min(max(capacity_bytes, heap.capacity_bytes), heap.size_bytes)
