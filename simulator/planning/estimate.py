"""From some runs that were measured to all that are left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from typing import NamedTuple

from simulator.planning.measured import Measured, Point, by_stack

_MOOD = 1.25
"""A machine takes so many times as long for the same run on a bad day."""
_ALONE = 2.0
"""What other points of a stack may take more, or less, than the only one that was measured."""


class Span(NamedTuple):
    """A number that is not known exactly."""

    low: float
    likely: float
    high: float

    def times(self, factor: float, at_most: float | None = None) -> Span:
        """So many times as much; its upper end with another factor."""
        return Span(self.low * factor, self.likely * factor, self.high * (factor if at_most is None else at_most))


class OfStack(NamedTuple):
    """What is left to run on one stack.

    Attributes:
        measured: of how many of its points it is known how long a run takes.
        run_s: wall time of one run.
        work_s: of all that are left.
    """

    stack: str
    points: int
    runs: int
    measured: int
    run_s: Span
    work_s: Span


class Estimate(NamedTuple):
    """How long a batch takes.

    Attributes:
        work_s: wall time of all runs one after the other.
        wall_s: until the last of them has ended.
        workers: how many runs at a time.
        at_least: some runs were cut short, and nobody knows how long they take.
        disk_bytes: what the results take; None if nobody knows.
        source: what it was estimated from.
    """

    stacks: list[OfStack]
    work_s: Span
    wall_s: Span
    workers: int
    at_least: bool
    disk_bytes: float | None
    source: str


def estimate(
    points: Sequence[Point], left: Mapping[int, tuple[int, int]], measured: Measured, workers: int, runs: int
) -> Estimate | None:
    """How long it takes to run what is left; None where nothing was measured.

    Args:
        points: all of them.
        left: for each point how many runs are left, at least and at most.
        measured: what single runs take.
        workers: how many runs at a time.
        runs: of the whole batch, for its size.
    """
    known = [*measured.seconds.values(), *(each for seconds in measured.of_stack.values() for each in seconds)]
    if not known:
        return None
    anywhere = _span(known)
    open_points = (point for point in points if left[int(point["point"])][1])
    stacks = [_of_stack(stack, each, left, measured, anywhere) for stack, each in by_stack(open_points).items()]
    work_s = Span(*(fsum(each.work_s[end] for each in stacks) for end in range(3)))
    longest = Span(*(max((each.run_s[end] for each in stacks), default=0.0) for end in range(3)))
    wall_s = Span(*(max(work_s[end] / workers, longest[end] if end else 0.0) for end in range(3)))
    size_bytes = None if measured.run_bytes is None else measured.run_bytes * runs
    cut = bool(measured.cut)
    return Estimate(stacks, work_s, wall_s, workers, cut, size_bytes, " and ".join(measured.sources))


def _of_stack(
    stack: str, points: list[Point], left: Mapping[int, tuple[int, int]], measured: Measured, anywhere: Span
) -> OfStack:
    own = [measured.seconds[int(each["point"])] for each in points if int(each["point"]) in measured.seconds]
    known = own + measured.of_stack.get(stack, [])
    others = _span(known) if known else anywhere
    spans = []
    for point in points:
        seconds = measured.seconds.get(int(point["point"]))
        run_s = others if seconds is None else Span(seconds / _MOOD, seconds, seconds * _MOOD)
        spans.append(run_s.times(left[int(point["point"])][0], left[int(point["point"])][1]))
    work_s = Span(*(fsum(each[end] for each in spans) for end in range(3)))
    runs = sum(left[int(each["point"])][0] for each in points)
    return OfStack(stack, len(points), runs, len(own), others, work_s)


def _span(seconds: Sequence[float]) -> Span:
    """What another run takes, if some take this."""
    mean = fsum(seconds) / len(seconds)
    if len(seconds) == 1:
        return Span(mean / _ALONE, mean, mean * _ALONE)
    return Span(min(seconds) / _MOOD, mean, max(seconds) * _MOOD)
