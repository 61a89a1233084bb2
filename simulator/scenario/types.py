"""The types of a scenario's values: quantities with units, texts, and lists that are axes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulator.errors import UnitError
from simulator.units import Dimension, parse_quantity

REFUSED = "refused"
"""The type of errors that carry their own ``message`` and ``remedy``."""

ONE, AXIS, TEXT, MAPPING, LONG, LABELS, UNLABELLED = "=one", "=axis", "=text", "=mapping", "=long", "=labels", "=list"
"""Forms of a value; they stand in places of errors and are no keys of a file."""

T = TypeVar("T")


def refused(message: str, remedy: str = "") -> PydanticCustomError:
    """The error for a value that cannot stand here."""
    return PydanticCustomError(REFUSED, "{message}", {"message": message, "remedy": remedy})


def split(text: str) -> tuple[str, str]:
    """Message and remedy of a sentence like "this is wrong; do that"."""
    message, _, remedy = text.partition("; ")
    return message, remedy


def shown(value: object) -> str:
    """A value in a message, cut short."""
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class _Axis:
    """Marks a value that may be a list of such values."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        one = handler(source)
        return core_schema.tagged_union_schema({ONE: one, AXIS: core_schema.list_schema(one, min_length=1)}, _form)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        one = handler(schema["choices"][ONE])
        return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _form(value: object) -> str:
    return AXIS if isinstance(value, list) else ONE


Axis = Annotated[T, _Axis()]
"""A value, or in a file also a list of values: one point each. A resolved scenario has no lists left."""


def _quantity(dimension: Dimension, positive: bool = False) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        try:
            number = parse_quantity(value, dimension)
        except UnitError as error:
            raise refused(*split(str(error))) from None
        if positive and number == 0.0:
            raise refused(f"{shown(value)} is not enough", "write more than 0, or leave it out")
        return number

    return read


def _described(example: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string"}, {"const": 0}], "examples": [example]})


Time = Annotated[float, PlainValidator(_quantity("time")), _described("30 s")]
Duration = Annotated[float, PlainValidator(_quantity("time", positive=True)), _described("300 s")]
Size = Annotated[float, PlainValidator(_quantity("size", positive=True)), _described("512 MiB")]
Rate = Annotated[float, PlainValidator(_quantity("rate", positive=True)), _described("20 MB/s")]
Ratio = Annotated[float, PlainValidator(_quantity("ratio")), _described("10 %")]


def _intensity(value: Any) -> float:
    number = float(value) if _is_number(value) else _quantity("ratio")(value)
    if not 0.0 <= number <= 1.0:
        raise refused(f"{shown(value)} is no part of the time", "write a ratio from 0 to 1, e.g. '50 %'")
    return number


Intensity = Annotated[
    float,
    PlainValidator(_intensity),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "number", "minimum": 0, "maximum": 1}], "examples": ["50 %"]}
    ),
]


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise refused(f"{shown(value)} is not a text", "write words, in quotes where YAML sees a number")


Text = Annotated[str, PlainValidator(_text), WithJsonSchema({"type": "string", "minLength": 1})]


_LARGEST = sys.float_info.max


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _scalar(value: Any) -> str | float:
    if isinstance(value, str) or _is_number(value):
        return value  # type: ignore[no-any-return]
    raise refused(f"{shown(value)} is not a quantity", "write a number with its unit, e.g. '1200 cycles'")


Scalar = Annotated[str | float, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number"]})]
"""A quantity whose unit follows from the name it stands under."""


_HIGHEST = 2**63 - 1
"""The largest whole number that every table can hold."""


def whole(lowest: int) -> Callable[[Any], int]:
    """A validator of whole numbers that are not less than ``lowest`` and fit into a table."""

    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and lowest <= value <= _HIGHEST:
            return value
        raise refused(f"{shown(value)} is not a whole number from {lowest} up", f"write e.g. {lowest}")

    return read


Count = Annotated[int, PlainValidator(whole(1)), WithJsonSchema({"type": "integer", "minimum": 1})]


def _events(value: Any) -> int:
    text = value if isinstance(value, str) or _is_number(value) else ""
    try:
        number = parse_quantity(text, "count")
    except UnitError:
        number = 0.0
    if number >= 1.0 and number == int(number) and number <= _HIGHEST:
        return int(number)
    raise refused(f"{shown(value)} is no number of events", "write a whole number from 1 up, e.g. 5e6 or '5 M'")


Events = Annotated[
    int,
    PlainValidator(_events),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1}, {"type": "string"}], "examples": ["5e6"]}),
]
"""How many events a run may have."""

Copies = Annotated[int, PlainValidator(whole(0)), WithJsonSchema({"type": "integer", "minimum": 0})]
Seed = Annotated[int, PlainValidator(whole(0)), WithJsonSchema({"type": "integer", "minimum": 0})]


def _replications(value: Any) -> int:
    if isinstance(value, Mapping):
        raise refused("has no stopping rule here", "give a number, e.g. 'replications: 10'")
    return whole(1)(value)


Replications = Annotated[int, PlainValidator(_replications), WithJsonSchema({"type": "integer", "minimum": 1})]
"""A number of replications where no rule can stop them."""


def _proportion(value: Any) -> float:
    number = float(value) if _is_number(value) else _quantity("ratio")(value)
    if not 0.0 < number < 1.0:
        raise refused(f"{shown(value)} is not between 0 and 1", "write e.g. '5 %' or 0.05")
    return number


Proportion = Annotated[
    float,
    PlainValidator(_proportion),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}],
            "examples": ["5 %"],
        }
    ),
]
"""A part of a whole that is neither nothing nor all."""
Pair = Annotated[int, PlainValidator(whole(2)), WithJsonSchema({"type": "integer", "minimum": 2})]
"""So many that they can differ."""


def _weight(value: Any) -> float:
    if _is_number(value) and value > 0:
        return float(value)
    raise refused(f"{shown(value)} is not a weight", "write a number greater than 0, e.g. 2")


def _operations(value: Any) -> float:
    text = value[:-2].strip() if isinstance(value, str) and value.endswith("/s") else value
    try:
        number = parse_quantity(text, "count") if isinstance(text, str) or _is_number(text) else 0.0
    except UnitError:
        number = 0.0
    if number > 0.0:
        return number
    raise refused(f"{shown(value)} is no number of operations a second", "write a number greater than 0, e.g. 200")


Operations = Annotated[
    float,
    PlainValidator(_operations),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string"}], "examples": [200]}),
]
"""Operations a second."""

Weight = Annotated[float, PlainValidator(_weight), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})]


def _cores(value: Any) -> float:
    if _is_number(value) and value > 0:
        return float(value)
    try:
        cores = parse_quantity(value, "ratio") if isinstance(value, str) else 0.0
    except UnitError:
        cores = 0.0
    if cores > 0.0:
        return cores
    raise refused(f"{shown(value)} is not a cap", "write a number of cores, e.g. 1.5, or '50 %' of one core")


def _processors(value: Any) -> str:
    try:
        if isinstance(value, str | int) and not isinstance(value, bool) and processors(str(value)):
            return str(value)
    except ValueError:
        pass
    raise refused(f"{shown(value)} is no set of processors", "write numbers from 0 and ranges, e.g. '0-1,3'")


def processors(text: str) -> frozenset[int]:
    """The numbers of a set of processors, written as Linux writes a cpuset.

    Raises:
        ValueError: it is none.
    """
    found: set[int] = set()
    named = 0
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        low = int(first)
        high = int(last) if dash else low
        named += high + 1 - low
        if not 0 <= low <= high < _MOST_PROCESSORS or named > _MOST_PROCESSORS:
            raise ValueError(part)
        found |= set(range(low, high + 1))
    return frozenset(found)


_MOST_PROCESSORS = 1 << 16
Processors = Annotated[
    str,
    PlainValidator(_processors),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9, -]+$"}, {"type": "integer", "minimum": 0}]}),
]
"""A set of processors by their numbers."""


def _weight_rule(value: Any) -> str:
    if value in ("shares", "active"):
        return str(value)
    raise refused(f"{shown(value)} is no rule", "write 'shares' (once) or 'active' (for each processor in use)")


WeightRule = Annotated[str, PlainValidator(_weight_rule), WithJsonSchema({"enum": ["shares", "active"]})]


Cores = Annotated[
    float,
    PlainValidator(_cores),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": "%$"}]}),
]


def _version(value: Any) -> int:
    if value == 1 and not isinstance(value, bool):
        return 1
    raise refused(f"version {shown(value)} of scenario files is not known", "write 'version: 1'")


Version = Annotated[int, PlainValidator(_version), WithJsonSchema({"const": 1})]
