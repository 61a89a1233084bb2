"""Finds the modules that add something: dropping a file into a folder is how virtlab is extended.

A family (layers, workloads, devices, ``sharing.policies``) is a package here; each of its modules that does not
start with an underscore is one member. More members are found in the folders named by the environment variable
``VIRTLAB_CATALOG`` (separated like ``PATH``), under ``modules/<family>/``. A session (a notebook) may add a class of
its own without a file; such members live in this process only.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from simulator.errors import CatalogError

EXTRA_VARIABLE = "VIRTLAB_CATALOG"


_session_modules: dict[str, dict[str, ModuleType]] = {}
_session_folders: list[Path] = []


def extra_folders() -> tuple[Path, ...]:
    """Folders of the user's own catalog files and modules: from the environment, then the session's own."""
    named = (Path(part) for part in os.environ.get(EXTRA_VARIABLE, "").split(os.pathsep) if part)
    return (*named, *_session_folders)


def add_to_session(family: str, module: ModuleType, folder: Path) -> None:
    """Make a module of this process a member of a family, and a folder one of the user's own.

    A name that the session has added before is replaced: a cell may be run again.
    """
    name = module.__name__
    if name in _members(family, extra_folders()):
        raise CatalogError(f"the name {name!r} is taken in {family}; choose another")
    _session_modules.setdefault(family, {})[name] = module
    if folder not in _session_folders:
        _session_folders.append(folder)


def session_modules() -> list[ModuleType]:
    """What the session has added: a worker process does not have it."""
    return [module for modules in _session_modules.values() for module in modules.values()]


def session_families() -> dict[str, dict[str, ModuleType]]:
    """The same by family and name."""
    return {family: dict(modules) for family, modules in _session_modules.items()}


def replace_session(families: Mapping[str, Mapping[str, ModuleType]]) -> None:
    """Gives this process what another one's session has added, in place of all that it has."""
    _session_modules.clear()
    _session_modules.update({family: dict(modules) for family, modules in families.items()})


def members(family: str) -> Mapping[str, Path]:
    """Module files of a family by name; the user's own come last and may not replace one of ours."""
    session = {name: Path(f"<{name}>") for name in _session_modules.get(family, ())}
    return {**_members(family, extra_folders()), **session}


def _folder(parent: Path, family: str) -> Path:
    """Where a family's modules lie: one within another (``sharing.policies``) has a folder within its folder."""
    return parent.joinpath(*family.split("."))


@cache
def _members(family: str, extra: tuple[Path, ...]) -> Mapping[str, Path]:
    own = _folder(Path(__file__).parent, family)
    found = {path.stem: path for path in sorted(own.glob("*.py")) if not path.stem.startswith("_")}
    found.pop("base", None)
    for folder in extra:
        for path in sorted(_folder(folder / "modules", family).glob("*.py")):
            if path.stem in found:
                raise CatalogError(f"{path}: the name {path.stem!r} is taken in {family}; rename the file")
            found[path.stem] = path
    return found


@cache
def _import_file(family: str, path: Path) -> ModuleType:
    name = f"simulator.{family}.{path.stem}"
    if path.parent == _folder(Path(__file__).parent, family):
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def member(family: str, name: str) -> ModuleType:
    """The module ``name`` of a family.

    Raises:
        CatalogError: there is no such module; lists those there are.
    """
    session = _session_modules.get(family, {})
    if name in session:
        return session[name]
    found = members(family)
    if name not in found:
        raise CatalogError(f"no {family} module {name!r}; there are: {', '.join(sorted(found))}")
    return _import_file(family, found[name])
