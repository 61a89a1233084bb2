"""A picture: a figure that has been drawn, and stays what it is wherever the notebook is read."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from simulator.plots import _style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT_PT = 13
"""Of all figures of lectures: seen from the last row."""
_DOTS_PER_INCH = 100


class Picture:
    """A drawn figure, shown by notebooks as it is.

    Args:
        png: the file.
        words: what stands there where no pictures are shown.
    """

    def __init__(self, png: bytes, words: str = "figure") -> None:
        self.png = png
        self._words = words

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"<{self._words}>"


def picture(draw: Callable[..., Figure], *arguments: Any, **options: Any) -> Picture:
    """Draw with the looks of lectures (large letters, no frame above and right), whatever the user's settings are.

    Args:
        draw: makes a Matplotlib figure, best ``Figure(figsize=(10, 4), layout="constrained")``.
        arguments: what it is called with.
        options: by name.
    """
    import matplotlib

    with _style.settings(), matplotlib.rc_context({"font.size": FONT_PT}):
        figure = draw(*arguments, **options)
        file = BytesIO()
        figure.savefig(file, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
    return Picture(file.getvalue(), getattr(draw, "__name__", "figure"))
