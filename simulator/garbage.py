"""Garbage in cycles, which Python looks for again and again among all that it holds."""

from __future__ import annotations

import gc

_OBJECTS = 50_000
"""So many more than have ended are made before the youngest are looked through; Python's own number is 700 or 2,000."""


def collect_seldom() -> None:
    """For a process of our own that simulates.

    A run makes millions of objects, nearly all of which end with the last reference to them: looking for cycles took
    two hundredths of the time of short runs and a third of that of long ones (``benchmarks/garbage.py``).
    """
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
