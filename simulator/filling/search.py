"""The largest number that holds, found with few trials: a guess, then larger steps, then halves."""

from __future__ import annotations

from collections.abc import Generator
from math import ceil

Search = Generator[int, bool, int]
"""Yields numbers to try, is told whether they hold, and returns the largest that does."""
_STEP = 1.15


def largest(guess: int, most: int, precision: float) -> Search:
    """The largest number up to ``most`` that holds, if all below one that holds do too; 0 if not even 1 does.

    Args:
        guess: where to begin.
        most: no larger number is tried.
        precision: the number is exact to this part of itself, or to 1.
    """
    low, high = 0, most + 1
    number = min(max(1, guess), most)
    while high - low > max(1, int(precision * low)):
        holds = yield number
        if holds:
            low = number
        else:
            high = number
        bracketed = high <= most
        number = (low + high) // 2 if bracketed else min(most, max(low + 1, ceil(low * _STEP)))
    return low
