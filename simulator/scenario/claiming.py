"""The section ``claim``: a sentence of a lecture, what shows that it holds, and the case where it fails."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from simulator.scenario.part import Part
from simulator.scenario.types import Count, Ratio, Scalar, Text, refused, shown

Topic = Literal["native", "hosted", "uses", "jvm", "containers", "comparison", "further"]
"""Parts of a lecture, in its order."""


def _target(value: Any) -> Any:
    one = value if isinstance(value, list) else [value]
    if one and all(isinstance(each, str | int | float) and each != "" for each in one):
        return value
    raise refused(f"{shown(value)} is nothing to compare with", "write the label of a stack, or a number with its unit")


Target = Annotated[Any, PlainValidator(_target), WithJsonSchema({"type": ["string", "number", "boolean", "array"]})]
"""Labels of stacks, or a quantity, or true or false."""


class Comparison(Part):
    """Something that is read on a stack, and how it compares with another stack or with a number."""

    says: Text = Field(examples=["nothing lies below it"])
    """What it means if it comes out, in a few words."""
    read: Annotated[dict[Text, Any], Field(min_length=1)] = Field(examples=["{metric: cost}"])
    """A kind of evidence with what it reads, and its options (docs/write-a-claim.md)."""
    of: Text | list[Text] = Field(examples=["KVM"])
    """The stack where it is read, by its label; of several each must compare so. What needs no run is also read on a
    stack that is written out."""
    less_than: Target | None = None
    """It is less than on each of these stacks, or than a quantity."""
    more_than: Target | None = None
    """It is more than on each of these stacks, or than a quantity."""
    equals: Target | None = None
    """It is the same as on each of these stacks, or as a quantity; true or false for what can be or cannot."""
    by: Ratio = 0.0
    """By how much more or less, as a part of what it is compared with; what 'equals' leaves out of account."""
    at: dict[str, Scalar] = Field(default={}, examples=["{app.workload: stream}"])
    """Values of axes; where an axis is not named, it must compare so at each of its values."""
    tenant: Text | None = None
    """Whose reading; the first tenant's if not given."""


class Claim(Part):
    """A sentence that is put to the test."""

    topic: Topic
    """The part of the lecture that it belongs to."""
    number: Count = 100
    """Where it stands in that part: lower numbers come first."""
    statement: Text = Field(examples=["A native hypervisor is the lowest layer."])
    """The claim, in a sentence."""
    because: Text | None = None
    """The mechanism behind it and behind its limit, in a sentence or two."""
    holds: Annotated[tuple[Comparison, ...], Field(min_length=1)] = Field(examples=["[{says: ..., read: ...}]"])
    """What comes out if the claim holds: all of it."""
    fails: Annotated[tuple[Comparison, ...], Field(min_length=1)] = Field(examples=["[{says: ..., read: ...}]"])
    """What the claim says of a case where it may fail: if one of these does not come out, it holds with limits."""
