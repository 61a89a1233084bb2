"""Units of published figures and of readings, and the factor between two of one kind."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.errors import UsageError

_RATE, _TRANSFER, _TIME, _SIZE = "events a second", "bytes a second", "time", "size"
_WORK, _CYCLES, _PART = "work", "cycles", "part"
_PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_EVENTS = (
    *("1/s", "req/s", "requests/s", "IOPS", "tps", "lps", "ops/s", "operations/s", "events/s", "tuples/s"),
    *("transactions/s", "instructions/s", "queries/s", "pages/s", "files/s", "fsyncs/s", "packets/s", "pps", "UP/s"),
)

UNITS: Mapping[str, tuple[str, float]] = {
    **dict.fromkeys(_EVENTS, (_RATE, 1.0)),
    **{f"{prefix}pps": (_RATE, factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}UP/s": (_RATE, factor) for prefix, factor in _PREFIXES.items()},
    **{f"thousand {name}": (_RATE, 1e3) for name in _EVENTS},
    "thousand/s": (_RATE, 1e3),
    **{f"{prefix}B/s": (_TRANSFER, factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}b/s": (_TRANSFER, factor / 8.0) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}iB/s": (_TRANSFER, 1024.0**power) for power, prefix in enumerate("KMG", 1)},
    "bytes/s": (_TRANSFER, 1.0),
    "bit/s": (_TRANSFER, 1.0 / 8.0),
    "s": (_TIME, 1.0),
    "ms": (_TIME, 1e-3),
    "us": (_TIME, 1e-6),
    "ns": (_TIME, 1e-9),
    "min": (_TIME, 60.0),
    **{f"{prefix}B": (_SIZE, factor) for prefix, factor in _PREFIXES.items()},
    **{f"{prefix}iB": (_SIZE, 1024.0**power) for power, prefix in enumerate("KMG", 1)},
    "bytes": (_SIZE, 1.0),
    **{f"{prefix}FLOP{suffix}": (_WORK, factor) for prefix, factor in _PREFIXES.items() for suffix in ("S", "/s")},
    **{f"{prefix}flop/s": (_WORK, factor) for prefix, factor in _PREFIXES.items()},
    "cycles": (_CYCLES, 1.0),
    "percent": (_PART, 0.01),
    "%": (_PART, 0.01),
    "ratio": (_PART, 1.0),
    "x": (_PART, 1.0),
    "cores": (_PART, 1.0),
    "percent of a core": (_PART, 0.01),
    "share of one core": (_PART, 1.0),
}
"""What each unit measures, and how much of it one is."""

SCORE = "score"
"""The unit of what counts points; a workload that scores may have a unit of its own."""
_LESS_IS_BETTER = (_TIME, _SIZE, _CYCLES, _PART, "cycles/byte", "ns/page")


def factor(ours: str, theirs: str) -> float:
    """By what a number in one unit is multiplied to stand in another.

    Units that are not known here stand for themselves: a score is compared with a score.

    Raises:
        UsageError: the two do not measure the same.
    """
    ours, theirs, beside = _plain(ours), _plain(theirs), theirs.partition(" (")[2].rstrip(")")
    if ours == theirs or (beside and ours == beside) or (theirs == SCORE and ours not in UNITS):
        return 1.0
    if ours not in UNITS or theirs not in UNITS or UNITS[ours][0] != UNITS[theirs][0]:
        pair = f"{ours or 'a number'} cannot be compared with {theirs or 'a number'}"
        raise UsageError(f"{pair}; give the row another 'read', or the right workload")
    return UNITS[ours][1] / UNITS[theirs][1]


def less_is_better(unit: str) -> bool:
    """Whether less of it is better: times, sizes, cycles, parts of a processor; of rates and scores more is."""
    unit = _plain(unit)
    return (UNITS[unit][0] if unit in UNITS else unit) in _LESS_IS_BETTER


def _plain(unit: str) -> str:
    """A unit without what stands in parentheses behind it."""
    return unit.partition(" (")[0].strip()
