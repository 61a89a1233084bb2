"""Slides of a notebook: one HTML file with its outputs and its script inside, which asks the network for nothing.

A notebook says by ``slideshow`` metadata of its cells where slides begin, as nbconvert has it; see ``deck``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from simulator.errors import UsageError
from simulator.lecture.slides import source
from simulator.lecture.slides.deck import deck
from simulator.lecture.slides.page import page
from simulator.results.folder import draft_of

__all__ = ["export"]


def export(
    notebook: Path, to: Path, *, settings: Mapping[str, str] | None = None, as_is: bool = False, code: bool = False
) -> int:
    """Write the slides of a notebook; returns how many there are.

    Args:
        notebook: an ``.ipynb`` file; it is executed unless ``as_is`` is asked for, and never written.
        to: the HTML file.
        settings: other values of the names in its parameters cell, as they would be written there.
        as_is: take the outputs that are in the file.
        code: show code; otherwise it is folded away.

    Raises:
        UsageError: no notebook, no such parameter, a cell that fails, or no place for the file.
    """
    content = source.read(notebook)
    _check_place(to, notebook)
    if settings:
        if as_is:
            raise UsageError("other parameters change the outputs; execute the notebook, without as_is")
        content = source.changed(content, settings)
    if not as_is:
        content = source.executed(content, notebook.parent)
    slides = deck(content)
    _write(to, page(slides, notebook.stem, code))
    return len(slides)


def _check_place(to: Path, notebook: Path) -> None:
    """What can be known before minutes of executing."""
    if not to.parent.is_dir():
        why = f"there is no folder {to.parent}"
    elif to.is_dir():
        why = "it is a folder"
    elif to.exists() and to.samefile(notebook):
        why = "it is the notebook itself"
    elif not os.access(to.parent, os.W_OK):
        why = f"the folder {to.parent} is not yours to write"
    else:
        return
    raise UsageError(f"{to} cannot be written: {why}; choose another place")


def _write(to: Path, text: str) -> None:
    """Whole or not at all."""
    try:
        with draft_of(to) as draft:
            draft.write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{to} cannot be written: {error.strerror or error}; choose another place") from None
