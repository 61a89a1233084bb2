"""The library: all catalog files, read once when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.catalog import document, sheet, shelf, sources
from simulator.catalog.document import Document
from simulator.catalog.entry import Surroundings
from simulator.catalog.sheet import Sheet
from simulator.catalog.shelf import Shelf
from simulator.catalog.sources import Source
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, Problem

DEFAULT_ARCHITECTURE = "x86-64"
"""What the processors of a machine execute whose file does not say."""
_BRINGS_SOURCES = re.compile(r"^sources:", re.MULTILINE)
_GROUPS = ("parameters", "structure", "hardware", "layers", *sheet.SECTIONS)
"""Keys whose members are inherited one by one."""


class Library:
    """Files by kind and name, publications by key, and the years of the machines."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._shelf = Shelf(folders)
        self._files: dict[str, dict[str, Path]] = {}
        self._documents: dict[Path, Document] = {}
        self._extended: dict[tuple[str, str], Document] = {}
        self._sheets: dict[tuple[str, str], Sheet] = {}

    def files(self, kind: str) -> dict[str, Path]:
        """The files of a kind by name."""
        shelf.check_kind(kind)
        if kind not in self._files:
            problems: list[Problem] = []
            self._files[kind] = self._shelf.files(kind, problems)
            refuse(problems)
        return self._files[kind]

    @cached_property
    def sources(self) -> dict[str, Source]:
        """All publications by key."""
        problems: list[Problem] = []
        found = self._read_sources(problems)
        refuse(problems)
        return found

    @cached_property
    def years(self) -> dict[str, int]:
        """The year of each machine that has one."""
        years = {name: sheet.year(self.extended("machines", name)) for name in self.files("machines")}
        return {name: year for name, year in years.items() if year is not None}

    @cached_property
    def architectures(self) -> dict[str, str]:
        """What the processors of each machine execute."""
        documents = {name: self.extended("machines", name) for name in self.files("machines")}
        return {name: str(each.data.get("architecture", DEFAULT_ARCHITECTURE)) for name, each in documents.items()}

    def lineage(self, machine: str) -> tuple[str, ...]:
        """A machine and those that its file extends: what was measured on them holds for it."""
        found = [machine] if machine in self.files("machines") else []
        while found and (base := self.document("machines", found[-1]).data.get("extends")) in self.years:
            found.append(str(base))
        return tuple(found)

    def put(self, kind: str, name: str, text: str, path: Path) -> None:
        """Let the library be as if this text stood in a file at ``path``; nothing is written."""
        shelf.check_kind(kind)
        taken = self.files(kind).get(name)
        if taken is not None and taken.resolve() != path.resolve():
            raise CatalogError(f"the name {name!r} is taken by {taken}; choose another")
        self._files[kind][name] = path
        self._documents[path] = document.parse(text, str(path))

    def document(self, kind: str, name: str) -> Document:
        """A file as it is, unchecked."""
        path = self.files(kind)[name]
        if path not in self._documents:
            self._documents[path] = document.read(path)
        return self._documents[path]

    def read(self, kind: str, name: str) -> Sheet:
        """A file checked, with its mistakes."""
        if (kind, name) not in self._sheets:
            around = Surroundings(self.sources, self.years, home=name if kind == "machines" else "")
            self._sheets[kind, name] = sheet.read(kind, name, self.extended(kind, name), around)
        return self._sheets[kind, name]

    def extended(self, kind: str, name: str) -> Document:
        """A file with what it does not say itself taken from the one that it extends."""
        if (kind, name) not in self._extended:
            self._extended[kind, name] = self._with_base(kind, name)
        return self._extended[kind, name]

    def _with_base(self, kind: str, name: str, above: tuple[str, ...] = ()) -> Document:
        own = self.document(kind, name)
        base = own.data.get("extends")
        if own.problems or base is None:
            return own
        if base not in self.files(kind) or base in (name, *above):
            remedy = suggestion(str(base), self.files(kind)) if base not in self.files(kind) else "extend another file"
            own.complain(("extends",), f"{base!r} cannot be extended by {name!r}", remedy)
            return own
        inherited = self._with_base(kind, base, (*above, name)).data
        return replace(own, data=_overlaid(inherited, own.data), problems=list(own.problems))

    def sheet(self, kind: str, name: str) -> Sheet:
        """A file without mistakes; ``name`` may be a bare stem."""
        found = self.read(kind, self.resolve(kind, name))
        refuse(found.document.problems)
        return found

    def resolve(self, kind: str, name: str) -> str:
        """The full name that a name or a bare stem stands for."""
        return shelf.resolve(kind, name, self.files(kind))

    def problems(self) -> list[Problem]:
        """What is wrong with the folders, the file names and the publications, before any file is read."""
        problems: list[Problem] = []
        self._read_sources(problems)
        for kind in shelf.KINDS:
            self._shelf.files(kind, problems)
        return list(dict.fromkeys(problems))

    def _read_sources(self, problems: list[Problem]) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for path in self._shelf.bibliographies():
            for key, source in sources.read(path, problems).items():
                if key in found:
                    problems.append(Problem(str(path), 0, 0, key, "is the key of another source", "rename it"))
                found.setdefault(key, source)
        for each in self._with_sources():
            for key, source in sources.of_document(each).items():
                if key in found:
                    problems.append(each.problem(("sources", key), "is the key of another source", "rename it"))
                found.setdefault(key, source)
        return found

    def _with_sources(self) -> Iterator[Document]:
        """The files that bring their own sources; no other is parsed for it."""
        for kind in shelf.KINDS:
            for path in (self._files.get(kind) or self._shelf.files(kind, [])).values():
                if path not in self._documents:
                    if not _BRINGS_SOURCES.search(path.read_text(encoding="utf-8", errors="replace")):
                        continue
                    self._documents[path] = document.read(path)
                if "sources" in self._documents[path].data:
                    yield self._documents[path]


def _overlaid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of both; of groups that both have, the members of both; what stands in both is as in ``own``."""
    merged = {**base, **own}
    for key in _GROUPS:
        if isinstance(base.get(key), dict) and isinstance(own.get(key), dict):
            merged[key] = {**base[key], **own[key]}
    if isinstance(base.get("devices"), dict) and isinstance(own.get("devices"), dict):
        merged["devices"] = {**base["devices"], **_devices(base["devices"], own["devices"])}
    return merged


def _devices(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Own devices; one of the same kind as the one that it stands for takes from that what it does not say itself."""
    return {
        name: _overlaid(base[name], device)
        if isinstance(device, dict)
        and isinstance(base.get(name), dict)
        and device.get("kind") == base[name].get("kind")
        else device
        for name, device in own.items()
    }


def refuse(problems: list[Problem]) -> None:
    """Raise all problems at once, if there are any."""
    if problems:
        raise CatalogError("\n".join(str(problem) for problem in problems))
