"""The forms of ``sweep``: axes by path, designs, cases and axes that go side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.catalog.document import Place, path_text
from simulator.catalog.suggestion import suggestion
from simulator.errors import UnitError
from simulator.results.places import called
from simulator.scenario.sweep import designs, ranges
from simulator.scenario.sweep.groups import Group
from simulator.scenario.sweep.limit import MOST_POINTS
from simulator.scenario.sweep.paths import STACK, axes, wants_whole
from simulator.scenario.sweep.schema import GRID, LATIN_HYPERCUBE, SOBOL, Design, Range, Sweep
from simulator.scenario.types import shown, split
from simulator.scenario.variants import label

if TYPE_CHECKING:
    from simulator.scenario.sweep.writing import Writer

_DESIGN, _CASES = ("sweep", "design"), ("sweep", "cases")
_MOST_AXES = 1_000
MOST_VALUES = 500_000
"""So many values a design may have."""
CASE = "case"
"""The axis that stands for what cases set."""


def write_axes(writer: Writer, form: Sweep) -> None:
    """Values by path, as lists in the fields."""
    for path, written in form.axes.items():
        place: Place = ("sweep", "axes", path)
        target = writer.target(path, place)
        values = writer.values(written, place, target) if target else None
        if target and values and writer.put(target, values, place) and isinstance(written, Range):
            writer.computed.add(place)


# Designs


def write_design(writer: Writer, form: Sweep) -> None:
    """Points that fill the space of several axes: a list in the field of each, which go side by side."""
    design = form.design
    if design is None or not _is_possible(writer, design):
        return
    targets = {path: writer.target(path, (*_DESIGN, "over", path)) for path in design.over}
    known = {path: target for path, target in targets.items() if target}
    drawn = {path: _drawn(writer, design, path, target) for path, target in known.items()}
    parts = _parts(design, list(known), _seed(writer))
    members = []
    for path, target in known.items():
        draw, origin = drawn[path], (*_DESIGN, "over", path)
        if draw and writer.put(target, draw(parts.get(path, ())), origin):
            writer.computed.add(origin)
            members.append(target)
    if design.kind != GRID and members:
        columns = [writer.field(member)[1] for member in members]
        writer.refuse_equal_rows((*_DESIGN, "points"), columns, "take fewer points, or wider ranges")
        writer.group(Group(_DESIGN, tuple(members), design.points))


def _is_possible(writer: Writer, design: Design) -> bool:
    """Whether a design of this kind can have so many points."""
    place, points = (*_DESIGN, "points"), design.points
    if points > MOST_POINTS:
        writer.complain(place, f"{points:,} points are more than {MOST_POINTS:,}", "take fewer")
    elif points * len(design.over) > MOST_VALUES or len(design.over) > _MOST_AXES:
        writer.complain(place, f"of {len(design.over):,} axes that is too much", "take fewer points, or fewer axes")
    elif design.kind == SOBOL and points & (points - 1):
        below, above = designs.powers_around(points)
        message = f"{points} is no power of two, and only so many points of a Sobol sequence are even"
        writer.complain(place, message, f"take {below} or {above}, or 'kind: {LATIN_HYPERCUBE}'")
    elif design.kind == GRID and points < 2:
        writer.complain(place, "a grid has at least two values of each axis", "write 2 or more")
    else:
        return True
    return False


def _drawn(writer: Writer, design: Design, path: str, target: Place) -> Callable[[Sequence[float]], list[Any]] | None:
    """The values of an axis at parts of its way, of a grid all of them; None, and noted, if it has none."""
    written, place = design.over[path], (*_DESIGN, "over", path)
    if isinstance(written, list):
        several = written
        return lambda parts: several if design.kind == GRID else [several[int(part * len(several))] for part in parts]
    if written.count is not None or written.step is not None:
        key = "count" if written.count is not None else "step"
        writer.complain((*place, key), "is what the design decides", f"remove '{key}', or write the range in 'axes'")
        return None
    try:
        ends = ranges.span(written, wants_whole(target))
        values = ranges.distinct(ends.steps(design.points), "points") if design.kind == GRID else []
    except UnitError as error:
        writer.complain(place, *split(str(error)))
        return None
    return lambda parts: values or [ends.drawn(part) for part in parts]


def _parts(design: Design, paths: Sequence[str], seed: int) -> dict[str, list[float]]:
    """For each axis the parts of its way at which the points are; none for a grid, which has its own values."""
    if design.kind == GRID or not paths:
        return {}
    make = designs.sobol if design.kind == SOBOL else designs.latin_hypercube
    return dict(zip(paths, make(seed, paths, design.points), strict=True))


def _seed(writer: Writer) -> int:
    seed = writer.data.get("seed", 1)
    return seed if isinstance(seed, int) else 1


# Cases


def write_cases(writer: Writer, form: Sweep) -> None:
    """Points by name: a list in each field that they set, which go side by side under the name ``case``."""
    names = tuple(form.cases)
    columns: list[list[Any]] = []
    members: list[Place] = []
    stacks: tuple[str, ...] = ()
    for path in dict.fromkeys(path for case in form.cases.values() for path in case):
        first = next(name for name, case in form.cases.items() if path in case)
        target = (STACK,) if path == STACK else writer.target(path, (*_CASES, first, path))
        column = _column(writer, form, path, target) if target else None
        if not target or column is None:
            continue
        columns.append(column)
        if path == STACK:
            stacks = tuple(map(str, column))
        elif _put_cases(writer, form, path, target, column):
            members.append(target)
    _refuse_equal_cases(writer, names, columns)
    if members or stacks:
        writer.group(Group(_CASES, tuple(members), len(names), CASE, names, stacks))


def _column(writer: Writer, form: Sweep, path: str, target: Place) -> list[Any] | None:
    """The value of each case in a field; what it does not say stands in the field. None, and noted, if it does not."""
    there, plain = (False, None) if path == STACK else writer.field(target)
    found = []
    for name, case in form.cases.items():
        place = (*_CASES, name, path)
        if path == STACK and path in case and case[path] not in writer.stacks():
            message = f"no stack is called {shown(case[path])}"
            writer.complain(place, message, suggestion(str(case[path]), writer.stacks()))
            return None
        if isinstance(case.get(path), list):
            writer.complain(place, "is a list, and a case is one point", "write one value, and more cases")
            return None
        if path not in case and (not there or isinstance(plain, list)):
            remedy = f"add '{path}: ...'" if path == STACK else f"add '{path}: ...', or write its value in the field"
            writer.complain((*_CASES, name), f"does not say {path}, which other cases do", remedy)
            return None
        found.append(case.get(path, plain))
    return found


def _put_cases(writer: Writer, form: Sweep, path: str, target: Place, column: list[Any]) -> bool:
    """Write what cases say into a field, in place of the value for all others that stands there."""
    first = next(name for name, case in form.cases.items() if path in case)
    kept = any(path not in case for case in form.cases.values())
    if not writer.put(target, column, (*_CASES, first, path), instead=kept):
        return False
    for index, (name, case) in enumerate(form.cases.items()):
        writer.moved[(*target, index)] = (*_CASES, name, path) if path in case else target
    return True


def _refuse_equal_cases(writer: Writer, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for name, row in zip(names, zip(*(map(label, each) for each in columns), strict=True), strict=False):
        if seen.setdefault(row, name) != name:
            writer.complain((*_CASES, name), f"is the same point as {seen[row]!r}", "remove one of the two")


# Side by side


def write_zip(writer: Writer, form: Sweep) -> None:
    """Axes that go side by side."""
    if not form.zip:
        return
    known, elsewhere = axes(writer.data), writer.elsewhere()
    for index, names in enumerate(form.zip):
        place: Place = ("sweep", "zip", index)
        found = [_axis(writer, name, (*place, position), known, elsewhere) for position, name in enumerate(names)]
        targets = [target for target in found if target]
        columns = {target: writer.stacks() if target == (STACK,) else writer.field(target)[1] for target in targets}
        if len(targets) < len(found) - found.count(()) or len(columns) < 2:
            if len(targets) > len(columns):
                writer.complain(place, "names an axis twice", "name each once")
            continue
        lengths = {path_text(target): len(column) for target, column in columns.items()}
        if len(set(lengths.values())) > 1:
            has = ", ".join(f"{name} has {length} value{'s'[: length != 1]}" for name, length in lengths.items())
            writer.complain(place, f"cannot go side by side: {has}", "give all of them equally many values")
        elif not writer.refuse_equal_rows(place, list(columns.values()), "remove one of the two from each list"):
            stacks = tuple(columns.pop((STACK,), ()))
            rows = next(iter(lengths.values()))
            writer.group(Group(place, tuple(columns), rows, STACK if stacks else "", stacks=stacks))


def _axis(
    writer: Writer, name: str, place: Place, known: Mapping[str, Place], elsewhere: Sequence[str]
) -> Place | None:
    """The axis of this name; () if it is overridden or noted as wrong; None, and noted, if there is none."""
    if name == STACK:
        return (STACK,)
    found = called(name, known)
    if len(found) == 1:
        return known[found[0]]
    if called(name, elsewhere):
        return ()
    if found:
        writer.complain(place, f"several axes are called {name!r}", f"write one of: {', '.join(found)}")
    else:
        writer.complain(place, f"no axis is called {name!r}", suggestion(name, [*known, STACK]))
    return None
