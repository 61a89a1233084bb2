"""How G1 divides its heap: whole regions, as many young ones as the pause goal and the free regions allow.

The rules are those of ``g1Policy.cpp`` and ``g1IHOPControl.cpp``; everything is in bytes, in whole regions.
"""

from __future__ import annotations

from math import ceil, floor, log2, sqrt

from simulator.layers._jvm_heap import Heap
from simulator.parameters import Parameter, Parameters

PARAMETERS = (
    Parameter("g1_regions_count", "count", "regions that a heap is divided into, if their size allows (G1)"),
    Parameter("g1_region_least_bytes", "bytes", "a region, at least (G1)"),
    Parameter("g1_region_most_bytes", "bytes", "a region, at most (G1)"),
    Parameter("g1_young_least_ratio", "ratio", "young regions over heap, at least (G1)"),
    Parameter("g1_young_most_ratio", "ratio", "young regions over heap, at most (G1)"),
    Parameter("g1_reserve_ratio", "ratio", "part of the heap that is kept free for survivors (G1)"),
    Parameter("g1_pause_goal_s", "s", "longest pause that is aimed at (G1)"),
    Parameter("g1_safety_ratio", "ratio", "room for what is copied, over what is expected (G1)"),
    Parameter("g1_first_survival_ratio", "ratio", "part of eden expected to live before anything is known (G1)"),
    Parameter("g1_first_copy_s_per_byte", "s", "time expected for a byte copied before anything is known (G1)"),
    Parameter("g1_memory_ratio", "ratio", "weight of the newest value in what is expected (G1)"),
    Parameter("g1_confidence_ratio", "ratio", "standard deviations added to what is expected (G1)"),
    Parameter("g1_marking_ratio", "ratio", "occupied part of the heap above which marking begins at first (G1)"),
    Parameter("g1_markings_count", "count", "markings from which on the threshold adapts (G1)"),
    Parameter("g1_waste_ratio", "ratio", "part of the heap that may stay garbage (G1)"),
)


class Expected:
    """What is expected of the next value: newer ones count more, and deviations are added."""

    def __init__(self, weight: float, confidence: float, first: float | None = None) -> None:
        self._mean, self._variance, self._weight, self._confidence = first or 0.0, 0.0, weight, confidence
        self._known = first is not None

    def add(self, value: float) -> None:
        """One more value."""
        if self._known:
            difference = value - self._mean
            self._mean += self._weight * difference
            self._variance = (1.0 - self._weight) * (self._variance + self._weight * difference * difference)
        else:
            self._mean, self._known = value, True

    @property
    def value(self) -> float:
        """The expected value."""
        return self._mean + self._confidence * sqrt(self._variance)


class Regions:
    """Sizes of the young part, and when marking begins.

    Args:
        parameters: the layer's numbers.
        heap: whose.
        threads: that copy in a pause.
    """

    def __init__(self, parameters: Parameters, heap: Heap, threads: int) -> None:
        self.parameters, self.heap = parameters, heap
        weight, confidence = parameters.g1_memory_ratio, parameters.g1_confidence_ratio
        self.survival = Expected(weight, confidence, parameters.g1_first_survival_ratio)
        self.copy_s = Expected(weight, confidence, parameters.g1_first_copy_s_per_byte / threads)
        self.marking_s, self.promoted_bytes_per_s = Expected(weight, confidence), Expected(weight, confidence)
        self.markings = 0

    @property
    def region_bytes(self) -> float:
        """A power of two: the heap over its number of regions, within bounds."""
        parameters, size_bytes = self.parameters, (self.heap.size_bytes + self.heap.capacity_bytes) / 2.0
        wanted = max(size_bytes / parameters.g1_regions_count, parameters.g1_region_least_bytes)
        return min(2.0 ** floor(log2(wanted)), parameters.g1_region_most_bytes)

    def whole(self, size_bytes: float) -> float:
        """Rounded up to regions."""
        return ceil(size_bytes / self.region_bytes - 1e-9) * self.region_bytes

    @property
    def free_bytes(self) -> float:
        """Free regions, eden's own included."""
        heap = self.heap
        return heap.capacity_bytes - self.whole(heap.old_bytes) - self.whole(heap.survivors_bytes)

    @property
    def desired_bytes(self) -> float:
        """The young part that the sizes, the pause goal and the room for survivors would allow, survivors included."""
        parameters, heap = self.parameters, self.heap
        region, most = self.region_bytes, parameters.g1_young_most_ratio * heap.capacity_bytes
        survivors_bytes = self.whole(heap.survivors_bytes)
        survival = self.survival.value
        by_goal = parameters.g1_pause_goal_s / max(survival * self.copy_s.value, 1e-18)
        by_room = self.free_bytes / (1.0 + parameters.g1_safety_ratio * survival)
        least = max(self._least, survivors_bytes + region)
        eden = floor(max(0.0, min(by_goal, by_room)) / region) * region
        return min(max(eden + survivors_bytes, least), max(floor(most / region) * region, least))

    @property
    def _least(self) -> float:
        region = self.region_bytes
        return max(region, floor(self.parameters.g1_young_least_ratio * self.heap.capacity_bytes / region) * region)

    def eden_bytes(self) -> float:
        """What of it may be had: free regions beyond the reserve, and at most half of the reserve."""
        region = self.region_bytes
        survivors_bytes, free_bytes = self.whole(self.heap.survivors_bytes), self.free_bytes
        wanted_bytes = self.desired_bytes - survivors_bytes
        reserve_bytes = self.whole(self.parameters.g1_reserve_ratio * self.heap.capacity_bytes)
        eaten_bytes = min(self._least, floor((reserve_bytes / region + 1.0) / 2.0) * region)
        if free_bytes <= reserve_bytes:
            return max(min(free_bytes, region), min(free_bytes, wanted_bytes, eaten_bytes))
        outside_bytes = free_bytes - reserve_bytes
        return min(wanted_bytes, outside_bytes + min(max(0.0, wanted_bytes - outside_bytes), eaten_bytes))

    def threshold_bytes(self) -> float:
        """Old regions beyond this: marking must begin, or the young part will not find room before it is through."""
        parameters, heap = self.parameters, self.heap
        if self.markings < parameters.g1_markings_count:
            return parameters.g1_marking_ratio * heap.capacity_bytes
        safe_ratio = 1.0 - parameters.g1_reserve_ratio - parameters.g1_waste_ratio
        target = min(safe_ratio * heap.size_bytes, (1.0 - parameters.g1_waste_ratio) * heap.capacity_bytes)
        return max(0.0, target - self.marking_s.value * self.promoted_bytes_per_s.value - self.desired_bytes)
