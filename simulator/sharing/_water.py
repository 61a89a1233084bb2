"""Water-filling: the level up to which everybody gets what his weight says."""

from __future__ import annotations


def water_level(parts: list[tuple[float, float, float]], rate: float) -> float:
    """The level at which ``sum(min(demand, max(floor, weight * level)))`` equals ``rate``.

    Args:
        parts: weight, floor and demand of each.
        rate: what is to be divided; less than the sum of demands.

    The sum grows piecewise linearly with the level; walk its corners in order.
    """
    weights = sum(weight for weight, _, _ in parts)
    level = rate / weights
    if all(floor <= weight * level <= demand for weight, floor, demand in parts):
        return level
    corners = sorted({corner for weight, floor, demand in parts for corner in (floor / weight, demand / weight)})
    below, total_below = 0.0, sum(floor for _, floor, _ in parts)
    if total_below >= rate:
        return 0.0
    for corner in corners:
        total = sum(min(demand, max(floor, weight * corner)) for weight, floor, demand in parts)
        if total >= rate:
            return below + (corner - below) * (rate - total_below) / (total - total_below)
        below, total_below = corner, total
    return below
