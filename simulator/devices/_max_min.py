"""Dividing several limits at once: max-min over controllers and links."""

from __future__ import annotations

INFINITE = float("inf")


def divide(wanted: list[float], uses: list[tuple[float, ...]], limits: list[float]) -> list[float]:
    """Max-min rates over several limits: all grow alike, and stop where they want no more or a limit of theirs is full.

    LAWS: water-filling; Bertsekas and Gallager 1992, section 6.5.

    Args:
        wanted: rate that each wants.
        uses: part of each unit of its rate that counts towards each limit.
        limits: the capacities.
    """
    granted = list(wanted)
    open_ones = {i for i, rate in enumerate(wanted) if rate > 0.0}
    left = list(limits)
    while open_ones:
        level, tightest = INFINITE, -1
        for number, limit in enumerate(left):
            parts = sorted((wanted[i], uses[i][number]) for i in open_ones if uses[i][number] > 0.0)
            if sum(rate * part for rate, part in parts) > limit * (1.0 + 1e-12):
                bound = _level(parts, limit)
                level, tightest = (bound, number) if bound < level else (level, tightest)
        if tightest < 0:
            break
        stopped = [i for i in open_ones if wanted[i] <= level or uses[i][tightest] > 0.0]
        for i in stopped:
            granted[i] = min(wanted[i], level)
            open_ones.remove(i)
            left = [max(0.0, limit - granted[i] * part) for limit, part in zip(left, uses[i], strict=True)]
    return granted


def _level(parts: list[tuple[float, float]], limit: float) -> float:
    """Where ``sum(part * min(rate, level))`` is the limit; ``parts`` in order of their rates."""
    weight, filled = sum(part for _, part in parts), 0.0
    for rate, part in parts:
        if filled + rate * weight >= limit:
            break
        filled += rate * part
        weight -= part
    return (limit - filled) / weight
