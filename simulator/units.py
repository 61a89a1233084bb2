"""Quantities as people write them: "30 ms", "2.4 GHz", "512 MiB", "1 Gbit/s", "5 %".

Inside virtlab a number is in SI base units and its name says which (``slice_s``, ``size_bytes``). At the border a
quantity is a number with a unit. Symbols are case-sensitive: ``b`` is a bit and ``B`` a byte, ``k`` is 1000 and
``Ki`` is 1024. A bare number is refused, except 0, and except a count, which has no unit.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, get_args

from simulator.errors import UnitError

Dimension = Literal["time", "frequency", "size", "rate", "ratio", "cycles", "count", "power", "energy"]

DIMENSIONS: Mapping[str, Dimension] = {
    "s": "time",
    "hz": "frequency",
    "bytes": "size",
    "bytes_per_s": "rate",
    "ratio": "ratio",
    "cycles": "cycles",
    "count": "count",
    "watts": "power",
    "j": "energy",
}
"""The dimension of each unit that a name may end in."""

_DECIMAL = {"": "1", "k": "1e3", "M": "1e6", "G": "1e9", "T": "1e12"}
_BINARY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
_SECONDS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "μs": "1e-6", "ms": "1e-3", "s": "1"}
_BYTES = {prefix + "B": Decimal(scale) for prefix, scale in (_DECIMAL | _BINARY).items()}
_BITS = {prefix + bit: Decimal(scale) / 8 for prefix, scale in _DECIMAL.items() for bit in ("b", "bit")}

UNITS: Mapping[Dimension, Mapping[str, Decimal]] = {
    "time": {symbol: Decimal(scale) for symbol, scale in (_SECONDS | {"min": "60", "h": "3600", "d": "86400"}).items()},
    "frequency": {prefix + "Hz": Decimal(scale) for prefix, scale in _DECIMAL.items()},
    "size": _BYTES,
    "rate": {symbol + "/s": scale for symbol, scale in (_BYTES | _BITS).items()},
    "ratio": {"%": Decimal("0.01")},
    "cycles": {f"{prefix} cycles".strip(): Decimal(scale) for prefix, scale in _DECIMAL.items()},
    "count": {prefix: Decimal(scale) for prefix, scale in _DECIMAL.items()},
    "power": {f"{prefix}W": Decimal(scale) for prefix, scale in ({"m": "1e-3"} | _DECIMAL).items()},
    "energy": {f"{prefix}J": Decimal(scale) for prefix, scale in _DECIMAL.items()} | {"kWh": Decimal("3.6e6")},
}
"""How much one of each unit is, in the SI base unit of its dimension."""

_WANTED: Mapping[Dimension, str] = {
    "time": "a time is wanted, e.g. '30 ms'",
    "frequency": "a frequency is wanted, e.g. '2.4 GHz'",
    "size": "a size is wanted, e.g. '4 GiB'",
    "rate": "a rate is wanted, e.g. '100 MB/s' or '1 Gbit/s'",
    "ratio": "a ratio is wanted, e.g. '5 %'",
    "cycles": "a number of cycles is wanted, e.g. '1200 cycles'",
    "count": "a count is wanted, e.g. '4'",
    "power": "a power is wanted, e.g. '120 W'",
    "energy": "an energy is wanted, e.g. '1120 J'",
}

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*((?:[^\W\d_]|%).*|)", re.DOTALL)

_LADDERS: Mapping[Dimension, tuple[str, ...]] = {
    "time": ("ns", "us", "ms", "s"),
    "frequency": ("Hz", "kHz", "MHz", "GHz"),
    "rate": ("B/s", "kB/s", "MB/s", "GB/s"),
    "ratio": ("%",),
    "cycles": ("cycles", "k cycles", "M cycles", "G cycles"),
    "count": ("", "k", "M", "G"),
    "power": ("mW", "W", "kW", "MW"),
    "energy": ("J", "kJ", "MJ", "GJ"),
}
_DECIMAL_SIZES = ("B", "kB", "MB", "GB", "TB")
_BINARY_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_LONGEST_EXACT = 6
_LONGEST = 100
"""Characters of a quantity."""


def unit_of_name(name: str) -> str | None:
    """The unit that a name's suffix promises (``exit_cycles``: cycles), or None if it promises none.

    ``copy_bytes_per_s`` is a rate; other names that end in ``_per_<something>`` promise nothing.
    """
    unit = max((unit for unit in DIMENSIONS if name == unit or name.endswith("_" + unit)), key=len, default=None)
    before = name[: -len(unit)] if unit else ""
    return None if before.endswith("_per_") else unit


def parse_quantity(text: str | float, dimension: Dimension) -> float:
    """The quantity in SI base units (seconds, hertz, bytes, bytes per second; ratios, cycles and counts as such).

    The result is the float nearest to what is written: "8.75 us" is 8.75e-06, not a rounding error beside it.

    Args:
        text: a number and a unit ("30 ms"); a number alone only where it is 0 or a count.
        dimension: what is wanted.

    Raises:
        UnitError: not a quantity, not of this dimension, negative or not finite; says what to write.
    """
    if dimension not in get_args(Dimension):
        raise ValueError(f"no dimension {dimension!r}; there are: {', '.join(get_args(Dimension))}")
    number, unit = _split(text, f"here {_WANTED[dimension]}")
    value = float(Decimal(number) * _scale(text, number, unit, dimension))
    if value < 0.0:
        raise UnitError(f"{text!r} is negative; here {_WANTED[dimension]}")
    if not math.isfinite(value):
        raise UnitError(f"{text!r} is too large to be a number; here {_WANTED[dimension]}")
    return value


def written_quantity(text: object) -> tuple[Decimal, str]:
    """Number and unit of a quantity of whatever dimension, both as written; the unit is empty if there is none.

    Raises:
        UnitError: not a quantity.
    """
    number, unit = _split(text, "write a number with its unit, e.g. '2 GiB'")
    return Decimal(number), unit


def dimension_of(unit: str) -> Dimension | None:
    """What a unit, by its symbol, is one of; None if there is no such unit. No unit at all is that of a count."""
    return next((dimension for dimension, units in UNITS.items() if unit in units), None)


def _split(text: object, remedy: str) -> tuple[str, str]:
    """Number and unit, both as written."""
    written = text if isinstance(text, str) else "" if isinstance(text, bool) else repr(text)
    match = _QUANTITY.fullmatch(written.strip()) if len(written) <= _LONGEST else None
    if match is None:
        shown = repr(text) if len(written) <= _LONGEST else f"{written[:40]!r}..."
        raise UnitError(f"{shown} is not a quantity; {remedy}")
    return match[1], match[2]


def _scale(text: object, number: str, unit: str, dimension: Dimension) -> Decimal:
    """How much one unit is; refuses a missing, a foreign and an unknown unit, each with its own sentence."""
    known = UNITS[dimension]
    if unit in known:
        return known[unit]
    if not unit:
        if float(number) == 0.0:
            return Decimal(1)
        raise UnitError(f"{text!r} has no unit; here {_WANTED[dimension]}")
    other = dimension_of(unit)
    if other not in (None, "count"):
        raise UnitError(f"{unit!r} is a unit of {other}; here {_WANTED[dimension]}")
    raise UnitError(f"{unit!r} is not a unit; here {_WANTED[dimension]}{_remedy(unit, dimension)}")


def _remedy(unit: str, dimension: Dimension) -> str:
    """What was probably meant, otherwise all there is."""
    known = [symbol for symbol in UNITS[dimension] if symbol and symbol.isascii()]
    folded = {symbol.casefold() for symbol in known}
    nearest = set(difflib.get_close_matches(unit.casefold(), sorted(folded), n=1, cutoff=0.6))
    if unit.casefold() in folded:
        nearest = {unit.casefold()}
    meant = [symbol for symbol in known if symbol.casefold() in nearest]
    if meant:
        return f"; did you mean {' or '.join(repr(symbol) for symbol in meant)}?"
    return f" (units: {', '.join(known)})" if dimension != "count" else " (a count has no unit)"


def format_quantity(value: float, unit: str) -> str:
    """Text of at most four significant digits for a reader: "8.75 us", "512 MiB", "1.638 k cycles".

    ``parse_quantity`` reads it back. Whole counts of up to six digits are exact. A unit that is not in
    ``DIMENSIONS`` is written behind the number as it is.
    """
    dimension = DIMENSIONS.get(unit)
    if dimension is None or not math.isfinite(value):
        return f"{_digits(value)} {unit}".strip()
    if dimension == "size":
        return _size(value)
    if dimension == "count" and value == int(value) and len(str(int(abs(value)))) <= _LONGEST_EXACT:
        return str(int(value))
    return _on_ladder(value, dimension, _LADDERS[dimension])


def _on_ladder(value: float, dimension: Dimension, ladder: tuple[str, ...]) -> str:
    """The number in the largest unit of which it is at least one."""
    scales = {symbol: float(UNITS[dimension][symbol]) for symbol in ladder}
    rounded = abs(float(f"{value:.3e}"))
    fitting = [symbol for symbol in ladder if scales[symbol] <= rounded]
    base = min(ladder, key=lambda symbol: abs(scales[symbol] - 1.0))
    symbol = fitting[-1] if fitting else ladder[0] if rounded else base
    return f"{_digits(value / scales[symbol])} {symbol}".strip()


def _size(value: float) -> str:
    """Decimal or binary prefix, whichever is shorter: "73 GB", "512 MiB", "1500 B"."""
    plain = [f"{int(value)} B"] if value == int(value) and abs(value) < 10_000 else []
    ladders = (_BINARY_SIZES, _DECIMAL_SIZES)
    return min(plain + [_on_ladder(value, "size", ladder) for ladder in ladders], key=len)


def _digits(value: float) -> str:
    """At most four significant digits, without an exponent where the number is of an everyday size."""
    exponent = int(f"{value:.3e}".partition("e")[2]) if math.isfinite(value) else 0
    if not math.isfinite(value) or not -6 <= exponent <= 9:
        return f"{value:.4g}"
    text = f"{float(f'{value:.3e}'):.{max(0, 3 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
