"""Places on the axes as a user writes them: ``stack=xen``, or ``memory=512 MiB`` for ``tenants.app.memory``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.results.tables import cell

if TYPE_CHECKING:
    import pandas as pd

Wanted = Mapping[str, Sequence[str]]
"""Values by axis; one of them must be met on each."""


def in_words(axes: Mapping[str, object]) -> str:
    """A place: its value on each axis."""
    return ", ".join(f"{axis}={cell(value)}" for axis, value in axes.items())


def elsewhere(point: Mapping[str, Any]) -> object:
    """Where a point stands on all axes but the stack's; equal for points of one place."""
    return frozenset((name, cell(value)) for name, value in point["axes"].items() if name != "stack")


def wanted(texts: Iterable[str]) -> dict[str, list[str]]:
    """What texts like ``axis=value`` ask for; the same axis twice asks for either value.

    Raises:
        UsageError: a text has no equals sign, or nothing before it.
    """
    found: dict[str, list[str]] = {}
    for text in texts:
        axis, equals, value = text.partition("=")
        if not equals or not axis.strip():
            raise UsageError(f"{text!r} names no place; write axis=value, e.g. stack=xen")
        found.setdefault(axis.strip(), []).append(value.strip())
    return found


def called(name: str, axes: Iterable[str]) -> list[str]:
    """The axis that is called like this, otherwise all that end like this after a dot."""
    every = list(axes)
    return [axis for axis in every if axis == name] or [axis for axis in every if axis.endswith(f".{name}")]


def axis_named(name: str, axes: Iterable[str]) -> str | None:
    """The only axis that is called like this or ends like this; None if there is none, or several."""
    found = called(name, axes)
    return found[0] if len(found) == 1 else None


def is_value(value: object, text: str) -> bool:
    """Whether a value of an axis is what somebody has written."""
    if str(cell(value)) == text:
        return True
    try:
        return not isinstance(value, bool) and float(value) == float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def narrowed(frame: pd.DataFrame, where: Wanted, axes: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """The rows of a frame, which has a column for each axis, at some places.

    Raises:
        UsageError: no such axis, or it never has such a value.
    """
    for name, texts in where.items():
        axis = axis_named(name, axes)
        if axis is None:
            raise UsageError(f"no axis {name!r} in this batch; {suggestion(name, axes)}")
        known = {str(cell(value)): value for value in axes[axis]}
        meant = [each for each, value in known.items() if any(is_value(value, text) for text in texts)]
        for text in texts:
            if not any(is_value(value, text) for value in known.values()):
                raise UsageError(f"{axis} is never {text!r}; {suggestion(text, known)}")
        values = frame[axis].map(lambda value, meant=meant: any(is_value(value, text) for text in meant))
        frame = frame[values.astype(bool)]
    return frame
