"""The contents in ``index.md``: a pattern that no page matches is left out, a star is what nothing else names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_TREE = re.compile(r"```\{toctree\}\n(.*?)```", re.DOTALL)
_ALL = "*"


def complete(text: str, folder: Path) -> str:
    """The text of the index with its lists of pages as they are to be read.

    Args:
        text: of the index.
        folder: of the documentation.
    """
    names = sorted(path.stem for path in folder.glob("*.md") if path.name != "index.md")
    entries = [line for tree in _TREE.findall(text) for line in tree.splitlines() if line != _ALL]
    rest = [name for name in names if not any(fnmatch(name, entry) for entry in entries)]

    def filled(tree: re.Match[str]) -> str:
        return "".join(f"{line}\n" for line in _lines(tree[0].splitlines(), names, rest)).rstrip("\n")

    return _TREE.sub(filled, text)


def _lines(lines: list[str], names: list[str], rest: list[str]) -> Iterator[str]:
    for line in lines:
        if line == _ALL:
            yield from rest
        elif "*" in line:
            yield from (name for name in names if fnmatch(name, line))
        else:
            yield line
