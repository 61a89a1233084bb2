"""How a kernel keeps memory free: marks, its reclaiming thread, reclaim by whoever asks, and limits of groups.

The page cache has what programs leave of the memory. Three marks say how much is to be free: ``min`` grows with the
root of the memory, ``low`` and ``high`` lie one and two gaps above it (a quarter of ``min``, or a part of the memory if
that is more). Whoever takes memory, for a program or for a page of a file, finds so much free:

    above low   nothing happens; this costs nothing here
    below low   the kernel's own thread (kswapd) is woken. It frees pages until ``high`` is free, beside the programs:
                it takes processor time and, for dirty pages, the disk
    below min   the asking thread frees pages itself before it goes on, until ``min`` is free (direct reclaim)
    nothing left to free
                programs have all the memory. With swap their pages go to the disk (see ``_swap``); otherwise the
                out-of-memory killer ends the process that holds most, whoever asked (see ``simulator.tenancy``)

So a neighbour without a limit takes other programs' file pages away: they read them again from the disk. What goes is
the least recently used, whoever it belongs to; dirty data are written when there is nothing clean left.

Groups (containers) may have limits of their own; their sum may exceed the memory. Memory of programs counts, and pages
of files by whoever touched them first. Paid by the thread that goes over the limit, in its own name:

    memory.max   pages of files of the group itself go, until what is asked fits; what programs hold beyond that is
                 swapped or ends in a kill within the group. Others lose nothing
    memory.high  the same down to ``high``; for what cannot be reclaimed (with swap nothing: it goes to the disk) the
                 thread sleeps (``_control_groups.Delay``). Never a kill
    memory.low   a group's file pages go after those of all others while it has no more than that

Mechanism (emergent):
    reclaim      a page of a file taken from the end of the list, out of its file's tree, and freed; by the kernel's
                 thread, or the thread that needs memory. The block layer's work for dirty pages is booked apart

By hand: 16 GiB of memory: min is sqrt(16 KiB * 16 GiB) = 16 MiB, the gap max(16 MiB / 4, 0.001 * 16 GiB) = 16.4 MiB,
so low 32.4 MiB and high 48.8 MiB. A program that takes 64 MiB with 70 MiB free leaves 6 MiB: it frees 10 MiB itself,
2560 pages, and the kernel's thread the other 32.8 MiB; if both are at work at once they share that.

Scope and limits: memory that is asked for at once is there at once: the step of a program says how finely that is
looked at; a program that asks page by page would leave more to the kernel's thread. One list instead of an active and
an inactive one. Without swap pages of programs are not looked at. Programs' code is not among the pages of files, so
that a full memory does not thrash before somebody is killed. A victim's memory is free at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from math import ceil, sqrt
from typing import NamedTuple

from simulator import demands as d
from simulator.layers._control_groups import Delay, Group
from simulator.layers._page_cache import PageCache
from simulator.layers.base import Limit, Mechanism, Place, Priced, Service
from simulator.parameters import Parameter, Parameters
from simulator.steps import Repeat, Send, Step, Wait

RECLAIM_STRUCTURE = {"out-of-memory": ("kill", "refuse")}
"""When nothing is left: the process that holds most is killed, or whoever asks is refused."""
RECLAIM_PARAMETERS = (
    Parameter("reserve_root_bytes", "bytes", "the least free memory is the root of the memory times this"),
    Parameter("reserve_most_bytes", "bytes", "the least free memory at most"),
    Parameter("mark_gap_ratio", "ratio", "part of the memory between the marks of the reclaiming thread, at least"),
    Parameter("reclaim_cycles", "cycles", "a page of a file reclaimed", "reclaim"),
    Parameter("charge_batch_count", "count", "pages after which a group over its soft limit is held up"),
    Parameter("high_full_s", "s", "how long that is at twice the soft limit, if nothing bounded it"),
    Parameter("high_most_s", "s", "how long it is at most"),
    Parameter("high_least_s", "s", "up to this it is left out"),
)
RECLAIM_MECHANISMS = {"reclaim": Mechanism("a page of a file taken out of memory for whoever needs room", "emergent")}

_QUEUE = "kswapd"
_BATCH_PAGES = 32.0
_LABELS = (
    "pages of files dropped",
    "dirty data written, waited for",
    "the kernel's reclaiming thread woken",
    "seconds held up over the soft limit",
    "hundredths of a second held up over the soft limit",
)
_SHORT_S = 0.01
Counts = tuple[float, float, float, float, float]
_WOKEN: Counts = (0.0, 0.0, 1.0, 0.0, 0.0)


class Marks(NamedTuple):
    """How much memory is to be free."""

    min_bytes: float
    low_bytes: float
    high_bytes: float

    @classmethod
    def of(cls, parameters: Parameters, memory_bytes: float) -> Marks:
        """Those of a kernel with so much memory."""
        least_bytes = min(sqrt(parameters.reserve_root_bytes * memory_bytes), parameters.reserve_most_bytes)
        gap_bytes = max(least_bytes / 4.0, parameters.mark_gap_ratio * memory_bytes)
        return cls(least_bytes, least_bytes + gap_bytes, least_bytes + 2.0 * gap_bytes)


class Reclaim(Priced):
    """What taking memory takes where there is not enough that is free.

    Args:
        parameters: the kernel's numbers.
        place: where the kernel stands.
        cache: its pages of files.
        blocks: one request to the disk.
        swaps: whether pages of programs can go too, so that nobody sleeps for them.
    """

    def __init__(
        self, parameters: Parameters, place: Place, cache: PageCache,
        blocks: Callable[[d.TransferBlocks], tuple[Step, ...]], *, swaps: bool,
    ) -> None:  # fmt: skip
        self.parameters, self.place, self.cache, self._swaps = parameters, place, cache, swaps
        self.marks = Marks.of(parameters, place.memory_bytes)
        batch_bytes = parameters.charge_batch_count * place.page_bytes
        self.delay = Delay(parameters.high_full_s, parameters.high_most_s, parameters.high_least_s, batch_bytes)
        self._round_bytes = max(_BATCH_PAGES * place.page_bytes, (self.marks.low_bytes - self.marks.min_bytes) / 2.0)
        self._groups: dict[str, Group] = {}
        self._homes: dict[str, Group] = {}
        self._asked_bytes = 0.0
        self._awake = False
        size_bytes = int(parameters.write_back_bytes)
        write = blocks(d.TransferBlocks(0, size_bytes, write=True, stream=f"{place.path}:reclaim"))
        free = ((self.use("reclaim", "reclaim_cycles"),), write)
        behind = Send(_QUEUE, (Repeat(self._behind, free, _LABELS[:2]),), wait=False, forgotten=True)
        self._plans = (*free, (behind,), (Wait("service", time_s=1.0),), (Wait("service", time_s=_SHORT_S),))

    def service(self) -> Service:
        """The thread that frees memory behind the programs."""
        return Service("kswapd", queue=_QUEUE, capacity=sys.maxsize)

    # ---- who is charged

    def enroll(self, owner: str, limits: Sequence[Limit]) -> None:
        """A tenant, and the groups that it stands in, from the inside."""
        group = self.cache.root
        for limit in reversed(limits):
            found = self._groups.get(limit.name)
            if found is None:
                found = Group(limit.name, group, limit.most_bytes, limit.high_bytes, limit.low_bytes)
                self._groups[limit.name] = found
                self.cache.add(found)
            group = found
        self._homes[owner] = group

    def hold(self, owner: str, size_bytes: float) -> None:
        """A tenant's programs have so much more, or less."""
        self.home(owner).charge(program_bytes=size_bytes)

    def warm(self, owner: str, file: d.File) -> None:
        """A file is in memory, as after an earlier run of a tenant, as far as its groups may have it."""
        home = self.home(owner)
        self.cache.warm(file, home)
        for group in home.lineage():
            over_bytes = group.used_bytes - min(group.most_bytes, group.high_bytes)
            if over_bytes > 0.0:
                self.cache.evict(over_bytes, group)

    def home(self, owner: str) -> Group:
        """The innermost group of a tenant; the kernel itself where it has none."""
        return self._homes.get(owner, self.cache.root)

    # ---- memory is taken

    def taken(self, size_bytes: float) -> Repeat:
        """Before a program gets so much."""
        return self._repeat(lambda owners, count: self._needed(self._home(owners), size_bytes * count))

    def came_in(self, file: d.File, index: int) -> Repeat:
        """A unit of a file is in memory now."""

        def charged(owners: Sequence[str], count: float) -> Iterator[Counts]:
            group = self._home(owners)
            self.cache.charge(file, index, group)
            return self._needed(group, 0.0)

        return self._repeat(charged)

    def written(self, size_bytes: float) -> Repeat:
        """A program has made so much of a file dirty."""

        def charged(owners: Sequence[str], count: float) -> Iterator[Counts]:
            group = self._home(owners)
            self.cache.charge_dirty(size_bytes * count, group)
            return self._needed(group, 0.0)

        return self._repeat(charged)

    def _repeat(self, decide: Callable[[Sequence[str], float], Iterator[Counts]]) -> Repeat:
        return Repeat(decide, self._plans, _LABELS, short=True)

    def _home(self, owners: Sequence[str]) -> Group:
        """What a layer does for several is charged to what is around all of them."""
        homes = [self.home(owner) for owner in owners]
        if not homes:
            return self.cache.root
        around = [set(map(id, home.lineage())) for home in homes]
        return next(group for group in homes[0].lineage() if all(id(group) in each for each in around))

    def _needed(self, home: Group, size_bytes: float) -> Iterator[Counts]:
        """So much more is wanted (or was just taken) by a group: its limits first, then the kernel's own marks."""
        for group in home.lineage():
            if group.used_bytes + size_bytes > group.most_bytes:
                yield from self._freed(_beyond(group, group.most_bytes - size_bytes), group)
        yield from self._held_up(home, size_bytes)
        yield from self._kept_free(size_bytes)

    def _held_up(self, home: Group, size_bytes: float) -> Iterator[Counts]:
        """Over a soft limit: what can go of the group's own goes, and for the rest it takes time."""
        delay_s = 0.0
        for group in home.lineage():
            if group.used_bytes + size_bytes > group.high_bytes:
                yield from self._freed(_beyond(group, group.high_bytes - size_bytes), group)
                delay_s = max(delay_s, self.delay.of(group.used_bytes, size_bytes, group.high_bytes))
        if delay_s > 0.0 and not self._swaps:
            yield 0.0, 0.0, 0.0, delay_s // 1.0, ceil(delay_s % 1.0 / _SHORT_S)

    def _kept_free(self, size_bytes: float) -> Iterator[Counts]:
        """The marks: the thread is woken below ``low``; below ``min`` whoever asks frees by himself."""
        cache = self.cache
        if cache.free_bytes - self._asked_bytes - size_bytes >= self.marks.low_bytes:
            return
        self._asked_bytes += size_bytes
        try:
            if not self._awake and cache.resident_bytes + cache.dirty_bytes > 0.0:
                self._awake = True
                yield _WOKEN
            yield from self._freed(lambda: self._lacking(self.marks.min_bytes), cache.root)
        finally:
            self._asked_bytes -= size_bytes

    def _lacking(self, mark_bytes: float) -> float:
        """What is to be freed up to a mark, if all get what they have asked for."""
        return mark_bytes + self._asked_bytes - self.cache.free_bytes

    def _behind(self, owners: Sequence[str], count: float) -> Iterator[Sequence[float]]:
        """What the kernel's thread does once it has been woken."""
        try:
            for counts in self._freed(lambda: self._lacking(self.marks.high_bytes), self.cache.root):
                yield counts[:2]
        finally:
            self._awake = False

    def _freed(self, lacking: Callable[[], float], within: Group) -> Iterator[Counts]:
        """Rounds of so many pages, until nothing is lacking any more, or nothing is left that could go."""
        while (wanted_bytes := min(lacking(), self._round_bytes)) > 0.0:
            gone_bytes = self.cache.evict(wanted_bytes, within)
            if gone_bytes:
                yield gone_bytes / self.place.page_bytes, 0.0, 0.0, 0.0, 0.0
            elif self.cache.clean(self.parameters.write_back_bytes, within):
                yield 0.0, 1.0, 0.0, 0.0, 0.0
            else:
                return


def _beyond(group: Group, size_bytes: float) -> Callable[[], float]:
    """How much more than that a group has, whenever it is asked."""
    return lambda: group.used_bytes - size_bytes
