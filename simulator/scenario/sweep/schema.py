"""The schema of the key ``sweep``, and of ranges, which may also stand in fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from simulator.scenario.part import Part
from simulator.scenario.types import AXIS, MAPPING, REFUSED, Count, Scalar, Text

GRID, LATIN_HYPERCUBE, SOBOL = "grid", "latin_hypercube", "sobol"
LOG = "log"


class Range(Part):
    """Values from one to another, both included."""

    first: Scalar = Field(alias="from", examples=["1 GiB"])
    """The first value, with its unit; written as a whole number, all values are whole."""
    last: Scalar = Field(alias="to", examples=["8 GiB"])
    """The last value; its unit may be another one of the same kind."""
    count: Count | None = None
    """How many values, the first and the last among them."""
    step: Scalar | None = None
    """Instead of their number, how far they lie apart."""
    scale: Literal["linear", "log"] = "linear"
    """Whether neighbours differ by the same amount or by the same factor."""


def _form(value: object) -> str | None:
    return AXIS if isinstance(value, list) else MAPPING if isinstance(value, Mapping) else None


Values = Annotated[
    Annotated[list[Any], Tag(AXIS), Field(min_length=1)] | Annotated[Range, Tag(MAPPING)],
    Discriminator(_form, REFUSED, "is no list of values; write '[..., ...]', or '{from: ..., to: ..., count: ...}'"),
]
"""The values of an axis."""


class Design(Part):
    """Points that fill the space of several axes, instead of every combination."""

    kind: Literal["grid", "latin_hypercube", "sobol"] = Field(examples=[SOBOL])
    """How they are laid: on a grid, one in each slice of each axis, or as a Sobol sequence."""
    points: Count = Field(examples=[64])
    """How many there are; of a grid, how many values each range has."""
    over: dict[Text, Values] = Field(min_length=1, examples=["{tenants.app.intensity: {from: 10 %, to: 100 %}}"])
    """The axes, each with a range or with a list of values."""


class Sweep(Part):
    """What varies, beside the lists in fields. Paths are dotted, as in ``tenants.app.memory``."""

    axes: dict[Text, Values] = Field(default={}, examples=["{tenants.app.memory: [1 GiB, 2 GiB]}"])
    """Values by path: the same as lists in the fields."""
    zip: tuple[Annotated[tuple[Text, ...], Field(min_length=2)], ...] = ()
    """Axes that go side by side: the first value of one with the first of the others, and so on. With 'stack' among
    them each stack has values of its own, and they are no axes: the stack stands for them."""
    cases: dict[Text, Annotated[dict[Text, Any], Field(min_length=1)]] = Field(
        default={}, examples=["{small: {tenants.app.memory: 1 GiB, tenants.app.vcpus: 1}}"]
    )
    """Points by name, each with its values by path; together they are the axis ``case``."""
    design: Design | None = None
    """Points that fill the space of several axes."""
    drop: tuple[Annotated[dict[Text, Any], Field(min_length=1)], ...] = ()
    """Conditions: a point at which all of one holds is left out. To each axis belongs a value, a list of values, or a
    comparison as '> 2 GiB' or '> tenants.app.vcpus'."""


PARTS: Mapping[tuple[str, ...], type[Part]] = {
    (): Sweep,
    ("axes", "*"): Range,
    ("design",): Design,
    ("design", "over", "*"): Range,
}
"""The class of the mapping at each place within ``sweep``."""
