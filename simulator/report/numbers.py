"""Numbers of a report, each with no more digits than a reader compares."""

from __future__ import annotations

from math import isfinite

from simulator.units import DIMENSIONS, format_quantity


def number(value: float) -> str:
    """Four significant digits, without an exponent where that can be read.

    >>> number(238461.9), number(0.0089391), number(float("nan"))
    ('238462', '0.008939', '-')
    """
    if not isfinite(value):
        return "-"
    if abs(value) >= 1e4:
        return f"{value:.0f}" if abs(value) < 1e9 else f"{value:.4g}"
    return f"{value:.4g}"


def between(low: float, high: float, sign: str = "") -> str:
    """An interval; nothing where there is none."""
    return f"[{low:{sign}.4g}, {high:{sign}.4g}]" if isfinite(low) and isfinite(high) else ""


def percent(value: float, low: float, high: float) -> str:
    """A change in per cent with its interval.

    >>> percent(19.84, 18.8, 20.9)
    '+19.8 % [+18.8, +20.9]'
    """
    if not isfinite(value):
        return "-"
    return f"{_one(value)} %" + (f" [{_one(low)}, {_one(high)}]" if isfinite(low) and isfinite(high) else "")


def _one(value: float) -> str:
    return f"{value:+.1f}" if abs(value) < 1000.0 else f"{value:+.0f}"


def quantity(value: float, unit: str) -> str:
    """A number with its unit; a dash where there is none."""
    if not isfinite(value):
        return "-"
    return format_quantity(float(f"{value:.4g}"), unit) if unit in DIMENSIONS else f"{number(value)} {unit}".strip()
