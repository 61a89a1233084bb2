"""How figures look and how they are written: readable in grey and for the colour-blind, the same bytes each time."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.batch.storage import guarded
from simulator.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd")
"""Petroff's six colours, told apart also by those who see fewer."""
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo")
INK = "#333333"
FAMILIES = {
    "bare metal": (INK, "o"),
    "container": (PALETTE[0], "s"),
    "hosted hypervisor": (PALETTE[1], "^"),
    "hardware hypervisor": (PALETTE[2], "D"),
    "paravirtual hypervisor": (PALETTE[3], "v"),
    "jvm": (PALETTE[5], "P"),
    "application kernel": ("#bcd7ff", "p"),
    "user mode kernel": (PALETTE[4], "h"),
    "unikernel": ("#ffffff", "X"),
}
"""Colour and marker of each family of layers; of any other, grey and a star."""
_DOTS_PER_INCH = 150
_NAMELESS: Mapping[str, Any] = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
"""Each kind of file, and what of its metadata would differ from day to day."""
_HANDLE, _CHARACTER = 0.7, 0.085
"""Inches of a legend's handle with its air, and of a character beside it."""


def fill(number: int) -> dict[str, Any]:
    """Colour and pattern of the bar with this number; no two of the first forty are alike, the first seven in grey."""
    return {"facecolor": PALETTE[number % len(PALETTE)], "hatch": HATCHES[number % len(HATCHES)]}


def family(classes: str) -> dict[str, Any]:
    """Colour and marker of a model: the colour of the lowest of its families, the marker of the highest."""
    first, last = classes.split(" + ")[0], classes.split(" + ")[-1]
    other = (PALETTE[4], "*")
    return {"facecolor": FAMILIES.get(first, other)[0], "marker": FAMILIES.get(last, other)[1]}


def legend(figure: Figure, labels: Sequence[str], **options: Any) -> None:
    """A legend under the figure, in as many columns as fit."""
    widest = _HANDLE + _CHARACTER * max(map(len, labels), default=0)
    fitting = max(1, int(figure.get_figwidth() / widest))
    figure.legend(loc="outside lower center", ncols=min(fitting, len(labels)), frameon=False, **options)


def settings() -> AbstractContextManager[None]:
    """Matplotlib's settings while a figure is drawn and written, whatever the user's own are."""
    import matplotlib

    chosen: Any = {
        "font.family": "DejaVu Sans",
        "font.size": 9,
        "axes.edgecolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.6,
        "svg.fonttype": "none",
        "svg.hashsalt": "virtlab",
    }
    defaults: Any = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    return matplotlib.rc_context({**defaults, **chosen})


def save(figure: Figure, stem: Path) -> list[Path]:
    """Write a figure as SVG and PNG, without time or version in it."""
    paths = [stem.with_suffix(kind) for kind in _NAMELESS]
    save_as(figure, paths[0])
    figure.set_layout_engine("none")  # it has been laid out; the second file takes the same places
    save_as(figure, paths[1])
    return paths


def save_as(figure: Figure, path: Path) -> None:
    """Write a figure as what the file is called, without time or version in it; whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.tmp")
    with guarded(path.parent):
        try:
            figure.savefig(draft, format=path.suffix[1:], dpi=_DOTS_PER_INCH, metadata=_NAMELESS[path.suffix])
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def check_kind(path: Path) -> None:
    """Whether a figure can be written as what the file is called.

    Raises:
        UsageError: it cannot.
    """
    if path.suffix not in _NAMELESS:
        raise UsageError(f"a figure cannot be written as {path.name!r}; end its name in {' or '.join(_NAMELESS)}")
