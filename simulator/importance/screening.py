"""Screening: which unknowns move the model at all, in fewer runs than one for each (sequential bifurcation).

Groups of which nothing much is expected are moved as one, to all lower ends and to all upper ends. A group that changes
nothing beyond a tolerance is done with; of any other the halves are looked at (Bettonvil and Kleijnen 1997). Groups are
made of costs of mechanisms, which all work in one direction, and of the numbers of one device: these could cancel, but
hardly at both ends to within the tolerance. What a program does stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan

from simulator.importance.model import Values
from simulator.uncertainty import Unknown

TOLERANCE = 1e-3
"""Part of an answer that a group may change and still be done with."""


@dataclass(frozen=True)
class Task:
    """A group of unknowns at one point of the scenario."""

    point: int
    group: tuple[Unknown, ...]


Change = Callable[[Sequence[tuple[int, Values]]], list[float]]
"""By what part of themselves the figures of points change at most, for each of some points with values."""


def screen(tasks: Sequence[Task], change: Change, tolerance: float = TOLERANCE) -> list[Task]:
    """The groups that are done with; what is in none of them matters, or may.

    Args:
        tasks: groups at points.
        change: runs points and says how much their figures change.
        tolerance: how much a group may change.
    """
    done: list[Task] = []
    left = [task for task in tasks if task.group]
    while left:
        asked = [(task.point, ends) for task in left for ends in _ends(task.group)]
        found = change(asked)
        halves: list[Task] = []
        for number, task in enumerate(left):
            if _within(found[2 * number : 2 * number + 2], tolerance):
                done.append(task)
            elif len(task.group) > 1:
                middle = len(task.group) // 2
                halves += [Task(task.point, task.group[:middle]), Task(task.point, task.group[middle:])]
        left = halves
    return done


def _ends(group: Sequence[Unknown]) -> tuple[Values, Values]:
    return {each.key: each.low for each in group}, {each.key: each.high for each in group}


def _within(changes: Sequence[float], tolerance: float) -> bool:
    return not any(isnan(change) or abs(change) > tolerance for change in changes)
