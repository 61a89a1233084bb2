"""Which pages of programs are in a kernel's memory: least recently used first out, piece by piece.

Pure state, without prices: see ``_swap`` for the physics and for what it costs.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulator.errors import Refused
from simulator.outcomes import out_of_memory
from simulator.parameters import Parameters

Counts = tuple[float, float, float, float]
"""How many batches are written at once, clusters and single pages read, and batches left to the kernel's thread."""
_PIECES = 1024
"""The memory is looked at in so many pieces."""
_TRAIN = 32
"""Requests that go to the disk as one train, if a piece does not have more."""
_RANDOM_TRAIN = 16
_ROUNDING = 1e-9


@dataclass(slots=True)
class Room:
    """Memory that pages may be in: all that a kernel has for programs, or a limit within it."""

    capacity_bytes: float
    resident_bytes: float = 0.0
    owners: list[Owner] = field(default_factory=list)


@dataclass(slots=True)
class Owner:
    """Whose pages they are."""

    rooms: list[Room]
    piece_bytes: float
    """How finely its memory is looked at: by the smallest of its rooms."""
    taken_bytes: float = 0.0
    """What it has asked for."""
    held_bytes: float = 0.0
    """What it has: more, if it touches what was there before."""
    resident: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """Pieces in memory with the time of their last touch, oldest first."""
    resident_bytes: float = 0.0
    most_swapped_bytes: float = 0.0
    hands: dict[tuple[float, float], float] = field(default_factory=dict)
    """How far each of its rows has been gone through."""
    missed_bytes: float = 0.0
    """Of the next piece that random touches bring in."""
    next_missing: int = 0
    owed_bytes: float = 0.0
    """To be written out for what it has pushed out."""
    owed_at_once_bytes: float = 0.0
    """The same because of a limit: the kernel's thread looks after the whole memory only."""

    @property
    def swapped_bytes(self) -> float:
        """What of it lies on the disk."""
        return max(0.0, self.held_bytes - self.resident_bytes)


class Pages:
    """Pages of all programs on one kernel.

    Args:
        parameters: the kernel's numbers.
        room_bytes: memory that the kernel has for programs.
        page_bytes: of one page.
    """

    def __init__(self, parameters: Parameters, room_bytes: float, page_bytes: float) -> None:
        self.parameters, self.page_bytes = parameters, page_bytes
        self.cluster_bytes = parameters.swap_cluster_count * page_bytes
        self.batch_bytes = parameters.swap_batch_count * page_bytes
        self.gap_bytes = parameters.swap_gap_ratio * room_bytes
        self.behind_bytes = self.in_bytes = self.out_bytes = 0.0
        self._room = Room(room_bytes)
        self._limits: dict[str, Room] = {}
        self._owners: dict[str, Owner] = {}
        self._touches = 0

    # ---- who holds what

    def enroll(self, owner: str, limits: Sequence[tuple[str, float]] = ()) -> Owner:
        """An owner and the limits that confine it, each by its name with its size."""
        found = self._owners.get(owner)
        if found is None:
            confined = [self._limits.setdefault(name, Room(size_bytes)) for name, size_bytes in limits]
            rooms = [*confined, self._room]
            found = self._owners[owner] = Owner(rooms, self._piece_bytes(rooms))
            for room in found.rooms:
                room.owners.append(found)
        return found

    def _piece_bytes(self, rooms: Sequence[Room]) -> float:
        least_bytes = min(room.capacity_bytes for room in rooms)
        return max(1.0, least_bytes / _PIECES // self.cluster_bytes) * self.cluster_bytes

    def hold(self, owner: str, size_bytes: float) -> None:
        """An owner takes memory, which is new and in memory; or gives some back, that which it took last.

        What is pushed out is written when it touches its new pages. Who gives everything back has nothing any more.
        """
        whose = self.enroll(owner)
        whose.taken_bytes = max(0.0, whose.taken_bytes + size_bytes)
        if size_bytes <= 0.0 and whose.taken_bytes <= _ROUNDING * self._room.capacity_bytes:
            self._resize(whose, 0.0)
        else:
            self._resize(whose, max(whose.taken_bytes, whose.held_bytes + min(0.0, size_bytes)))

    def swapped_bytes(self, owner: str) -> float:
        """The most of its data that lay on the disk at any one time."""
        return self.enroll(owner).most_swapped_bytes

    def resident_bytes(self, owner: str) -> float:
        """What of an owner's data is in memory."""
        return self.enroll(owner).resident_bytes

    def squeeze(self, size_bytes: float) -> None:
        """The memory that there is for programs gets smaller by so much; a balloon is in its place."""
        self._room.capacity_bytes -= size_bytes
        self._make_room(self.enroll("balloon"))

    def squeezed(self) -> Iterator[Counts]:
        """What that has pushed out is written."""
        yield from self._paid(self.enroll("balloon"))

    def _resize(self, whose: Owner, held_bytes: float) -> None:
        first = int(min(held_bytes, whose.held_bytes) // whose.piece_bytes)
        last = -int(-max(held_bytes, whose.held_bytes) // whose.piece_bytes)
        old_bytes = {piece: self._size(whose, piece) for piece in range(first, last)}
        whose.held_bytes = held_bytes
        for piece, before_bytes in old_bytes.items():
            size_bytes = self._size(whose, piece)
            if before_bytes and piece not in whose.resident:  # what comes to a piece that has gone goes too
                whose.owed_bytes += max(0.0, size_bytes - before_bytes)
                continue
            self._enter(whose, size_bytes - before_bytes)
            if size_bytes:
                self._use(whose, piece)
                self._make_room(whose)
            else:
                whose.resident.pop(piece, None)

    def _size(self, whose: Owner, piece: int) -> float:
        return min(max(0.0, whose.held_bytes - piece * whose.piece_bytes), whose.piece_bytes)

    def _enter(self, whose: Owner, size_bytes: float) -> None:
        whose.resident_bytes += size_bytes
        for room in whose.rooms:
            room.resident_bytes += size_bytes

    def _use(self, whose: Owner, piece: int) -> None:
        self._touches += 1
        whose.resident[piece] = self._touches
        whose.resident.move_to_end(piece)

    def _make_room(self, user: Owner) -> None:
        """Wherever the user's pages do not fit any more, those go that were not touched for longest."""
        for room in user.rooms:
            while room.resident_bytes > room.capacity_bytes * (1.0 + _ROUNDING):
                there = [each for each in room.owners if each.resident]
                if not there:
                    break
                victim = min(there, key=lambda each: next(iter(each.resident.values())))
                piece, _ = victim.resident.popitem(last=False)
                size_bytes = self._size(victim, piece)
                self._enter(victim, -size_bytes)
                victim.most_swapped_bytes = max(victim.most_swapped_bytes, victim.swapped_bytes)
                if room is self._room:
                    user.owed_bytes += size_bytes
                else:
                    user.owed_at_once_bytes += size_bytes

    # ---- what is touched

    def fresh(self, owners: Sequence[str]) -> Iterator[Counts]:
        """New pages are touched: what they have pushed out is written."""
        for whose in map(self.enroll, owners):
            yield from self._paid(whose)

    def row(
        self, owners: Sequence[str], size_bytes: float, extent_bytes: float, start_bytes: float
    ) -> Iterator[Counts]:
        """So much of a row is touched, from where its owner's threads have come.

        What belongs to several is touched of each by what it holds.
        """
        for whose, part in self._parts(owners):
            own_bytes = min(extent_bytes * part, whose.held_bytes - start_bytes * part)
            yield from self._swept(whose, size_bytes * part, own_bytes, start_bytes * part)

    def stream(self, owners: Sequence[str], size_bytes: float, extent_bytes: float) -> Iterator[Counts]:
        """The same of a row that may have been there before the clock started."""
        for whose in map(self.enroll, owners[:1]):
            self._there(whose, extent_bytes)
            yield from self._swept(whose, size_bytes, extent_bytes, 0.0)

    def scattered(self, owners: Sequence[str], touches: float, set_bytes: float) -> Iterator[Counts]:
        """So many touches at random of a set."""
        for whose in map(self.enroll, owners[:1]):
            self._there(whose, set_bytes)
            yield from self._scattered(whose, touches, set_bytes)

    def written(self, size_bytes: float) -> None:
        """The kernel's thread has written so much."""
        self.behind_bytes -= size_bytes

    def _parts(self, owners: Sequence[str]) -> list[tuple[Owner, float]]:
        all_of_them = [self.enroll(owner) for owner in owners]
        held_bytes = sum(each.held_bytes for each in all_of_them)
        return [(each, each.held_bytes / held_bytes) for each in all_of_them if each.held_bytes]

    def _there(self, whose: Owner, size_bytes: float) -> None:
        """Data that the program never took were there before it began.

        Raises:
            Refused: they do not fit into memory and swap.
        """
        if size_bytes <= whose.held_bytes:
            return
        others_bytes = sum(each.held_bytes for each in self._room.owners) - whose.held_bytes
        if others_bytes + size_bytes > self._room.capacity_bytes + self.parameters.swap_bytes:
            raise Refused(out_of_memory(f"{size_bytes / 2**20:.0f} MiB of data do not fit into memory and swap"))
        self._resize(whose, size_bytes)

    def _swept(self, whose: Owner, size_bytes: float, extent_bytes: float, start_bytes: float) -> Iterator[Counts]:
        row, missed_bytes = (start_bytes, extent_bytes), 0.0
        train_bytes = max(_TRAIN * self.cluster_bytes, whose.piece_bytes)
        while size_bytes > _ROUNDING and extent_bytes > _ROUNDING:
            position = whose.hands.get(row, 0.0)
            piece = int((start_bytes + position) // whose.piece_bytes)
            end = min((piece + 1) * whose.piece_bytes - start_bytes, extent_bytes)
            step_bytes = min(size_bytes, end - position)
            size_bytes -= step_bytes
            over = position + step_bytes >= extent_bytes - _ROUNDING
            whose.hands[row] = 0.0 if over else position + step_bytes
            missed_bytes += self._touch(whose, piece)
            if missed_bytes >= train_bytes:
                yield from self._paid(whose, missed_bytes)
                missed_bytes = 0.0
        yield from self._paid(whose, missed_bytes)

    def _touch(self, whose: Owner, piece: int) -> float:
        """One piece is used; returns how much of it had to be brought back."""
        missed_bytes = 0.0 if piece in whose.resident else self._size(whose, piece)
        self._use(whose, piece)
        if missed_bytes:
            self._enter(whose, missed_bytes)
            self._make_room(whose)
        return missed_bytes

    def _scattered(self, whose: Owner, touches: float, set_bytes: float) -> Iterator[Counts]:
        pieces = -int(-set_bytes // whose.piece_bytes)
        touched = [piece for piece in whose.resident if piece < pieces][: int(touches)]
        for piece in touched:
            self._use(whose, piece)
        whole_bytes = min(pieces * whose.piece_bytes, whose.held_bytes)
        seen, ratio = -1, 0.0
        while touches > _ROUNDING:
            if seen != self._touches:  # pieces have come or gone
                seen, ratio = self._touches, 1.0 - self._inside_bytes(whose, pieces) / whole_bytes
            if ratio <= _ROUNDING:
                break
            part = min(touches, _RANDOM_TRAIN / ratio)
            touches -= part
            misses = part * ratio
            whose.missed_bytes += misses * self.page_bytes
            self._bring_in(whose, pieces)
            yield from self._paid(whose, singles=misses)
        yield from self._paid(whose)

    def _inside_bytes(self, whose: Owner, pieces: int) -> float:
        """What of an owner's first pieces is in memory."""
        if pieces * whose.piece_bytes >= whose.held_bytes:
            return whose.resident_bytes
        return sum(self._size(whose, piece) for piece in whose.resident if piece < pieces)

    def _bring_in(self, whose: Owner, pieces: int) -> None:
        """Pages that came one by one make a piece that is not in memory."""
        while whose.missed_bytes >= whose.piece_bytes:
            missing = whose.next_missing % pieces
            while missing in whose.resident and len(whose.resident) < pieces:
                missing = (missing + 1) % pieces
            whose.next_missing = missing + 1
            whose.missed_bytes -= whose.piece_bytes
            self._touch(whose, missing)

    def _paid(self, whose: Owner, row_bytes: float = 0.0, singles: float = 0.0) -> Iterator[Counts]:
        """What has been missed and pushed out, as requests: those of the kernel's thread up to its gap."""
        self.in_bytes += row_bytes + singles * self.page_bytes
        while self._owes(whose) or row_bytes or singles:
            most_bytes = max(_TRAIN * self.batch_bytes, whose.piece_bytes, row_bytes)
            direct_bytes = min(whose.owed_at_once_bytes, most_bytes)
            out_bytes = min(whose.owed_bytes, most_bytes)
            behind_bytes = min(out_bytes, max(0.0, self.gap_bytes - self.behind_bytes))
            whose.owed_at_once_bytes -= direct_bytes
            whose.owed_bytes -= out_bytes
            self.out_bytes += direct_bytes + out_bytes
            self.behind_bytes += behind_bytes
            direct = (direct_bytes + out_bytes - behind_bytes) / self.batch_bytes
            yield direct, row_bytes / self.cluster_bytes, singles, behind_bytes / self.batch_bytes
            row_bytes = singles = 0.0

    def _owes(self, whose: Owner) -> bool:
        return whose.owed_bytes + whose.owed_at_once_bytes > _ROUNDING
