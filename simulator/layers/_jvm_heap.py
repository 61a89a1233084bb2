"""The heap of a Java virtual machine: how it is divided, how far it is filled, and what a collection has to do.

Objects are made in eden. When it is full a young collection copies what lives: data that the program keeps (once, into
the old generation) and a part of the rest, some of which gets old and dies there. A full collection finds and moves all
live data; it is due when the old generation might not take what a young one promotes. G1 has one space, takes a part of
what live data leave free as eden, and marks beside the program, after which what died in the old part is free again.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp

from simulator.layers._jvm_ergonomics import G1
from simulator.parameters import Parameters

DONE, YOUNG, GROWING, FULL = range(4)
"""Kinds of collection: none needed any more; of young objects; with data that a program keeps from now on; of all."""
ROOM, EDEN_FULL, NEW = range(3)
"""What a program that makes objects finds."""
OUT_OF_MEMORY = "out of memory: Java heap space"
_ROUNDING = 1e-9


class Heap:
    """State and geometry.

    Args:
        parameters: the layer's numbers.
        size_bytes: all of it.
        collector: which.
        marking_threads: threads that mark at the same time (G1).
    """

    def __init__(self, parameters: Parameters, size_bytes: float, collector: str, marking_threads: int) -> None:
        self.parameters, self.size_bytes, self.collector = parameters, size_bytes, collector
        self.live: dict[str, float] = {}
        """What each program keeps."""
        self.passing: dict[str, float] = {}
        self.tenured: dict[str, float] = {}
        """Of each program: short-lived objects in use, and the part of its objects that gets old."""
        self.used_bytes = self.promoted_bytes = self.garbage_bytes = 0.0
        self.fresh = True
        """Whether eden's pages have not all been touched yet."""
        self._marking_threads, self._marking, self._under_way = marking_threads, 0, 0

    # ---- how it is divided

    @property
    def live_bytes(self) -> float:
        """What all programs keep."""
        return sum(self.live.values())

    @property
    def eden_bytes(self) -> float:
        """Room for new objects between two collections."""
        return self._eden_bytes(self.live_bytes)

    def _eden_bytes(self, live_bytes: float) -> float:
        """Live data that the old generation cannot hold lie in eden."""
        parameters, size_bytes = self.parameters, self.size_bytes
        if self.collector == G1:
            wanted = parameters.g1_young_ratio * (size_bytes - live_bytes)
            least, most = parameters.g1_young_least_ratio * size_bytes, parameters.g1_young_most_ratio * size_bytes
            return min(max(least, wanted), most, size_bytes - live_bytes)
        young_bytes = size_bytes / (1.0 + parameters.new_ratio_count)
        eden_bytes = young_bytes * parameters.survivor_ratio_count / (parameters.survivor_ratio_count + 2.0)
        return eden_bytes - max(0.0, live_bytes - (size_bytes - young_bytes))

    @property
    def _old_bytes(self) -> float:
        """Room for what survives."""
        if self.collector == G1:
            return self.size_bytes - self.eden_bytes
        return self.size_bytes - self.size_bytes / (1.0 + self.parameters.new_ratio_count)

    # ---- programs

    def refusal(self, program: str, live_bytes: float) -> str:
        """Why a program's live data do not fit, empty if they do."""
        kept: Mapping[str, float] = {**self.live, program: live_bytes}
        room_bytes = self._eden_bytes(sum(kept.values()))
        return OUT_OF_MEMORY if room_bytes < self.parameters.free_least_ratio * self.size_bytes else ""

    def keep(self, program: str, live_bytes: float) -> None:
        """A program keeps so much from now on."""
        self.live[program] = live_bytes
        self.promoted_bytes = min(self.promoted_bytes, self.live_bytes)

    # ---- filling it

    def state(self, program: str, live_bytes: float) -> int:
        """What stands in the way of a program's objects: nothing, a full eden, or that the program is not known yet."""
        if self.live.get(program) != live_bytes:
            return NEW
        return EDEN_FULL if self._is_full() else ROOM

    def begin(self, program: str, live_bytes: float, size_bytes: float) -> float:
        """How many objects of a size fit until eden is full, divided among the threads that make some."""
        self._under_way += 1
        if self.state(program, live_bytes) != ROOM:
            return 0.0
        return (self.eden_bytes - self.used_bytes) / size_bytes / self._under_way

    def end(self, size_bytes: float) -> None:
        """So much was made."""
        self._under_way -= 1
        self.used_bytes += size_bytes

    def _is_full(self) -> bool:
        return self.used_bytes >= self.eden_bytes * (1.0 - _ROUNDING)

    # ---- emptying it

    @property
    def surviving_bytes(self) -> float:
        """Short-lived objects that a young collection finds alive, and those that will get old."""
        passing_bytes, eden_bytes = sum(self.passing.values()), self.eden_bytes
        alive_bytes = passing_bytes * (1.0 - exp(-eden_bytes / passing_bytes)) if passing_bytes else 0.0
        return alive_bytes + self._tenured_ratio * eden_bytes

    @property
    def _tenured_ratio(self) -> float:
        return max(self.tenured.values(), default=0.0)

    @property
    def arriving_bytes(self) -> float:
        """Kept data that the next young collection copies into the old generation."""
        return min(self.live_bytes - self.promoted_bytes, self.eden_bytes)

    def kind(self) -> int:
        """Which collection it will be; another thread may have had one done meanwhile."""
        if not self._is_full():
            return DONE
        left_bytes = self._old_bytes - self.promoted_bytes - self.garbage_bytes - self.arriving_bytes
        part = self._tenured_ratio if self.collector == G1 else self.parameters.guarantee_ratio
        if left_bytes < part * self.eden_bytes:
            return FULL
        return GROWING if self.fresh or self.arriving_bytes > 0.0 else YOUNG

    def young(self) -> None:
        """A young collection is over."""
        arriving_bytes, eden_bytes = self.arriving_bytes, self.eden_bytes
        self.garbage_bytes += self._tenured_ratio * eden_bytes
        self.promoted_bytes += arriving_bytes
        self.used_bytes -= eden_bytes
        self.fresh = False

    def full(self) -> None:
        """A full collection is over."""
        self.used_bytes -= self.eden_bytes
        self.promoted_bytes, self.garbage_bytes, self.fresh = self.live_bytes, 0.0, False

    # ---- marking beside the program

    def begin_marking(self) -> int:
        """1 if marking must begin now (G1)."""
        limit_bytes = self.parameters.g1_marking_ratio * self.size_bytes
        if self.collector != G1 or self._marking or self.promoted_bytes + self.garbage_bytes <= limit_bytes:
            return 0
        self._marking = self._marking_threads
        return 1

    def marked(self) -> str:
        """One thread has marked its part; after the last one what died in the old part is free. Refuses nobody."""
        self._marking -= 1
        if not self._marking:
            self.garbage_bytes = 0.0
        return ""
