"""Arrows from a tenant's request to the work of devices that it caused."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import NamedTuple

from simulator.tracing.recording import Asked, Lived, Use
from simulator.tracing.tracks import Slice, Track


class Point(NamedTuple):
    """Where an arrow begins, passes or ends: within a slice of a track."""

    track: Track
    at_ns: int


class Flow(NamedTuple):
    """An arrow: from a request, through the thread that started the transfer for it, to the device.

    Without a slice of a request it begins in what its thread did.
    """

    points: tuple[Point, ...]


Requests = Mapping[tuple[str, str], Sequence[Slice]]
"""By tenant and thread, in the order of their ends."""


class Index:
    """Which slices there are at a moment.

    Args:
        slices: all there are.
    """

    def __init__(self, slices: Iterable[Slice]) -> None:
        outermost: dict[Track, list[Slice]] = defaultdict(list)
        for each in sorted(slices, key=lambda each: (each.track, each.begun_ns, -each.ended_ns)):
            mine = outermost[each.track]
            if not mine or mine[-1].ended_ns <= each.begun_ns:
                mine.append(each)
        self._outermost = outermost
        self._begins = {track: [each.begun_ns for each in mine] for track, mine in outermost.items()}

    def has(self, point: Point) -> bool:
        """Whether there is a slice."""
        index = bisect_right(self._begins.get(point.track, ()), point.at_ns) - 1
        return index >= 0 and point.at_ns < self._outermost[point.track][index].ended_ns


def flows(
    served: Iterable[tuple[Use, Sequence[Slice]]], threads: Sequence[Lived], tracks: Mapping[int, Track],
    requests: Requests, index: Index,
) -> list[Flow]:  # fmt: skip
    """The arrows of all device work that a program asked for; only where there is a slice at each of its ends.

    Args:
        served: what devices did.
        threads: all.
        tracks: of threads, by number.
        requests: of tenants.
        index: of all slices that are shown.
    """
    found = []
    for use, slices in served:
        if use.asked is None or not slices:
            continue
        begins = _begins(use.asked, threads, tracks, requests, index)
        ends = Point(slices[0].track, slices[0].begun_ns)
        if begins is None or not index.has(ends):
            continue
        points = [begins]
        if use.thread != use.asked.thread and use.thread in tracks:
            points += _passes(tracks[use.thread], use.queued_ns, index)
        found.append(Flow((*points, ends)))
    return found


def _passes(track: Track, at_ns: int, index: Index) -> list[Point]:
    """In what the thread that started the transfer does then, or, if that is nothing, has just done."""
    points = (Point(track, at_ns), Point(track, at_ns - 1))
    return [point for point in points if index.has(point)][:1]


def _begins(
    asked: Asked, threads: Sequence[Lived], tracks: Mapping[int, Track], requests: Requests, index: Index
) -> Point | None:
    """In the request that the thread worked on when it asked, or else in what the thread did then.

    A thread works on one request after the other: on the one that it answers next.
    """
    lived = threads[asked.thread]
    mine = requests.get((lived.tenant, lived.name), ())
    next_ = bisect_right(mine, asked.at_ns, key=attrgetter("ended_ns"))
    points = []
    if next_ < len(mine) and mine[next_].begun_ns <= asked.at_ns:
        points.append(Point(mine[next_].track, asked.at_ns))
    if asked.thread in tracks:
        points.append(Point(tracks[asked.thread], asked.at_ns))
    return next((point for point in points if index.has(point)), None)
