"""Links of the pages as they are read in a repository, led to the same things in the site."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

_LINK = re.compile(r"(?<!!)\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")
_RELATIVE = re.compile(r"\]\((?!https?:|mailto:|data:|attachment:|#)([^)\s#]+)")
_FENCE = re.compile(r"(^(`{3,}|~{3,}).*?^\2)", re.DOTALL | re.MULTILINE)


def for_site(text: str, docname: str, folder: Path) -> str:
    """A page's text with links to notebooks, scenarios, README and CHANGES that lead to their pages.

    Args:
        text: Markdown.
        docname: the page, without suffix, within the folder.
        folder: of the documentation.
    """
    here = (folder / docname).parent
    parts = _FENCE.split(text)
    return "".join(
        part if number % 3 == 1 else "" if number % 3 == 2 else _LINK.sub(lambda each: _led(each, here, folder), part)
        for number, part in enumerate(parts)
    )


def moved(text: str, old: Path, new: Path) -> str:
    """A text with relative links and pictures that lead from another folder to the same files.

    Args:
        text: Markdown.
        old: the folder it was written for.
        new: the folder it will be in.
    """
    return _RELATIVE.sub(lambda each: f"]({os.path.relpath(old / each[1], new).replace(os.sep, '/')}", text)


def _led(found: re.Match[str], here: Path, folder: Path) -> str:
    page = _page(os.path.relpath((here / found[1]).resolve(), folder.parent.resolve()))
    if page is None:
        return found[0]
    path, _, place = page.partition("#")
    way = os.path.relpath(folder / path, here).replace(os.sep, "/")
    return f"]({way}{f'#{place}' if place else found[2] or ''})"


def _page(path: str) -> str | None:
    """The page of something in the repository; None if it has none."""
    if path in ("README.md", "CHANGES.md"):
        return {"README.md": "start.md", "CHANGES.md": "reference/changes.md"}[path]
    file = PurePosixPath(path)
    if file.parts[:1] == ("notebooks",):
        return f"reference/{file.with_suffix('.md')}" if file.suffix == ".ipynb" else "reference/notebooks/index.md"
    if file.parts[:1] == ("scenarios",):
        if file.suffix != ".yaml":
            return "reference/scenarios.md"
        kind = file.parts[1] if len(file.parts) > 2 else "own"
        return f"reference/scenarios-{kind}.md#{file.stem.lower()}"
    return "reference/sources.md" if path.startswith("simulator/catalog") and file.suffix == ".bib" else None
