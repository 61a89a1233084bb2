"""What a mapping may hold that is to be a scenario: no more than a file may, see :mod:`simulator.catalog.nodes`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simulator.catalog.nodes import MOST_BYTES, MOST_LEVELS, MOST_VALUES, UNSEEN
from simulator.catalog.reader import LARGEST, LONGEST_KEY


def check(value: Any) -> None:
    """Looks at everything that a value holds, as often as it would be written.

    Raises:
        ValueError: more than a file may be, or what no file can hold.
    """
    values = characters = 0
    open_: list[Iterator[Any]] = [iter((value,))]
    while open_:
        for inner in open_[-1]:
            values += 1
            characters += len(inner) if isinstance(inner, str) else 0
            if values > MOST_VALUES or characters > MOST_BYTES:
                raise ValueError(f"more than {MOST_VALUES:,} values or {MOST_BYTES:,} characters")
            _check_one(inner)
            if isinstance(inner, Mapping | list | tuple):
                open_.append(_inside(inner))
                break
        else:
            open_.pop()
        if len(open_) > MOST_LEVELS + 1:
            raise ValueError(f"values more than {MOST_LEVELS} levels deep")


def _inside(value: Mapping[Any, Any] | Iterable[Any]) -> Iterator[Any]:
    """Keys and values of a mapping, or the values of a list."""
    if not isinstance(value, Mapping):
        yield from value
        return
    for key, inner in value.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} is not a text")
        if len(key) > LONGEST_KEY or not key.isprintable():
            raise ValueError(f"{key[:40]!r} is no key: a name has up to {LONGEST_KEY} characters that can be seen")
        yield key
        yield inner


def _check_one(value: Any) -> None:
    if isinstance(value, str):
        unseen = UNSEEN.search(value)
        if unseen is not None:
            raise ValueError(f"a text with a character that no text has, U+{ord(unseen[0]):04X}")
    elif isinstance(value, int) and abs(value) >= LARGEST:
        raise ValueError("a number that is larger than any that is counted here")
