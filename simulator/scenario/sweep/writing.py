"""Writes what ``sweep`` says into the fields: lists there, and groups of lists that go side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.catalog.document import Place, path_text
from simulator.errors import Problem, UnitError
from simulator.scenario import problems
from simulator.scenario.source import Source
from simulator.scenario.sweep import ranges
from simulator.scenario.sweep.groups import Group, Groups
from simulator.scenario.sweep.paths import STACK, Nowhere, place_of, put, wants_whole, written_at
from simulator.scenario.sweep.schema import PARTS, Range, Sweep
from simulator.scenario.types import shown, split
from simulator.scenario.variants import LISTS, VARYING, label

SWEEP = "sweep"
MOST_MADE = 300_000
"""So many values the ranges of one scenario may have; a file of a few lines should not fill the memory."""
_BY_NAME = ("axes", "cases")
"""Forms of which one entry can be wrong and the others right."""
_NAMES: tuple[Place, ...] = (("tenants",), ("stacks",))
"""Mappings whose keys are names that their writer chose, which may be 'from' and 'to'."""


@dataclass(frozen=True)
class Written:
    """A scenario with all that varies in its fields.

    Attributes:
        source: the scenario; its mistakes are located where they were written.
        form: what ``sweep`` says.
        problems: what is wrong with it.
        targets: the fields that were to be written, whether they could or not.
    """

    source: Source
    form: Sweep
    problems: list[Problem]
    targets: frozenset[Place]


def written_out(source: Source) -> Written:
    """The scenario with all that varies in its fields; ``sweep`` itself is gone."""
    form, found = _read(source)
    writer = Writer(source, found)
    writer.write_ranges()
    writer.write(form)
    return Written(writer.source(), form, writer.problems, frozenset(writer.targets))


def _read(source: Source) -> tuple[Sweep, list[Problem]]:
    """What ``sweep`` says, as far as it can be read, and what is wrong with it."""
    written = source.data.get(SWEEP, {})
    if not isinstance(written, dict):
        remedy = "write 'axes: ...' lines under it"
        return Sweep(), [source.problem((SWEEP,), f"{shown(written)} is not a mapping", remedy)]
    found = problems.of_schema(source, PARTS, (SWEEP,)) if written else []
    good = deepcopy(written) if found else written
    for place, _ in found:
        inside = good.get(place[0])
        inside.pop(place[1], None) if isinstance(inside, dict) and place[0] in _BY_NAME else good.pop(place[0], None)
    return Sweep.model_validate(good), [problem for _, problem in found]


@dataclass
class Writer:
    """The scenario while it is written."""

    origin: Source
    problems: list[Problem]
    data: dict[str, Any] = field(init=False)
    targets: set[Place] = field(default_factory=set)
    moved: dict[Place, Place] = field(default_factory=dict)
    computed: set[Place] = field(default_factory=set)
    groups: list[Group] = field(default_factory=list)
    made: int = 0

    def __post_init__(self) -> None:
        self.data = deepcopy({key: value for key, value in self.origin.data.items() if key != SWEEP})

    def source(self) -> Source:
        """The scenario as written so far."""
        return replace(
            self.origin,
            document=replace(self.origin.document, data=self.data),
            moved=self.moved,
            computed=frozenset(self.computed),
            groups=Groups(tuple(self.groups)),
        )

    def complain(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(self.origin.problem(place, message, remedy))

    def write(self, form: Sweep) -> None:
        """All forms, one after the other."""
        from simulator.scenario.sweep import forms

        forms.write_axes(self, form)
        forms.write_design(self, form)
        forms.write_cases(self, form)
        forms.write_zip(self, form)

    # Ranges in fields

    def write_ranges(self) -> None:
        """The values of ranges that stand in fields."""
        for key in ("machine", "stacks", "tenants", *VARYING):
            if key in self.data:
                self._write_within(self.data, key, (key,))

    def _write_within(self, container: Any, key: str | int, place: Place) -> None:
        value = container[key]
        if _is_range(value, place):
            self._write_range(container, key, place)
        elif isinstance(value, dict):
            for inside in list(value):
                self._write_within(value, inside, (*place, inside))
        elif isinstance(value, list) and place[-1] not in LISTS:
            for index in range(len(value)):
                self._write_within(value, index, (*place, index))

    def _write_range(self, container: Any, key: str | int, place: Place) -> None:
        self.targets.add(place)
        if isinstance(key, int):
            self.complain(place, "is a range within a list", "write the range alone, or its values one by one")
            container[key] = None
            return
        found = problems.of_schema(self.origin, {(): Range}, place)
        self.problems += [problem for _, problem in found]
        written = container.pop(key)
        values = None if found else self.values(written, place, place)
        if values is not None:
            container[key] = values
            self.computed.add(place)
            _restore_order(container, self.origin.data, place)

    # What the forms of a sweep are made of

    def values(self, written: Any, place: Place, target: Place) -> list[Any] | None:
        """The values of an axis, from a list or a range; None, and a mistake noted, if there are none."""
        if isinstance(written, list):
            return written
        form = written if isinstance(written, Range) else Range.model_validate(written)
        if self.made > MOST_MADE:
            self.complain(place, f"is one range too many: those before have {self.made:,} values", "write shorter ones")
            return None
        try:
            found = ranges.values(form, wants_whole(target))
            self.made += len(found)
            return list(found)
        except UnitError as error:
            self.complain(place, *split(str(error)))
            return None

    def target(self, path: str, place: Place) -> Place | None:
        """Where a path leads; None if it is overridden, or leads nowhere, which is noted."""
        try:
            found = place_of(self.data, path)
        except Nowhere as error:
            self.complain(place, *error.args)
            return None
        self.targets.add(found)
        return None if found in self.origin.overridden else found

    def put(self, target: Place, values: Sequence[Any], place: Place, instead: bool = False) -> bool:
        """Write values into a field, on behalf of a place in ``sweep``; False, and noted, if that cannot be.

        Args:
            target: the field.
            values: one for each point on the axis.
            place: where they are written.
            instead: whether they take the place of a value that stands there.
        """
        if (SWEEP,) in self.origin.overridden and target not in self.moved:
            instead = instead or self.field(target)[0]  # whoever gives another sweep cannot change the file
        try:
            if instead:
                self.field(target[:-1])[1].pop(target[-1])
            added, moved = put(self.data, target, list(values))
        except Nowhere as error:
            self.complain(place, *error.args)
            return False
        self.moved |= {**moved, **dict.fromkeys(added, place), target: place}
        return True

    def group(self, group: Group) -> None:
        """Let axes go side by side; none may do so with others already."""
        taken = {member for each in self.groups for member in (*each.members, *([(STACK,)] if each.stacks else []))}
        twice = [each for each in (*group.members, *([(STACK,)] if group.stacks else [])) if each in taken]
        for member in twice:
            message = f"{path_text(member)} goes side by side with other axes already"
            self.complain(group.place, message, "name it in one place only, with all that it goes with")
        if not twice:
            self.groups.append(group)

    def refuse_equal_rows(self, place: Place, columns: Sequence[Sequence[Any]], remedy: str) -> bool:
        """Note if two rows of a group are equal."""
        seen: dict[tuple[Any, ...], int] = {}
        for number, row in enumerate(zip(*(map(label, column) for column in columns), strict=True), 1):
            if seen.setdefault(row, number) != number:
                first, values = seen[row], ", ".join(str(each) for each in row)
                self.complain(place, f"its rows {first} and {number} are the same point: {values}", remedy)
                return True
        return False

    def stacks(self) -> list[str]:
        """The labels of all stacks."""
        written = self.data.get("stacks")
        return [str(each) for each in written] if isinstance(written, dict | list) else []

    def field(self, place: Place) -> tuple[bool, Any]:
        """Whether something is written in a field, and what."""
        return written_at(self.data, place)

    def elsewhere(self) -> list[str]:
        """The paths of all fields that are overridden, or that something could not be written into."""
        written = self.origin.data.get(SWEEP)
        entries = written.get("axes") if isinstance(written, dict) else None
        places = (*self.origin.overridden, *self.targets)
        return [*map(path_text, places), *(entries if isinstance(entries, dict) else ())]


def _is_range(value: Any, place: Place) -> bool:
    if not isinstance(value, Mapping) or not {"from", "to"} & value.keys():
        return False
    of_tenants = len(place) == 3 and (place[0], place[2]) == ("stacks", "stack")
    return place not in _NAMES and place[:-1] not in _NAMES and not of_tenants


def _restore_order(container: dict[str, Any], data: Any, place: Place) -> None:
    """Let keys stand in the order of the file again, which is that of the axes."""
    for part in place[:-1]:
        data = data[part]
    for key in data:
        if key in container:
            container[key] = container.pop(key)
