"""A kernel's swap: which pages of programs are in memory, which lie on the disk, and what it takes to change that.

With ``swap=disk`` programs may hold more than the memory (or the limit of their container), up to the size of the swap
device. What of it is in memory is decided by when it was touched last: least recently used first out. The page cache
goes before: it has what programs leave of the memory. Beyond memory and swap the out-of-memory outcome is as without.

What is known of a program are the amounts that it takes, in their order, and the rows and sets that it touches. A set
begins at what was taken first, so that a smaller set is a part of a larger one; a row begins where ``Touch`` says. So

    idle       what is not touched any more ages, goes out once and costs nothing from then on: a program whose active
               part fits loses nothing for its idle rest
    row        gone through again and again (a stream, live data under a collector, eden under its program). If it fits,
               nothing is missed from the second time on. If it does not, LRU has always just written out what comes
               next: *all* of it is missed each time, however little is lacking (the cliff)
    set        touched at random: missed is the part that is not in memory, 1 - M / W
    fresh      new pages are in memory; what they push out is written first

Both are not formulas here but what LRU does with pieces of a thousandth of the memory (``_resident_pages``). By hand:
100 MiB of memory, a row of 120 MiB gone through 3 times after it was made: making it writes out 20 MiB, each time reads
in and writes out all 120 MiB, 360 of each. At random, 1000 touches of 120 MiB miss 1000 (1 - 100/120) = 167 pages.

Mechanism (emergent, paid by the thread that touches unless said otherwise):
    swap_in    a page brought back: exception, place on the disk, table entry. The disk reads ``swap_cluster_count``
               pages at once of a row, which wait for it once; ``swap_random_count`` where neighbours are of no use
    swap_out   a page chosen, unmapped and given a place, ``swap_batch_count`` to a write. The kernel's own thread
               (kswapd) writes behind the programs, as long as it is not further behind than the gap between its two
               marks; beyond that, and at a container's limit, whoever needs the memory writes by himself and
               waits (direct reclaim)
Transfers go through the block stack to whatever disk the kernel has, a guest's to its virtual one; others at the disk
feel them. Reads are one after the other, each waited for; those of one piece go to the disk as one train.

Scope and limits: a page that was brought back is taken to have been changed and is written again when it goes. Pages of
one piece age together. What a program touched of memory that it never took was there before the clock started. Of a
container's limit its own pages go; its part of the swap is kept where memory is taken, not when others push it out.
Compressed swap (zswap, zram), swappiness, and programs' code as file pages are left out. Swapping by a
hypervisor: see ``_memory_reclaim``, which a guest's kernel tells what it
writes out, because that may have to be read first. The device thread of a virtual disk is woken once a train.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from simulator import demands as d
from simulator.layers._hosted_pages import HostedPages
from simulator.layers._resident_pages import Pages
from simulator.layers.base import Mechanism, Place, Priced, Service
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Repeat, Send, Step

_DISK = "swap=disk"
SWAP_STRUCTURE = {"swap": ("off", "disk")}
SWAP_PARAMETERS = (
    Parameter("swap_bytes", "bytes", "size of the swap device", "", _DISK),
    Parameter("swap_in_cycles", "cycles", "a page brought back, block layer apart", "swap_in", _DISK),
    Parameter("swap_out_cycles", "cycles", "a page chosen, unmapped and given a place", "swap_out", _DISK),
    Parameter("swap_cluster_count", "count", "pages read at once of a row", "swap_in", _DISK),
    Parameter("swap_random_count", "count", "pages read at once where neighbours are of no use", "swap_in", _DISK),
    Parameter("swap_batch_count", "count", "pages written at once", "swap_out", _DISK),
    Parameter("swap_gap_ratio", "ratio", "part of the memory between the marks of the kernel's thread", "", _DISK),
)
SWAP_MECHANISMS = {
    "swap_in": Mechanism("a page of a program brought back from the disk", "emergent"),
    "swap_out": Mechanism("a page of a program written out to make room", "emergent"),
}

_QUEUE = "swap-out"
_LABELS = (
    "pages written to make room, waited for",
    "neighbouring pages read from the disk",
    "a page read from the disk",
    "pages left to the kernel's own thread to write",
)
Counts = Iterator[Sequence[float]]


class Swap(Priced):
    """What touching memory takes where a part of it may lie on the disk.

    Args:
        parameters: the kernel's numbers.
        place: where the kernel stands.
        room_bytes: memory that it has for programs.
        taken_in: what so many faults take beside the kernel's own cycles for them.
        blocks: one request to the disk.
    """

    def __init__(
        self, parameters: Parameters, place: Place, room_bytes: float,
        taken_in: Callable[[float], tuple[Step, ...]], blocks: Callable[[d.TransferBlocks], tuple[Step, ...]],
    ) -> None:  # fmt: skip
        self.parameters, self.place, self._taken_in, self._blocks = parameters, place, taken_in, blocks
        kept = HostedPages if place.host is not None else Pages
        self.pages: Pages = kept(parameters, room_bytes, place.page_bytes)
        write, behind = self._write(), Send(_QUEUE, self._write(), finish=(self._noted(),), wait=False, forgotten=True)
        cluster, single = self._read(parameters.swap_cluster_count, "swap-in"), self._read(1.0, "")
        self.plans, self.labels = (write, cluster, single, (behind,)), _LABELS

    def service(self) -> Service:
        """The thread that writes behind the programs."""
        return Service("swap-out", queue=_QUEUE, capacity=sys.maxsize)

    def fresh(self) -> Repeat:
        """New pages have been touched."""
        return self._repeat(lambda owners, count: self.pages.fresh(owners))

    def squeeze(self, size_bytes: float) -> Repeat:
        """Programs have so much less of the memory: what does not fit any more is written by whoever goes on."""
        self.pages.squeeze(size_bytes)
        return self._repeat(lambda owners, count: self.pages.squeezed())

    def touched(self, demand: d.Touch) -> tuple[Step, ...]:
        """A part of a row."""
        size_bytes, start_bytes = demand.size_bytes, demand.start_bytes
        extent_bytes = max(size_bytes, demand.extent_bytes)
        return (
            self._repeat(lambda owners, count: self.pages.row(owners, size_bytes * count, extent_bytes, start_bytes)),
        )

    def accessed(self, demand: d.AccessMemory) -> tuple[Step, ...]:
        """Words of a program's data; those of a guest's programs are that guest's affair."""
        if demand.page_bytes:
            return ()
        size_bytes, pages = demand.working_set_bytes, self.pages
        if demand.pattern == "random":
            return (self._repeat(lambda owners, count: pages.scattered(owners, count, size_bytes)),)
        line_bytes = self.place.line_bytes
        return (self._repeat(lambda owners, count: pages.stream(owners, line_bytes * count, size_bytes)),)

    def _repeat(self, decide: Callable[[Sequence[str], float], Counts]) -> Repeat:
        return Repeat(decide, self.plans, self.labels)

    def _read(self, useful: float, stream: str) -> tuple[Step, ...]:
        """So many pages of use, and those around them that are read with them."""
        read = useful if stream else self.parameters.swap_random_count
        name = f"{self.place.path}:{stream}" if stream else ""
        blocks = self._blocks(d.TransferBlocks(0, int(read * self.place.page_bytes), stream=name))
        return (self.use("swap_in", "swap_in_cycles", useful), *self._taken_in(useful), *blocks)

    def _write(self) -> tuple[Step, ...]:
        batch = d.TransferBlocks(0, int(self.pages.batch_bytes), write=True, stream=f"{self.place.path}:swap-out")
        out = self.use("swap_out", "swap_out_cycles", self.parameters.swap_batch_count)
        told = (Below(d.TouchGuest("old", self.pages.batch_bytes)),) if self.place.guest is not None else ()
        return (out, *told, *self._blocks(batch))

    def _noted(self) -> Repeat:
        """The thread tells how far it has come."""

        def noted(owners: Sequence[str], count: float) -> Counts:
            self.pages.written(self.pages.batch_bytes * count)
            return iter(())

        return Repeat(noted, (), ())
