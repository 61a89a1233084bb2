"""Where a scenario comes from: a file, a text or a mapping, with what was overridden on the command line."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulator.catalog import document
from simulator.catalog.document import Document, Place, path_text
from simulator.catalog.suggestion import suggestion
from simulator.errors import Problem, ScenarioError
from simulator.scenario import include, plain
from simulator.scenario.sweep.groups import Groups

MAPPING, OVERRIDE = "<mapping>", "override"
"""What stands in place of a file's name where a scenario is a mapping, and where an overridden value is wrong."""
OPTIONS = ("replications", "seed", "fidelity", "budget")
"""Keys that have an option of the command ``run``."""


@dataclass(frozen=True)
class Source:
    """A scenario as written.

    Attributes:
        name: what its results are filed under.
        text: the text as read.
        document: its data with what it includes, which know where in which file they stand.
        overridden: places whose value the file does not decide.
        file: the file, where there is one.
        changes: what was overridden, by dotted paths.
        moved: places whose value stands elsewhere in the file, as in ``sweep``, and where.
        computed: places in the file whose values do not stand there one by one, as those of a range.
        groups: axes that go side by side.
        includes: the texts of the parts that it includes, by path.
    """

    name: str
    text: str
    document: Document
    overridden: frozenset[Place] = field(default=frozenset())
    file: Path | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    moved: Mapping[Place, Place] = field(default_factory=dict)
    computed: frozenset[Place] = field(default=frozenset())
    groups: Groups = field(default_factory=Groups)
    includes: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """The keys of the file."""
        return self.document.data

    @property
    def command(self) -> str:
        """The command that runs it, from the working directory; empty where none can.

        That is where it is no file, or was changed in a way that no option of the command can say.
        """
        changed = [(name, value) for key, written in self.changes.items() for name, value in _option(key, written)]
        if self.file is None or any(name not in OPTIONS or isinstance(value, list | dict) for name, value in changed):
            return ""
        options = [part for name, value in changed for part in (f"--{name}", str(value))]
        return shlex.join(["virtlab", "run", _from_here(self.file), *options])

    def problem(self, place: Place, message: str, remedy: str = "") -> Problem:
        """A mistake at a place."""
        place = self.written(place)
        problem = self.document.problem(place, message, remedy)
        if any(place[:n] in self.overridden for n in range(len(place) + 1)):
            return replace(problem, file=OVERRIDE, line=0, column=0)
        return problem

    def written(self, place: Place) -> Place:
        """Where in the file something stands."""
        lengths = range(len(place), 0, -1)
        begin = next((length for length in lengths if place[:length] in self.moved), 0) if self.moved else 0
        found = (*self.moved[place[:begin]], *place[begin:]) if begin else place
        return next((found[:n] for n in range(len(found)) if found[:n] in self.computed), found)

    def override(self, values: Mapping[str, Any]) -> Source:
        """The same with other values at dotted paths (``replications``, ``tenants.app.memory``).

        Raises:
            ScenarioError: a path that leads nowhere, or a value that no file could hold.
        """
        data = deepcopy(self.data)
        places: list[Place] = [tuple(path.split(".")) for path in values]
        for place, value in zip(places, values.values(), strict=True):
            if place[0] == include.KEY:
                message, remedy = "is read before anything is overridden", "write it in the file"
                raise ScenarioError([Problem(OVERRIDE, 0, 0, path_text(place), message, remedy)])
            inside: Any = data
            for part in place[:-1]:
                inside = inside.get(part) if isinstance(inside, dict) else None
            if not isinstance(inside, dict):
                path = path_text(place)
                raise ScenarioError(
                    [Problem(OVERRIDE, 0, 0, path, "leads nowhere in this scenario", "correct the path")]
                )
            inside[str(place[-1])] = _plain(value, OVERRIDE)
        changed = replace(self.document, data=data)
        return replace(
            self,
            document=changed,
            overridden=self.overridden | frozenset(places),
            changes={**self.changes, **{path: _plain(value, OVERRIDE) for path, value in values.items()}},
        )


def _option(name: str, value: Any) -> list[tuple[str, Any]]:
    """A change as options of the command: each limit of a budget is one."""
    if name != "budget" or not isinstance(value, dict):
        return [(name, value)]
    return [(name, f"{limit}={size}") for limit, size in value.items()] or [(name, "none")]


def of_file(path: Path) -> Source:
    """The scenario in a file.

    Raises:
        ScenarioError: there is no such file.
    """
    try:
        written, text = document.read_text(path)
    except OSError as error:
        message = (
            "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        )
    except ValueError:
        message = "is no path of a file"
    else:
        found = _complete(path.stem, text, written, path.parent, (Path(os.path.realpath(path)),))
        return replace(found, file=path.absolute())
    raise ScenarioError([Problem(document.cut(str(path), 200), 0, 0, "", message, _nearest(path))])


def _nearest(path: Path) -> str:
    """Which file was probably meant."""
    try:
        folder = path.parent if path.parent.is_dir() else Path()
        return suggestion(str(path), [str(each) for each in folder.glob("*.yaml")])
    except (OSError, ValueError):
        return "correct the path"


def of_text(text: str) -> Source:
    """The scenario that a text is; its name is made from its title."""
    written = document.parse(text, "<text>")
    return _complete(_name(written.data), text, written)


def of_mapping(data: Mapping[str, Any], name: str = "") -> Source:
    """The scenario that a mapping is; the version of the format may be left out.

    Raises:
        ScenarioError: a value that no file could hold.
    """
    found = _plain({"version": 1, **data}, MAPPING)
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return _complete(name or _name(found), text, Document(MAPPING, found))


def _complete(name: str, text: str, written: Document, folder: Path = Path(), above: tuple[Path, ...] = ()) -> Source:
    """The source with all that it includes.

    Raises:
        ScenarioError: a name that no folder of results can have.
    """
    if not (name.isprintable() and 0 < len(name) <= _LONGEST_NAME) or name in (".", "..") or set(name) & set("/\\"):
        message = f"{document.cut(repr(name), 60)} is no name that a folder of results could have"
        raise ScenarioError([Problem(document.cut(written.file, 200), 0, 0, "", message, _RENAME)])
    inclusion = include.Inclusion(folder)
    return Source(name, text, inclusion.complete(written, folder, above), includes=inclusion.texts)


def _from_here(file: Path) -> str:
    """A file as one names it in the working directory."""
    name = str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
    return f"./{name}" if name.startswith("-") else name


def _plain(value: Any, file: str) -> Any:
    """A copy of nothing but dicts, lists, texts and numbers, no more than a file may be; NumPy's become Python's."""
    try:
        plain.check(value)
        return json.loads(json.dumps(value, allow_nan=False, default=_number))
    except (TypeError, ValueError) as error:
        message, remedy = (
            f"holds what no file could: {document.cut(str(error), 200)}",
            "use texts, numbers, lists and dicts",
        )
        raise ScenarioError([Problem(file, 0, 0, "", message, remedy)]) from None


def _number(value: Any) -> Any:
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} is a {type(value).__name__}")


def _name(data: Mapping[str, Any]) -> str:
    """A title as a file's name: "Who pays?" gives ``who-pays``."""
    title = str(data.get("title") or "")[:_LONGEST_TITLE].lower()
    return "-".join(re.findall(r"[a-z0-9]+", title)[:8])[:60].strip("-") or "scenario"


_LONGEST_TITLE, _LONGEST_NAME = 1000, 200
_RENAME = "take letters, digits, '-', '_' and '.'"
