"""Who ran when on which processor, and what follows from it: waits, switches, migrations."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby, islice, pairwise
from typing import NamedTuple

_DECIMALS = 9
"""Schedulers count whole nanoseconds."""


class Span(NamedTuple):
    """A stretch of time."""

    start_s: float
    end_s: float


class Segment(NamedTuple):
    """One thread's turn on one processor.

    Attributes:
        machine: name of the machine.
        scheduler: path of what the processors belong to: a guest, or empty for the machine itself.
        cpu: number of the processor there.
        thread: path of the thread.
        start_s: when its turn began.
        end_s: when it ended.
    """

    machine: str
    scheduler: str
    cpu: int
    thread: str
    start_s: float
    end_s: float


def longest_gap_s(wanted: Iterable[Span], ran: Sequence[Segment]) -> float:
    """The longest stretch within one of the times it wanted to run in which it did not.

    Args:
        wanted: from when to when it had work.
        ran: its turns in order of time.
    """
    longest_s = 0.0
    for span in wanted:
        since_s = span.start_s
        first = bisect_right(ran, span.start_s, key=lambda segment: segment.end_s)
        for segment in islice(ran, first, None):
            if segment.start_s >= span.end_s:
                break
            longest_s = max(longest_s, segment.start_s - since_s)
            since_s = segment.end_s
        longest_s = max(longest_s, span.end_s - since_s)
    return round(longest_s, _DECIMALS)


def switches(segments: Iterable[Segment]) -> Counter[str]:
    """How often a processor went on with each thread of a machine (by its path) after another thread."""
    found: Counter[str] = Counter()
    for _, turns in groupby(sorted(segments, key=_by_processor), key=lambda each: _by_processor(each)[:2]):
        for before, after in pairwise(turns):
            found[after.thread] += before.thread != after.thread
    return found


def migrations(segments: Iterable[Segment]) -> Counter[str]:
    """How often each thread of a machine (by its path) went on on another processor than before."""
    found: Counter[str] = Counter()
    for thread, turns in groupby(sorted(segments, key=_by_thread), key=lambda each: each.thread):
        found[thread] = sum(before.cpu != after.cpu for before, after in pairwise(turns))
    return found


def _by_processor(segment: Segment) -> tuple[str, int, float]:
    return segment.scheduler, segment.cpu, segment.start_s


def _by_thread(segment: Segment) -> tuple[str, float]:
    return segment.thread, segment.start_s
