"""A shelf: the folders of catalog files, ours and the user's own, and the names in them.

A file ``layers/xen-1.yaml`` holds the layer ``xen-1``. A bare stem (``xen``) stands for its newest version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, Problem

KINDS = (
    *("machines", "layers", "workloads", "virtual_hardware", "schedulers"),
    *("images", "packages", "registries"),
)
_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_SINGULAR = {"registries": "registry"}
_VERSIONED = re.compile(r"(?P<stem>.+?)-(?P<version>[0-9][0-9a-z.]*)")


class Shelf:
    """Catalog folders, the first one ours; a later one adds names and never replaces one."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(dict.fromkeys(folder.resolve() for folder in folders))

    def bibliographies(self) -> Iterator[Path]:
        """The files of sources."""
        return (path for folder in self.folders if (path := folder / "sources.bib").is_file())

    def files(self, kind: str, problems: list[Problem]) -> dict[str, Path]:
        """The files of a kind by name; a folder that is not there and a name that cannot be are problems."""
        found: dict[str, Path] = {}
        for folder in self.folders:
            if not folder.is_dir():
                problems.append(Problem(str(folder), 0, 0, "", "is no folder", "correct the path of the extra catalog"))
            for path in sorted((folder / kind).glob("*.yaml")):
                if not _NAME.fullmatch(path.stem):
                    remedy = "rename the file: lower-case words, joined by dashes"
                    problems.append(Problem(str(path), 0, 0, "", f"{path.stem!r} is no catalog name", remedy))
                elif path.stem in found:
                    remedy = "rename the file and its 'name:', e.g. 'my-" + path.stem + "'"
                    message = f"the name {path.stem!r} is taken by {found[path.stem]}"
                    problems.append(Problem(str(path), 0, 0, "", message, remedy))
                else:
                    found[path.stem] = path
        return found


def check_kind(kind: str) -> None:
    """Refuse what is no kind of catalog file."""
    if kind not in KINDS:
        raise CatalogError(f"the catalog has no {kind!r}; {suggestion(kind, KINDS)}")


def resolve(kind: str, name: str, names: Iterable[str]) -> str:
    """The full name that a name or a bare stem stands for.

    A full name stands for itself; the stem of a layer or workload for its newest version, in natural order
    (2.4 < 2.10 < 12). Machines have no versions: a model number says nothing about age.

    Raises:
        CatalogError: neither; says what is near.
    """
    known = set(names)
    if name in known:
        return name
    versions = [match for each in known if (match := _VERSIONED.fullmatch(each)) and match["stem"] == name]
    if versions and kind != "machines":
        return max(versions, key=lambda match: _natural(match["version"]))[0]
    remedy = suggestion(name, known)
    if not remedy.startswith("did"):
        stems = {match["stem"] for each in known if (match := _VERSIONED.fullmatch(each))}
        near = suggestion(name, stems) if kind != "machines" else ""
        remedy = near if near.startswith("did") else remedy
    raise CatalogError(f"no {_SINGULAR.get(kind, kind.removesuffix('s'))} is called {name!r}; {remedy}")


def _natural(version: str) -> list[tuple[int, int, str]]:
    parts = re.findall(r"[0-9]+|[a-z]+", version)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
