"""Numbers as tools print them: with separators of any language, with prefixes, with units."""

from __future__ import annotations

import math
import re

SEPARATORS = ",.'\u2019\u00a0\u202f\u2009\u066c "
"""What people put between groups of three digits."""
_GROUPED = re.compile(rf"[+-]?\d+(?:[{SEPARATORS}]\d+)*")
_PREFIXES = {
    "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 1024.0, "Mi": 1024.0**2, "Gi": 1024.0**3,
    "Ti": 1024.0**4,
}  # fmt: skip
_SECONDS = {
    "nsec": 1e-9, "ns": 1e-9, "usec": 1e-6, "us": 1e-6, "microseconds": 1e-6, "msec": 1e-3, "ms": 1e-3, "sec": 1.0,
    "s": 1.0, "seconds": 1.0, "nanoseconds": 1e-9, "milliseconds": 1e-3,
}  # fmt: skip
_PREFIXED = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(Ki|Mi|Gi|Ti|[kKMGT]?)")


def count(text: str) -> float | None:
    """A count with or without separators between its groups: ``1,234,567``, ``1.234.567``, ``876.27``.

    The last separator is a decimal one if not exactly three digits follow it; ``1.234`` is 1234 then, as no tool that
    groups its digits prints three decimals. None: not a number.
    """
    text = text.strip()
    if not _GROUPED.fullmatch(text):
        return None
    parts = re.split(rf"[{SEPARATORS}]", text)
    decimals = parts.pop() if len(parts) > 1 and len(parts[-1]) != 3 else ""
    return _finite("".join(parts) + ("." + decimals if decimals else ""))


def decimal(text: str) -> float | None:
    """A number whose only separator is a decimal one: ``0.003067948``, ``0,003``. None: not a number."""
    text = text.strip()
    if not re.fullmatch(r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d{1,3})?", text):
        return None
    return _finite(text.replace(",", "."))


def prefixed(text: str, kilo: float = 1000.0) -> float | None:
    """A number with a prefix: ``13.6k``, ``31.K``, ``256Mi``. None: not a number."""
    match = _PREFIXED.fullmatch(text.strip())
    if match is None:
        return None
    scale = _PREFIXES[match[2]]
    if match[2] and not match[2].endswith("i"):
        scale = kilo ** round(math.log(scale, 1000.0))
    return _finite(match[1], scale)


def seconds_of(unit: str) -> float | None:
    """How many seconds a unit of time is; None: not a unit of time."""
    return _SECONDS.get(unit.strip())


def half_digit(text: str) -> float:
    """Half of the last digit of a number as it is printed: what rounding may have taken from it."""
    match = re.search(r"[.,](\d*)", text)
    return 0.5 * 10.0 ** -(len(match[1]) if match else 0)


def _finite(text: str, scale: float = 1.0) -> float | None:
    value = float(text) * scale
    return value if math.isfinite(value) else None
