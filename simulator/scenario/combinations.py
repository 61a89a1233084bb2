"""Combinations: one choice of everything that a scenario leaves open, in the order of the points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from simulator.catalog.document import Place
from simulator.scenario.parts import VARYING, MachineChoice, SettingChoice, TenantChoice
from simulator.scenario.stacks import StackChoice
from simulator.scenario.variants import Label

Choice = MachineChoice | TenantChoice | SettingChoice


@dataclass(frozen=True)
class Combination:
    """One choice of everything; the machine is None while no machine can be read.

    Attributes:
        axes: which value was taken of everything that varies, the stack first, then in the order of the file.
    """

    stack: StackChoice
    machine: MachineChoice | None
    tenants: tuple[TenantChoice, ...]
    settings: Mapping[str, SettingChoice]
    axes: Mapping[str, Label]

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

    def number(self) -> int:
        """How many combinations there are; a part that has no choices counts for one."""
        others = (self.machines, *self.tenants.values(), *self.settings.values())
        return prod((len(self.stacks), *(len(each) for each in others if each)))

    def tenants_in_all(self) -> tuple[int, str]:
        """How many tenants all combinations have together, and the name of those that are most."""
        number = self.number()
        counts = {
            name: sum(each.form.count for each in choices) * number // len(choices)
            for name, choices in self.tenants.items()
            if choices
        }
        return sum(counts.values()), max(counts, key=counts.__getitem__, default="")

    def combinations(self, data: Mapping[str, Any]) -> Iterator[Combination]:
        """Every combination, the stack changing slowest, then in the order of the file."""
        several = len({stack.label for stack in self.stacks}) > 1
        for stack in self.stacks:
            for others in product(*self._others(data)):
                axes: dict[str, Label] = {"stack": stack.label} if several else {}
                for variant in (stack.variant, *(choice.variant for choice in others)):
                    axes |= variant.axes
                yield _combination(stack, others, axes)

    def _others(self, data: Mapping[str, Any]) -> Iterator[Sequence[Choice]]:
        """The parts beside the stack that have choices, in the order of the file."""
        for key in dict.fromkeys([*data, *VARYING]):
            if key == "machine" and self.machines:
                yield self.machines
            elif key == "tenants":
                yield from (choices for choices in self.tenants.values() if choices)
            elif key in self.settings:
                yield self.settings[key]


def _combination(stack: StackChoice, others: Sequence[Choice], axes: Mapping[str, Label]) -> Combination:
    machines = [each for each in others if isinstance(each, MachineChoice)]
    tenants = tuple(copy for each in others if isinstance(each, TenantChoice) for copy in each.copies())
    return Combination(
        stack.for_tenants({each.name: each.copy_of or each.name for each in tenants}),
        machines[0] if machines else None,
        tenants,
        {each.name: each for each in others if isinstance(each, SettingChoice)},
        axes,
    )
