"""What faults take down, drawn on the tree of each stack: hardware below, tenants above, one box for each system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from simulator.plots._looks import FONT, INK, PALETTE, WIDTH
from simulator.units import format_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.blast import Blast, Row

_LEVEL_INCHES, _TENANT_INCHES, _TITLE_INCHES = 1.4, 2.3, 0.7
_GAP = 0.06


def draw(found: Sequence[Blast]) -> Figure:
    """One panel for each stack, one under the other."""
    from matplotlib.figure import Figure

    widest = max(_columns(each) for each in found)
    heights = [max(_depths(each).values()) + 2 for each in found]
    width = max(WIDTH, _TENANT_INCHES * widest)
    figure = Figure(figsize=(width, 0.4 + sum(_TITLE_INCHES + _LEVEL_INCHES * (height - 0.4) for height in heights)))
    figure.set_layout_engine("constrained")
    panels = figure.subplots(len(found), 1, squeeze=False, height_ratios=heights)
    for axes, each, height in zip(panels.flat, found, heights, strict=True):
        _panel(axes, each, height - 0.4)
    figure.suptitle("What a crash takes down: the darker, the more tenants", fontweight="bold")
    return figure


def _columns(found: Blast) -> int:
    """Columns of a panel: a tenant each, and one for every driver domain."""
    return len(found.tenants) + sum(bool(node["role"]) for node in found.tree)


def _depths(found: Blast) -> dict[str, int]:
    depths = {"machine": -1}
    for node in found.tree:
        depths[node["path"]] = depths[node["below"]] + 1
    return depths


def _panel(axes: Axes, found: Blast, highest: float) -> None:
    depths, columns = _depths(found), _columns(found)
    spans = _spans(found)
    rows = _rows(found)
    for node in found.tree:
        left, right = spans[node["path"]]
        name = node["product"] + (f"\n{node['role']}" if node["role"] else "")
        _box(axes, (left, right, depths[node["path"]]), name, rows.get(node["path"], ()), len(found.tenants))
    for number, tenant in enumerate(found.tenants):
        top = max(depths[node["path"]] for node in found.tree if _holds(spans[node["path"]], number)) + 1
        axes.text(number + 0.5, top + 0.3, tenant, ha="center", va="center", fontweight="bold", color=INK)
    axes.set_xlim(0, columns)
    axes.set_ylim(-0.1, highest)
    axes.axis("off")
    summary = f"on average {found.mean_lost:.2g} of {len(found.tenants)} lost, at worst {found.worst_lost}"
    broken = f"{found.boundaries} to break between two tenants"
    axes.set_title(f"{found.stack}\n{summary}; {broken}", fontsize=FONT, loc="left")


def _holds(span: tuple[float, float], number: int) -> bool:
    return span[0] <= number < span[1]


def _spans(found: Blast) -> dict[str, tuple[float, float]]:
    """From where to where each node reaches: over all tenants that stand on it; driver domains stand on the right."""
    above = {node["path"]: _above(found, node["path"]) for node in found.tree}
    free = float(len(found.tenants))
    spans: dict[str, tuple[float, float]] = {}
    for node in found.tree:
        if node["role"]:
            spans[node["path"]] = (free, free + 1)
            free += 1
        else:
            numbers = [found.tenants.index(tenant) for tenant in above[node["path"]]]
            spans[node["path"]] = (min(numbers), max(numbers) + 1)
    for node in found.tree:
        roles = [each["path"] for each in found.tree if each["role"] and each["below"] == node["path"]]
        if roles:
            spans[node["path"]] = (spans[node["path"]][0], max(spans[role][1] for role in roles))
    return spans


def _above(found: Blast, path: str) -> list[str]:
    """Tenants that stand on a node: owners of nodes above it; all, where none has a node of its own."""
    below = {node["path"]: node["below"] for node in found.tree}

    def stands(other: str) -> bool:
        while other in below:
            if other == path:
                return True
            other = below[other]
        return False

    owners = [node["owner"] for node in found.tree if node["owner"] and stands(node["path"])]
    return owners or list(found.tenants)


def _rows(found: Blast) -> dict[str, list[Row]]:
    """The components of each node; a hypervisor's part for one guest is drawn where its process is, if it has one."""
    rows: dict[str, list[Row]] = {}
    products = {node["path"]: node["product"] for node in found.tree}
    for row in found.rows:
        path = row.path
        while row.part == "process" and products.get(path) != row.product and "/" in path:
            path = path.rpartition("/")[0]
        rows.setdefault(path, []).append(row)
    return rows


def _box(axes: Axes, place: tuple[float, float, int], name: str, rows: Sequence[Row], tenants: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    left, right, level = place
    worst = max((row.lost for row in rows), default=0) / tenants
    width, height = right - left - 2 * _GAP, 1 - 2 * _GAP
    shape = "round,pad=0,rounding_size=0.05"
    box = FancyBboxPatch((left + _GAP, level + _GAP), width, height, boxstyle=shape, linewidth=0.8, edgecolor=INK)
    box.set_facecolor(PALETTE[2])
    box.set_alpha(0.08 + 0.5 * worst)
    axes.add_patch(box)
    lines = [_line(row, tenants) for row in rows]
    text = "\n".join([name, *lines])
    middle = (left + right) / 2
    axes.text(middle, level + 0.5, text, ha="center", va="center", color="black", linespacing=1.25)


def _line(row: Row, tenants: int) -> str:
    """What its crash does, and how long setting it up anew takes."""
    words: Mapping[str, str] = next(hit.effects for hit in row.hits if hit.kind == "crash")
    counts = {word: sum(each == word for each in words.values()) for word in words.values()}
    hit = ", ".join(f"{count} of {tenants} {word}" for word, count in counts.items()) or "nobody"
    again = "" if row.restart_s is None else f", {format_quantity(float(f'{row.restart_s:.2g}'), 's')}"
    what = f"{row.product} {row.part}" if row.part == "daemon" else row.part
    return f"{what}:\n{hit}{again}"
