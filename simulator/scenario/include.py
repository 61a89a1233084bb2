"""Inclusion: what several scenarios have in common stands in a file of its own, and each says ``include: [that.yaml]``.

A part is merged beneath the file that includes it: mappings key by key, in the order of the part; anything else,
lists too, is replaced as a whole by what the including file says. Of several parts a later one wins over an earlier
one. Parts may include parts. Paths are relative to the file in which they stand; in texts and mappings, to the
working directory.

What a file says of itself is its own and is not merged: ``version``, which a part may leave out, ``title``,
``question`` and ``include``. The merged scenario includes nothing any more: it is complete.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.catalog import document
from simulator.catalog.document import Document, Place
from simulator.catalog.nodes import MOST_BYTES, MOST_VALUES
from simulator.catalog.suggestion import suggestion

KEY = "include"
OWN = ("version", "title", "question", KEY)
"""Keys that are not merged."""
MOST_FILES, MOST_DEEP = 100, 10
"""How many times a scenario includes something, and how many parts include each other in a row."""
_LISTED = "write the path of a part, or a list of paths, e.g. '[parts/laptop.yaml]'"


@dataclass
class Inclusion:
    """The parts of one scenario.

    Attributes:
        folder: what the recorded paths of parts are relative to.
        texts: the text of each part that was read, by path.
    """

    folder: Path
    texts: dict[str, str] = field(default_factory=dict)
    _files: int = 0
    _bytes: int = 0
    _values: int = 0

    def complete(self, written: Document, folder: Path, above: tuple[Path, ...] = ()) -> Document:
        """A file with all that it includes; mistakes are noted at the entries that make them, in their files.

        Args:
            written: the file as read.
            folder: what its paths are relative to.
            above: the files that include it, and itself.
        """
        if KEY not in written.data:
            return written
        found = Document(written.file, problems=written.problems)
        for place, entry in _entries(written):
            part = self._part(written, place, folder / entry, above)
            if part is not None:
                found.problems += part.problems
                _put_over(found, part)
        _put_over(found, _without(written, (KEY,)))
        return found

    def _part(self, written: Document, place: Place, path: Path, above: tuple[Path, ...]) -> Document | None:
        """A part with all that it includes, without what is its own; None, and a mistake noted, if there is none."""
        real = Path(os.path.realpath(path))
        problem = self._refusal(path, real, above)
        if problem is None:
            try:
                found, text = document.read_text(path)
            except OSError as error:
                problem = _unreadable(path, error)
        if problem is not None:
            written.complain(place, *problem)
            return None
        self._files += 1
        self._bytes += len(text)
        self._values += len(found.marks)
        self.texts[Path(os.path.relpath(real, self.folder)).as_posix()] = text
        if found.data.get("version", 1) != 1:
            found.complain(("version",), "of a part is not known", "write 'version: 1', or leave it out")
        return _without(self.complete(found, path.parent, (*above, real)), OWN)

    def _refusal(self, path: Path, real: Path, above: tuple[Path, ...]) -> tuple[str, str] | None:
        if real in above:
            circle = " -> ".join(each.name for each in (*above[above.index(real) :], real))
            return f"includes itself: {circle}", "remove one of these includes"
        if len(above) > MOST_DEEP:
            return f"is the {len(above)}th part in a row, and {MOST_DEEP} are the most", "include it further up"
        if self._files >= MOST_FILES:
            return f"is one part too many: {MOST_FILES} are the most", "put several parts into one"
        if self._bytes > MOST_BYTES or self._values > MOST_VALUES:
            most = f"{MOST_BYTES:,} bytes and {MOST_VALUES:,} values"
            return f"is too much: the parts of a scenario have {most} together at most", "include less"
        return None


def _without(written: Document, keys: Collection[str]) -> Document:
    """A document without some of its keys."""
    data = {key: value for key, value in written.data.items() if key not in keys}
    marks = {place: mark for place, mark in written.marks.items() if not place or place[0] not in keys}
    return Document(written.file, data, marks, written.problems, written.files)


def _entries(written: Document) -> list[tuple[Place, str]]:
    """The paths of what a file includes, with their places; what is no path is noted."""
    entries = written.data[KEY]
    listed = isinstance(entries, list)
    found = []
    for index, entry in enumerate(entries if listed else [entries]):
        place: Place = (KEY, index) if listed else (KEY,)
        if isinstance(entry, str) and entry.strip() and entry.isprintable():
            found.append((place, entry))
        else:
            written.complain(place, f"{document.cut(repr(entry), 60)} is no path of a file", _LISTED)
    return found


def _unreadable(path: Path, error: OSError) -> tuple[str, str]:
    """Message and remedy for a part that cannot be read."""
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder", "name a file in it"
    if isinstance(error, FileNotFoundError):
        folder = path.parent
        known = [each.name for each in folder.glob("*.yaml")] if folder.is_dir() else []
        return f"there is no file {path}", suggestion(path.name, known)
    return f"{path} cannot be read: {error.strerror}", "choose another file, or change who may read it"


def _put_over(lower: Document, upper: Document) -> None:
    """Puts a document over another one, which becomes both."""
    replaced: set[Place] = set()
    _merge(lower.data, upper.data, (), replaced)
    for place in [each for each in lower.marks if _is_in(each, replaced)]:
        del lower.marks[place]
    for place, mark in upper.marks.items():
        lower.marks[place], lower.files[place] = mark, upper.files.get(place, upper.file)


def _merge(lower: dict[str, Any], upper: Mapping[str, Any], place: Place, replaced: set[Place]) -> None:
    """Merges mappings key by key; ``replaced`` gets the places whose value is the upper one's alone."""
    for key, value in upper.items():
        below = lower.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            _merge(below, value, (*place, key), replaced)
        else:
            lower[key] = value
            replaced.add((*place, key))


def _is_in(place: Place, places: set[Place]) -> bool:
    """Whether a place is one of these, or stands in one."""
    return any(place[:n] in places for n in range(1, len(place) + 1))
