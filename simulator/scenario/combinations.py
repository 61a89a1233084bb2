"""Combinations: one choice of everything that a scenario leaves open, in the order of the points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.catalog.document import Place
from simulator.scenario.parts import MachineChoice, SettingChoice, TenantChoice
from simulator.scenario.stacks import StackChoice
from simulator.scenario.sweep.groups import Groups, Rows, admitted, partners
from simulator.scenario.variants import VARYING, Label

Choice = MachineChoice | TenantChoice | SettingChoice


@dataclass(frozen=True)
class Combination:
    """One choice of everything; the machine is None while no machine can be read.

    Attributes:
        axes: which value was taken of everything that varies, the stack first, then in the order of the file.
        values: the same with the axes that another stands for in place of that one.
    """

    stack: StackChoice
    machine: MachineChoice | None
    tenants: tuple[TenantChoice, ...]
    settings: Mapping[str, SettingChoice]
    axes: Mapping[str, Label]
    values: Mapping[str, Label]

    def setting(self, name: str) -> Any:
        """The value of a setting."""
        return self.settings[name].value

    def place(self, setting: str) -> Place:
        """Where a setting stands."""
        return self.settings[setting].variant.place((setting,))


@dataclass(frozen=True)
class Parts:
    """All choices of each part; a part that cannot be read has none."""

    stacks: Sequence[StackChoice]
    machines: Sequence[MachineChoice]
    tenants: Mapping[str, Sequence[TenantChoice]]
    settings: Mapping[str, Sequence[SettingChoice]]

    def tenants_in_all(self, points: int) -> tuple[int, str]:
        """How many tenants so many points have together, at most, and the name of those that are most."""
        counts = {
            name: sum(each.form.count for each in choices) * points // len(choices)
            for name, choices in self.tenants.items()
            if choices
        }
        return sum(counts.values()), max(counts, key=counts.__getitem__, default="")

    def combinations(self, data: Mapping[str, Any], groups: Groups) -> Iterator[Combination]:
        """Every combination, the stack changing slowest, then in the order of the file.

        Args:
            data: the keys of the file.
            groups: the axes that go side by side.
        """
        several = len({stack.label for stack in self.stacks}) > 1
        hidden = groups.hidden
        for stack in self.stacks:
            allowed = groups.allowed(stack.companion_of or stack.label)
            for rows, others in _joined(admitted([stack], allowed), list(self._others(data)), allowed):
                axes: dict[str, Label] = {"stack": stack.label} if several else {}
                for variant in (stack.variant, *(choice.variant for choice in others)):
                    axes |= variant.axes
                standing = _standing(axes, rows, groups, hidden) if groups.listed else axes
                yield _combination(stack, others, standing, axes)

    def _others(self, data: Mapping[str, Any]) -> Iterator[Sequence[Choice]]:
        """The parts beside the stack that have choices, in the order of the file."""
        for key in dict.fromkeys([*data, *VARYING]):
            if key == "machine" and self.machines:
                yield self.machines
            elif key == "tenants":
                yield from (choices for choices in self.tenants.values() if choices)
            elif key in self.settings:
                yield self.settings[key]


def _joined(
    stacks: Sequence[StackChoice], parts: Sequence[Sequence[Choice]], allowed: Mapping[int, frozenset[int]]
) -> list[tuple[Rows, tuple[Choice, ...]]]:
    """One choice of each part, of those that go together, the last part changing fastest; with their rows."""
    found: list[tuple[Rows, tuple[Choice, ...]]] = [(stack.variant.rows, ()) for stack in stacks]
    for choices in parts:
        if found:
            fitting = partners(found[0][0], admitted(choices, allowed) if allowed else choices)
            found = [
                ({**rows, **choice.rows} if choice.rows else rows, (*others, choice))
                for rows, others in found
                for choice in fitting(rows)
            ]
    only = {group: next(iter(rows)) for group, rows in allowed.items() if len(rows) == 1}
    return [({**only, **rows}, others) for rows, others in found] if only else found


def _standing(axes: Mapping[str, Label], rows: Rows, groups: Groups, hidden: Mapping[str, int]) -> dict[str, Label]:
    """The axes, with that of a group in place of those that it stands for."""
    found: dict[str, Label] = {}
    for name, value in axes.items():
        group = groups.listed[hidden[name]] if name in hidden else None
        if group is None:
            found[name] = value
        elif group.labels:
            found[group.name] = group.labels[rows[hidden[name]]]
    for number, group in enumerate(groups.listed):
        if group.labels and number in rows:
            found.setdefault(group.name, group.labels[rows[number]])
    return found


def _combination(
    stack: StackChoice, others: Sequence[Choice], axes: Mapping[str, Label], values: Mapping[str, Label]
) -> Combination:
    machines = [each for each in others if isinstance(each, MachineChoice)]
    tenants = tuple(copy for each in others if isinstance(each, TenantChoice) for copy in each.copies())
    return Combination(
        stack.for_tenants({each.name: each.copy_of or each.name for each in tenants}),
        machines[0] if machines else None,
        tenants,
        {each.name: each for each in others if isinstance(each, SettingChoice)},
        axes,
        values,
    )
