"""Pages that follow from the code: layers, devices, workloads, scenario files, commands, sources, notebooks, changes.

They are written into ``docs/reference`` before Sphinx looks for pages, and only where their text has changed, so that
the next build reads what is new and nothing else. None of them is kept in the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from virtlab_pages import (
    changes,
    commands,
    contents,
    devices,
    layers,
    links,
    machines,
    notebooks,
    policies,
    scenario,
    scenarios,
    sources,
    workloads,
)

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "reference"
"""Of all generated pages, in the folder of the documentation."""
PARTS = (
    layers, devices, workloads, policies, machines, scenario, scenarios, commands, sources, notebooks, changes,
)  # fmt: skip


def pages() -> Iterator[tuple[str, str]]:
    """Each page: its path without suffix in the folder of generated pages, and its Markdown."""
    for part in PARTS:
        yield from part.pages(ROOT)


def write(folder: Path, made: Callable[[], Iterator[tuple[str, str]]] = pages) -> None:
    """Write all pages into a folder; what is not one of them any more is removed."""
    kept = set()
    for name, text in made():
        path = folder / f"{name}.md"
        kept.add(path)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for path in folder.rglob("*.md"):
        if path not in kept:
            path.unlink()


def _write(app: Any) -> None:
    write(Path(app.srcdir) / FOLDER)


def _read(app: Any, docname: str, content: list[str]) -> None:
    folder = Path(app.srcdir)
    text = contents.complete(content[0], folder) if docname == "index" else content[0]
    content[0] = links.for_site(text, docname, folder)


def _reread(app: Any, env: Any, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """The index lists pages: it is read again when one comes or goes."""
    return ["index"] if added or removed else []


def setup(app: Any) -> Mapping[str, object]:
    """Called by Sphinx."""
    app.connect("builder-inited", _write)
    app.connect("source-read", _read)
    app.connect("env-get-outdated", _reread)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
