"""Where labels go so that none covers another: plain geometry, in any unit of length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import cos, radians, sin
from typing import NamedTuple

_DISTANCES = (0.0, 0.8, 1.8, 3.0, 4.5, 6.5, 9.0)
"""How far from its marker a label may go, in its own heights."""
_CLEAR = 0.25
"""Air around a marker, in heights of a label."""
_ANGLES = (0, 180, 90, 270, 35, 325, 145, 215, 65, 295, 115, 245)
"""Beside first, then above and below, then between."""


class Box(NamedTuple):
    """A rectangle by its sides."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: Box) -> float:
        """The area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(0.0, width) * max(0.0, height)

    def inside(self, other: Box) -> bool:
        """Whether all of it lies in another."""
        clear = self.left >= other.left and self.right <= other.right
        return clear and self.bottom >= other.bottom and self.top <= other.top


class Mark(NamedTuple):
    """A round marker with the size of its label."""

    x: float
    y: float
    radius: float
    width: float
    height: float

    def around(self, heights: float) -> Box:
        """The square around the marker with some air, in heights of its label."""
        reach = self.radius + heights * self.height
        return Box(self.x - reach, self.y - reach, self.x + reach, self.y + reach)

    def is_far(self, label: Box) -> bool:
        """Whether more than the label's own height lies between the two."""
        return not self.around(1.0).overlap(label)


def place(marks: Sequence[Mark], bounds: Box) -> list[Box]:
    """A place for the label of each mark: near it, inside the bounds, on no other label and no marker if that can be.

    The highest marks choose first. The same marks give the same places.
    """
    markers = [mark.around(_CLEAR) for mark in marks]
    placed: dict[int, Box] = {}
    for number in sorted(range(len(marks)), key=lambda each: (-marks[each].y, marks[each].x)):
        taken = [*placed.values(), *markers]
        placed[number] = min(_candidates(marks[number], bounds), key=lambda box: _cost(box, taken, bounds))
    return [placed[number] for number in range(len(marks))]


def _cost(box: Box, taken: Sequence[Box], bounds: Box) -> tuple[bool, float]:
    """Whether it leaves the bounds, then what it covers; of equal ones the first, which is the nearest, is taken."""
    return not box.inside(bounds), sum(box.overlap(other) for other in taken)


def _candidates(mark: Mark, bounds: Box) -> Iterator[Box]:
    """Places around a marker, the nearest first."""
    for distance in _DISTANCES:
        for angle in _ANGLES:
            across, up = cos(radians(angle)), sin(radians(angle))
            reach = mark.radius + (0.3 + distance) * mark.height
            x = mark.x + across * (reach + mark.width / 2.0)
            y = mark.y + up * (reach + mark.height / 2.0)
            yield Box(x - mark.width / 2.0, y - mark.height / 2.0, x + mark.width / 2.0, y + mark.height / 2.0)
