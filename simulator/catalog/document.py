"""A document: one YAML file as plain data that still knows the line and column of each of its parts.

YAML 1.2 core is read: ``1e3`` is a number, ``on`` and ``2003-10`` are texts, ``12:30`` is not 750. Duplicate
keys, tags and keys that are not texts are mistakes. Mistakes are collected, so that a reader sees all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import Problem

Place = tuple[str | int, ...]
"""Where in a document something is: keys and positions from the top."""

_TAG = "tag:yaml.org,2002:"
_RESOLVERS = {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
}
_CONVERTERS: dict[str, Callable[[str], object]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": lambda text: int(text, 0) if text[:2] in ("0o", "0x") else int(text),
    "float": lambda text: float(text.replace(".inf", "inf").replace(".nan", "nan")),
    "str": str,
}


@dataclass
class Document:
    """Plain data, where each part stands, and the mistakes found so far."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, message: str, remedy: str = "") -> Problem:
        """A mistake at the nearest part of ``place`` that the file has."""
        line, column = next(
            (self.marks[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.marks), (0, 0)
        )
        return Problem(self.file, line, column, path_text(place), message, remedy)

    def complain(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(self.problem(place, message, remedy))

    def mapping(self, place: Place, data: object, wanted: str) -> dict[str, Any]:
        """The data if it is a mapping; otherwise a mistake is noted and an empty one returned."""
        if isinstance(data, dict):
            return data
        self.complain(place, f"{data!r} is not a mapping", f"write {wanted}")
        return {}

    def check_keys(
        self, place: Place, data: Mapping[str, object], required: Iterable[str], optional: Iterable[str]
    ) -> None:
        """Note keys that are missing and keys that nobody reads."""
        known = {*required, *optional}
        for key in data:
            if key not in known:
                self.complain((*place, key), "is not known here", suggestion(key, known))
        for key in required:
            if key not in data:
                self.complain(place, f"has no {key!r}", f"add '{key}: ...'")

    def text(self, place: Place, data: Mapping[str, object], key: str) -> str:
        """The text under a key, empty if it is absent; anything else is a mistake."""
        value = data.get(key, "")
        if isinstance(value, str) and (value.strip() or key not in data):
            return value
        self.complain((*place, key), f"{value!r} is not a text", "write words, in quotes where YAML sees a number")
        return ""


def path_text(place: Place) -> str:
    """A place as people write it: ``parameters.trap_cycles[0].range``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def read(path: Path) -> Document:
    """The document in a file."""
    try:
        return parse(path.read_text(encoding="utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        document = Document(str(path))
        document.complain((), f"is not UTF-8: {error.reason}", "save it as UTF-8")
        return document


def parse(text: str, file: str) -> Document:
    """The document that a text is; what cannot be read is among its problems."""
    import yaml

    document = Document(file)
    try:
        node = yaml.compose(text, Loader=_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        document.marks[()] = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        document.complain(
            (),
            f"is not YAML: {getattr(error, 'problem', None) or error}",
            "see the line for a missing quote or bracket",
        )
        return document
    document.marks[()] = (1, 1)
    data = _Reader(document).value(node, ()) if node is not None else None
    document.data = document.mapping((), data, "'key: value' lines")
    return document


@cache
def _loader() -> Any:
    """PyYAML's loader with the resolvers of YAML 1.2 core in place of those of YAML 1.1."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("CoreLoader", (base,), {"yaml_implicit_resolvers": {}})
    for tag, pattern in _RESOLVERS.items():
        loader.add_implicit_resolver(_TAG + tag, re.compile(rf"(?:{pattern})\Z"), None)
    return loader


class _Reader:
    """Turns YAML nodes into plain data and notes where each stood."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._open: list[Any] = []

    def value(self, node: Any, place: Place) -> object:
        self.document.marks.setdefault(place, (node.start_mark.line + 1, node.start_mark.column + 1))
        if any(node is above for above in self._open):
            return self._refuse(place, "contains itself", "write the value out instead of the alias")
        self._open.append(node)
        try:
            return {"mapping": self._mapping, "sequence": self._sequence, "scalar": self._scalar}[node.id](node, place)
        finally:
            self._open.pop()

    def _mapping(self, node: Any, place: Place) -> object:
        if node.tag != _TAG + "map":
            return self._refuse(place, f"has the tag {node.tag!r}", "remove the tag")
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, place)
            inside = (*place, key)
            if key in data:
                line = self.document.marks[inside][0]
                self.document.marks[inside] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
                self._refuse(inside, f"stands twice, first in line {line}", "remove one of the two")
                continue
            self.document.marks[inside] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            data[key] = self.value(value_node, inside)
        return data

    def _key(self, node: Any, place: Place) -> str:
        if node.id == "scalar" and node.tag == _TAG + "str":
            return str(node.value)
        self.document.marks[(*place, str(node.value))] = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._refuse((*place, str(node.value)), "is not a text and so no key", "put it in quotes")
        return str(node.value)

    def _sequence(self, node: Any, place: Place) -> object:
        if node.tag != _TAG + "seq":
            return self._refuse(place, f"has the tag {node.tag!r}", "remove the tag")
        return [self.value(item, (*place, index)) for index, item in enumerate(node.value)]

    def _scalar(self, node: Any, place: Place) -> object:
        convert = _CONVERTERS.get(node.tag.removeprefix(_TAG))
        if convert is None:
            return self._refuse(place, f"has the tag {node.tag!r}", "remove the tag")
        try:
            return convert(node.value)
        except ValueError:
            return self._refuse(place, f"{node.value!r} is not what its tag says", "remove the tag")

    def _refuse(self, place: Place, message: str, remedy: str) -> object:
        """Note a mistake; the value in its place is nothing."""
        self.document.complain(place, message, remedy)
        return None
