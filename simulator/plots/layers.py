"""The layer tree: what each tenant stands on, hardware below, and which parts of it tenants share.

A model's layers have its colour, plain systems are grey; what several tenants stand on is framed thickly and says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator import notation
from simulator.notation import ROLES, Node, Tree
from simulator.plots import _looks
from simulator.plots._labels import records
from simulator.plots._looks import CHARACTER, FONT, INK, WIDTH
from simulator.plots._models import expressions, family

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "What stands on what, and who shares it?"
ON_DEMAND = True
"""Drawn where it is asked for, not after every run."""
MACHINE, TENANT = "machine", "tenant"
_MOST_STACKS, _MOST_TENANTS = 6, 6
"""Stacks that have a panel, and tenants that have a column in it; of more the first are shown."""
_GROUP = re.compile(r"\[group=([^\]]*)\]")
_LEVEL, _AROUND, _HEAD = 0.24, 0.3, 0.7
"""Inches of a line in a level of a tree, of what is around it, and of a panel's title."""
_ACROSS = 2
_GAP = 0.05
_SHARED, _OWN = 2.6, 0.8
"""Widths of frames."""


def frame(results: Results) -> pd.DataFrame:
    """A row for each part of each stack's tree: from which column to which and on which level it stands.

    ``kind`` is machine, a family of layers, or tenant; ``tenants_count`` how many tenants stand on it, ``shared``
    whether that is more than one. Each stack as at the first of its points.
    """
    import pandas as pd

    known = list(expressions(results).items())
    rows: list[dict[str, Any]] = []
    for stack, expression in known[:_MOST_STACKS]:
        runs = results.runs.loc[results.runs["stack"] == stack, "run"]
        of_run = results.tenants[results.tenants["run"] == (runs.iloc[0] if len(runs) else "")]
        every = [(str(row["tenant"]), str(row["copy_of"])) for row in records(of_run)]
        for tree in [_tree(expression, every[:_MOST_TENANTS], results)] if every else []:
            left_out = max(0, len(every) - _MOST_TENANTS)
            rows += [{"stack": stack, "left_out": left_out, **row} for row in _rows(tree)]
    table = pd.DataFrame(rows)
    table.attrs |= {
        "title": results.manifest["scenario"]["title"], "left_out": max(0, len(known) - _MOST_STACKS),
    }  # fmt: skip
    return table


def _tree(expression: str, tenants: Sequence[tuple[str, str]], results: Results) -> Tree:
    """The tree that the tenants make; who is in which group the paths of what was charged say."""
    written = (
        json.loads(expression) if expression.startswith("{") else dict.fromkeys((of for _, of in tenants), expression)
    )
    groups = _groups(results)
    stacks = {tenant: written[of] for tenant, of in tenants if of in written}
    return notation.build(stacks, {tenant: groups.get(tenant, tenant) for tenant in stacks})


def _groups(results: Results) -> dict[str, str]:
    paths = results.charges[["tenant", "payer"]].drop_duplicates()
    found = ((str(row["tenant"]), _GROUP.search(str(row["payer"]))) for row in records(paths))
    return {tenant: match[1] for tenant, match in found if match}


def _rows(tree: Tree) -> list[dict[str, Any]]:
    """The machine, the nodes from below, the tenants on top; columns are tenants, then driver domains."""
    tenants = list(tree.chains)
    roles = [node for node in tree.nodes if node.role]
    width = len(tenants) + len(roles)
    heights: dict[str, int] = {}
    rows = [_row(MACHINE, MACHINE, "", 0, (0, width), len(tenants))]
    for node in tree.nodes:
        heights[node.path] = 1 + (heights[node.parent.path] if node.parent else 0)
        on = [number for number, tenant in enumerate(tenants) if _stands(tree, tenant, node)]
        span = _span(node, on, roles, len(tenants))
        name = f"{node.name}\n{node.role}" if node.role and node.role != node.name.strip("@") else node.name.strip("@")
        options = ", ".join(f"{key}={value}" for key, value in node.options.items() if key not in ROLES)
        rows.append(_row(f"{name} ({options})" if options else name, family(node.name.strip("@")), node.path,
                         heights[node.path], span, len(on)))  # fmt: skip
    for number, tenant in enumerate(tenants):
        level = 1 + max(heights[node.path] for node in tree.chains[tenant])
        rows.append(_row(tenant, TENANT, "", level, (number, number + 1), 1))
    return rows


def _row(name: str, kind: str, path: str, level: int, span: tuple[int, int], count: int) -> dict[str, Any]:
    return {
        "name": name, "kind": kind, "path": path, "level": level, "left": span[0], "right": span[1],
        "tenants_count": count, "shared": count > 1,
    }  # fmt: skip


def _stands(tree: Tree, tenant: str, node: Node) -> bool:
    """Whether a tenant stands on a node, or needs it beside its own, as all guests of a hypervisor a driver domain."""
    return node in tree.chains[tenant] or (node.role is not None and node.parent in tree.chains[tenant])


def _span(node: Node, on: Sequence[int], roles: Sequence[Node], tenants: int) -> tuple[int, int]:
    if node.role:
        return tenants + roles.index(node), tenants + roles.index(node) + 1
    mine = [tenants + number for number, role in enumerate(roles) if _below(role, node)]
    columns = [*on, *mine]
    return min(columns), max(columns) + 1


def _below(role: Node, node: Node) -> bool:
    """Whether a node is somewhere under a driver domain."""
    under = role.parent
    while under is not None:
        if under is node:
            return True
        under = under.parent
    return False


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each stack, two side by side."""
    from matplotlib.figure import Figure

    stacks = list(dict.fromkeys(table["stack"]))
    across = min(_ACROSS, len(stacks))
    rows = [stacks[first : first + across] for first in range(0, len(stacks), across)]
    levels = [1 + int(table[table["stack"].isin(row)]["level"].max()) for row in rows]
    lines = [max(_lines_of(table[table["stack"] == stack], WIDTH / across - 0.3) for stack in row) for row in rows]
    heights = [level * (_AROUND + _LEVEL * line) for level, line in zip(levels, lines, strict=True)]
    figure = Figure(figsize=(WIDTH, 0.7 + sum(_HEAD + height for height in heights)), layout="constrained")
    grid = figure.subplots(len(rows), across, squeeze=False, height_ratios=[_HEAD + height for height in heights])
    for down, (row, level) in enumerate(zip(rows, levels, strict=True)):
        for number in range(across):
            if number < len(row):
                _panel(grid[down][number], records(table[table["stack"] == row[number]]), level, WIDTH / across - 0.3)
            else:
                grid[down][number].remove()
    more = (
        f" (the first {len(stacks)} of {len(stacks) + table.attrs['left_out']} stacks)"
        if table.attrs.get("left_out")
        else ""
    )
    title = f"{table.attrs.get('title', TITLE)}: thickly framed is what tenants share{more}"
    figure.suptitle("\n".join(wrap(title, int(0.8 * WIDTH / CHARACTER))), x=0.01, ha="left", fontweight="bold")
    return figure


def _lines_of(table: pd.DataFrame, wide: float) -> int:
    """The most lines of a name in a tree."""
    return max(len(_words(row, wide / table["right"].max())) for row in records(table))


def _words(row: dict[str, Any], column: float) -> list[str]:
    """What stands in a box, in lines; ``column`` is the width of a tenant in inches."""
    letters = max(4, int((row["right"] - row["left"] - 2 * _GAP) * column / CHARACTER))
    shared = f", shared by {row['tenants_count']}" if row["shared"] and row["kind"] != MACHINE else ""
    return [line for part in f"{row['name']}{shared}".split("\n") for line in wrap(part, letters)]


def _panel(axes: Axes, rows: Sequence[dict[str, Any]], levels: int, wide: float) -> None:
    columns = max(row["right"] for row in rows)
    for row in rows:
        _box(axes, row, wide / columns)
    left_out = f" (and {rows[0]['left_out']} more tenants)" if rows[0]["left_out"] else ""
    axes.set_title(f"{rows[0]['stack']}{left_out}", loc="left", fontsize=FONT, fontweight="bold")
    axes.set_xlim(0.0, columns)
    axes.set_ylim(0.0, levels)
    axes.axis("off")


def _box(axes: Axes, row: dict[str, Any], column: float) -> None:
    """One part; ``column`` is the width of a tenant in inches."""
    from matplotlib.patches import Rectangle

    left, width = row["left"] + _GAP, row["right"] - row["left"] - 2 * _GAP
    middle = (row["left"] + row["right"]) / 2.0, row["level"] + 0.5
    words = "\n".join(_words(row, column))
    if row["kind"] == TENANT:
        axes.text(*middle, words, ha="center", va="center", fontweight="bold")
        return
    look = _looks.layer(row["kind"])
    box = Rectangle((left, row["level"] + _GAP), width, 1.0 - 2 * _GAP, facecolor=look.colour, edgecolor=INK,
                    linewidth=_SHARED if row["shared"] else _OWN)  # fmt: skip
    axes.add_patch(box)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
    axes.text(*middle, words, ha="center", va="center", bbox=paper)
