"""A document: one YAML file as plain data that still knows the line and column of each of its parts.

YAML 1.2 core is read: ``1e3`` is a number, ``on`` and ``2003-10`` are texts, ``12:30`` is not 750. Duplicate
keys, tags and keys that are not texts are mistakes. Mistakes are collected, so that a reader sees all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from simulator.catalog.nodes import MOST_BYTES, Unreadable, compose, too_long
from simulator.catalog.reader import Reader
from simulator.catalog.suggestion import suggestion
from simulator.errors import Problem

Place = tuple[str | int, ...]
"""Where in a document something is: keys and positions from the top."""

_LONGEST_PATH, _LONGEST_MESSAGE = 200, 600
"""How much of a place and of a message anybody reads."""
_KEPT = 1024
"""So many parsed files are kept: those of a catalog, with a user's own."""


@dataclass
class Document:
    """Plain data, where each part stands, and the mistakes found so far."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[Place, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[Place, str] = field(default_factory=dict)
    """The file of each part that stands in another one."""

    def problem(self, place: Place, message: str, remedy: str = "") -> Problem:
        """A mistake at the nearest part of ``place`` that the file has."""
        nearest = next((place[:n] for n in range(len(place), -1, -1) if place[:n] in self.marks), None)
        line, column = (0, 0) if nearest is None else self.marks[nearest]
        file = self.file if nearest is None else self.files.get(nearest, self.file)
        path = cut(path_text(place), _LONGEST_PATH)
        return Problem(file, line, column, path, cut(message, _LONGEST_MESSAGE), cut(remedy, _LONGEST_MESSAGE))

    def complain(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(self.problem(place, message, remedy))

    def refuse(self, error: Unreadable) -> None:
        """Note that nothing of the file can be read, and where that begins."""
        self.marks[()] = (error.line, error.column)
        self.complain((), error.message, error.remedy)

    def mapping(self, place: Place, data: object, wanted: str) -> dict[str, Any]:
        """The data if it is a mapping; otherwise a mistake is noted and an empty one returned."""
        if isinstance(data, dict):
            return data
        self.complain(place, f"{cut(repr(data), 60)} is not a mapping", f"write {wanted}")
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
        self.complain(
            (*place, key), f"{cut(repr(value), 60)} is not a text", "write words, in quotes where YAML sees a number"
        )
        return ""


def path_text(place: Place) -> str:
    """A place as people write it: ``parameters.trap_cycles[0].range``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def cut(text: str, most: int) -> str:
    """A text of which a reader sees the beginning and the end, in one line."""
    text = text if len(text) <= most else f"{text[: most * 2 // 3]}...{text[-most // 3 :]}"
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def read(path: Path) -> Document:
    """The document in a file; what has been read before is not parsed again.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    known = _parsed_once(str(path), _content(path))
    return replace(known, problems=list(known.problems))


def read_text(path: Path) -> tuple[Document, str]:
    """The document in a file, and its text, as far as it is one; never more of it than the limits allow.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    return _decoded(str(path), _content(path))


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


@lru_cache(_KEPT)
def _parsed_once(file: str, content: bytes) -> Document:
    return _decoded(file, content)[0]


def _decoded(file: str, content: bytes) -> tuple[Document, str]:
    document = Document(file, marks={(): (1, 1)})
    if len(content) > MOST_BYTES:
        document.refuse(too_long())
        return document, ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        where = (len(before), len(before[-1].decode("utf-8", "ignore")) + 1)
        document.refuse(Unreadable(*where, f"is not UTF-8: {error.reason}", "save it as UTF-8"))
        return document, content.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return parse(text, file), text


def parse(text: str, file: str) -> Document:
    """The document that a text is; what cannot be read is among its problems."""
    document = Document(file, marks={(): (1, 1)})
    try:
        node = compose(text)
    except Unreadable as error:
        document.refuse(error)
        return document
    if node is not None:
        document.data = document.mapping((), Reader(document).value(node, ()), "'key: value' lines")
    return document
