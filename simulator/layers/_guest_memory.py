"""What of a machine's memory the guests of a hypervisor have: pure state, without prices and without a policy.

A hypervisor that keeps its guests' memory itself gives a guest a page of the machine when the guest first touches it
and never learns that the guest has no more use for it: what a guest has *touched* only grows, unless something takes it
back. What was taken lies compressed in memory or in a swap file, and comes back when it is touched.

    configured   what the guest believes to have
    touched      what it ever used: kernel, programs, page cache, and what of these it has given up since
    ballooned    held by a driver in the guest: the guest cannot use it, nothing of the machine stands behind it
    away         touched, and taken by the hypervisor: compressed or swapped
    shared       one page of the machine stands for several of the guests'
    consumed     touched - away + what the compressed ones still take - shared

A hypervisor that knows nothing of its guests' use of pages takes them at random. What that does is not drawn page by
page: each piece of a guest's memory knows what part of *everything* was still there when the piece was last used
(its level); since then it has lost as much as all (``kept / level`` is there). By hand: 100 MiB touched, 20 taken: a
row of 50 MiB misses 10 when it is gone through; 20 more of then 90 are taken: the row misses 50 * 20/90 = 11.1.

A row is gone through again and again; of a set pages are touched at random: n touches reach 1 - exp(-n page / set) of
it. Which pages a guest used in a period (its activity) is counted the same way.

Interface: a kernel whose place has a ``guest`` says ``TouchGuest`` to the hypervisor when pages are used for the first
time or its page cache is read; the hypervisor meets the guest's ``AccessMemory`` anyway. Both call ``settle``, which
reads off the guest's own books what it uses now, and one of ``row``, ``scattered``, ``cache_read``: each returns bytes
that were away. A policy calls ``take``, ``inflate``, ``deflate``; it sets ``shared_bytes``, ``balloon_target_bytes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp
from typing import NamedTuple, Protocol

from simulator.errors import Refused

_PIECES = 128
_ROUNDING = 1e-9
KERNEL, CACHE, FREE, BALLOON = "kernel", "page cache", "free", "balloon"


FIGURES = {
    "consumed": ("bytes", "what of the machine's memory the guest has"),
    "touched": ("bytes", "what the guest ever used, its balloon apart"),
    "shared": ("bytes", "what it has together with others"),
    "most ballooned": ("bytes", "the most that a balloon in it ever held"),
    "most compressed": ("bytes", "the most that the hypervisor ever had compressed of it"),
    "most swapped": ("bytes", "the most that ever lay in the hypervisor's swap file"),
    "swapped in": ("bytes", "what was read from the hypervisor's swap file"),
    "swapped out": ("bytes", "what was written to it"),
    "active": ("ratio", "the part of its memory that it was believed to use in the end"),
}
"""What a guest's memory is said to have been, with units, for the table of settings."""


class Space(Protocol):
    """The guest's own book of its memory."""

    capacity_bytes: float
    held_bytes: dict[str, float]

    @property
    def free_bytes(self) -> float:
        """What nobody holds."""

    def hold(self, owner: str, size_bytes: float) -> None:
        """Give memory to an owner."""


class Used(Protocol):
    """The guest's page cache."""

    @property
    def resident_bytes(self) -> float:
        """What of files is in memory as on the disk."""

    @property
    def dirty_bytes(self) -> float:
        """What has been written and not yet to the disk."""


class Resizable(Protocol):
    """The page cache of a host."""

    def resize(self, capacity_bytes: float) -> None:
        """Another amount of memory is left for it."""


class Resident(Protocol):
    """The guest's own paging, if it swaps."""

    def resident_bytes(self, owner: str) -> float:
        """What of an owner's data is in the guest's memory."""


class Taken(NamedTuple):
    """What became of pages that were taken."""

    written_bytes: float
    compressed_bytes: float


class Region:
    """Pages of one use, piece by piece; a piece without end is one of which any part may be used."""

    def __init__(self, piece_bytes: float = float("inf")) -> None:
        self.size_bytes, self.piece_bytes = 0.0, piece_bytes
        self.levels: list[float] = []
        self.used: list[float] = []
        """Part of each piece that was touched in this period."""
        self.period = 0

    def piece(self, index: int) -> float:
        """Size of a piece."""
        if self.piece_bytes == float("inf"):
            return self.size_bytes
        return min(self.piece_bytes, self.size_bytes - index * self.piece_bytes)

    def add(self, size_bytes: float, kept: float) -> None:
        """New pages, all in memory."""
        while size_bytes > _ROUNDING:
            last_bytes = self.piece(len(self.levels) - 1) if self.levels else self.piece_bytes
            if self.levels and (last_bytes < self.piece_bytes):
                more_bytes = min(size_bytes, self.piece_bytes - last_bytes)
                there_bytes = last_bytes * kept / self.levels[-1] + more_bytes
                self.levels[-1] = kept * (last_bytes + more_bytes) / there_bytes
            else:
                more_bytes = min(size_bytes, self.piece_bytes)
                self.levels.append(kept)
                self.used.append(0.0)
            self.size_bytes += more_bytes
            size_bytes -= more_bytes

    def remove(self, size_bytes: float, kept: float) -> float:
        """Pages given up, those that came last; returns how much of them was in memory."""
        there_bytes, size_bytes = 0.0, min(size_bytes, self.size_bytes)
        while size_bytes > _ROUNDING and self.levels:
            last_bytes = self.piece(len(self.levels) - 1)
            part_bytes = min(size_bytes, last_bytes)
            there_bytes += part_bytes * kept / self.levels[-1]
            self.size_bytes -= part_bytes
            size_bytes -= part_bytes
            if part_bytes >= last_bytes - _ROUNDING:
                self.levels.pop()
                self.used.pop()
        return there_bytes

    def away(self, size_bytes: float, kept: float) -> float:
        """How much of its first bytes is away."""
        pieces = range(min(len(self.levels), -int(-size_bytes // self.piece_bytes)))
        return sum(self.piece(index) * (1.0 - kept / self.levels[index]) for index in pieces)

    def touch(self, index: int, part: float, kept: float) -> tuple[float, float]:
        """A part of a piece is used: bytes that were away, and bytes used for the first time in this period."""
        size_bytes = self.piece(index)
        there = kept / self.levels[index]
        missed = part * (1.0 - there)
        if missed:
            self.levels[index] = kept / (there + missed)
        fresh = part * (1.0 - self.used[index])
        self.used[index] += fresh
        return size_bytes * missed, size_bytes * fresh


@dataclass(slots=True)
class GuestMemory:
    """The memory of one guest.

    Attributes:
        name: path of its kernel.
        configured_bytes: its size as the guest sees it.
        reservation_bytes: what is never taken of it.
        limit_bytes: the most of the machine that it may have.
        weight: its part beside other guests, for each byte configured.
        page_bytes: of one page.
        space, cache, paging: its own books, given when its kernel is made.
    """

    name: str
    configured_bytes: float
    reservation_bytes: float = 0.0
    limit_bytes: float = float("inf")
    weight: float = 1.0
    page_bytes: float = 4096.0
    space: Space | None = None
    cache: Used | None = None
    paging: Resident | None = None
    touched_bytes: float = 0.0
    ballooned_bytes: float = 0.0
    balloon_target_bytes: float = 0.0
    target_bytes: float = float("inf")
    """What it ought to have of the machine."""
    shared_bytes: float = 0.0
    broken_pages: float = 0.0
    """Shared pages that it has written, not yet paid for."""
    compressed_bytes: float = 0.0
    swapped_bytes: float = 0.0
    compressed_ratio: float = 0.5
    """What a compressed page still takes."""
    balloon_s: float = 0.0
    """Time between two looks of a driver in the guest; 0: it has none."""
    balloon_free_bytes: float = 0.0
    balloon_reclaim_bytes: float = 0.0
    """What the driver takes at a look where pages are free, and where the guest's kernel must make them free."""
    active_ratio: float = 1.0
    """Part of what it has that it is believed to use; all until something is known."""
    slow_ratio: float = 1.0
    """The same, over many periods."""
    owed_pages: float = 0.0
    """Read from its swap file, not yet as whole pages."""
    in_bytes: float = 0.0
    out_bytes: float = 0.0
    most: dict[str, float] = field(default_factory=dict)
    """The most that it ever had ballooned, compressed, swapped."""
    image: str = ""
    """The product of its kernel: pages of kernels and page caches of the same product may be alike."""
    alike: Mapping[str, float] = field(default_factory=dict)
    """How much of its memory is like other memory, by the names of the kernel's own numbers."""
    programs: dict[str, str] = field(default_factory=dict)
    """The workload of each tenant that stands on it."""
    regions: dict[str, Region] = field(default_factory=dict)
    kept: float = 1.0
    """Part that is left of a page which was never used since the beginning."""
    period: int = 0
    used_bytes: float = 0.0
    """Different pages used in this period."""
    _hands: dict[tuple[str, float, float], float] = field(default_factory=dict)
    _there_bytes: dict[str, float] = field(default_factory=dict)

    @property
    def away_bytes(self) -> float:
        """Touched, and not in memory as it was."""
        return self.compressed_bytes + self.swapped_bytes

    @property
    def resident_bytes(self) -> float:
        """Pages in memory as they are."""
        return max(0.0, self.touched_bytes - self.away_bytes)

    @property
    def consumed_bytes(self) -> float:
        """What of the machine's memory it takes."""
        return max(0.0, self.resident_bytes + self.compressed_bytes * self.compressed_ratio - self.shared_bytes)

    @property
    def wanted_bytes(self) -> float:
        """What it would have if nothing had ever been taken from it."""
        return self.touched_bytes + self.ballooned_bytes

    @property
    def programs_bytes(self) -> float:
        """Data of programs in the guest's memory."""
        return sum(each.size_bytes for name, each in self.regions.items() if name not in (KERNEL, CACHE, FREE))

    @property
    def unused_bytes(self) -> float:
        """What the guest itself has free."""
        used_bytes = sum(each.size_bytes for name, each in self.regions.items() if name != FREE)
        return max(0.0, self.configured_bytes - self.ballooned_bytes - used_bytes)

    # ---- what the guest uses

    def settle(self, owners: Mapping[str, float] | None = None) -> float:
        """Take over from the guest's books what it uses now; returns bytes that were away of pages used anew.

        Args:
            owners: data of programs that were there before anything was counted, by their tenants.
        """
        assert self.space is not None
        for owner, size_bytes in (owners or {}).items():
            self._there_bytes[owner] = max(size_bytes, self._there_bytes.get(owner, 0.0))
        sizes = {name: held for name, held in self.space.held_bytes.items() if name not in (KERNEL, BALLOON)}
        programs = {name.removeprefix("program "): held for name, held in sizes.items()}
        if self.paging is not None:
            programs = {owner: self.paging.resident_bytes(owner) for owner in (*programs, *self._there_bytes)}
        else:
            programs |= {owner: max(programs.get(owner, 0.0), size) for owner, size in self._there_bytes.items()}
        cached_bytes = self.cache.resident_bytes + self.cache.dirty_bytes if self.cache is not None else 0.0
        wanted = {KERNEL: self.space.held_bytes.get(KERNEL, 0.0), CACHE: cached_bytes, **programs}
        changed = [name for name in wanted if wanted[name] != self._region(name).size_bytes]
        changed.sort(key=lambda name: wanted[name] > self._region(name).size_bytes)
        return sum(self._resize(name, wanted[name]) for name in changed)  # what shrinks comes first

    def _region(self, name: str) -> Region:
        region = self.regions.get(name)
        if region is None:
            programs = name not in (KERNEL, CACHE, FREE)
            region = self.regions[name] = Region(self.configured_bytes / _PIECES if programs else float("inf"))
        return region

    def _resize(self, name: str, size_bytes: float) -> float:
        region, free = self._region(name), self._region(FREE)
        more_bytes = size_bytes - region.size_bytes
        if more_bytes <= 0.0:
            self._free(free, -more_bytes, region.remove(-more_bytes, self.kept))
            return 0.0
        again_bytes = min(more_bytes, free.size_bytes)
        missed_bytes = again_bytes - free.remove(again_bytes, self.kept)
        new_bytes = more_bytes - again_bytes
        if self.touched_bytes + new_bytes > self.configured_bytes - self.ballooned_bytes + self.page_bytes:
            room_bytes = self.configured_bytes - self.ballooned_bytes
            raise Refused(f"out of memory: more data than the {room_bytes / 2**20:.0f} MiB that {self.name} has")
        self._back(missed_bytes)
        self.touched_bytes += new_bytes
        self.used_bytes += more_bytes
        region.add(more_bytes, self.kept)
        return missed_bytes

    def _free(self, free: Region, size_bytes: float, there_bytes: float) -> None:
        if size_bytes > _ROUNDING:
            free_there_bytes = free.size_bytes - free.away(free.size_bytes, self.kept)
            free.size_bytes += size_bytes
            part = max(_ROUNDING, (there_bytes + free_there_bytes) / free.size_bytes)
            free.levels, free.used = [self.kept / part], [0.0]

    def row(self, owner: str, size_bytes: float, extent_bytes: float, start_bytes: float = 0.0) -> float:
        """So much of a row is used, from where its owner's threads have come; returns bytes that were away."""
        region = self._in_period(owner)
        extent_bytes = min(extent_bytes, region.size_bytes - start_bytes)
        key, missed_bytes = (owner, start_bytes, extent_bytes), 0.0
        while size_bytes > _ROUNDING and extent_bytes > _ROUNDING:
            position = self._hands.get(key, 0.0)
            index = min(int((start_bytes + position) // region.piece_bytes), len(region.levels) - 1)
            step_bytes = min(size_bytes, min((index + 1) * region.piece_bytes - start_bytes, extent_bytes) - position)
            step_bytes = max(step_bytes, 1.0)
            size_bytes -= step_bytes
            over = position + step_bytes >= extent_bytes - 1.0
            self._hands[key] = 0.0 if over else position + step_bytes
            missed_bytes += self._touch(region, index, 1.0)
        return missed_bytes

    def scattered(self, owner: str, touches: float, set_bytes: float) -> float:
        """So many touches at random of a set; returns bytes that were away."""
        region = self._in_period(owner)
        part = 1.0 - exp(-touches * self.page_bytes / set_bytes)
        pieces = range(min(len(region.levels), -int(-set_bytes // region.piece_bytes)))
        return sum(self._touch(region, index, part) for index in pieces)

    def away_ratio(self, owner: str, set_bytes: float) -> float:
        """What part of an owner's first bytes is away."""
        return self._region(owner).away(set_bytes, self.kept) / set_bytes if self.away_bytes else 0.0

    def cache_read(self, size_bytes: float) -> float:
        """So much of the page cache is read; returns bytes that were away."""
        region = self._in_period(CACHE)
        part = min(1.0, size_bytes / region.size_bytes) if region.size_bytes else 0.0
        return self._touch(region, 0, part) if part else 0.0

    def _in_period(self, name: str) -> Region:
        region = self._region(name)
        if region.period != self.period:
            region.period, region.used = self.period, [0.0] * len(region.levels)
        return region

    def _touch(self, region: Region, index: int, part: float) -> float:
        missed_bytes, fresh_bytes = region.touch(index, part, self.kept)
        self.used_bytes += fresh_bytes
        self._back(missed_bytes)
        return missed_bytes

    def _back(self, missed_bytes: float) -> None:
        """Pages come back from where they lie."""
        if self.away_bytes and missed_bytes:
            part = min(1.0, missed_bytes / self.away_bytes)
            self.in_bytes += self.swapped_bytes * part
            self.compressed_bytes -= self.compressed_bytes * part
            self.swapped_bytes -= self.swapped_bytes * part

    # ---- what a policy does to it

    def take(self, size_bytes: float, compress_ratio: float = 0.0, room_bytes: float = 0.0) -> Taken:
        """Pages chosen at random are taken; that part of them is compressed, as far as there is room for it."""
        size_bytes = min(size_bytes, self.resident_bytes)
        if size_bytes <= 0.0:
            return Taken(0.0, 0.0)
        self.kept *= max(_ROUNDING, 1.0 - size_bytes / self.resident_bytes)
        compressed_bytes = max(0.0, min(size_bytes * compress_ratio, room_bytes))
        self.compressed_bytes += compressed_bytes
        self.swapped_bytes += size_bytes - compressed_bytes
        self.out_bytes += size_bytes - compressed_bytes
        if self.kept < 1e-60:
            self._renew()
        self.note()
        return Taken(size_bytes - compressed_bytes, compressed_bytes)

    def _renew(self) -> None:
        for region in self.regions.values():
            region.levels = [level / self.kept for level in region.levels]
        self.kept = 1.0

    def inflate(self, size_bytes: float) -> None:
        """The balloon holds so much more: what the guest had freed first, then what it never touched."""
        free = self._region(FREE)
        again_bytes = min(size_bytes, free.size_bytes)
        away_bytes = again_bytes - free.remove(again_bytes, self.kept)
        had_bytes = self.in_bytes
        self._back(away_bytes)  # nobody reads them again
        self.in_bytes = had_bytes
        self.touched_bytes -= again_bytes
        self.ballooned_bytes += size_bytes
        self.note()

    def deflate(self, size_bytes: float) -> None:
        """The balloon gives so much back, which is as if it had never been touched."""
        self.ballooned_bytes = max(0.0, self.ballooned_bytes - size_bytes)

    def next_period(self) -> float:
        """A period of counting ends; returns the part of what it has that was used."""
        ratio = min(1.0, self.used_bytes / self.touched_bytes) if self.touched_bytes else 1.0
        self.period += 1
        self.used_bytes = 0.0
        return ratio

    def note(self) -> None:
        """Keep the most that there ever was."""
        for name in ("ballooned", "compressed", "swapped"):
            self.most[name] = max(self.most.get(name, 0.0), getattr(self, f"{name}_bytes"))

    def figures(self) -> dict[str, float | str]:
        """What became of it, by the names of FIGURES."""
        most = {f"most {name}": self.most.get(name, 0.0) for name in ("ballooned", "compressed", "swapped")}
        now = {"consumed": self.consumed_bytes, "touched": self.touched_bytes, "shared": self.shared_bytes}
        moved = {"swapped in": self.in_bytes, "swapped out": self.out_bytes}
        return {**now, **most, **moved, "active": self.active_ratio}


@dataclass(slots=True)
class HostMemory:
    """What a machine has for guests.

    Attributes:
        total_bytes: all of the machine's memory.
        guests_bytes: what of it is there for guests.
        guests: by path.
        behind_bytes: taken, and not yet written out.
        owed_batches, left_batches: of that, what somebody has to wait for and what is left to a thread, not yet begun.
        state: of a policy that has some.
        unbalanced: whether something has changed since targets were set.
        balanced_bytes, balanced_s: what all wanted then, and when that was.
        sampled_s: when pages in use were counted last.
    """

    total_bytes: float
    guests_bytes: float
    guests: dict[str, GuestMemory] = field(default_factory=dict)
    behind_bytes: float = 0.0
    owed_batches: float = 0.0
    left_batches: float = 0.0
    state: str = "high"
    unbalanced: bool = True
    balanced_bytes: float = 0.0
    balanced_s: float = float("-inf")
    sampled_s: float = 0.0
    space: Space | None = None
    cache: Resizable | None = None
    """Book and page cache of the kernel that it is, where that is a host's."""

    @property
    def free_bytes(self) -> float:
        """What no guest has."""
        return self.guests_bytes - sum(guest.consumed_bytes for guest in self.guests.values())

    @property
    def wanted_bytes(self) -> float:
        """What all of them would have if nothing had ever been taken."""
        return sum(guest.wanted_bytes for guest in self.guests.values())

    @property
    def ready_bytes(self) -> float:
        """What of that can be given to a guest now; below 0 by what somebody waits for."""
        return self.free_bytes - self.behind_bytes
