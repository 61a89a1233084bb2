"""How everything looks in every figure: one look for a model wherever it is drawn, one size of letters, one width.

A model is told by the families of its layers, never by the name of a product: the lowest family that is no plain
system gives the colour, the highest the marker and the pattern. Colour is what virtualizes; what every stack has (the
program, plain systems, the machine) is grey. Further members of a family in one batch have denser patterns, other
markers and dashes. Colours are Okabe and Ito's; where two of them are alike in grey, patterns and markers differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FONT = 12
"""Points of the smallest letters on a figure that is shown ten inches wide: readable from the last row."""
HEAD = 14
"""Points of titles."""
WIDTH, HEIGHT = 10.0, 6.0
"""Inches of a figure that fills a slide; one with more to show than fits grows beyond them."""
CHARACTER, LINE = 0.105, 0.25
"""Inches that a letter of the smallest size takes in a line, in the mean, and that a line of them takes."""
INK, GRID, PALE = "#333333", "#dddddd", "#eeeeee"
"""Lines and letters; lines that help to read; areas that carry no number."""

BARE, OTHER = "bare metal", "other"
PALETTE = ("#0072b2", "#e69f00", "#d55e00", "#009e73", "#9c9ca1", "#cc79a7", "#56b4e9", "#f0e442")
"""Colours of what is no model, such as two kinds of bars; in this order no two neighbours are alike in grey."""
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo")
_MEMBERS = ("", "..", "xx", "--", "oo", "++", "//", "\\\\")
"""What is put over the pattern of a family for its first, second, ... member."""
_MARKERS = ("o", "s", "^", "D", "v", "<", ">", "P")
"""Shapes of the points of the second member on, where each member is a line of its own; the first has its family's."""
_DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 2)),
    (0, (1.5, 1.5)),
    (0, (7, 2, 1.5, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (9, 4)),
)


@dataclass(frozen=True)
class Look:
    """One model's look.

    Attributes:
        colour: of bars, markers and lines.
        hatch: pattern of bars.
        marker: shape of points.
        dash: of lines.
    """

    colour: str
    hatch: str
    marker: str
    dash: Any = "-"

    def bar(self) -> dict[str, Any]:
        """Options of a bar or patch."""
        return {"facecolor": self.colour, "hatch": self.hatch, "edgecolor": INK, "linewidth": 0.6}

    def point(self) -> dict[str, Any]:
        """Options of points by ``scatter``."""
        return {"facecolor": self.colour, "marker": self.marker, "edgecolors": INK, "linewidths": 0.8}

    def line(self) -> dict[str, Any]:
        """Options of a line with markers."""
        return {
            "color": self.colour, "linestyle": self.dash, "marker": self.marker, "markeredgecolor": INK,
            "markeredgewidth": 0.6, "linewidth": 2.2, "markersize": 8.0,
        }  # fmt: skip


FAMILIES: Mapping[str, Look] = {
    BARE: Look(INK, "", "o"),
    "container": Look("#56b4e9", "", "s"),
    "hosted hypervisor": Look("#e69f00", "...", "^"),
    "hardware hypervisor": Look("#d55e00", "//", "D"),
    "paravirtual hypervisor": Look("#cc79a7", "xx", "v"),
    "jvm": Look("#0072b2", "", "P"),
    "application kernel": Look("#009e73", "\\\\", "p"),
    "user mode kernel": Look("#f0e442", "--", "h"),
    "unikernel": Look("#ffffff", "++", "X"),
    OTHER: Look("#9c9ca1", "oo", "*"),
}
"""The look of the first member of each family."""
_PARTS: Mapping[str, Look] = {
    "program": Look("#e6e6e6", "", "o"),
    "operating system": Look("#b8b8b8", "", "o"),
    "machine": Look("#7f7f7f", "", "o"),
    "disk": Look("#d4d4d4", "---", "o"),
    "waits": Look("#ffffff", "", "o"),
}
"""What every stack has beside models: grey, the darker the further down."""


def model(classes: str, member: int = 0) -> Look:
    """The look of a model.

    Args:
        classes: its families from the hardware up, joined by `` + ``.
        member: how many models of the same families stand before it in the batch.
    """
    names = classes.split(" + ")
    low, high = (FAMILIES.get(name, FAMILIES[OTHER]) for name in (names[0], names[-1]))
    return _member(Look(low.colour, high.hatch, high.marker), member)


def layer(family: str, member: int = 0) -> Look:
    """The look of one layer, or of the program or the machine, where the parts of a stack are drawn.

    Args:
        family: of the layer.
        member: how many layers of the same family stand before it.
    """
    return _member(_PARTS.get(family) or FAMILIES.get(family, FAMILIES[OTHER]), member)


def _member(look: Look, member: int) -> Look:
    hatch = look.hatch + _MEMBERS[member % len(_MEMBERS)]
    markers = [look.marker, *(marker for marker in _MARKERS if marker != look.marker)]
    return Look(look.colour, hatch, markers[member % len(markers)], _DASHES[member % len(_DASHES)])


def members(families: Iterable[str]) -> list[int]:
    """For each how many equal ones stand before it.

    >>> members(["container", "jvm", "container"])
    [0, 0, 1]
    """
    seen: dict[str, int] = {}
    found = []
    for family in families:
        found.append(seen.get(family, 0))
        seen[family] = found[-1] + 1
    return found


def fill(number: int) -> dict[str, Any]:
    """Colour and pattern of the bar with this number, of what is no model; no two of the first forty are alike."""
    return {"facecolor": PALETTE[number % len(PALETTE)], "hatch": HATCHES[number % len(HATCHES)]}


def widest(words: Iterable[str]) -> float:
    """Inches that the longest line of some words takes."""
    return CHARACTER * max((len(line) for word in words for line in word.split("\n")), default=0)


def columns(labels: Sequence[str], width: float = WIDTH, handle: float = 0.75) -> int:
    """Columns of a legend that fit into a width, in inches; each has a handle of that width with its air."""
    return max(1, min(len(labels), int(width / (handle + widest(labels)))))
