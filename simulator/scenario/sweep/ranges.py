"""Ranges: values between two ends, as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulator.errors import UnitError
from simulator.scenario.sweep.schema import LOG, Range
from simulator.scenario.types import shown
from simulator.units import UNITS, Dimension, dimension_of, written_quantity

MOST_VALUES = 100_000
"""Of a range with more values than that nobody would see the end."""
_DIGITS = 6
_DIGITS_OF_A_DESIGN = 4
Value = int | float | str


@dataclass(frozen=True)
class Span:
    """The two ends of a range, in one unit.

    Attributes:
        first: the first value as written.
        last: the last value as written.
        low: the first value, in ``unit``.
        high: the last value, in ``unit``.
        unit: the symbol that values are written with; empty for plain numbers.
        text: whether values are texts, as the ends are.
        whole: whether values are whole numbers, as the ends are.
        log: whether neighbours differ by the same factor.
    """

    first: Value
    last: Value
    low: Decimal
    high: Decimal
    unit: str
    text: bool
    whole: bool
    log: bool

    def at(self, part: float, digits: int = _DIGITS) -> Value:
        """The value at a part of the way from the first to the last, rounded but never beyond the ends."""
        if part in (0.0, 1.0):
            return self.last if part else self.first
        low, high = float(self.low), float(self.high)
        number = low * (high / low) ** part if self.log else low + (high - low) * part
        return self._written(self._within(Decimal(f"{number:.{digits}g}")))

    def drawn(self, part: float) -> Value:
        """The value of a design at a part, less than 1, of the way: short, and each whole number as often as others."""
        if self.whole and not self.log:
            numbers = Decimal(int(part * float(abs(self.high - self.low) + 1)))
            return self._written(min(self.low, self.high) + numbers)
        return self.at(part, _DIGITS_OF_A_DESIGN)

    def steps(self, count: int) -> list[Value]:
        """So many values, the first and the last among them."""
        return [self.at(number / (count - 1), _DIGITS) for number in range(count)]

    def stepping(self, step: Decimal) -> list[Value]:
        """The values so far apart."""
        numbers = range(1, self.number_of(step))
        return [self.first, *(self._written(self.low + number * step) for number in numbers)]

    def number_of(self, step: Decimal) -> int:
        """How many values so far apart there are."""
        return int((self.high - self.low) / step) + 1

    def _within(self, number: Decimal) -> Decimal:
        return min(max(number, min(self.low, self.high)), max(self.low, self.high))

    def _written(self, number: Decimal) -> Value:
        if self.whole:
            return int(number.to_integral_value())
        text = f"{number.normalize():f}"
        return f"{text} {self.unit}".strip() if self.text else float(text)


def span(written: Range, whole: bool = True) -> Span:
    """The ends of a range.

    Args:
        written: the range.
        whole: whether whole numbers stay whole where it stands.

    Raises:
        UnitError: an end that is no quantity, ends of two kinds, or none between which values lie.
    """
    (low, unit, kind), (high, other, other_kind) = _read(written.first), _read(written.last)
    if low == 0:
        unit, kind = other, other_kind
    elif high != 0 and kind != other_kind:
        raise UnitError(f"{shown(written.first)} and {shown(written.last)} are not of one kind; write both in one unit")
    elif high != 0:
        high *= UNITS[kind][other] / UNITS[kind][unit]
    if low == high:
        raise UnitError("begins where it ends; write two different ends, or one value instead of a range")
    if written.scale == LOG and min(low, high) <= 0:
        raise UnitError("cannot have equal factors from or to 0; begin with more than 0, or take 'scale: linear'")
    whole = whole and isinstance(written.first, int) and isinstance(written.last, int)
    text = isinstance(written.first, str) or isinstance(written.last, str)
    first, last = (each if whole or text else float(each) for each in (written.first, written.last))
    return Span(first, last, low, high, unit, text, whole, written.scale == LOG)


def values(written: Range, whole: bool = True) -> list[Value]:
    """All values of a range.

    Args:
        written: the range.
        whole: whether whole numbers stay whole where it stands.

    Raises:
        UnitError: there are none, too many, or some are equal; with a sentence that says what to do.
    """
    if (written.count is None) == (written.step is None):
        both = "both 'count' and 'step'; keep" if written.step is not None else "neither 'count' nor 'step'; add"
        raise UnitError(f"has {both} one of them, e.g. 'count: 4'")
    ends = span(written, whole)
    if written.count is not None:
        if written.count < 2:
            raise UnitError("has less than two values; write 'count: 2' or more")
        _refuse_many(written.count)
        return distinct(ends.steps(written.count))
    step = _step(written, ends)
    _refuse_many(ends.number_of(step))
    return distinct(ends.stepping(step))


def distinct(found: Sequence[Value], key: str = "count") -> list[Value]:
    """The values if no two are equal.

    Args:
        found: the values.
        key: what says how many there are.

    Raises:
        UnitError: two are.
    """
    if len(set(found)) < len(found):
        twice = next(value for value in found if found.count(value) > 1)
        raise UnitError(f"has {shown(twice)} twice, as its values are rounded; write a smaller '{key}'")
    return list(found)


def _step(written: Range, ends: Span) -> Decimal:
    assert written.step is not None
    if ends.log:
        raise UnitError("has steps, which 'scale: log' has not; write 'count' instead of 'step'")
    step, unit, kind = _read(written.step)
    if ends.unit and unit != ends.unit:
        if kind != dimension_of(ends.unit):
            raise UnitError(f"steps by {shown(written.step)}, which is of another kind; write it in {ends.unit}")
        step *= UNITS[kind][unit] / UNITS[kind][ends.unit]
    elif unit and not ends.unit:
        raise UnitError(f"steps by {shown(written.step)}, which is of another kind; write a number")
    if step <= 0 or ends.high < ends.low:
        raise UnitError("never gets there by such steps; let 'to' be more than 'from', and 'step' more than 0")
    if ends.whole and step != step.to_integral_value():
        raise UnitError(f"steps by {shown(written.step)} from a whole number; write 'from: {ends.low}.0'")
    if ends.low + step > ends.high:
        raise UnitError("has only one value, as one step leads beyond its end; write a smaller 'step'")
    return step


def _refuse_many(number: int) -> None:
    if number > MOST_VALUES:
        raise UnitError(f"has more than {MOST_VALUES:,} values; write fewer")


def _read(written: Value) -> tuple[Decimal, str, Dimension]:
    """Number, unit and kind of an end."""
    number, unit = written_quantity(written)
    kind = dimension_of(unit)
    if kind is None:
        raise UnitError(f"{unit!r} is not a unit; write e.g. '2 GiB', '30 ms' or '50 %'")
    if not math.isfinite(float(number)):
        raise UnitError(f"{shown(written)} is too large to be a number; write less")
    return number, unit, kind
