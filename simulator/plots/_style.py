"""How figures are written: with one size of letters whatever the user's own settings are, the same bytes each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.batch.storage import guarded
from simulator.errors import UsageError
from simulator.plots._looks import FONT, HEAD, INK, columns
from simulator.results.folder import draft_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 150
_SMALL_DOTS_PER_INCH, _COLOURS = 110, 96
"""Of pictures within a page."""
_NAMELESS: Mapping[str, Any] = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
"""Each kind of file, and what of its metadata would differ from day to day."""


def legend(figure: Figure, labels: Sequence[str], **options: Any) -> None:
    """A legend under the figure, in as many columns as fit."""
    ncols = columns(labels, figure.get_figwidth())
    figure.legend(loc="outside lower center", ncols=ncols, frameon=False, **options)


def settings() -> AbstractContextManager[None]:
    """Matplotlib's settings while a figure is drawn and written, whatever the user's own are."""
    import matplotlib

    chosen: Any = {
        "font.family": "DejaVu Sans",
        "font.size": FONT,
        "axes.titlesize": HEAD,
        "figure.titlesize": HEAD,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
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
    with guarded(path.parent), draft_of(path) as draft:
        figure.savefig(draft, format=path.suffix[1:], dpi=_DOTS_PER_INCH, metadata=_NAMELESS[path.suffix])


def picture(figure: Figure) -> bytes:
    """A figure as a small PNG: few colours are enough for lines, letters and areas."""
    from PIL import Image

    drawn, small = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png", dpi=_SMALL_DOTS_PER_INCH, metadata=_NAMELESS[".png"])
    Image.open(drawn).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()


def check_kind(path: Path) -> None:
    """Whether a figure can be written as what the file is called.

    Raises:
        UsageError: it cannot.
    """
    if path.suffix not in _NAMELESS:
        raise UsageError(f"a figure cannot be written as {path.name!r}; end its name in {' or '.join(_NAMELESS)}")
