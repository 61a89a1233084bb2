"""Guests' memory in the hands of a host's kernel that swaps: pure state, without prices.

The memory of a guest is memory of a process of the host: the kernel gives it page by page when it is first touched, and
what has not been touched for longest goes to the swap, a guest's pages among those of all programs (``Pages``). It
knows nothing of what the guest does with them, and that has its price, none of which is written down anywhere here:

    silent write   all that goes is written: the host does not know that a page of the guest's page cache is on the
                   guest's disk already
    stale read     the guest takes a page anew that it had given up, or puts another file's data into its page cache:
                   what lies on the host's swap is read in to be overwritten
    double paging  the guest writes a page to its own swap that had gone to the host's: it is read in for that
    false row      a guest that goes through more than the host leaves it misses all of it each time (LRU)

The guest's memory is looked at in pieces, each of which belongs to one use of the guest's: its kernel, its page cache,
the data of a program, or what was given up. What a use needs more it takes from what was given up last, else
from what was never touched. The page cache has its files in pieces, least recently used first out.

By hand: 100 MiB for a guest that reads a file of 120 MiB again and again through its page cache, which has room for
200: the first time 20 MiB are pushed out; each further time all 120 MiB are read from the swap and written to it.

Scope and limits: a guest's kernel is not brought back (it goes once where it is not used). A page that was merged with
others goes like any other.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field

from simulator.layers._guest_memory import CACHE, FREE, KERNEL, GuestMemory
from simulator.layers._resident_pages import _RANDOM_TRAIN, _ROUNDING, _TRAIN, Counts, Owner, Pages
from simulator.parameters import Parameters

Unit = tuple[str, int]


@dataclass(slots=True)
class Hosted:
    """One guest's memory as pieces.

    Attributes:
        memory: what the guest uses.
        owner: what of it the host has in memory.
        parts: pieces of each use.
        free: pieces that were given up, the last one last.
        leaving: pieces that the guest's own swap writes out now.
        files: which piece of the page cache has which piece of a file, least recently used first.
        spare: pieces of the page cache that have none.
    """

    memory: GuestMemory
    owner: Owner
    parts: dict[str, list[int]] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    leaving: list[int] = field(default_factory=list)
    files: OrderedDict[Unit, int] = field(default_factory=OrderedDict)
    spare: list[int] = field(default_factory=list)
    hands: dict[tuple[str, float, float], float] = field(default_factory=dict)
    touched: int = 0
    missed_bytes: float = 0.0
    next_missing: int = 0
    left_bytes: float = 0.0
    """Of a piece that the guest's swap has begun to write."""


class HostedPages(Pages):
    """Pages of programs and of guests on one kernel."""

    def __init__(self, parameters: Parameters, room_bytes: float, page_bytes: float) -> None:
        super().__init__(parameters, room_bytes, page_bytes)
        self._room_bytes, self._hosted = room_bytes, dict[str, Hosted]()

    def host(self, memory: GuestMemory) -> None:
        """A guest, of which nothing has been touched yet."""
        self._hosted[memory.name] = Hosted(memory, self.enroll(memory.name))

    def forget(self, name: str) -> None:
        """A guest is gone, and its memory with it."""
        guest = self._hosted[name]
        guest.parts.clear()
        guest.files.clear()
        self._resize(guest.owner, 0.0)

    def relieve(self, saved_bytes: float) -> None:
        """So many bytes are taken by pages that stand for others too: there is room for more."""
        self._room.capacity_bytes = self._room_bytes + saved_bytes
        self._make_room(self.enroll("shared pages"))

    def hosted_bytes(self, name: str) -> tuple[float, float]:
        """What of a guest is in memory, and what lies on the disk."""
        owner = self._hosted[name].owner
        return owner.resident_bytes, owner.swapped_bytes

    # ---- what the guest uses

    def used(self, name: str, owner: str = "", there_bytes: float = 0.0) -> Iterator[Counts]:
        """What the guest's own books count since they were looked at last; ``owner`` has had so much all the time."""
        guest = self._hosted[name]
        guest.memory.settle({owner: there_bytes} if there_bytes else None)
        yield from self._paid(guest.owner, self._followed(guest))

    def _followed(self, guest: Hosted) -> float:
        """Each use of the guest's has as many pieces as it needs; returns what was read in of pieces taken anew."""
        sizes = {name: region.size_bytes for name, region in guest.memory.regions.items() if name != FREE}
        wanted = {name: -int(-size // guest.owner.piece_bytes) for name, size in sizes.items()}
        for name, count in wanted.items():
            pieces = guest.parts.setdefault(name, [])
            if len(pieces) > count:
                self._give_up(guest, name, len(pieces) - count)
        return sum(self._take(guest, name, count - len(guest.parts[name])) for name, count in wanted.items())

    def _give_up(self, guest: Hosted, name: str, count: int) -> None:
        pieces, resident = guest.parts[name], guest.owner.resident
        swaps = guest.memory.paging is not None and name not in (KERNEL, CACHE)
        if swaps or name == CACHE:  # those that were not used for longest
            gone = sorted(pieces, key=lambda piece: resident.get(piece, -1))[:count]
        else:
            gone = pieces[-count:]
        left = set(gone)
        guest.parts[name] = [piece for piece in pieces if piece not in left]
        guest.free += gone
        if swaps:
            guest.leaving += gone
        if name == CACHE:
            for unit in [unit for unit, piece in guest.files.items() if piece in left]:
                del guest.files[unit]
            guest.spare = [piece for piece in guest.spare if piece not in left]

    def _take(self, guest: Hosted, name: str, count: int) -> float:
        missed_bytes = 0.0
        for _ in range(count):
            if guest.free:
                piece = guest.free.pop()
                missed_bytes += self._touch(guest.owner, piece)
            else:
                piece, guest.touched = guest.touched, guest.touched + 1
                self._resize(guest.owner, guest.touched * guest.owner.piece_bytes)
            guest.parts[name].append(piece)
            if name == CACHE:
                guest.spare.append(piece)
        return missed_bytes

    def cached(self, name: str, file: str, start_bytes: float, size_bytes: float) -> Iterator[Counts]:
        """A part of a file is read from the guest's page cache, or comes into it."""
        guest, missed_bytes = self._hosted[name], 0.0
        first, piece_bytes = int(start_bytes // guest.owner.piece_bytes), guest.owner.piece_bytes
        for index in range(first, max(first + 1, -int(-(start_bytes + size_bytes) // piece_bytes))):
            piece = self._cached_piece(guest, (file, index))
            if piece is not None:
                missed_bytes += self._touch(guest.owner, piece)
        yield from self._paid(guest.owner, missed_bytes)

    def _cached_piece(self, guest: Hosted, unit: Unit) -> int | None:
        """Which piece has a piece of a file: its own, one without a file, or that of what was not used for longest."""
        piece = guest.files.pop(unit, None)
        if piece is None and guest.spare:
            piece = guest.spare.pop()
        elif piece is None and guest.files:
            piece = guest.files.popitem(last=False)[1]
        if piece is not None:
            guest.files[unit] = piece
        return piece

    def gone_through(
        self, name: str, owner: str, size_bytes: float, extent_bytes: float, start_bytes: float
    ) -> Iterator[Counts]:
        """So much of a row of a program's data is used, from where its threads have come."""
        guest = self._hosted[name]
        pieces, piece_bytes = guest.parts.get(owner, []), guest.owner.piece_bytes
        extent_bytes = min(extent_bytes, len(pieces) * piece_bytes - start_bytes)
        key, missed_bytes = (owner, start_bytes, extent_bytes), 0.0
        train_bytes = max(_TRAIN * self.cluster_bytes, piece_bytes)
        while size_bytes > _ROUNDING and extent_bytes > _ROUNDING:
            position = guest.hands.get(key, 0.0)
            index = int((start_bytes + position) // piece_bytes)
            end = min((index + 1) * piece_bytes - start_bytes, extent_bytes)
            step_bytes = min(size_bytes, end - position)
            size_bytes -= step_bytes
            guest.hands[key] = 0.0 if position + step_bytes >= extent_bytes - _ROUNDING else position + step_bytes
            missed_bytes += self._touch(guest.owner, pieces[min(index, len(pieces) - 1)])
            if missed_bytes >= train_bytes:
                yield from self._paid(guest.owner, missed_bytes)
                missed_bytes = 0.0
        yield from self._paid(guest.owner, missed_bytes)

    def at_random(self, name: str, owner: str, touches: float, set_bytes: float) -> Iterator[Counts]:
        """So many touches at random of a set of a program's data."""
        guest = self._hosted[name]
        pieces = guest.parts.get(owner, [])[: -int(-set_bytes // guest.owner.piece_bytes)]
        for piece in [each for each in pieces if each in guest.owner.resident][: int(touches)]:
            self._use(guest.owner, piece)
        while touches > _ROUNDING and pieces:
            away = sum(piece not in guest.owner.resident for piece in pieces) / len(pieces)
            if away <= _ROUNDING:
                break
            part = min(touches, _RANDOM_TRAIN / away)
            touches -= part
            guest.missed_bytes += part * away * self.page_bytes
            while guest.missed_bytes >= guest.owner.piece_bytes:
                guest.missed_bytes -= guest.owner.piece_bytes
                self._touch(guest.owner, self._missing(guest, pieces))
            yield from self._paid(guest.owner, singles=part * away)

    def _missing(self, guest: Hosted, pieces: list[int]) -> int:
        """The next piece that is not in memory."""
        for _ in pieces:
            piece = pieces[guest.next_missing % len(pieces)]
            guest.next_missing += 1
            if piece not in guest.owner.resident:
                return piece
        return pieces[0]

    def written_out(self, name: str, size_bytes: float) -> Iterator[Counts]:
        """The guest's own swap writes: what it chose has to be in memory for that."""
        guest = self._hosted[name]
        guest.memory.settle()
        missed_bytes = self._followed(guest)
        guest.left_bytes += size_bytes
        while guest.leaving and guest.left_bytes >= guest.owner.piece_bytes:
            guest.left_bytes -= guest.owner.piece_bytes
            piece = guest.leaving.pop(0)
            missed_bytes += self._touch(guest.owner, piece)
        yield from self._paid(guest.owner, missed_bytes)
