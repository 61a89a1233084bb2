"""Conditions that leave points out: a value, several values, or a comparison for each of some axes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from simulator.catalog.document import Place, path_text
from simulator.catalog.suggestion import suggestion
from simulator.errors import UnitError
from simulator.results.places import called
from simulator.scenario.combinations import Combination
from simulator.scenario.lookup import Lookup
from simulator.scenario.sweep.paths import STACK, written_at
from simulator.scenario.types import shown
from simulator.scenario.variants import label
from simulator.units import UNITS, dimension_of, written_quantity

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {"<=": le, ">=": ge, "!=": ne, "==": eq, "<": lt, ">": gt, "=": eq}
_COMPARISON = re.compile(rf"({'|'.join(_SIGNS)})\s*(.*\S)\s*", re.DOTALL)
Values = Mapping[str, Any]
Test = Callable[[Values], bool]


def kept(lookup: Lookup, conditions: Sequence[Mapping[str, Any]], points: list[Combination]) -> list[Combination]:
    """The combinations that no condition leaves out; conditions that make no sense are noted."""
    if not conditions or not points:
        return points
    reader = _Reader(lookup, points)
    left: set[int] = set()
    for index, condition in enumerate(conditions):
        place: Place = ("sweep", "drop", index)
        tests = [reader.test(name, written, (*place, name)) for name, written in condition.items()]
        good = [test for test in tests if test is not None]
        if len(good) < len(tests):
            continue
        found = {number for number, values in enumerate(reader.values) if all(test(values) for test in good)}
        if not found and not lookup.source.overridden:
            # What drops nothing is most often a value that no axis has, and the points stay in unnoticed. With values
            # from the command line it may well be that nothing is left to drop.
            lookup.complain(place, "leaves no point out", _nearest(reader, condition))
        left |= found
    if len(left) == len(points):
        lookup.complain(("sweep", "drop"), f"leaves out all {len(points)} points", "let some of them be")
    return [each for number, each in enumerate(points) if number not in left]


class _Reader:
    """Reads conditions on the axes of a scenario."""

    def __init__(self, lookup: Lookup, points: Sequence[Combination]) -> None:
        self._lookup = lookup
        self.values: list[Values] = [{**each.axes, **each.values} for each in points]
        for values, each in zip(self.values, points, strict=True):
            if STACK in values and each.stack.companion_of:
                values[STACK] = each.stack.companion_of  # type: ignore[index]
        self.names = list(dict.fromkeys(name for each in self.values for name in each))
        self._fixed = self._overridden()

    def _overridden(self) -> dict[str, Any]:
        """What axes were that the command line gives one value."""
        source = self._lookup.source
        found = {path_text(place): written_at(source.data, place)[1] for place in source.overridden}
        return {name: value for name, value in found.items() if name not in self.names}

    def axis(self, name: str, place: Place) -> str | None:
        """The axis that a name stands for; None, and noted, if it stands for none or several."""
        found = called(name, self.names) or called(name, self._fixed)
        if len(found) == 1:
            return found[0]
        if found:
            self._lookup.complain(place, f"several axes are called {name!r}", f"write one of: {', '.join(found)}")
        else:
            self._lookup.complain(place, f"no axis is called {name!r}", suggestion(name, self.names))
        return None

    def test(self, name: str, written: Any, place: Place) -> Test | None:
        """What a condition says of an axis; None, and noted, if it cannot be read."""
        axis = self.axis(name, place)
        if isinstance(written, dict):
            self._lookup.complain(place, f"{shown(written)} is no condition", "write a value, '[..., ...]' or '> 4'")
            return None
        several = written if isinstance(written, list) else [written]
        tests = [self._one(axis, each, place) for each in several] if axis else []
        good = [test for test in tests if test is not None]
        if axis is None or len(good) < len(tests):
            return None
        fixed = self._fixed
        return lambda values: any(test({**fixed, **values} if fixed else values) for test in good)

    def _one(self, axis: str, written: Any, place: Place) -> Test | None:
        match = _COMPARISON.fullmatch(written.strip()) if isinstance(written, str) else None
        sign, text = (match[1], match[2]) if match else ("=", written)
        other = called(text, self.names) if match else []
        if len(other) == 1 and other[0] != axis:
            return _between(axis, sign, other[0])
        if match and sign not in ("=", "==", "!=") and _number(text) is None:
            message = f"{text!r} is neither a quantity nor an axis"
            self._lookup.complain(place, message, f"axes are: {', '.join(self.names)}")
            return None
        return _with(axis, sign, text)


def _with(axis: str, sign: str, written: Any) -> Test:
    known: dict[Any, bool] = {}

    def test(values: Values) -> bool:
        value = values.get(axis, values)
        if value is values:
            return False
        if value not in known:
            known[value] = compare(value, sign, written)
        return known[value]

    return test


def _between(axis: str, sign: str, other: str) -> Test:
    known: dict[Any, bool] = {}

    def test(values: Values) -> bool:
        if axis not in values or other not in values:
            return False
        both = (values[axis], values[other])
        if both not in known:
            known[both] = compare(both[0], sign, both[1])
        return known[both]

    return test


def compare(value: Any, sign: str, written: Any) -> bool:
    """Whether a value of an axis compares so with what is written: as quantities if both are, otherwise as texts."""
    one, other = _number(value), _number(written)
    if one is not None and other is not None:
        comparable = one[1] == other[1] or not one[0] or not other[0]
        return _SIGNS[sign](one[0], other[0]) if comparable else sign == "!="
    equal = _text(value) == _text(written) or _text(value).startswith(f"{_text(written)} (")
    return equal if sign in ("=", "==") else not equal if sign == "!=" else False


def _number(value: Any) -> tuple[Any, str] | None:
    """A quantity in the base unit of its dimension, and the dimension; None if it is none."""
    try:
        number, unit = written_quantity(value)
    except UnitError:
        return None
    kind = dimension_of(unit)
    return (number * UNITS[kind][unit], kind) if kind else None


def _text(value: Any) -> str:
    return str(label(value)).lower() if isinstance(value, bool) or value is None else str(value)


def _nearest(reader: _Reader, condition: Mapping[str, Any]) -> str:
    """What was probably meant by the first value that its axis has not."""
    for name, written in condition.items():
        axis = next(iter(called(name, reader.names)), "")
        known = _texts(values[axis] for values in reader.values if axis in values)
        for each in written if isinstance(written, list) else [written]:
            text = str(each)
            if not _COMPARISON.fullmatch(text) and not any(compare(value, "=", each) for value in known):
                return f"{axis} has no {shown(each)}: {suggestion(text, known)}"
    return "correct it, or remove it"


def _texts(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(_text(value) for value in values))
