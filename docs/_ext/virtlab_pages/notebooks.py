"""Notebooks as pages to read: text and code, without outputs; nothing is executed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from virtlab_pages.links import moved
from virtlab_pages.markdown import heading, page, toctree

_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_WORDS = {"fr": "in French"}
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """One page a notebook, in whatever folder below ``notebooks``, and one that leads to them."""
    paths = sorted((root / "notebooks").rglob("*.ipynb"))
    paths = [path for path in paths if ".ipynb_checkpoints" not in path.parts]
    names = [str(path.relative_to(root / "notebooks").with_suffix("")) for path in paths]
    lead = ["To read here; to run and to change, `jupyter lab notebooks` (the extra `notebook` installs it).", ""]
    folders = sorted({name.rpartition("/")[0] for name in names})
    lists = [_list(folder, [name for name in names if name.rpartition("/")[0] == folder]) for folder in folders]
    yield "notebooks/index", page("Notebooks", lead, *lists)
    for name, path in zip(names, paths, strict=True):
        text = markdown(json.loads(path.read_text(encoding="utf-8")), name)
        yield f"notebooks/{name}", moved(text, path.parent, (root / "docs/reference/notebooks" / name).parent)


def _list(folder: str, names: list[str]) -> list[str]:
    """The notebooks of a folder, under its name."""
    title = ", ".join(_WORDS.get(part, part) for part in folder.split("/"))
    return [*([f"## {heading(title)}", ""] if folder else []), *toctree(names)]


def markdown(notebook: dict[str, Any], name: str) -> str:
    """A notebook's cells one after the other, under the one title that a page has."""
    cells = [(each["cell_type"], "".join(each["source"])) for each in notebook["cells"]]
    lines, titled = [], False
    for kind, text in cells:
        if kind == "markdown":
            found = _TITLE.search(text) if not titled else None
            lines += [_lowered(text) if titled else text, ""]
            titled = titled or found is not None
        elif kind == "code":
            lines += ["````python", text.rstrip(), "````", ""]
    file = f"notebooks/{name}.ipynb"
    note = [f"*This page is the notebook `{file}`.*", ""]
    return "\n".join([*lines, *note] if titled else [f"# {Path(name).name}", "", *lines, *note]).rstrip() + "\n"


def _lowered(text: str) -> str:
    """A later cell with a title of its own: its headings go one down, those in code stay."""
    if not _TITLE.search(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        return text
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    return "".join(
        part if part.startswith("```") else _HEADING.sub(lambda found: f"#{found[0]}", part) for part in parts
    )
