"""``virtlab blast``: what each fault takes down on a stack, and what lies between two tenants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from simulator.blast import Blast, Reach, Row
    from simulator.blast.analysis import Size

_NOTE = (
    "Times: from noticing to serving the last tenant again, from cold caches, the machine's self-test apart. "
    "Widths and sizes are weights to be looked at: they say what must be gone through, not how likely that is."
)


@click.command()
@click.argument("stacks", nargs=-1, required=True, metavar="STACK...")
@click.option("--tenants", type=int, default=4, show_default=True, help="How many equal tenants stand on it, 2 to 26.")
@click.option("--machine", metavar="NAME", default="", help="Machine of the catalog.  [default: server-2025]")
@click.option("--set", "numbers", multiple=True, metavar="PRODUCT.NUMBER=VALUE", help="Another weight of a boundary.")
@click.option("--figure", type=click.Path(dir_okay=False), metavar="FILE", help="Draw the trees, as .png or .svg.")
@json_option
def command(
    stacks: tuple[str, ...], tenants: int, machine: str, numbers: tuple[str, ...], figure: str | None, as_json: bool
) -> None:
    """Show what each fault takes down: which tenants are lost, hang or lose their devices, and what recovers it.

    STACK is an expression, e.g. "linux-6 | docker"; several are compared.
    """
    from simulator.blast import blast
    from simulator.blast.setting import MACHINE

    if figure is not None:
        from simulator.plots import check_kind, draw_blast

        check_kind(Path(figure))
    given = dict(map(_number, numbers))
    found = [blast(stack, tenants=tenants, machine=machine or MACHINE, numbers=given) for stack in stacks]
    say_json([each.data() for each in found]) if as_json else say(_lines(found))
    if figure is not None:
        draw_blast(found, Path(figure))


def _number(written: str) -> tuple[tuple[str, str], float]:
    """Product, name and value of ``docker-27.calls_count=100``.

    Raises:
        UsageError: it is not of that form, or there is no such number.
    """
    from simulator.errors import UsageError
    from simulator.failure import BOUNDARY

    name, equals, value = written.partition("=")
    product, _, number = name.strip().rpartition(".")
    known = [parameter.name for parameter in BOUNDARY]
    if not equals or not product or number not in known:
        raise UsageError(f"{written!r} sets nothing; write e.g. docker-27.calls_count=100, or {', '.join(known[1:])}")
    try:
        return (product, number), float(value)
    except ValueError:
        raise UsageError(f"{written!r}: {value!r} is not a number") from None


# ---- text


def _lines(found: Iterable[Blast]) -> list[str]:
    lines: list[str] = []
    every = list(found)
    for each in every:
        lines += [f"{each.stack}: {len(each.tenants)} tenants on {each.machine}", "", *_tree(each), ""]
        lines += [*_faults(each), "", *_between(each), ""]
    if len(every) > 1:
        lines += [*_compared(every), ""]
    return [*lines, _NOTE]


def _tree(found: Blast) -> list[str]:
    """The nodes, each under the one it stands on; of what each tenant has, the first one's alone."""
    first = found.tenants[0]
    tenants = len(found.tenants)
    shown = [node for node in found.tree if node["owner"] in ("", first)]
    lines, depths = [], {"machine": -1}
    for node in sorted(shown, key=lambda node: node["path"].split("/")):
        depth = depths[node["path"]] = depths.get(node["below"], -1) + 1
        role = f" ({node['role']})" if node["role"] else ""
        each = f", one for each of {tenants}" if node["owner"] else ""
        lines.append("  " * depth + ("└ " if depth else "") + node["product"] + role + each)
    return lines


def _faults(found: Blast) -> list[str]:
    """A line for each component; those that each tenant has one of share a line."""
    from simulator.explain.columns import columns

    heads = ["component", "crash", "hang", "table full", "broken into", "set up anew", "in place"]
    groups: dict[tuple[str, str, bool], list[Row]] = {}
    for row in found.rows:
        groups.setdefault((row.product, row.part, bool(row.owner)), []).append(row)
    cells = [_cells(rows, len(found.tenants)) for rows in groups.values()]
    worst = (
        f"a crash takes {found.mean_lost:.3g} of {len(found.tenants)} tenants on average, {found.worst_lost} at worst"
    )
    return [*columns(cells, "<" * len(heads), heads), f"blast radius: {worst} (over {len(found.rows)} components)"]


def _cells(rows: list[Row], tenants: int) -> list[str]:
    row = rows[0]
    name = f"{row.product} {row.part}" + (f" ({len(rows)} of them)" if len(rows) > 1 else "")
    hits: dict[str, str] = {}
    for hit in row.hits:
        hits.setdefault(hit.kind, _words(hit.effects, tenants))
    ratio = f" ({row.recovered_ratio:.0%} of injected faults)" if row.recovered_ratio is not None else ""
    cells = [name, *(hits.get(kind, "-") for kind in ("crash", "hang", "exhaust"))]
    return [*cells, f"reaches {len(row.reaches)}", _time(row.restart_s), _time(row.in_place_s) + ratio]


def _words(effects: Mapping[str, str], tenants: int) -> str:
    """How many tenants are hit, in which way."""
    if not effects:
        return "nobody"
    counts = {word: sum(each == word for each in effects.values()) for word in effects.values()}
    return ", ".join(f"{count} of {tenants} {word}" for word, count in counts.items())


def _time(time_s: float | None) -> str:
    from simulator.units import format_quantity

    return "-" if time_s is None else format_quantity(float(f"{time_s:.3g}"), "s")


def _between(found: Blast) -> list[str]:
    """The ways from one tenant to another."""
    from simulator.explain.columns import columns

    first, second = found.tenants[:2]
    lines = [f"between {first} and {second}: at least {found.boundaries} to break"]
    for number, route in enumerate(found.routes, 1):
        rows = [[f"  way {number}" if not index else "", *_reach(each)] for index, each in enumerate(route)]
        heads = ["", "interface", "ways in", "code behind", "then in"] if number == 1 else ()
        lines += columns(rows, "<<>><", heads)
    return lines


def _reach(reach: Reach) -> list[str]:
    return [
        f"{reach.interface} of {reach.product}",
        _size(reach.width, 1.0),
        _size(reach.code, 1e3, " kLOC"),
        reach.into,
    ]


def _size(size: Size, unit: float, suffix: str = "") -> str:
    """A number with its range; an assumption says so."""
    if size.value is None:
        return "unknown"
    text = f"{size.value / unit:,.0f}{suffix}"
    if size.low is not None and size.high is not None and size.low < size.high:
        text += f" [{size.low / unit:,.0f}, {size.high / unit:,.0f}]"
    return text + ("" if size.kind in ("published", "measured") else f" {size.kind}")


def _compared(found: list[Blast]) -> list[str]:
    """A line for each stack."""
    from simulator.explain.columns import columns

    heads = ["stack", "components", "mean lost", "worst lost", "to break", "shortest way"]
    rows = [
        [
            each.stack, str(len(each.rows)), f"{each.mean_lost:.3g} of {len(each.tenants)}", str(each.worst_lost),
            str(each.boundaries), ", then ".join(f"{reach.interface} of {reach.product}" for reach in each.routes[0]),
        ]
        for each in found
    ]  # fmt: skip
    return columns(rows, "<>>>><", heads)
