"""From the nodes of a YAML text to plain data: every part of it with its place, every mistake noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.catalog.nodes import TAG, UNSEEN, Node

if TYPE_CHECKING:
    from simulator.catalog.document import Document, Place

LONGEST_KEY = 200
"""Characters of a name."""
LARGEST = 10**100


class _TooLarge(ValueError):
    """A whole number that nothing could hold."""


def _whole(text: str) -> int:
    if len(text) > len(str(LARGEST)) + 2 and len(text.lstrip("+-0ox")) > len(str(LARGEST)) + 2:
        raise _TooLarge
    number = int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if abs(number) >= LARGEST:
        raise _TooLarge
    return number


_CONVERTERS: dict[str, Callable[[str], object]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": _whole,
    "float": lambda text: float(text.lower().replace(".inf", "inf").replace(".nan", "nan")),
    "str": str,
}


class Reader:
    """Turns nodes into plain data and notes in a document where each stood, and what is wrong with it."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._open: list[Node] = []

    def value(self, node: Node, place: Place) -> object:
        """What a node stands for; nothing where it is wrong."""
        self.document.marks.setdefault(place, (node.line, node.column))
        if any(node is above for above in self._open):
            return self._refuse(place, "contains itself", "write the value out instead of the alias")
        self._open.append(node)
        try:
            return {"mapping": self._mapping, "sequence": self._sequence, "scalar": self._scalar}[node.form](
                node, place
            )
        finally:
            self._open.pop()

    def _mapping(self, node: Node, place: Place) -> object:
        if node.tag != TAG + "map":
            return self._refuse_tag(node, place)
        data: dict[str, object] = {}
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            key = self._key(key_node, place)
            if key is None:
                continue
            inside = (*place, key)
            if key in data:
                line = self.document.marks[inside][0]
                self.document.marks[inside] = (key_node.line, key_node.column)
                self._refuse(inside, f"stands twice, first in line {line}", "remove one of the two")
                continue
            self.document.marks[inside] = (key_node.line, key_node.column)
            data[key] = self.value(value_node, inside)
        return data

    def _key(self, node: Node, place: Place) -> str | None:
        """A key; None, and a mistake noted, where it could not even be shown as one."""
        inside = (*place, node.text if node.form == "scalar" else f"({node.form})")
        wrong = _wrong_with(node)
        if wrong is None:
            return node.text
        self.document.marks[inside] = (node.line, node.column)
        self._refuse(inside, *wrong)
        return node.text if node.form == "scalar" else None

    def _sequence(self, node: Node, place: Place) -> object:
        if node.tag != TAG + "seq":
            return self._refuse_tag(node, place)
        return [self.value(item, (*place, index)) for index, item in enumerate(node.items)]

    def _scalar(self, node: Node, place: Place) -> object:
        convert = _CONVERTERS.get(node.tag.removeprefix(TAG))
        if convert is None:
            return self._refuse_tag(node, place)
        unseen = UNSEEN.search(node.text)
        if unseen is not None:
            message = f"has a character that no text has, U+{ord(unseen[0]):04X}"
            return self._refuse(place, message, "remove it")
        try:
            return convert(node.text)
        except _TooLarge:
            message = f"{_short(node.text)} is larger than any number that is counted here"
            return self._refuse(place, message, "write fewer digits, or the number with its unit")
        except ValueError:
            return self._refuse(place, f"{_short(node.text)!r} is not what its tag says", "remove the tag")

    def _refuse_tag(self, node: Node, place: Place) -> object:
        return self._refuse(place, f"has the tag {_short(node.tag)!r}", "remove the tag")

    def _refuse(self, place: Place, message: str, remedy: str) -> object:
        """Note a mistake; the value in its place is nothing."""
        self.document.complain(place, message, remedy)
        return None


def _wrong_with(node: Node) -> tuple[str, str] | None:
    """Message and remedy for a key that cannot be one."""
    if node.form != "scalar":
        return f"is a {node.form} and so no key", "write a text before the ':'"
    if node.tag != TAG + "str":
        return "is not a text and so no key", "put it in quotes"
    if len(node.text) > LONGEST_KEY:
        return f"is longer than {LONGEST_KEY} characters, the most that a name may have", "write a shorter one"
    if not node.text.isprintable():
        return "has line breaks or characters that cannot be seen and so is no key", "write it in one line"
    return None


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."
