"""Stacks as boxes on each other: wide ones are shared by the tenants above them, narrow ones belong to one.

A model's layers have its colour in every figure, plain systems are grey; what is shared is hatched and framed thickly.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from textwrap import wrap
from typing import TYPE_CHECKING

from simulator import notation
from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.lecture.picture import Picture, picture
from simulator.plots import _looks
from simulator.plots._models import family

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.notation import Node, Tree

_PROGRAM, _HARDWARE = "#ffffff", "#8d8d94"
_FRAMES = {True: 2.6, False: 1.0}
"""Width of the frame of what is shared, and of what is not."""
_PAPER = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
"""Behind letters, so that they can be read on every colour."""
_AIR = 0.06
_MOST_TENANTS = 6
_IN_A_ROW = 4
_INCHES = 1.25
"""Of a tenant's column."""
_LETTERS = 12
"""Of a name in a line of such a column."""
HARDWARE = "hardware"


def stacks(expressions: Mapping[str, str], *, tenants: int = 2) -> Picture:
    """Draw stacks side by side, each with so many tenants (A, B, ...): what is shared is wide and hatched.

    Args:
        expressions: by title, e.g. ``{"containers": "linux-6 | docker-27"}``; a bar divides shared from private.
        tenants: how many stand on each.

    Raises:
        UsageError: no stack, a mistake in one, or too many tenants to be drawn.
        CatalogError: a layer that the catalog has not.
    """
    if not expressions:
        raise UsageError('there is no stack to draw; give e.g. {"containers": "linux-6 | docker-27"}')
    if not 1 <= tenants <= _MOST_TENANTS:
        raise UsageError(f"{tenants} tenants cannot be drawn; take 1 to {_MOST_TENANTS}")
    catalog = Catalog()
    trees = {}
    for title, text in expressions.items():
        expression = catalog.complete(notation.parse(text))
        several = sum(scope == "group" for scope, _ in expression.placed()) > 0
        names = ascii_uppercase[:tenants]
        groups = {name: f"g{place // 2}" if several else None for place, name in enumerate(names)}
        trees[title] = notation.build(dict.fromkeys(names, expression), groups)
    return picture(_draw, trees)


def _draw(trees: Mapping[str, Tree]) -> Figure:
    from matplotlib.figure import Figure

    depth = 2 + max(len(chain) for tree in trees.values() for chain in tree.chains.values())
    across = min(_IN_A_ROW, len(trees))
    down = -(-len(trees) // across)
    columns = [max(2, _columns(tree)) for tree in trees.values()]
    ratios = [max(columns[place::across]) for place in range(across)]
    figure = Figure(figsize=(_INCHES * sum(ratios), (0.66 * depth + 0.4) * down), layout="constrained")
    panels = figure.subplots(down, across, squeeze=False, width_ratios=ratios).flatten()
    for axes in panels[len(trees) :]:
        axes.axis("off")
    for axes, (title, tree) in zip(panels, trees.items(), strict=False):
        _tree(axes, tree)
        axes.set_title(title)
        axes.set_xlim(0, _columns(tree))
        axes.set_ylim(0, depth)
        axes.axis("off")
    return figure


def _columns(tree: Tree) -> int:
    return len(tree.chains) + sum(node.role is not None for node in tree.nodes)


def _tree(axes: Axes, tree: Tree) -> None:
    """Columns are the tenants, after those of the parts that stand beside them (a domain 0)."""
    roles = [node for node in tree.nodes if node.role is not None]
    columns: dict[str, list[int]] = {node.path: [place] for place, node in enumerate(roles)}
    for place, chain in enumerate(tree.chains.values(), len(roles)):
        for node in chain:
            columns.setdefault(node.path, []).append(place)
    for node in roles:  # what carries a role lies under it
        if node.parent is not None:
            columns[node.parent.path] = sorted({*columns[node.parent.path], *columns[node.path]})
    _box(axes, list(range(_columns(tree))), 0, HARDWARE, _HARDWARE)
    for node in tree.nodes:
        shared = len(columns[node.path]) > 1 or not node.private
        colour = _looks.layer(family(node.name.strip("@"))).colour
        _box(axes, columns[node.path], 1 + _level(node), _label(node), colour, shared)
    for place, (tenant, chain) in enumerate(tree.chains.items(), len(roles)):
        _box(axes, [place], 2 + max(map(_level, chain)), tenant, _PROGRAM)


def _level(node: Node) -> int:
    return 0 if node.parent is None else 1 + _level(node.parent)


def _label(node: Node) -> str:
    return f"{node.role}\n{node.name}" if node.role else node.name


def _lines(text: str, columns: int) -> str:
    """A long name in several lines, divided at its hyphens."""
    parts = [wrap(part.replace("-", "- "), _LETTERS * columns) for part in text.split("\n")]
    return "\n".join(line.replace("- ", "-") for lines in parts for line in lines)


def _box(axes: Axes, columns: list[int], level: int, text: str, colour: str, shared: bool = False) -> None:
    from matplotlib.patches import Rectangle

    left, right = min(columns), max(columns) + 1
    axes.add_patch(
        Rectangle((left + _AIR, level + _AIR), right - left - 2 * _AIR, 1 - 2 * _AIR, facecolor=colour,
                  edgecolor=_looks.INK, hatch="//" if shared else "", linewidth=_FRAMES[shared])
    )  # fmt: skip
    axes.text(
        (left + right) / 2,
        level + 0.5,
        _lines(text, len(columns)),
        ha="center",
        va="center",
        fontsize=_looks.FONT,
        bbox=_PAPER,
    )
