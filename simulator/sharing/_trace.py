"""Who ran where: segments of a schedule in columns, from which names and seconds are made when they are read."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from simulator.sharing._processors import Processor
    from simulator.sharing._rotation import Entity

Segment = tuple[str, int, str, float, float]
"""Scheduler, processor, thread, from when, until when."""


class Trace(Sequence[Segment]):
    """Segments in the order of their ends; an empty one is given to a device, which fills it."""

    def __init__(self) -> None:
        self._processors: list[Processor] = []
        self._ran: list[Entity] = []
        self._begun_ns, self._ended_ns = array("q"), array("q")

    def add(self, processor: Processor, ran: Entity, begun_ns: int, ended_ns: int) -> None:
        """One more segment."""
        self._processors.append(processor)
        self._ran.append(ran)
        self._begun_ns.append(begun_ns)
        self._ended_ns.append(ended_ns)

    def __len__(self) -> int:
        return len(self._ran)

    @overload
    def __getitem__(self, index: int) -> Segment: ...

    @overload
    def __getitem__(self, index: slice) -> list[Segment]: ...

    def __getitem__(self, index: int | slice) -> Segment | list[Segment]:
        if isinstance(index, slice):
            return [self._segment(each) for each in range(*index.indices(len(self)))]
        return self._segment(index)

    def __iter__(self) -> Iterator[Segment]:
        return map(self._segment, range(len(self)))

    def _segment(self, index: int) -> Segment:
        processor, ran = self._processors[index], self._ran[index]
        begun_s, ended_s = self._begun_ns[index] / 1e9, self._ended_ns[index] / 1e9
        return processor.scheduler.share.name, processor.number, ran.share.name, begun_s, ended_s
