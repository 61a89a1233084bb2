"""Numbers for a reader: with their interval, and with no more digits than it bears out."""

from __future__ import annotations

import math

from simulator.units import DIMENSIONS, format_quantity

_MOST_DECIMALS = 6
_ROUNDING = 1e-6
"""Half widths below this part of the mean are rounding, not luck."""


def decimals(uncertainty: float) -> int:
    """How many decimals show two digits of an uncertainty."""
    return min(_MOST_DECIMALS, max(0, 1 - math.floor(math.log10(uncertainty))))


def plain(value: float) -> str:
    """A number that stands alone, with four significant digits."""
    if not math.isfinite(value):
        return "-"
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:.{min(_MOST_DECIMALS, max(0, digits))}f}" if abs(value) < 1e9 else f"{value:.4g}"


def with_half_width(mean: float, low: float, high: float) -> str:
    """Mean and half the width of its interval."""
    half = (high - low) / 2.0
    if not half > _ROUNDING * abs(mean):
        return plain(mean)
    places = decimals(half)
    return f"{mean:.{places}f} ± {half:.{places}f}"


def with_bounds(mean: float, low: float, high: float, places: int, sign: str = "") -> str:
    """Mean and both ends of its interval, for what has no symmetric one."""
    if not math.isfinite(mean):
        return "-"
    text = f"{mean:{sign}.{places}f}"
    return f"{text} [{low:{sign}.{places}f}, {high:{sign}.{places}f}]" if math.isfinite(low) else text


def overhead(percent: float, low: float, high: float) -> str:
    """What the same work takes more, in percent."""
    return with_bounds(percent, low, high, 1, "+")


def overhead_short(percent: float, low: float, high: float) -> str:
    """The same in a narrow column: per cent, and half the width of its interval."""
    if not math.isfinite(percent):
        return "-"
    places = 1 if abs(percent) < 99.95 else 0
    half = (high - low) / 2.0
    return f"{percent:+.{places}f} ±{half:.{places}f}" if math.isfinite(half) else f"{percent:+.{places}f}"


def quantity(value: float, unit: str) -> str:
    """A number with its unit."""
    return format_quantity(value, unit) if unit in DIMENSIONS else f"{plain(value)} {unit}"


def quantity_with_half_width(mean: float, low: float, high: float, unit: str) -> str:
    """A number with its unit and half the width of its interval."""
    half = (high - low) / 2.0
    if unit not in DIMENSIONS:
        return f"{with_half_width(mean, low, high)} {unit}"
    return quantity(mean, unit) + (f" ± {quantity(half, unit)}" if half > _ROUNDING * abs(mean) else "")
