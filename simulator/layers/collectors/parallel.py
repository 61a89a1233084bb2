"""The parallel collector: two generations, all collector threads in every pause.

It looks at the time that it takes: eden grows while collections take more than their part, and a program whose time
goes into full collections that free next to nothing is told that memory is out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator.layers._jvm_generations import Generations
from simulator.layers._jvm_heap import Heap
from simulator.layers.base import Place
from simulator.outcomes import out_of_memory
from simulator.parameters import Parameter, Parameters
from simulator.steps import Later, Step

OVERHEAD = out_of_memory("GC overhead limit exceeded")


class Parallel(Generations):
    """Several threads, no collection beside the program."""

    COMPACT = "parallel_compact_cycles_per_byte"
    PARAMETERS = (
        Parameter("first_survivor_ratio_count", "count", "young generation over one survivor space (parallel)"),
        Parameter("pause_goal_ratio", "ratio", "part of the time that collections should take at most (parallel)"),
        Parameter("young_growth_ratio", "ratio", "by which the young generation grows while they take more (parallel)"),
        Parameter("overhead_limit_ratio", "ratio", "part of the time in collections from which a program is told that "
                  "memory is out, if they free little (parallel)"),
        Parameter("overhead_free_ratio", "ratio", "little: part of the heap that is free afterwards (parallel)"),
        Parameter("overhead_collections_count", "count", "full collections in a row of which that is true (parallel)"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, heap: Heap, place: Place, threads: int, beside_threads: int) -> None:
        super().__init__(parameters, heap, place, threads, beside_threads)
        self._ended_s, self._begun_s, self._in_vain = 0.0, 0.0, 0

    @property
    def space_ratio(self) -> float:
        """As at the start; that it tries other sizes later is left out."""
        return 1.0 / self.parameters.first_survivor_ratio_count

    def is_safe(self) -> bool:
        """More room than the padded mean of earlier promotions, or than all of eden (``psScavenge.cpp``)."""
        return min(self.promoted.padded, self.heap.used_bytes) < self._free

    def collect(self, now_s: float) -> Iterator[Step]:
        """A full collection is instead of a young one."""
        if not self.heap.is_full(self.eden_bytes):
            return
        self._begun_s = now_s
        if self.is_safe():
            yield from self.young()
            yield Later(self._full_if_needed, "all objects, if there was no room")
        else:
            yield from self.full()

    def _full_if_needed(self, now_s: float) -> Iterable[Step]:
        """The old generation has grown too full, or the young one may grow."""
        if self._free < 0.0 or self.promoted.padded > self._free:
            return self.full()
        if self._part(now_s) > self.parameters.pause_goal_ratio:
            self.resize(self.heap.capacity_bytes * (1.0 + self.parameters.young_growth_ratio))
        self._ended_s = now_s
        return ()

    def _part(self, now_s: float) -> float:
        """Part of the time since the last collection that this one took."""
        return (now_s - self._begun_s) / (now_s - self._ended_s) if now_s > self._ended_s else 1.0

    def compacted(self, now_s: float) -> Iterable[Step]:
        """Collections that take all the time and free nothing are counted."""
        heap, parameters = self.heap, self.parameters
        list(super().compacted(now_s))
        little = self.eden_bytes < parameters.overhead_free_ratio * heap.size_bytes
        vain = little and self._part(now_s) > parameters.overhead_limit_ratio
        self._in_vain = self._in_vain + 1 if vain else 0
        self._ended_s = now_s
        if self._in_vain >= parameters.overhead_collections_count:
            heap.exhausted = OVERHEAD
        return ()


COLLECTOR = Parallel
