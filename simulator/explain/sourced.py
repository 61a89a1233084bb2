"""Numbers that remember which catalog entries they were computed from.

Layers reckon with plain floats. Given these instead, they reckon the same and every result says where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simulator.catalog import Quantity
from simulator.parameters import Parameters


class Origin(NamedTuple):
    """One entry of the catalog: the product or device it belongs to, and the number."""

    product: str
    quantity: Quantity


class Sourced(float):
    """A float with origins; sums, differences, products and quotients have the origins of both sides."""

    origins: tuple[Origin, ...]

    def __new__(cls, value: float, origins: tuple[Origin, ...] = ()) -> Sourced:
        number = super().__new__(cls, value)
        number.origins = origins
        return number

    def _with(self, value: float, other: object) -> Sourced:
        return Sourced(value, tuple(dict.fromkeys((*self.origins, *origins(other)))))

    def __add__(self, other: float) -> Sourced:
        return self._with(float(self) + float(other), other)

    def __sub__(self, other: float) -> Sourced:
        return self._with(float(self) - float(other), other)

    def __rsub__(self, other: float) -> Sourced:
        return self._with(float(other) - float(self), other)

    def __mul__(self, other: float) -> Sourced:
        return self._with(float(self) * float(other), other)

    def __truediv__(self, other: float) -> Sourced:
        return self._with(float(self) / float(other), other)

    def __rtruediv__(self, other: float) -> Sourced:
        return self._with(float(other) / float(self), other)

    __radd__ = __add__
    __rmul__ = __mul__


def origins(number: object) -> tuple[Origin, ...]:
    """Where a number comes from; nothing for a plain one."""
    return number.origins if isinstance(number, Sourced) else ()


def sourced(product: str, quantities: Mapping[str, Quantity]) -> Parameters:
    """A product's numbers with their origins."""
    return Parameters({name: Sourced(each.value, (Origin(product, each),)) for name, each in quantities.items()})
