"""``virtlab results compare``: what has changed from one batch to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell
from simulator.cli.results import options

if TYPE_CHECKING:
    from simulator.results.changes import Changes

CHANGED = 3


@click.command()
@click.argument("old")
@click.argument("new")
@options.root
@click.option(
    "--metric", default="value", show_default=True, help="A column of the tenants; value is their own figure."
)
@options.level
@options.where
@click.option("--all", "every", is_flag=True, help="Also the rows in which nothing has changed.")
@click.option("--fail-on-change", is_flag=True, help="Exit with 3 where a difference is significant.")
@click.option(
    "--fail-on-any-change", is_flag=True,
    help="Exit with 3 also where any number of the same run, any outcome or place is not the same.",
)  # fmt: skip
@json_option
def command(
    old: str, new: str, root: str, metric: str, level: float, where: tuple[str, ...], every: bool,
    fail_on_change: bool, fail_on_any_change: bool, as_json: bool,
) -> int:  # fmt: skip
    """Compare two batches: what changed, by how much, and whether it can be luck.

    Runs with the same seed are compared pair by pair, others by Welch's t.
    """
    from simulator.results import load
    from simulator.results.finding import find
    from simulator.results.intervals import check_level
    from simulator.results.places import wanted

    check_level(level)
    places = wanted(where)
    before, after = (load(find(name, root)) for name in (old, new))
    found = before.compare_with(after, metric, level, places)
    if as_json:
        data = {"old": str(before.folder), "new": str(after.folder), "beside": found.beside, "rows": found.rows}
        say_json(data | {"changed": found.changed, "significant": found.significant})
    else:
        say([*_beside(found.beside), *_numbers(found, every)])
    if fail_on_change and any(row["changed"] and row["n"] < 2 for row in found.rows):
        tell("with fewer than two replications nothing is significant; --fail-on-any-change sees every change")
    failed = (fail_on_change and found.significant) or (fail_on_any_change and found.changed)
    return CHANGED if failed else 0


def _beside(beside: dict[str, Any]) -> list[str]:
    lines = []
    for name, value in beside.items():
        if name == "scenario":
            lines += ["scenario:", *(f"  {line}" for line in value)]
        elif name in ("only_old", "only_new"):
            lines += [f"only in the {name.removeprefix('only_')} batch:", *(f"  {place}" for place in value)]
        elif name == "libraries":
            lines += [f"{library}: {_pair(pair)}" for library, pair in value.items()]
        elif name == "points":
            lines += [f"{place}: {key} {_pair(pair)}" for place, keys in value.items() for key, pair in keys.items()]
        else:
            lines.append(f"{name.replace('_', ' ')}: {_pair(value)}")
    return [*lines, ""] if lines else ["scenario, code, libraries and points are the same", ""]


def _pair(pair: list[Any]) -> str:
    return " -> ".join("none" if each is None else str(each) for each in pair)


def _numbers(found: Changes, every: bool) -> list[str]:
    from simulator.explain.columns import columns
    from simulator.results.changes import COLUMNS

    shown = [row for row in found.rows if every or row["changed"]]
    same = len(found.rows) - found.changed
    axes = [column.name for column in found.columns[: -len(COLUMNS)]]
    heads = [*axes, "tenant", "metric", "old", "new", "difference", "ratio", "n", "significant", "outcome"]
    cells = [[*(str(row[axis]) for axis in axes), *_cells(row)] for row in shown]
    table = columns(cells, "<" * (len(axes) + 2) + ">>>>><<", heads) if cells else []
    methods = "; ".join(dict.fromkeys(row["method"] for row in shown))
    note = [f"{found.level:.0%} intervals: {methods}"] if shown else []
    if found.significant:
        note.append(f"{found.by_chance:.1f} rows would look significant by luck alone")
    total = f"{len(found.rows)} rows: {same} the same, {found.changed} changed, {found.significant} significantly"
    return [*table, *([""] if table else []), *note, total]


def _cells(row: dict[str, Any]) -> list[str]:
    unit = f", {row['unit']}" if row["unit"] else ""
    outcomes = [row["outcome_old"] or "absent", row["outcome_new"] or "absent"]
    return [
        str(row["tenant"]), f"{row['metric']}{unit}", _number(row["old"]), _number(row["new"]),
        _range(row["difference"], row["difference_low"], row["difference_high"], "+.4g"),
        _range(row["ratio"], row["ratio_low"], row["ratio_high"], ".4g"), str(row["n"]),
        "yes" if row["significant"] else "no", " -> ".join(dict.fromkeys(outcomes)),
    ]  # fmt: skip


def _number(value: float) -> str:
    return "-" if value != value else f"{value:.5g}"


def _range(value: float, low: float, high: float, form: str) -> str:
    if value != value:
        return "-"
    return f"{value:{form}}" if low != low else f"{value:{form}} [{low:{form}}, {high:{form}}]"
