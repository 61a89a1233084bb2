"""Axes of logarithms whose numbers are written in full: an exponent cannot be read from the last row."""

from __future__ import annotations

from collections.abc import Callable
from math import floor, log10
from typing import TYPE_CHECKING, Literal

from simulator.units import format_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEPS: tuple[tuple[int, ...], ...] = ((1, 2, 5), (1,))


def logarithmic(
    axes: Axes, along: Literal["x", "y"], low: float, high: float, text: Callable[[float], str], most: int = 6
) -> None:
    """Make an axis logarithmic from ``low`` to ``high``, with at most so many numbers on it.

    Args:
        axes: where.
        along: which axis.
        low: lower end, above zero.
        high: upper end.
        text: how a number is written.
        most: numbers.
    """
    ticks = _ticks(low, high, most)
    getattr(axes, f"set_{along}scale")("log")
    getattr(axes, f"set_{along}lim")(low, high)
    getattr(axes, f"set_{along}ticks")(ticks, [text(tick) for tick in ticks])
    getattr(axes, f"set_{along}ticks")([], minor=True)


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two: 1, 2, 5 in each decade, or 1, or that of every so many decades."""
    decades = range(floor(log10(low)), floor(log10(high)) + 1)
    for steps in _STEPS:
        found = [step * 10.0**decade for decade in decades for step in steps if low <= step * 10.0**decade <= high]
        if len(found) <= most:
            return found or [low, high]
    stride = -(-len(found) // most)
    return found[::-1][::stride][::-1]


def seconds(value: float) -> str:
    """A time with its unit.

    >>> seconds(0.002)
    '2 ms'
    """
    return format_quantity(float(f"{value:.3g}"), "s")


def size(value: float) -> str:
    """A size with its unit."""
    return format_quantity(float(f"{value:.3g}"), "bytes")


def times(value: float) -> str:
    """A factor.

    >>> times(1.5)
    '1.5×'
    """
    return f"{value:g}×"


_PERCENT = (-100, -30, -10, -3, 0, 3, 10, 30, 100, 300, 1000, 3000, 10000, 30000)
_LINEAR = 3.0
"""Per cent up to which an axis of overheads is linear, so that it can show none and less than none."""


def overheads(axes: Axes, along: Literal["x", "y"], low: float, high: float) -> None:
    """Make an axis one of overheads in per cent: linear around none, logarithmic beyond."""
    low, high = min(-1.0, 1.5 * low), max(_LINEAR, 1.6 * high)
    ticks = [tick for tick in _PERCENT if low <= tick <= high]
    getattr(axes, f"set_{along}scale")("symlog", linthresh=_LINEAR, linscale=0.6)
    getattr(axes, f"set_{along}lim")(low, high)
    getattr(axes, f"set_{along}ticks")(ticks, [f"{tick} %" for tick in ticks])
    getattr(axes, f"set_{along}ticks")([], minor=True)
