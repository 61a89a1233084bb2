"""Groups of axes that go side by side, and how choices that belong together find each other.

A group has rows; each of its axes is a list with one value for each row. A variant of a part of the scenario knows
which row of each group it belongs to, and goes only with variants of the same rows. They are found by their rows, so
that the work grows with the number of combinations, not with that of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from simulator.catalog.document import Place, path_text

Rows = Mapping[int, int]
"""For groups by number: the row."""


class HasRows(Protocol):
    """What belongs to rows of groups."""

    @property
    def rows(self) -> Rows: ...


Chosen = TypeVar("Chosen", bound=HasRows)


@dataclass(frozen=True)
class Group:
    """Axes that go side by side.

    Attributes:
        place: where it is written.
        members: its axes, by their places.
        rows: how many values each of them has.
        name: the axis that stands for all of them; empty: each stands for itself. Where values go with the stacks,
            that is the stack: so what differs between two stacks is one thing, and they can be compared.
        labels: what the rows are called there, if that axis is there for them only.
        stacks: the label of the stack that each row is of; empty: rows are of all stacks.
    """

    place: Place
    members: tuple[Place, ...]
    rows: int
    name: str = ""
    labels: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The axes that go side by side, by their names, the stack among them where rows are of stacks."""
        return (*(["stack"] if self.stacks else []), *map(path_text, self.members))

    def rows_of(self, stack: str) -> frozenset[int]:
        """The rows of a stack, by its label, where each is of one."""
        return frozenset(row for row, label in enumerate(self.stacks) if label == stack)


@dataclass(frozen=True)
class Groups:
    """All groups of a scenario."""

    listed: tuple[Group, ...] = ()

    @property
    def of_places(self) -> dict[Place, int]:
        """The number of the group by the places of its axes."""
        return {member: number for number, group in enumerate(self.listed) for member in group.members}

    @property
    def hidden(self) -> dict[str, int]:
        """The number of the group by the names of axes that another stands for."""
        named = ((number, group) for number, group in enumerate(self.listed) if group.name)
        return {path_text(member): number for number, group in named for member in group.members}

    def allowed(self, stack: str) -> dict[int, frozenset[int]]:
        """For each group whose rows are of certain stacks, those of this one."""
        return {number: group.rows_of(stack) for number, group in enumerate(self.listed) if group.stacks}


def admitted(choices: Iterable[Chosen], allowed: Mapping[int, frozenset[int]]) -> list[Chosen]:
    """Those whose rows are allowed."""
    return [each for each in choices if all(row in allowed.get(group, (row,)) for group, row in each.rows.items())]


def partners(known: Iterable[int], choices: Sequence[Chosen]) -> Callable[[Rows], Sequence[Chosen]]:
    """A function that says which of these choices go with something of certain rows, in their order.

    Args:
        known: the groups of which that something has a row.
        choices: what it is to be combined with; all belong to the same groups.
    """
    shared = [group for group in known if choices and group in choices[0].rows]
    if not shared:
        return lambda rows: choices
    found: dict[tuple[int, ...], list[Chosen]] = {}
    for choice in choices:
        found.setdefault(tuple(choice.rows[group] for group in shared), []).append(choice)
    return lambda rows: found.get(tuple(rows[group] for group in shared), ())
