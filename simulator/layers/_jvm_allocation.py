"""New objects in a Java virtual machine: room in eden, pages touched for the first time, and who asks for a collection.

A thread makes objects in a buffer of its own; a new one takes a slow path. Making an object in the buffer and clearing
its memory are code of the program. The threads share eden.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simulator import demands as d
from simulator.layers._jvm_collection import THREAD, Collector
from simulator.layers._jvm_heap import OUT_OF_MEMORY, Habits, Heap
from simulator.layers._jvm_references import References
from simulator.layers._jvm_threads import KICK
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import Below, Change, Choice, Hold, Later, Progress, Require, Send, Step, Use

_ROOM, _FULL, _NEW, _FIRST, _DUE = range(5)
_LABELS = (
    "there is room", "eden is full", "the program's first objects", "pages of eden are touched for the first time, or "
    "no longer", "a collection begins beside the program",
)  # fmt: skip


class Allocation:
    """How objects are made.

    Args:
        parameters: the layer's numbers.
        place: where the virtual machine stands.
        heap: where they are made.
        collector: who makes room.
    """

    def __init__(self, parameters: Parameters, place: Place, heap: Heap, collector: Collector) -> None:
        self.parameters, self.place, self.heap, self.collector = parameters, place, heap, collector
        self.references = References(parameters)
        self._fresh = True
        self._held_bytes = self._eden_held_bytes = 0.0

    def lower(self, demand: d.NewObjects) -> Iterator[Step]:
        """Objects in eden; where it is full the collector is asked, and waited for."""
        heap, collector, program, size_bytes = self.heap, self.collector, demand.program, demand.size_bytes
        habits = Habits(demand.live_bytes, demand.passing_bytes, demand.tenured_ratio)
        heap.grain, refilled_bytes, size_bytes = demand.grain, size_bytes, size_bytes / demand.grain
        refills = refilled_bytes * self.parameters.refills_count / max(collector.eden_bytes, refilled_bytes)
        yield Use("allocation", cycles=refills * self.parameters.refill_cycles, operations=refills)
        if self._fresh:
            pages = size_bytes / self.place.page_bytes
            yield Below(d.Fault(count=pages))
            yield Use("allocation", cycles=pages * self.parameters.fresh_page_cycles, operations=0.0)
        else:
            yield Below(collector.of_young(refilled_bytes))
        yield Progress(
            lambda: heap.reserve(self._until(program, habits), size_bytes) / size_bytes,
            lambda count: self._made(demand, count * size_bytes),
        )
        yield Later(self._spread, "memory for what eden has grown to")
        yield Choice(lambda: self._state(program, habits), self._options(program, habits), _LABELS)

    def _until(self, program: str, habits: Habits) -> float:
        """What may be made until something is to be decided."""
        if self._state(program, habits) != _ROOM:
            return 0.0
        until_bytes = self.collector.until_bytes()
        return until_bytes if self._fresh else min(until_bytes, self.heap.room_bytes(self.heap.touched_bytes))

    def _state(self, program: str, habits: Habits) -> int:
        """What stands in the way of a program's objects."""
        heap, collector = self.heap, self.collector
        share = heap.shares.get(program)
        if share is None or share.habits != habits:
            return _NEW
        if heap.is_full(collector.eden_bytes):
            return _FULL
        if heap.is_fresh() != self._fresh:
            return _FIRST
        return _DUE if collector.is_due() else _ROOM

    def _options(self, program: str, habits: Habits) -> tuple[tuple[Step, ...], ...]:
        heap, collector = self.heap, self.collector
        more_bytes = habits.live_bytes - (heap.live_bytes - heap.live_with(program, 0.0))
        collection = (
            Send(THREAD, (Later(collector.collect, "a collection, if none has made room yet"),), KICK),
            Require(lambda: self._refusal(program)),
            Later(self._settle, "memory for what has grown old"),
            Later(self.references.found, "finalizers of what has died, if there are any"),
        )
        first = (
            Require(lambda: self._too_much(program, habits)),
            Hold(more_bytes),
            Change(lambda: self._keep(program, habits, more_bytes)),
        )
        beside = Later(collector.begin, "a collection beside the program")
        due = (
            Later(collector.ask, "the first that notices asks"),
            Send(THREAD, (beside,), KICK, wait=False, forgotten=True),
        )
        return ((), collection, first, (Change(self._cross),), due)

    def _too_much(self, program: str, habits: Habits) -> str:
        """Before a program's first object, or where it keeps more from now on: whether that will fit.

        One that keeps ever more has filled the heap with the objects that still did, and does not give them back: a
        class holds them, which stays loaded.
        """
        heap = self.heap
        if self.collector.fits(heap.live_with(program, habits.live_bytes)):
            return ""
        if program in heap.shares:
            most_bytes = heap.size_bytes - heap.live_with(program, 0.0)
            heap.keep(program, habits._replace(live_bytes=min(habits.live_bytes, most_bytes)))
        return OUT_OF_MEMORY

    def _keep(self, program: str, habits: Habits, more_bytes: float) -> None:
        self.heap.keep(program, habits)
        self._held_bytes += more_bytes

    def _refusal(self, program: str) -> str:
        """Whether the collection was in vain; whoever is told first ends, and its data are garbage."""
        reason = self.heap.exhausted
        if reason:
            self.heap.give_up(program)
        return reason

    def _spread(self, now_s: float) -> Iterable[Step]:
        """Pages of eden are held once, whichever threads touch them."""
        grown_bytes = self.heap.touched_bytes - self._eden_held_bytes
        self._eden_held_bytes = self.heap.touched_bytes
        return (Hold(grown_bytes, program=False),) if grown_bytes > 0.0 else ()

    def _settle(self, now_s: float) -> Iterable[Step]:
        """The old part has touched pages beyond what its programs keep."""
        grown_bytes = self.heap.old_touched_bytes - self._held_bytes
        if grown_bytes <= 0.0:
            return ()
        self._held_bytes += grown_bytes
        return (Hold(grown_bytes, program=False),)

    def _made(self, demand: d.NewObjects, size_bytes: float) -> None:
        self.heap.made(demand.program, size_bytes)
        self.references.made(size_bytes * demand.grain, demand.finalizable_bytes)

    def _cross(self) -> None:
        self._fresh = not self._fresh
