"""Who ran where: segments of a schedule in columns, from which names and seconds are made when they are read."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

if TYPE_CHECKING:
    from simulator.sharing._processors import Processor
    from simulator.sharing._rotation import Entity
    from simulator.sharing.tree import Share

Segment = tuple[str, int, str, float, float]
"""Scheduler, processor, thread, from when, until when."""


class Turn(NamedTuple):
    """One segment.

    Attributes:
        cpu: number of the physical processor.
        share: of the thread.
        begun_ns: from when.
        ended_ns: until when.
        through: the virtual processors that it ran on, the outermost first: whose, and its number there.
    """

    cpu: int
    share: Share
    begun_ns: int
    ended_ns: int
    through: tuple[tuple[str, int], ...]


class Trace(Sequence[Segment]):
    """Segments in the order of their ends; an empty one is given to a device, which fills it."""

    def __init__(self) -> None:
        self._processors: list[Processor] = []
        self._ran: list[Entity] = []
        self._through: list[tuple[Processor, ...]] = []
        self._begun_ns, self._ended_ns = array("q"), array("q")

    def add(self, processor: Processor, ran: Entity, begun_ns: int, ended_ns: int) -> None:
        """One more segment."""
        self._processors.append(processor)
        self._ran.append(ran)
        self._through.append(processor.ran_through)
        self._begun_ns.append(begun_ns)
        self._ended_ns.append(ended_ns)

    def turns(self) -> Iterator[Turn]:
        """The same in whole nanoseconds, with whose virtual processors led there."""
        for number, processor in enumerate(self._processors):
            through = tuple((each.scheduler.share.name, each.number) for each in self._through[number])
            begun_ns, ended_ns = self._begun_ns[number], self._ended_ns[number]
            yield Turn(processor.number, self._ran[number].share, begun_ns, ended_ns, through)

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
