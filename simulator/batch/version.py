"""Versions: which code and which libraries made a result."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

from simulator import session
from simulator.discovery import extra_folders

PACKAGE = Path(__file__).parent.parent
READ_ONLY = (
    *("cli", "plots", "report", "choice", "importance", "uncertainty", "validation", "explain", "pool", "planning"),
    *("__main__.py", "watching.py", "sweeping.py"),
)
"""Parts of the package that only ask for points and look at results: changing them makes no result out of date."""
LIBRARIES = ("simpy", "numpy", "pandas", "scipy", "matplotlib", "pydantic", "PyYAML", "pyarrow")


def code_version() -> str:
    """The installed version and a digest of every source file that can decide a result.

    Taken once per process: the modules of a running process do not follow edits of their files either.
    """
    return _code_version(extra_folders()) + session.digest()


@lru_cache
def _code_version(folders: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    own = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in READ_ONLY]
    theirs = [path for folder in folders for path in (folder / "modules").rglob("*.py")]
    for path in sorted(own) + sorted(theirs):
        digest.update(f"{path.parent.name}/{path.name}\0".encode())
        digest.update(path.read_bytes())
    return f"{_installed('virtlab') or '0'}+{digest.hexdigest()[:12]}"


def library_versions() -> dict[str, str]:
    """Python and the libraries that are installed, without importing them."""
    found = {name: _installed(name) for name in LIBRARIES}
    return {"python": platform.python_version()} | {name: version for name, version in found.items() if version}


@lru_cache
def _installed(name: str) -> str:
    try:
        return installed(name)
    except PackageNotFoundError:
        return ""
