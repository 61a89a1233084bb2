"""The sources of the catalog's numbers: a BibTeX file, read strictly, or the section ``sources`` of a catalog file.

A file whose numbers come from a measurement of its author's own says itself what that was: ``sources`` gives for each
key the fields of a BibTeX entry, ``title`` and ``year`` at least.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.catalog.document import Document
from simulator.errors import Problem

_STARTS = re.compile(r"^[ \t]*@", re.MULTILINE)
_ENTRY = re.compile(r"\s*@(\w+)\s*\{\s*([^\s,{}]+)\s*,")
_FIELD = re.compile(r"[\s,]*([\w-]+)\s*=\s*")
_END = re.compile(r"[\s,]*\}")
_BARE = re.compile(r"[\w.+-]+")
_VENUES = ("booktitle", "journal", "howpublished")
_PUBLISHERS = ("institution", "organization", "publisher")


@dataclass(frozen=True)
class Source:
    """One publication.

    Attributes:
        key: how entries cite it.
        form: the BibTeX type (``inproceedings``, ``techreport``...).
        fields: title, author, year and what else the file says.
    """

    key: str
    form: str
    fields: Mapping[str, str]

    @property
    def title(self) -> str:
        """The title."""
        return self.fields["title"]

    @property
    def year(self) -> int:
        """The year it appeared."""
        return int(self.fields["year"])

    @property
    def citation(self) -> str:
        """One line for a reader: who, when, what, where."""
        names = [name.partition(",")[0].strip() for name in self.fields.get("author", "").split(" and ")]
        many = len(names) > 2 or names[-1] == "others"
        publisher = next((self.fields[field] for field in _PUBLISHERS if field in self.fields), "")
        who = (f"{names[0]} et al." if many else " and ".join(names)) or publisher
        venue = next((self.fields[field] for field in _VENUES if field in self.fields), publisher)
        venue = "" if venue == who else venue
        return ". ".join(part for part in (f"{who} ({self.year})".strip(), self.title, venue) if part)


class _Unreadable(Exception):
    """Where an entry stops making sense, and why."""

    def __init__(self, position: int, subject: str, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.position, self.subject, self.message, self.remedy = position, subject, message, remedy


def read(path: Path, problems: list[Problem]) -> dict[str, Source]:
    """All sources of a BibTeX file by key; what cannot be read is added to ``problems``."""
    text = path.read_text(encoding="utf-8")
    sources: dict[str, Source] = {}
    for start in _STARTS.finditer(text):
        try:
            source = _entry(text, start.start())
            if source.key in sources:
                raise _Unreadable(start.start(), source.key, "stands twice", "give one of the two another key")
            sources[source.key] = source
        except _Unreadable as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            problems.append(Problem(str(path), line, column, error.subject, error.message, error.remedy))
    return sources


def of_document(document: Document) -> dict[str, Source]:
    """The sources that a catalog file describes itself; what cannot be read is noted in the document."""
    found: dict[str, Source] = {}
    described = document.mapping(("sources",), document.data.get("sources", {}), "{key: {title: ..., year: ...}}")
    for key, data in described.items():
        place = ("sources", key)
        before = len(document.problems)
        fields = document.mapping(place, data, "{title: ..., year: ...}")
        title = document.text(place, fields, "title")
        year = fields.get("year")
        if not title:
            document.complain(place, "has no title", "a reader must be able to tell what was measured")
        if isinstance(year, bool) or not isinstance(year, int):
            document.complain(place, "has no year", "write 'year: 2026'")
        if len(document.problems) == before:
            found[key] = Source(key, "misc", {name.lower(): str(value) for name, value in fields.items()})
    return found


def _entry(text: str, start: int) -> Source:
    head = _ENTRY.match(text, start)
    if head is None:
        raise _Unreadable(start, "", "is not a BibTeX entry", "write '@inproceedings{key2003, title = {...}, ...}'")
    form, key = head[1].lower(), head[2]
    fields: dict[str, str] = {}
    position = head.end()
    while field := _FIELD.match(text, position):
        value, position = _value(text, field.end(), f"{key}.{field[1]}")
        fields[field[1].lower()] = " ".join(value.replace("{", "").replace("}", "").split())
    if not _END.match(text, position):
        raise _Unreadable(position, key, "is not closed", "end each field with a comma and the entry with a brace")
    if not fields.get("title"):
        raise _Unreadable(start, key, "has no title", "a reader must be able to find the source")
    if not fields.get("year", "").isdecimal():
        raise _Unreadable(start, key, "has no year", "write 'year = {2003}'")
    return Source(key, form, fields)


def _value(text: str, start: int, subject: str) -> tuple[str, int]:
    """A field's value and where it ends: in braces (which nest), in quotes, or bare."""
    if text[start : start + 1] == "{":
        end = _closing_brace(text, start, subject)
        return text[start + 1 : end], end + 1
    if text[start : start + 1] == '"':
        end = text.find('"', start + 1)
        if end < 0:
            raise _Unreadable(start, subject, "the quote is never closed", "close it")
        return text[start + 1 : end], end + 1
    bare = _BARE.match(text, start)
    if bare is None:
        raise _Unreadable(start, subject, "has no value", "write it in braces")
    return bare[0], bare.end()


def _closing_brace(text: str, start: int, subject: str) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise _Unreadable(start, subject, "the brace is never closed", "close it")
