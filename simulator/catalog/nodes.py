"""The nodes of a YAML text: what stands where, before anybody asks what it means; and how much of it is too much.

Aliases are counted as what they stand for, before any of it is written out, so that a few lines of aliases of aliases
cost nothing; nesting ends where the limit is, however deep it goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

MOST_BYTES = 4_000_000
"""Of a file."""
MOST_VALUES = 200_000
"""Of a file: keys, numbers and texts, aliases written out; a long text counts once for each 64 characters."""
MOST_LEVELS = 64
"""How deep values may stand in each other."""
_A_VALUE = 64

UNSEEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that no text of a file may have: control characters, halves of surrogate pairs, marks of byte order."""

TAG = "tag:yaml.org,2002:"
_RESOLVED = (
    ("null", r"~|null|Null|NULL|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"),
)
_PATTERNS = tuple((TAG + tag, re.compile(rf"(?:{pattern})\Z")) for tag, pattern in _RESOLVED)


class Unreadable(Exception):
    """A text that is no YAML, or too much of it.

    Attributes:
        line: where, from 1.
        column: where in the line, from 1.
        message: what is wrong there.
        remedy: what to do about it.
    """

    def __init__(self, line: int, column: int, message: str, remedy: str) -> None:
        self.line, self.column, self.message, self.remedy = line, column, message, remedy
        super().__init__(message)


@dataclass(slots=True, eq=False)
class Node:
    """A value as written.

    Attributes:
        form: what it looks like.
        tag: what it is said to be, or what a plain text means in YAML 1.2 core.
        line: where it begins, from 1.
        column: where in the line, from 1.
        text: of a scalar.
        items: of a sequence its values, of a mapping its keys and values in turn.
        values: how many values it is, aliases written out.
        levels: how deep it is.
    """

    form: Literal["scalar", "sequence", "mapping"]
    tag: str
    line: int
    column: int
    text: str = ""
    items: list[Node] = field(default_factory=list)
    values: int = 1
    levels: int = 1


def compose(text: str) -> Node | None:
    """The one document of a text; None if there is nothing in it.

    Raises:
        Unreadable: it is no YAML, or more than the limits allow.
    """
    import yaml

    _check_text(text)
    loader = _loader()(text)
    try:
        return _Composer(loader).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"is not YAML: {getattr(error, 'problem', None) or error}"
        raise Unreadable(line, column, message, "see the line for a missing quote or bracket") from None
    finally:
        loader.dispose()


def _check_text(text: str) -> None:
    """No text is longer than a file may be, and everything in it can be seen."""
    if len(text) > MOST_BYTES:
        raise too_long()
    unseen = UNSEEN.search(text)
    if unseen is not None:
        before = text[: unseen.start()].split("\n")
        message = f"has a character that no text has, U+{ord(unseen[0]):04X}"
        raise Unreadable(len(before), len(before[-1]) + 1, message, "remove it, or save the file as UTF-8")


def too_long() -> Unreadable:
    """That a file has too many bytes."""
    return Unreadable(1, 1, f"is longer than {MOST_BYTES:,} bytes, the most that is read", "divide it, or write less")


@cache
def _loader() -> Any:
    """PyYAML's parser, the one in C where there is one."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Composer:
    """Makes nodes of a parser's events."""

    def __init__(self, loader: Any) -> None:
        import yaml

        self._events: Iterator[Any] = iter(loader.get_event, None)
        self._anchors: dict[str, Node] = {}
        self._values = self._levels = 0
        self._ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        self._makers: dict[type, Callable[[Any], Node]] = {
            yaml.AliasEvent: self._alias,
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingStartEvent: self._mapping,
        }

    def document(self) -> Node | None:
        from yaml import DocumentStartEvent, StreamEndEvent

        next(self._events)
        if isinstance(next(self._events), StreamEndEvent):
            return None
        root = self._node(next(self._events))
        next(self._events)
        more = next(self._events)
        if isinstance(more, DocumentStartEvent):
            raise _at(more, "is not YAML: a second document begins here", "keep one in a file: remove the '---'")
        return root

    def _node(self, event: Any) -> Node:
        return self._makers[type(event)](event)

    def _scalar(self, event: Any) -> Node:
        node = Node("scalar", _scalar_tag(event), *_place(event), event.value)
        node.values += len(event.value) // _A_VALUE
        self._count(event, node)
        return self._anchored(event, node)

    def _sequence(self, event: Any) -> Node:
        tag = TAG + "seq" if event.tag in (None, "!") else event.tag
        return self._collection(event, self._anchored(event, Node("sequence", tag, *_place(event))))

    def _mapping(self, event: Any) -> Node:
        tag = TAG + "map" if event.tag in (None, "!") else event.tag
        return self._collection(event, self._anchored(event, Node("mapping", tag, *_place(event))))

    def _collection(self, event: Any, node: Node) -> Node:
        self._count(event, node)
        self._levels += 1
        while type(inner := next(self._events)) not in self._ends:
            child = self._node(inner)
            node.items.append(child)
            node.values += child.values
            node.levels = max(node.levels, child.levels + 1)
        self._levels -= 1
        return node

    def _anchored(self, event: Any, node: Node) -> Node:
        if event.anchor is not None:
            if event.anchor in self._anchors:
                raise _at(event, f"is not YAML: there are two anchors {_short(event.anchor)!r}", "rename one of them")
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        node = self._anchors.get(event.anchor)
        if node is None:
            message = f"is not YAML: no anchor is called {_short(event.anchor)!r}"
            raise _at(event, message, f"write '&{_short(event.anchor)}' before what is meant, further up")
        self._count(event, node)
        return node

    def _count(self, event: Any, node: Node) -> None:
        """Refuses what would be too much with this node in it."""
        self._values += node.values
        if self._values > MOST_VALUES:
            message = f"has more than {MOST_VALUES:,} values, the most that is read, aliases written out"
            raise _at(event, message, "write less, or fewer aliases of aliases")
        if self._levels + node.levels > MOST_LEVELS:
            message = f"stands more than {MOST_LEVELS} levels deep, the most that is read"
            raise _at(event, message, "see the line for brackets or dashes too many")


def _scalar_tag(event: Any) -> str:
    """The tag as written; of a plain scalar what it means, of any other that it is a text."""
    if event.tag not in (None, "!"):
        return str(event.tag)
    if event.implicit[0] and event.value[:1] in _FIRST:
        for tag, pattern in _PATTERNS:
            if pattern.match(event.value):
                return tag
    return _STR


_FIRST = frozenset(("", *"~nNtTfF0123456789+-."))
"""How values begin that could be anything else than texts."""
_STR = TAG + "str"


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _at(event: Any, message: str, remedy: str) -> Unreadable:
    return Unreadable(*_place(event), message, remedy)


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:37] + "..."
