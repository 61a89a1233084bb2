"""Tracks and the slices on them: on one track slices lie side by side or in each other, and never overlap otherwise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import Any, NamedTuple

from simulator.errors import RunError

PROCESSORS, GUESTS, LAYERS, TENANTS, SYSTEMS, DEVICES = range(1, 7)
"""Kinds of groups, from the top of the page down."""


class Track(NamedTuple):
    """One line of a trace; they stand in the order of these.

    Attributes:
        kind: of the group.
        rank: of the group among those of its kind.
        group: name of the group: what a trace calls a process.
        place: of the track in its group.
        name: what a trace calls a thread.
    """

    kind: int
    rank: int
    group: str
    place: int
    name: str


class Slice(NamedTuple):
    """Something that lasted, in whole nanoseconds."""

    track: Track
    begun_ns: int
    ended_ns: int
    name: str
    details: Mapping[str, Any] = {}


Block = Sequence[Slice]
"""Slices that stay on one track."""


def lanes(blocks: Sequence[Block]) -> list[int]:
    """For each block the number of a lane, from 0: the first that is free from its first moment to its last."""
    spans = [(min(each.begun_ns for each in block), max(each.ended_ns for each in block)) for block in blocks]
    found, used = [0] * len(blocks), 0
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    for index in sorted(range(len(blocks)), key=spans.__getitem__):
        begun_ns, ended_ns = spans[index]
        while busy and busy[0][0] <= begun_ns:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane, used = used, used + 1
        heappush(busy, (ended_ns, lane))
        found[index] = lane
    return found


def packed(blocks: Iterable[Block], track: Callable[[int], Track]) -> Iterator[Slice]:
    """Put blocks onto as few tracks as they need.

    Args:
        blocks: in any order.
        track: the one of a number, from 0.
    """
    blocks = list(blocks)
    numbers = lanes(blocks)
    places = {number: track(number) for number in set(numbers)}
    for block, number in zip(blocks, numbers, strict=True):
        for each in block:
            yield each._replace(track=places[number])


def numbered(name: str, number: int) -> str:
    """The name of one of several tracks of a kind: the first needs no number."""
    return name if not number else f"{name} ({number + 1})"


def in_order(slices: Iterable[Slice]) -> list[Slice]:
    """By track, then as they begin, the outer before the inner.

    Raises:
        RunError: two on a track overlap, or one lasts no time: an error of whoever made them.
    """
    ordered = sorted(slices, key=lambda each: (each.track, each.begun_ns, -each.ended_ns))
    open_until: dict[Track, list[int]] = defaultdict(list)
    for each in ordered:
        around = open_until[each.track]
        while around and around[-1] <= each.begun_ns:
            around.pop()
        if each.begun_ns >= each.ended_ns or (around and each.ended_ns > around[-1]):
            place = f"{each.track.group}, {each.track.name}"
            raise RunError(f"{place}: {each.name!r} from {each.begun_ns} to {each.ended_ns} ns overlaps another slice")
        around.append(each.ended_ns)
    return ordered


def cut(slices: Iterable[Slice], from_ns: int, until_ns: int) -> Iterator[Slice]:
    """What lies within a window, what reaches beyond it cut off there."""
    for each in slices:
        begun_ns, ended_ns = max(each.begun_ns, from_ns), min(each.ended_ns, until_ns)
        if begun_ns < ended_ns:
            whole = (begun_ns, ended_ns) == (each.begun_ns, each.ended_ns)
            yield each if whole else each._replace(begun_ns=begun_ns, ended_ns=ended_ns)
