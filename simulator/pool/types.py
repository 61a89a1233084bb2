"""Types of a pool file's values that scenarios do not have: positive quantities, prices, words, moments."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, isfinite
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from simulator.errors import UnitError
from simulator.scenario.types import refused, shown, split
from simulator.units import Dimension, parse_quantity


def _quantity(value: Any, dimension: Dimension) -> float:
    try:
        return parse_quantity(value, dimension)
    except UnitError as error:
        raise refused(*split(str(error))) from None


def _positive(dimension: Dimension, example: str) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        number = _quantity(value, dimension)
        if number > 0.0:
            return number
        raise refused(f"{shown(value)} is not enough", f"write more than 0, e.g. '{example}'")

    return read


def _price(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0.0:
        return float(value)
    raise refused(f"{shown(value)} is no price", "write a number, e.g. 0.25")


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value in words:
            return str(value)
        raise refused(f"{shown(value)} is not known here", f"write one of: {', '.join(words)}")

    return read


def word(*words: str) -> Any:
    """The type of a key whose value is one of some words."""
    return Annotated[str, PlainValidator(_one_of(*words)), WithJsonSchema({"enum": list(words)})]


def _names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if isinstance(names, list | tuple) and names and all(isinstance(name, str) and name.strip() for name in names):
        return tuple(names)
    raise refused(f"{shown(value)} is no name", "write one name, or a list of names that are taken in turn")


def _moments(value: Any) -> tuple[float, ...]:
    times = value if isinstance(value, list | tuple) else [value]
    if not times:
        raise refused("is empty", "give at least one time")
    return tuple(sorted(_quantity(time, "time") for time in times))


def _patience(value: Any) -> float:
    return inf if value == "forever" else _quantity(value, "time")


def _sizes(value: Any) -> tuple[float, ...]:
    sizes = value if isinstance(value, list | tuple) else [value]
    if not sizes:
        raise refused("is empty", "give at least one size")
    return tuple(_positive("cycles", "100 M cycles")(size) for size in sizes)


_STRING: Any = {"type": "string"}
_LIST: Any = {"anyOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}

Frequency = Annotated[
    float, PlainValidator(_positive("frequency", "2 GHz")), WithJsonSchema({**_STRING, "examples": ["2 GHz"]})
]
Price = Annotated[float, PlainValidator(_price), WithJsonSchema({"type": "number", "minimum": 0})]
Names = Annotated[tuple[str, ...], PlainValidator(_names), WithJsonSchema(_LIST)]
"""One name, or some that are taken in turn."""
Moments = Annotated[tuple[float, ...], PlainValidator(_moments), WithJsonSchema(_LIST)]
"""One time or several."""
Patience = Annotated[float, PlainValidator(_patience), WithJsonSchema({**_STRING, "examples": ["forever", "60 s"]})]
"""A time, or ``forever``."""
Sizes = Annotated[tuple[float, ...], PlainValidator(_sizes), WithJsonSchema(_LIST)]
"""One number of cycles or several."""
