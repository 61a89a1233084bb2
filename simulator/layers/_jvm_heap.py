"""The heap of a Java virtual machine: what its programs make and keep in it, and what a young collection finds.

Objects are made in eden. Most of them pass: at any one time a program uses so many short-lived ones (Little's law:
their mean life, in bytes allocated). A few live longer: they are copied from one survivor space to the other until they
are old enough, or the space is half full, and are promoted to the old part of the heap, where they die. What a program
keeps for long goes there too, once.

How the heap is divided, and when which collection comes, is the collector's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import NamedTuple

from simulator.outcomes import out_of_memory
from simulator.parameters import Parameters

OUT_OF_MEMORY = out_of_memory("Java heap space")
ROUNDING = 1e-9
"""Part of a size by which a sum may miss it."""


class Habits(NamedTuple):
    """How a program uses the heap, see ``demands.NewObjects``."""

    live_bytes: float = 0.0
    passing_bytes: float = 0.0
    tenured_ratio: float = 0.0


@dataclass(slots=True)
class Share:
    """One program's part of the heap: its habits, and what it has made since the last collection."""

    habits: Habits
    made_bytes: float = 0.0

    def alive_bytes(self, part: float) -> float:
        """Short-lived objects alive among so much of what it made."""
        passing_bytes = self.habits.passing_bytes
        return passing_bytes * (1.0 - exp(-self.made_bytes * part / passing_bytes)) if passing_bytes else 0.0


class Cohort(NamedTuple):
    """Objects in the survivor space that have survived equally often: kept data, and what will die when it is old."""

    kept_bytes: float
    tenured_bytes: float

    @property
    def size_bytes(self) -> float:
        """Both."""
        return self.kept_bytes + self.tenured_bytes

    def times(self, part: float) -> Cohort:
        """So much of them."""
        return Cohort(self.kept_bytes * part, self.tenured_bytes * part)


class Found(NamedTuple):
    """What a young collection finds alive and where it goes."""

    arriving_bytes: float
    """Newly kept data, copied for the first time."""
    kept_again_bytes: float
    """Kept data that were in the survivor space."""
    passing_bytes: float
    tenured_bytes: float
    """What will die when it is old, copied once more."""
    cohorts: tuple[Cohort, ...]
    """In the survivor space afterwards, the youngest first, without what passes."""
    passing_part: float
    """Part of what passes that finds room there too."""

    @property
    def copied_bytes(self) -> float:
        """All of it."""
        return self.once_bytes + self.passing_bytes + self.tenured_bytes

    @property
    def once_bytes(self) -> float:
        """What no later collection copies, once it is old."""
        return self.arriving_bytes + self.kept_again_bytes

    @property
    def survivors_bytes(self) -> float:
        """What lies in the survivor space afterwards."""
        return sum(each.size_bytes for each in self.cohorts) + self.passing_bytes * self.passing_part

    @property
    def promoted_bytes(self) -> float:
        """Into the old part."""
        return self.copied_bytes - self.survivors_bytes

    @property
    def promoted_kept_bytes(self) -> float:
        """Of it, what programs keep."""
        return self.once_bytes - sum(each.kept_bytes for each in self.cohorts)


class Heap:
    """How far it is filled, and by whom.

    Args:
        parameters: the layer's numbers.
        size_bytes: at most.
        capacity_bytes: at the start.
    """

    def __init__(self, parameters: Parameters, size_bytes: float, capacity_bytes: float) -> None:
        self.parameters, self.size_bytes, self.capacity_bytes = parameters, size_bytes, capacity_bytes
        self.shares: dict[str, Share] = {}
        self.used_bytes = 0.0
        """In eden, since the last collection."""
        self.made_bytes = 0.0
        """In eden, since the start."""
        self.kept_bytes = self.garbage_bytes = 0.0
        """In the old part: what programs keep, and what has died there."""
        self.cohorts: tuple[Cohort, ...] = ()
        """In the survivor space, the youngest first, without what passes."""
        self.survivors_bytes = 0.0
        self._threshold = int(parameters.tenuring_count)
        self.touched_bytes = self.old_touched_bytes = 0.0
        """Largest eden and largest old part so far: their pages are there."""
        self.grain = 1.0
        """How many collections are simulated as one: so much more is made before each, and so much longer it takes."""
        self.exhausted = ""
        """Why no program gets more, after a full collection."""
        self._reserved: list[float] = []
        self._expected = self._peak = 1

    # ---- programs

    @property
    def live_bytes(self) -> float:
        """What all programs keep, promoted or not."""
        return sum(share.habits.live_bytes for share in self.shares.values())

    @property
    def old_bytes(self) -> float:
        """In the old part."""
        return self.kept_bytes + self.garbage_bytes

    @property
    def occupied_bytes(self) -> float:
        """In all parts."""
        return self.old_bytes + self.survivors_bytes + self.used_bytes

    @property
    def passing_bytes(self) -> float:
        """Short-lived objects in use at any one time, those of all programs."""
        return sum(share.habits.passing_bytes for share in self.shares.values())

    def live_with(self, program: str, live_bytes: float) -> float:
        """What all would keep if one kept so much."""
        share = self.shares.get(program)
        return self.live_bytes - (share.habits.live_bytes if share else 0.0) + live_bytes

    def keep(self, program: str, habits: Habits) -> None:
        """A program has these habits from now on; what it keeps no longer is garbage."""
        share = self.shares.setdefault(program, Share(habits))
        share.habits = habits
        dropped_bytes = max(0.0, min(self.kept_bytes, self.kept_bytes + self._young_kept - self.live_bytes))
        self.kept_bytes -= dropped_bytes
        self.garbage_bytes += dropped_bytes

    def give_up(self, program: str) -> None:
        """A program ends for want of memory: its data are garbage."""
        self.exhausted = ""
        if program in self.shares:
            self.keep(program, Habits())

    # ---- filling it

    def room_bytes(self, eden_bytes: float) -> float:
        """What is left of eden for whoever asks, those left out who fill their part of it now."""
        return eden_bytes - self.used_bytes - sum(self._reserved)

    def is_full(self, eden_bytes: float) -> bool:
        """Whether nothing is left."""
        return self.room_bytes(eden_bytes) <= eden_bytes * ROUNDING

    def is_fresh(self) -> bool:
        """Whether new objects touch pages for the first time: eden has never been filled so far."""
        return self.used_bytes >= self.touched_bytes * (1.0 - ROUNDING)

    @property
    def makers(self) -> int:
        """Threads that make objects at the same time."""
        return max(self._expected, self._peak)

    def reserve(self, until_bytes: float, wanted_bytes: float) -> float:
        """A thread's part of what may be made until something is to be decided, if it wants so much.

        The others that are expected get the same.
        """
        others = len(self._reserved)
        self._peak = max(self._peak, others + 1)
        part_bytes = min(wanted_bytes, max(0.0, until_bytes) / max(1, self._expected - others))
        self._reserved.append(part_bytes)
        return part_bytes

    def made(self, program: str, size_bytes: float) -> None:
        """So much was made of the part that was reserved first."""
        self._reserved.pop(0)
        self.used_bytes += size_bytes
        self.made_bytes += size_bytes
        share = self.shares.get(program)
        if share is not None:
            share.made_bytes += size_bytes
        self.touched_bytes = max(self.touched_bytes, self.used_bytes)

    def take(self, size_bytes: float) -> None:
        """Room in eden that no program makes objects in, until the next collection."""
        self.used_bytes += size_bytes
        self.made_bytes += size_bytes
        self.touched_bytes = max(self.touched_bytes, self.used_bytes)

    # ---- emptying it

    def find(self, space_bytes: float) -> Found:
        """What a young collection finds, with a survivor space of this size.

        What has survived as often as the last collection allows is promoted; so is what the space does not hold.
        """
        arriving_bytes = min(max(0.0, self.live_bytes - self.kept_bytes - self._young_kept), self.used_bytes)
        part = 1.0 - arriving_bytes / self.used_bytes if self.used_bytes else 0.0
        passing_bytes = sum(share.alive_bytes(part) for share in self.shares.values())
        new_bytes = sum(share.habits.tenured_ratio * share.made_bytes * part for share in self.shares.values())
        staying = (Cohort(arriving_bytes, new_bytes), *self.cohorts[: self._threshold - 1])
        wanted_bytes = passing_bytes + sum(each.size_bytes for each in staying)
        room = min(1.0, space_bytes / wanted_bytes) if wanted_bytes else 1.0
        cohorts = tuple(each.times(room) for each in staying) if room else ()
        tenured_bytes = new_bytes + self.aged_bytes
        return Found(arriving_bytes, self._young_kept, passing_bytes, tenured_bytes, cohorts, room)

    @property
    def aged_bytes(self) -> float:
        """In the survivor space: what will die when it is old."""
        return sum(each.tenured_bytes for each in self.cohorts)

    @property
    def _young_kept(self) -> float:
        return sum(each.kept_bytes for each in self.cohorts)

    @property
    def alive_bytes(self) -> float:
        """All that a full collection marks."""
        return self.live_bytes + self.passing_bytes + self.aged_bytes

    def copied(self, found: Found, space_bytes: float) -> None:
        """A young collection is over; the survivor space, of this size, is to be filled up to a part of it.

        The age up to which its objects fill more than that part is the one at which the next collection promotes
        (``ageTable.cpp``).
        """
        self.kept_bytes += found.promoted_kept_bytes
        self.garbage_bytes += found.promoted_bytes - found.promoted_kept_bytes
        self.cohorts, self.survivors_bytes = found.cohorts, found.survivors_bytes
        target_bytes = self.parameters.target_survivor_ratio * space_bytes
        total_bytes, most = found.passing_bytes * found.passing_part, int(self.parameters.tenuring_count)
        self._threshold = most
        for age, each in enumerate(found.cohorts[:most], 1):
            total_bytes += each.size_bytes
            if total_bytes > target_bytes:
                self._threshold = age
                break
        self._emptied()

    def relocated(self, found: Found, before: dict[str, float]) -> None:
        """A collection beside the programs is over: what was made since it began is still there.

        Args:
            found: what lived among what had been made before, without a survivor space.
            before: so much of each program.
        """
        self.kept_bytes += found.promoted_kept_bytes
        self.garbage_bytes = found.promoted_bytes - found.promoted_kept_bytes
        self.used_bytes -= sum(before.values())
        for program, made_bytes in before.items():
            self.shares[program].made_bytes -= made_bytes

    def compacted(self) -> None:
        """A full collection is over: everything alive lies in the old part, what has died is gone."""
        passing_bytes = sum(share.alive_bytes(1.0) for share in self.shares.values())
        new_bytes = sum(share.habits.tenured_ratio * share.made_bytes for share in self.shares.values())
        self.kept_bytes, self.garbage_bytes = self.live_bytes, passing_bytes + self.aged_bytes + new_bytes
        self.cohorts, self.survivors_bytes = (), 0.0
        self._emptied()

    def _emptied(self) -> None:
        self.used_bytes = 0.0
        self._expected, self._peak = self._peak, max(1, len(self._reserved))
        for share in self.shares.values():
            share.made_bytes = 0.0
