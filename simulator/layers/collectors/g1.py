"""G1: regions, young collections in pauses within a goal, marking beside the program, old regions emptied bit by bit.

When old regions fill more of the heap than a threshold the next young collection starts a marking: its threads go
through all live data beside the program, a pause (remark) ends that, another one (cleanup) says which old regions are
worth emptying. Then the next young collections empty some of these as well (mixed collections), until what is left is
not worth it. What a pause finds no room for stays where it is, with all that has died around it; where no region is
left for new objects a full collection follows.

While it marks, a reference that is overwritten is noted first (the snapshot at the beginning); what its barriers take
otherwise is in the program's own code, as that of the other collectors' is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto

from simulator.layers._jvm_collection import BESIDE, THREAD, Collector
from simulator.layers._jvm_heap import OUT_OF_MEMORY, Found, Heap
from simulator.layers._jvm_regions import PARAMETERS, Regions
from simulator.layers._jvm_threads import KICK
from simulator.layers.base import Place
from simulator.parameters import Parameter, Parameters
from simulator.steps import Change, Later, Log, Send, Step, Use


class Phase(Enum):
    """Where a cycle stands."""

    YOUNG = auto()
    DUE = auto()
    MARKING = auto()
    MARKED = auto()
    MIXED = auto()


class G1(Collector):
    """The collector of machines of the server class."""

    CONCURRENT = True
    HOUSEKEEPING = ("main-marker", "refinement", "g1-service")
    ARCHIVED_OBJECTS = True
    PASSES = 4.0  # mark, compute new places, adjust references, move (g1FullCollector.cpp)
    PARAMETERS = (
        *PARAMETERS,
        Parameter("remark_cycles", "cycles", "the pause that ends a marking: references, classes (G1)", "collection"),
        Parameter("cleanup_cycles", "cycles", "the pause after it, in which old regions are chosen (G1)", "collection"),
        Parameter("store_cycles", "cycles", "a reference overwritten while it marks is noted (G1)", "barrier"),
        Parameter("g1_old_part_ratio", "ratio", "old regions emptied by one collection, over the heap (G1)"),
        Parameter("g1_candidate_live_ratio", "ratio", "live part of the old regions that are emptied (G1)"),
        Parameter("g1_growth_ratio", "ratio", "part of the memory not used yet by which the heap grows while pauses "
                  "take more than their part of the time (G1)"),
        Parameter("g1_pause_part_ratio", "ratio", "that part (G1)"),
    )  # fmt: skip

    def __init__(self, parameters: Parameters, heap: Heap, place: Place, threads: int, beside_threads: int) -> None:
        super().__init__(parameters, heap, place, threads, beside_threads)
        self.regions = Regions(parameters, heap, threads)
        self.phase = Phase.YOUNG
        self.worth_bytes = 0.0
        """Garbage in old regions that the last marking found and no collection has emptied yet."""
        self._eden = self.regions.eden_bytes()
        self._old_bytes = self._marking_s = self._ended_s = 0.0
        self._marking = 0

    @property
    def eden_bytes(self) -> float:
        """As the last collection left it."""
        return self._eden

    def fits(self, live_bytes: float) -> bool:
        """A region must be left for new objects, and one for what survives."""
        size_bytes, regions = self.heap.size_bytes, self.regions
        least_bytes = max(2.0 * regions.region_bytes, self.parameters.free_least_ratio * size_bytes)
        return size_bytes - regions.whole(live_bytes) >= least_bytes

    def barrier_cycles(self) -> float:
        """Only while it marks."""
        marking = self.phase is Phase.MARKING
        return self.parameters.stores_ratio * self.parameters.store_cycles if marking else 0.0

    # ---- young and mixed collections

    def collect(self, now_s: float) -> Iterator[Step]:
        """Young regions, and old ones that a marking found worth it; a full collection if there is no room."""
        heap, parameters = self.heap, self.parameters
        if not heap.is_full(self._eden):
            return
        found = heap.find(self._survivor_bytes)
        emptied_bytes = self._emptied_bytes() if self.phase is Phase.MIXED else 0.0
        live_ratio = parameters.g1_candidate_live_ratio
        moved_bytes = emptied_bytes * live_ratio / (1.0 - live_ratio)
        room_bytes = self.regions.free_bytes - heap.used_bytes
        failed_ratio = max(0.0, 1.0 - room_bytes / found.copied_bytes) if found.copied_bytes else 0.0
        stays_bytes = failed_ratio * (heap.used_bytes - found.arriving_bytes - found.passing_bytes)
        faults = self.old_faults(heap.old_bytes + found.promoted_bytes)
        copied_bytes = found.copied_bytes + moved_bytes
        work = self.copying(found, faults, moved_bytes, emptied_bytes)
        starts = self.phase is Phase.DUE

        def over(end_s: float) -> Iterable[Step]:
            return self._copied(found, emptied_bytes - stays_bytes, copied_bytes, now_s, end_s)

        kind = "mixed" if emptied_bytes else "young"
        yield from self.pause(f"{kind}, marking begins" if starts else kind, work, over)
        if starts:
            yield from self._mark()
        yield Later(self._full_if_needed, "all objects, if no region is left")

    def _full_if_needed(self, now_s: float) -> Iterable[Step]:
        """No region for new objects."""
        return () if self.regions.free_bytes >= self.regions.region_bytes else self.full(now_s)

    @property
    def _survivor_bytes(self) -> float:
        """One of so many parts of the young regions."""
        survivors = (self._eden + self.heap.survivors_bytes) / self.parameters.survivor_ratio_count
        return self.regions.whole(survivors)

    def _emptied_bytes(self) -> float:
        """What one mixed collection gives back: all that is left, a part of the heap at most."""
        return min(self.worth_bytes, self.parameters.g1_old_part_ratio * self.heap.capacity_bytes)

    def _copied(
        self, found: Found, emptied_bytes: float, copied_bytes: float, begun_s: float, end_s: float
    ) -> Iterable[Step]:
        """A young or mixed collection is over."""
        heap, regions = self.heap, self.regions
        if heap.used_bytes:
            regions.survival.add(min(1.0, (found.arriving_bytes + found.passing_bytes) / heap.used_bytes))
        if copied_bytes:
            regions.copy_s.add((end_s - begun_s) / (copied_bytes * heap.grain))
        if end_s > self._ended_s:
            regions.promoted_bytes_per_s.add(found.promoted_bytes / (end_s - self._ended_s))
        heap.copied(found, self._survivor_bytes)
        heap.garbage_bytes = max(0.0, heap.garbage_bytes - emptied_bytes)
        self.worth_bytes -= max(0.0, emptied_bytes)
        self._grow((end_s - begun_s) / (end_s - self._ended_s) if end_s > self._ended_s else 0.0)
        self._ended_s = end_s
        self._next_phase()
        self._eden = regions.eden_bytes()
        return ()

    def _next_phase(self) -> None:
        """After a pause in which regions were copied."""
        if self.phase is Phase.MARKED:
            self.phase = Phase.MIXED
        elif self.phase is Phase.MIXED and not self._is_worth_it():
            self.phase = Phase.YOUNG
        if self.phase is Phase.YOUNG and self.regions.whole(self.heap.old_bytes) > self.regions.threshold_bytes():
            self.phase = Phase.DUE

    def _is_worth_it(self) -> bool:
        return self.worth_bytes > self.parameters.g1_waste_ratio * self.heap.capacity_bytes

    def _grow(self, part: float) -> None:
        """Pauses take more than their part of the time: a part of the memory not used yet is added."""
        heap, parameters = self.heap, self.parameters
        if part > parameters.g1_pause_part_ratio:
            self._resize(heap.capacity_bytes + parameters.g1_growth_ratio * (heap.size_bytes - heap.capacity_bytes))

    def _resize(self, capacity_bytes: float) -> None:
        heap = self.heap
        wanted_bytes = self.regions.whole(max(capacity_bytes, heap.capacity_bytes))
        heap.capacity_bytes = min(wanted_bytes, heap.size_bytes)

    # ---- full collections

    def full(self, now_s: float) -> Iterator[Step]:
        """All threads mark and move all live data; a marking that is under way has been for nothing."""
        heap = self.heap
        cycles = heap.alive_bytes * self.parameters.parallel_compact_cycles_per_byte
        yield from self.pause("full", self.divided(cycles, touched=(self.of_all(),)), self._compacted)

    def _compacted(self, now_s: float) -> Iterable[Step]:
        heap, parameters = self.heap, self.parameters
        heap.compacted()
        self._resize(heap.old_bytes / (1.0 - parameters.free_wanted_ratio))
        self.worth_bytes, self._ended_s = 0.0, now_s
        if self.phase is not Phase.MARKING:
            self.phase = Phase.YOUNG
        self._eden = self.regions.eden_bytes()
        if self._eden < max(self.regions.region_bytes, parameters.free_least_ratio * heap.size_bytes):
            heap.exhausted = OUT_OF_MEMORY
        return ()

    # ---- marking

    def _mark(self) -> Iterator[Step]:
        """Begin beside the program; every thread goes through its part of what lives."""
        heap, threads = self.heap, self.beside_threads
        yield Change(self._marking_begins)
        yield Log("concurrent mark", self._occupied, "bytes")
        cycles = (heap.live_bytes + heap.passing_bytes) * self.parameters.mark_cycles_per_byte * heap.grain / threads
        last = Later(self._marked, "the last of them asks for the pauses that end the marking")
        lives = self.parts((self.of_old(heap.live_bytes),), threads)
        work = (Use("collection", cycles=cycles, operations=0.0), *lives, last)
        yield from (Send(BESIDE, work, KICK, wait=False, forgotten=True),) * threads

    def _marking_begins(self) -> None:
        self.phase, self._marking, self._old_bytes = Phase.MARKING, self.beside_threads, self.heap.garbage_bytes
        self._marking_s = self._ended_s

    def _marked(self, now_s: float) -> Iterable[Step]:
        self._marking -= 1
        if self._marking:
            return ()
        pauses = (Later(self._remark, "remark"), Later(self._cleanup, "cleanup"))
        return tuple(Send(THREAD, (pause,), KICK) for pause in pauses)

    def _remark(self, now_s: float) -> Iterator[Step]:
        yield from self.pause("remark", self.divided(self.parameters.remark_cycles), lambda _: ())
        yield Log("concurrent mark", self._occupied, "bytes", ends=True)
        yield Change(self._marking_ends)

    def _marking_ends(self) -> None:
        """What had died before it began is known."""
        self.phase = Phase.MARKED
        self.worth_bytes = min(self._old_bytes, self.heap.garbage_bytes)

    def _cleanup(self, now_s: float) -> Iterator[Step]:
        cycles = self.parameters.cleanup_cycles * self.heap.grain
        work = (Use("collection", cycles=cycles, operations=0.0),)
        yield from self.pause("cleanup", work, self._chosen)

    def _chosen(self, now_s: float) -> Iterable[Step]:
        regions = self.regions
        regions.markings += 1
        regions.marking_s.add(now_s - self._marking_s)
        if not self._is_worth_it():
            self.phase, self.worth_bytes = Phase.YOUNG, 0.0
        self._resize(self.heap.old_bytes / (1.0 - self.parameters.free_wanted_ratio))
        self._eden = max(self._eden, self.heap.used_bytes)
        return ()


COLLECTOR = G1
