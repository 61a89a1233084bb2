"""Collections: what stops the programs of a Java virtual machine, who works meanwhile, and what is written down of it.

A collector is a module in ``simulator/layers/collectors``: how it divides the heap, when it begins, what it does in a
pause and what beside the programs. The steps that all of them consist of are here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import ClassVar

from simulator import demands as d
from simulator.layers import _jvm_ergonomics as ergonomics
from simulator.layers._jvm_heap import Found, Heap
from simulator.layers._jvm_threads import KICK
from simulator.layers.base import Place
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Freeze, Later, Log, Send, Step, Use

THREAD, WORKERS, BESIDE = "collector", "collector-worker", "marking"
"""Queues: of the thread that carries out operations of the whole machine; of those that work with it in a pause; of
those that work beside the programs."""
PAUSE = "pause"
"""First word of every line in the log that is about a pause."""


class Collector(ABC):
    """One kind of collector.

    Args:
        parameters: the layer's numbers.
        heap: what it collects.
        place: where the virtual machine stands.
        threads: that work in a pause.
        beside_threads: that work beside the programs.
    """

    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    """What only this collector needs, beside the layer's own numbers."""
    PARALLEL: ClassVar[bool] = True
    """Whether it has workers in a pause."""
    FIXED: ClassVar[str] = "pause_cycles"
    """The parameter that says what each pause takes beside its work."""
    CONCURRENT: ClassVar[bool] = False
    """Whether it has threads beside the programs."""
    HOUSEKEEPING: ClassVar[tuple[str, ...]] = ()
    """Further threads of its own, which hardly ever run."""
    ARCHIVED_OBJECTS: ClassVar[bool] = False
    """Whether it takes objects from the archive of classes, the graph of modules among them."""
    PASSES: ClassVar[float] = 2.0
    """How often a full collection goes through all that lies in the heap: to mark it, and to move it."""

    def __init__(self, parameters: Parameters, heap: Heap, place: Place, threads: int, beside_threads: int) -> None:
        self.parameters, self.heap, self.place = parameters, heap, place
        self.threads, self.beside_threads = threads, beside_threads

    @classmethod
    def threads_beside(cls, parameters: Parameters, place: Place, heap_bytes: float, threads: int) -> int:
        """How many threads work beside the programs: by default a part of those in a pause, half of one rounded up."""
        return ergonomics.marking_threads(parameters, threads)

    # ---- what each collector says

    @property
    @abstractmethod
    def eden_bytes(self) -> float:
        """Room for new objects between two collections, as it is now."""

    @abstractmethod
    def fits(self, live_bytes: float) -> bool:
        """Whether so much live data leave the room that new objects need, in the largest heap."""

    @abstractmethod
    def collect(self, now_s: float) -> Iterable[Step]:
        """A program found eden full: what the collector's thread does; nothing if there is room again."""

    def until_bytes(self) -> float:
        """What may be made until something is to be decided."""
        return self.heap.room_bytes(self.eden_bytes)

    def is_due(self) -> bool:
        """Whether it must begin now though there is room."""
        return False

    def ask(self, now_s: float) -> Iterable[Step]:
        """A program has noticed that; it takes note, so that only one does."""
        return ()

    def begin(self, now_s: float) -> Iterable[Step]:
        """What it does then."""
        return ()

    def barrier_cycles(self) -> float:
        """What reading and writing references takes for a mean bytecode, now."""
        return 0.0

    # ---- what all have in common

    def services(self) -> dict[str, int]:
        """Its threads by queue."""
        found = {THREAD: 1}
        if self.PARALLEL and self.threads > 1:
            found[WORKERS] = self.threads
        if self.CONCURRENT:
            found[BESIDE] = self.beside_threads
        return found

    def pause(self, kind: str, work: Iterable[Step], over: Callable[[float], Iterable[Step]]) -> Iterator[Step]:
        """All programs stop; some work; what is over is noted; they go on.

        Until the last thread has come to a safepoint the log does not count it as a pause.
        """
        name, grain = f"{PAUSE} {kind}", self.heap.grain
        yield Freeze(True)
        yield Use("collection", cycles=self.parameters.stop_cycles * grain, operations=0.0)
        yield Log(name, self._occupied, "bytes")
        yield Use("collection", cycles=self.parameters[self.FIXED] * grain, operations=grain)
        yield from work
        yield Later(over, "the heap is as the collection left it")
        yield Log(name, self._occupied, "bytes", ends=True, times=max(1, round(grain)))
        yield Freeze(False)

    @property
    def active_threads(self) -> int:
        """Threads that work in a pause: as many as programs and heap are worth (``workerPolicy.cpp``).

        Threads of a program are those that make objects at the same time.
        """
        if not self.PARALLEL or self.threads == 1:
            return 1
        parameters, heap = self.parameters, self.heap
        by_programs = parameters.workers_per_thread_count * heap.makers
        by_heap = max(parameters.workers_least_count, heap.capacity_bytes // parameters.worker_heap_bytes)
        return int(min(self.threads, max(by_programs, by_heap)))

    def divided(
        self, cycles: float, faults: float = 0.0, once_cycles: float = 0.0, touched: Sequence[d.Touch] = ()
    ) -> tuple[Step, ...]:
        """Work of the collector's threads in a pause, with what it touches of the heap; waited for.

        Args:
            cycles: of one collection.
            faults: pages touched for the first time.
            once_cycles: what only the first of several collections that are simulated as one does.
            touched: rows of pages that had been touched before.
        """
        threads, grain = self.active_threads, self.heap.grain
        alone = threads == 1
        own_cycles = 0.0 if alone else self.parameters.worker_cycles
        each_cycles = (cycles / threads + own_cycles) * grain + once_cycles / threads
        part: tuple[Step, ...] = (Use("collection", cycles=each_cycles, operations=0.0),)
        if faults:
            part += (Below(d.Fault(count=faults / threads), own=True),)
        part += self.parts(touched, threads)
        return part if alone else self.together(WORKERS, part, threads)

    def copying(
        self, found: Found, faults: float, moved_bytes: float = 0.0, emptied_bytes: float = 0.0
    ) -> tuple[Step, ...]:
        """A young collection's work, and that of old data moved from what is emptied.

        Args:
            found: what lives in the young part.
            faults: pages touched for the first time.
            moved_bytes: live data moved within the old part.
            emptied_bytes: of the old part, what was gone through for that.
        """
        copy_cycles, once_bytes = self.parameters.copy_cycles_per_byte, found.once_bytes
        again_bytes = found.copied_bytes + moved_bytes - once_bytes
        touched = (self.of_young(found.copied_bytes), self.of_old(emptied_bytes))
        return self.divided(again_bytes * copy_cycles, faults, once_bytes * copy_cycles, touched)

    def parts(self, touched: Sequence[d.Touch], threads: int) -> tuple[Step, ...]:
        """One thread's part of rows: where the system below has written pages out, it fetches them."""
        each_part = self.heap.grain / threads
        rows = (replace(each, size_bytes=each.size_bytes * each_part) for each in touched if each.size_bytes)
        return tuple(Below(row, own=True) for row in rows)

    def of_old(self, size_bytes: float) -> d.Touch:
        """So much of the old part touched. The heap lies beyond what the process took at its start."""
        return d.Touch(size_bytes, self.heap.old_bytes, self.parameters.footprint_bytes)

    def of_young(self, size_bytes: float) -> d.Touch:
        """So much of eden, which lies beyond the old part as far as that has been used."""
        start_bytes = self.parameters.footprint_bytes + self.heap.old_touched_bytes
        return d.Touch(size_bytes, self.heap.touched_bytes, start_bytes)

    def of_all(self) -> d.Touch:
        """All that lies in the heap, as often as a full collection goes through it: marked, adjusted and moved."""
        occupied_bytes = self._occupied()
        return d.Touch(self.PASSES * occupied_bytes, occupied_bytes, self.parameters.footprint_bytes)

    def together(self, queue: str, part: tuple[Step, ...], threads: int) -> tuple[Step, ...]:
        """Each of some threads does a part; waited for: at the last one the window lets none be under way."""
        last = Send(queue, part, KICK, wait=False, size_bytes=1.0)
        return (*(replace(last, window_bytes=float("inf")),) * (threads - 1), last)

    def old_faults(self, old_bytes: float) -> float:
        """Pages that the old part touches for the first time when it grows to this size."""
        heap = self.heap
        grown_bytes = max(0.0, old_bytes - heap.old_touched_bytes)
        heap.old_touched_bytes += grown_bytes
        return ceil(grown_bytes / self.place.page_bytes)

    def _occupied(self) -> float:
        return self.heap.occupied_bytes
