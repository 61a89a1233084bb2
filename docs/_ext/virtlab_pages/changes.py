"""The page of changes: CHANGES.md as it stands, its links from here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from virtlab_pages.links import moved


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The page."""
    text = (root / "CHANGES.md").read_text(encoding="utf-8")
    yield "changes", moved(text, root, root / "docs/reference")
