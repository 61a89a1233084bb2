"""Z, the collector without generations (as in JDK 17): it marks and moves beside the programs, in one space.

A cycle has three short pauses; between them its threads mark all that lives, and then move what lives in the pages that
are mostly garbage: those that were filled since the cycle before. What is made while a cycle runs stays until the next
one. So that memory lasts, a cycle begins when what is left would last only as long as one takes, at twice the rate of
allocation; a program that finds no memory all the same waits for the end of the cycle (an allocation stall).

References carry the state of the collector in their unused bits: they have their full length, so that objects are
larger than elsewhere, and every reference that is read from the heap is tested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator import demands as d
from simulator.layers._jvm_collection import BESIDE, Collector
from simulator.layers._jvm_ergonomics import processors
from simulator.layers._jvm_heap import OUT_OF_MEMORY, ROUNDING, Found, Heap
from simulator.layers._jvm_regions import Expected
from simulator.layers.base import Place
from simulator.parameters import Parameter, Parameters
from simulator.steps import Later, Log, Step, Use

_CYCLE = "concurrent cycle"


class Z(Collector):
    """Nothing but roots is looked at in its pauses."""

    PARALLEL = False
    CONCURRENT = True
    PASSES = 1.0  # only to mark
    FIXED = "z_pause_cycles"
    PARAMETERS = (
        Parameter("z_threads_ratio", "ratio", "threads beside the program, over processors (Z)"),
        Parameter("z_heap_ratio", "ratio", "part of the heap that a page for each of these threads may take (Z)"),
        Parameter("z_page_bytes", "bytes", "a small page (Z)"),
        Parameter("z_reserve_threads_ratio", "ratio", "threads that have a page in reserve, over processors (Z)"),
        Parameter("z_memory_ratio", "ratio", "weight of the newest value in what is expected (Z)"),
        Parameter("z_confidence_ratio", "ratio", "standard deviations added to what is expected (Z)"),
        Parameter("z_spike_count", "count", "times the expected rate of allocation that a cycle must be ahead of (Z)"),
        Parameter("z_warm_up_ratio", "ratio", "steps of the heap's use at which the first cycles begin (Z)"),
        Parameter("z_warm_up_count", "count", "such cycles (Z)"),
        Parameter("z_object_ratio", "ratio", "objects with full references, over those with short ones (Z)"),
        Parameter("z_pause_cycles", "cycles", "a pause: the state of all threads is changed (Z)", "collection"),
        Parameter("load_cycles", "cycles", "a reference that is read is tested (Z)", "barrier"),
    )

    def __init__(self, parameters: Parameters, heap: Heap, place: Place, threads: int, beside_threads: int) -> None:
        super().__init__(parameters, heap, place, threads, beside_threads)
        weight, confidence = parameters.z_memory_ratio, parameters.z_confidence_ratio
        self.duration_s, self.bytes_per_s = Expected(weight, confidence), Expected(weight, confidence)
        self.cycles = 0
        self._runs = self._asked = False
        self._before: dict[str, float] = {}
        self._begun_s = self._made_s = 0.0

    @classmethod
    def threads_beside(cls, parameters: Parameters, place: Place, heap_bytes: float, threads: int) -> int:
        """A quarter of the processors, if their pages are no more than a small part of the heap."""
        return _threads(parameters, place, heap_bytes, parameters.z_threads_ratio)

    # ---- how much room there is

    @property
    def reserve_bytes(self) -> float:
        """A page for each thread that moves objects."""
        parameters = self.parameters
        ratio = parameters.z_reserve_threads_ratio
        return parameters.z_page_bytes * _threads(parameters, self.place, self.heap.size_bytes, ratio)

    @property
    def _objects_bytes(self) -> float:
        """Objects that the heap holds, as large as they were with short references."""
        return (self.heap.size_bytes - self.reserve_bytes) / self.parameters.z_object_ratio

    @property
    def eden_bytes(self) -> float:
        """All that nothing else lies in."""
        return max(0.0, self._objects_bytes - self.heap.old_bytes - self.heap.survivors_bytes)

    def fits(self, live_bytes: float) -> bool:
        """A part of the heap must be left for new objects."""
        least_bytes = self.parameters.free_least_ratio * self.heap.size_bytes
        return self._objects_bytes - live_bytes >= max(least_bytes, self.parameters.z_page_bytes)

    def barrier_cycles(self) -> float:
        """Always."""
        return self.parameters.loads_ratio * self.parameters.load_cycles

    # ---- when a cycle begins

    @property
    def _ahead_bytes(self) -> float:
        """What is left when a cycle must begin."""
        parameters, heap = self.parameters, self.heap
        if self.cycles < parameters.z_warm_up_count:
            used_bytes = (self.cycles + 1.0) * parameters.z_warm_up_ratio * self._objects_bytes
            return max(0.0, self.eden_bytes - max(0.0, used_bytes - heap.old_bytes - heap.survivors_bytes))
        return parameters.z_spike_count * self.bytes_per_s.value * self.duration_s.value

    def until_bytes(self) -> float:
        """Until a cycle must begin; while one runs, until there is nothing left."""
        left_bytes = self.heap.room_bytes(self.eden_bytes)
        return left_bytes if self._runs or self._asked else left_bytes - self._ahead_bytes

    def is_due(self) -> bool:
        """Whether what is left would not outlast a cycle."""
        return not (self._runs or self._asked) and self._is_short()

    def _is_short(self) -> bool:
        return self.heap.room_bytes(self.eden_bytes) <= self._ahead_bytes + ROUNDING * self.eden_bytes

    def ask(self, now_s: float) -> Iterable[Step]:
        """Once is enough."""
        self._asked = True
        return ()

    # ---- a cycle

    def begin(self, now_s: float) -> Iterable[Step]:
        """Unless another thread has had one begun meanwhile."""
        self._asked = False
        return self._cycle(now_s) if self._is_short() else ()

    def collect(self, now_s: float) -> Iterable[Step]:
        """A program waits for memory."""
        return self._cycle(now_s) if self.heap.is_full(self.eden_bytes) else ()

    def _cycle(self, now_s: float) -> Iterator[Step]:
        heap, parameters = self.heap, self.parameters
        self._runs = True
        found = heap.find(0.0)
        before = {name: share.made_bytes for name, share in heap.shares.items()}
        made_bytes = sum(before.values()) - sum(self._before.values())
        if now_s > self._made_s:
            self.bytes_per_s.add(made_bytes / (now_s - self._made_s))
        self._begun_s = self._made_s = now_s
        larger = parameters.z_object_ratio
        alive_bytes = (heap.kept_bytes + found.copied_bytes) * larger
        yield Log(_CYCLE, self._occupied, "bytes")
        yield from self.pause("mark start", (), _nothing)
        yield from self._beside(alive_bytes * parameters.mark_cycles_per_byte, self.of_all())
        yield from self.pause("mark end", (), _nothing)
        yield from self.pause("relocate start", (), _nothing)
        moved = self.of_young(found.copied_bytes)
        yield from self._beside(found.copied_bytes * larger * parameters.copy_cycles_per_byte, moved)
        yield Later(lambda end_s: self._over(found, before, end_s), "what was garbage when the cycle began is free")
        yield Log(_CYCLE, self._occupied, "bytes", ends=True)

    def _beside(self, cycles: float, touched: d.Touch) -> tuple[Step, ...]:
        """Work of its threads, with what they touch of the heap; waited for."""
        threads = self.beside_threads
        use = Use("collection", cycles=cycles * self.heap.grain / threads, operations=0.0)
        return self.together(BESIDE, (use, *self.parts((touched,), threads)), threads)

    def _over(self, found: Found, before: dict[str, float], end_s: float) -> Iterable[Step]:
        heap = self.heap
        heap.relocated(found, before)
        self._before = {name: share.made_bytes for name, share in heap.shares.items()}
        self._made_s = end_s
        self.duration_s.add(end_s - self._begun_s)
        self.cycles, self._runs = self.cycles + 1, False
        self.old_faults(heap.old_bytes + heap.survivors_bytes)
        if self.eden_bytes < self.parameters.free_least_ratio * heap.size_bytes:
            heap.exhausted = OUT_OF_MEMORY
        return ()


def _threads(parameters: Parameters, place: Place, heap_bytes: float, ratio: float) -> int:
    """A part of the processors, rounded up; no more than have room for a page in a small part of the heap."""
    by_heap = int(heap_bytes * parameters.z_heap_ratio / parameters.z_page_bytes)
    return max(1, min(-int(-processors(place) * ratio // 1), by_heap))


def _nothing(now_s: float) -> Iterable[Step]:
    return ()


COLLECTOR = Z
