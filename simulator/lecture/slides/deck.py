"""Which cells stand on which slide.

A cell's ``slide_type``, as nbconvert has it: ``slide`` and ``subslide`` begin a slide, ``fragment`` is held back until
the next key, ``skip`` is left out, ``notes`` are for whoever speaks; a cell without one goes on with the slide above.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.lecture.slides.source import Cell, Notebook

_BEGIN = ("slide", "subslide")


@dataclass
class Slide:
    """One slide.

    Attributes:
        cells: what stands on it, each with whether it is held back at first.
        notes: what only the speaker sees.
    """

    cells: list[tuple[Cell, bool]] = field(default_factory=list)
    notes: list[Cell] = field(default_factory=list)


def deck(notebook: Notebook) -> list[Slide]:
    """The slides of a notebook; cells before the first beginning stand on a slide of their own."""
    slides: list[Slide] = []
    for cell in notebook["cells"]:
        kind = cell.get("metadata", {}).get("slideshow", {}).get("slide_type", "")
        if kind == "skip" or cell.get("cell_type") == "raw":
            continue
        if kind in _BEGIN or not slides:
            slides.append(Slide())
        if kind == "notes":
            slides[-1].notes.append(cell)
        else:
            slides[-1].cells.append((cell, kind == "fragment"))
    return slides
