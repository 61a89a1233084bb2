"""A prediction: what a student thinks will come out, written down before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from simulator.catalog.suggestion import suggestion
from simulator.errors import UnitError, UsageError
from simulator.units import dimension_of, parse_quantity, written_quantity

if TYPE_CHECKING:
    from simulator.units import Dimension

Guess = float | int | str | None
GAP = "?"


@dataclass(frozen=True)
class Prediction:
    """Numbers by name, all in one unit; None where nothing has been predicted yet.

    Attributes:
        values: by name, in the order in which they were asked.
        unit: of all of them, empty for counts and factors.
    """

    values: Mapping[str, float | None]
    unit: str = ""

    @property
    def complete(self) -> bool:
        """Whether everything has been predicted."""
        return None not in self.values.values()

    def _repr_markdown_(self) -> str:
        head = f"predicted [{self.unit}]" if self.unit else "predicted"
        rows = [f"| {name} | {shown(value)} |" for name, value in self.values.items()]
        return "\n".join([f"| | {head} |", "|---|---:|", *rows])

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {shown(value)} {self.unit}".rstrip() for name, value in self.values.items())


def predict(given: Mapping[str, Guess], *, names: Iterable[str], unit: str = "") -> Prediction:
    """Take a prediction down.

    Args:
        given: by name a number in the unit, a text with a unit that fits (``"3 us"``), or None: not yet.
        names: all that is asked.
        unit: of the answers (``%``, ``us``, ``MiB``, ``MB/s``, ...) or what is counted; empty for a bare number.

    Raises:
        UsageError: a name that is not asked, or an answer that is no number in this unit.
    """
    asked = list(names)
    for name in given:
        if name not in asked:
            raise UsageError(f"{name!r} is not asked here; {suggestion(name, asked)}")
    return Prediction({name: _number(name, given.get(name), unit) for name in asked}, unit)


def _number(name: str, given: Guess, unit: str) -> float | None:
    if given is None or (isinstance(given, str) and given.strip() in ("", GAP)):
        return None
    example = f"write e.g. 3.5 or '3.5 {unit}'" if unit else "write e.g. 3.5"
    if isinstance(given, str) and "," in given:
        raise UsageError(f"{name}: {given!r} has a comma; write 3.5 for three and a half, and 1000 without one")
    try:
        number, written = written_quantity(given)
    except UnitError:
        raise UsageError(f"{name}: {given!r} is no number; {example}") from None
    value = float(number)
    if not isfinite(value):
        raise UsageError(f"{name}: {given!r} is too large to be a number; {example}")
    return value if written in ("", unit) else value * _factor(name, str(given), written, unit)


def _factor(name: str, given: str, written: str, unit: str) -> float:
    """How many of the wanted unit one of the written is."""
    dimension: Dimension | None = dimension_of(unit) if unit else None
    if dimension is None or dimension_of(written) != dimension:
        wanted = f"it is asked in {unit}" if unit else "it is a number without a unit"
        raise UsageError(f"{name}: {given!r} is in {written}, but {wanted}")
    return parse_quantity(f"1 {written}", dimension) / parse_quantity(f"1 {unit}", dimension)


def shown(value: float | None) -> str:
    """A number with three or four digits; a question mark for none."""
    if value is None:
        return GAP
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
