"""Where a state is kept: a file of the system on which the layer's own work is done, on its disk or in its memory.

Mechanism (paid by the layer's own thread, at home):
    written     into the page cache of that system, a new page for each; what must be safe before the state counts as
                kept goes to the disk at once, the rest behind it, in a thread of its own. More than what that system
                lets be dirty is waited for as well
    read        from its page cache where it is still there, else from the disk. The page cache is that of the system:
                another file may have pushed it out
A hypervisor that drives the disk itself has no page cache: what it writes and reads are requests to the disk.

Scope and limits: a file lies in one piece; that the page cache counts written pages as dirty is left out (it has them
as read). Only a system has a file in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from simulator import demands as d
from simulator.demands import Demand, File
from simulator.plans import Node
from simulator.steps import Ask, Below, Step, Use

if TYPE_CHECKING:
    from simulator.tenancy import House

PIECE_BYTES = 1 << 20
_PIECES = 256
"""How many pieces a file is read or written in, at most."""
DISK, MEMORY = "disk", "memory"


class Store:
    """The file of one state.

    Args:
        house: the machine that it lies on.
        home: the node whose layer's own work it is.
        name: of the file.
        size_bytes: its length.
        onto: ``disk`` or ``memory``.
    """

    def __init__(self, house: House, home: Node, name: str, size_bytes: float, onto: str = DISK) -> None:
        self.house, self.home, self.onto = house, home, onto
        unit_bytes = max(PIECE_BYTES, -(-int(size_bytes) // _PIECES))
        self.file = File(f"state:{name}", max(1, int(size_bytes)), unit_bytes, in_memory=onto == MEMORY)

    @staticmethod
    def has_files(home: Node) -> bool:
        """Whether a system is at home, or below."""
        return home.layer.OFFERS == "system" or home.layer.needs(home.layer.structure) == "system"

    def asked(self, demand: Demand) -> Step:
        """A demand of the system at home, or of the one that the hypervisor at home stands on."""
        return Ask(demand) if self.home.layer.OFFERS == "system" else Below(demand)

    # ---- written

    def written(
        self, mechanism: str, cycles: float, flushed_ratio: float, at_once_bytes: float = 0.0
    ) -> Iterator[Step]:
        """The whole file, with so many cycles of the layer's own spread over it.

        Args:
            mechanism: whose the cycles are.
            cycles: in all.
            flushed_ratio: part that is waited for until the disk has it.
            at_once_bytes: what the system lets be dirty; 0: as much as one likes.
        """
        size_bytes, safe_bytes = self.file.size_bytes, self._safe_bytes(flushed_ratio, at_once_bytes)
        for start, piece in self._pieces():
            yield Use(mechanism, cycles=cycles * piece / size_bytes, operations=0.0)
            if not self.has_files(self.home):
                yield self._blocks(start, piece, write=True)
                continue
            pages = piece / self.house.machine.cpu.parameters.page_bytes
            yield self.asked(d.Write(piece, new_pages=pages, kept=False, in_memory=self.onto == MEMORY))
            if start < safe_bytes:
                yield self._direct(start, piece, write=True)

    def behind(self, flushed_ratio: float, at_once_bytes: float = 0.0) -> Iterator[Step]:
        """What is written to the disk after the state counts as kept."""
        if self.onto == MEMORY or not self.has_files(self.home):
            return
        safe_bytes = self._safe_bytes(flushed_ratio, at_once_bytes)
        for start, piece in self._pieces():
            if start >= safe_bytes:
                yield self._direct(start, piece, write=True)

    def _safe_bytes(self, flushed_ratio: float, at_once_bytes: float) -> float:
        """What the disk must have before the state counts as kept."""
        size_bytes = self.file.size_bytes
        beyond = max(0.0, 1.0 - at_once_bytes / size_bytes) if at_once_bytes else 0.0
        return max(flushed_ratio, beyond) * size_bytes if self.onto == DISK else 0.0

    def on_disk(self, size_bytes: float) -> float:
        """What of so much that is written to it, or read from it, a disk moves."""
        return size_bytes if self.onto == DISK else 0.0

    def settle(self) -> None:
        """It lies in the page cache of its system now, as far as that has room."""
        cache = self.house.kernel(self.home).layer.cache if self.has_files(self.home) else None
        if cache is not None and self.onto == DISK:
            for index in range(-(-self.file.size_bytes // self.file.unit_bytes)):
                cache.find(self.file, index)

    def cool(self) -> None:
        """The page cache of its system has it no more."""
        if self.onto == DISK:
            self.file = replace(self.file, name=f"{self.file.name}, not in memory")

    def at_once_bytes(self) -> float:
        """What of it may be dirty in the system's memory; 0 where there is none that counts it."""
        if not self.has_files(self.home):
            return 0.0
        kernel = self.house.kernel(self.home)
        ratio = kernel.layer.parameters.get("dirty_ratio", 0.2)
        return max(1.0, ratio * self.house.spaces[kernel.path].free_bytes)

    def claim(self) -> bool:
        """A file in memory takes as much of that system's memory; returns whether there is so much."""
        if self.onto != MEMORY or not self.has_files(self.home):
            return True
        space = self.house.spaces[self.house.kernel(self.home).path]
        if space.lacks(self.file.size_bytes):
            return False
        self._hold(self.file.size_bytes)
        return True

    def release(self) -> None:
        """The file is removed."""
        if self.onto == MEMORY and self.has_files(self.home):
            self._hold(-self.file.size_bytes)

    def _hold(self, size_bytes: float) -> None:
        kernel = self.house.kernel(self.home)
        space = self.house.spaces[kernel.path]
        space.hold(self.file.name, size_bytes)
        if kernel.layer.cache is not None:
            kernel.layer.cache.resize(space.free_bytes)

    # ---- read

    def read(self, mechanism: str, cycles: float, size_bytes: float | None = None) -> Iterator[Step]:
        """The file, or its first bytes, with so many cycles of the layer's own spread over it."""
        size_bytes = self.file.size_bytes if size_bytes is None else min(size_bytes, self.file.size_bytes)
        for start, piece in self._pieces(size_bytes):
            yield self._from(start, piece)
            yield Use(mechanism, cycles=cycles * piece / size_bytes, operations=0.0)

    def touched(self, mechanism: str, cycles: float, read_bytes: float) -> tuple[Step, ...]:
        """What one touch of a page that is only in the file takes whoever touches it."""
        use = Use(mechanism, cycles=cycles)
        if self.onto == MEMORY or self.is_cached():
            return (use,)
        return (use, self._direct(0, int(read_bytes), write=False))

    def is_cached(self) -> bool:
        """Whether the last piece of it is in the page cache of its system: then all of it is."""
        cache = self.house.kernel(self.home).layer.cache if self.has_files(self.home) else None
        return cache is not None and cache.holds(self.file)

    def _from(self, start_bytes: int, size_bytes: int) -> Step:
        if not self.has_files(self.home):
            return self._blocks(start_bytes, size_bytes, write=False)
        return self.asked(d.Read(self.file, start_bytes, size_bytes, mapped=True))

    def _direct(self, start_bytes: int, size_bytes: int, write: bool) -> Step:
        if not self.has_files(self.home):
            return self._blocks(start_bytes, size_bytes, write)
        stream = self.file.name if write else ""
        return self.asked(d.DirectTransfer(self.file, start_bytes, size_bytes, write=write, stream=stream))

    def _blocks(self, start_bytes: int, size_bytes: int, write: bool) -> Step:
        return Below(d.TransferBlocks(start_bytes, size_bytes, write, self.file.name if write else ""))

    def _pieces(self, size_bytes: float | None = None) -> Iterable[tuple[int, int]]:
        whole, unit = int(size_bytes if size_bytes is not None else self.file.size_bytes), self.file.unit_bytes
        return [(start, min(unit, whole - start)) for start in range(0, whole, unit)]
