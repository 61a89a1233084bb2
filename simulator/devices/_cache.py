"""Who holds how much of the last-level cache while several threads use it at once.

Law (Che et al. 2002; LAWS, cache): under least-recently-used replacement with independent references everything that
was touched within one *characteristic time* ``t`` is in the cache, whoever touched it. A set of ``W`` bytes accessed
at random with ``a`` bytes of lines a second then holds ``W (1 - exp(-a t / W))``, rows read in order hold ``a t`` and
never find anything of it again; ``t`` is where the parts fill the cache. Alone, a set larger than the cache holds the
whole cache, so a hit has the probability cache / set: the same figure by which ``Hardware`` prices an access alone.

Rates are those that each thread would have without the others. That a thread which misses more also asks less often is
left out: it would lose a little more.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

_ROUNDS = 60
_CLOSE = 1e-12


class Use(NamedTuple):
    """What one thread does to the cache.

    Attributes:
        set_bytes: size of the set that it accesses at random; 0: none.
        set_bytes_per_s: lines of it that it touches.
        row_bytes_per_s: lines that it reads once, in order.
    """

    set_bytes: float
    set_bytes_per_s: float
    row_bytes_per_s: float


def held_bytes(uses: Sequence[Use], cache_bytes: float, caches: float = 1.0) -> list[float]:
    """Bytes that each use's set holds while all run at the same time.

    Several caches are one for threads that are spread evenly over them, but no set has more than one cache; up to one
    thread a cache nobody meets another.

    Args:
        uses: one a thread.
        cache_bytes: size of one cache.
        caches: how many there are.
    """
    alone = [min(use.set_bytes, cache_bytes) for use in uses]
    room_bytes = cache_bytes * caches
    rows = any(use.row_bytes_per_s for use in uses)
    if len(uses) <= caches or (not rows and sum(alone) <= room_bytes):
        return alone
    time_s = _characteristic_s(uses, cache_bytes, room_bytes)
    return [_held(use, time_s, cache_bytes) for use in uses]


def _characteristic_s(uses: Sequence[Use], cache_bytes: float, room_bytes: float) -> float:
    """Where the parts fill the room. Their sum is concave in time: Newton's steps from the left never go too far."""
    time_s = 0.0
    for _ in range(_ROUNDS):
        filled = grows = 0.0
        for use in uses:
            part, slope = _part(use, time_s)
            if part < cache_bytes:
                filled, grows = filled + part, grows + slope
            else:
                filled += cache_bytes
        if grows <= 0.0 or room_bytes - filled <= _CLOSE * room_bytes:
            break
        time_s += (room_bytes - filled) / grows
    return time_s


def _part(use: Use, time_s: float) -> tuple[float, float]:
    """Bytes of a use in the cache, and how fast they grow with the characteristic time."""
    left = exp(-use.set_bytes_per_s * time_s / use.set_bytes) if use.set_bytes else 0.0
    part = use.set_bytes * (1.0 - left) + use.row_bytes_per_s * time_s
    return part, use.set_bytes_per_s * left + use.row_bytes_per_s


def _held(use: Use, time_s: float, cache_bytes: float) -> float:
    """What the set holds; its thread's rows take their part of that one cache."""
    part, _ = _part(use, time_s)
    held = part - use.row_bytes_per_s * time_s
    return held * min(1.0, cache_bytes / part) if part else 0.0
