"""``virtlab pool``: a pool of hosts, from requests for instances to what an instance hour costs."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell

if TYPE_CHECKING:
    from simulator.pool import PoolResults
    from simulator.results.intervals import Interval

_WORDS = {
    "asked": "requests", "placed": "placed", "refused_ratio": "refused", "wait_mean_s": "wait for a place",
    "start_mean_s": "start", "tasks": "tasks done", "response_mean_s": "response of a task",
    "instance_hours": "instance hours", "host_hours": "host hours", "density": "instances on a host that is on",
    "utilisation": "processors in use", "energy_kwh": "energy", "instance_hour_cost": "an instance hour costs",
    "migrations": "moved while running", "failures": "failed hosts", "restarts": "started anew elsewhere",
    "downtime_s": "downtime", "lost_cycles": "cycles lost", "events": "calendar entries",
}  # fmt: skip
"""What is printed, and how each column of ``runs`` is called."""


@click.command()
@click.argument("file", type=click.Path())
@click.option("--to", "folder", type=click.Path(file_okay=False), help="Folder for tables and figures.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@click.option("--replications", type=int, help="Runs, instead of the file's.")
@click.option("--seed", type=int, help="Root of all luck, instead of the file's.")
@click.option("--no-figures", is_flag=True, help="Draw no figures.")
@json_option
def command(
    file: str,
    folder: str | None,
    jobs: int | None,
    replications: int | None,
    seed: int | None,
    no_figures: bool,
    as_json: bool,
) -> None:
    """Run a pool of hosts.

    FILE says which hosts there are, which types of instances, and who asks for them. With --to all tables are
    written as CSV, with their units and figures.
    """
    from simulator.pool import pool

    changes: dict[str, Any] = {"replications": replications, "seed": seed}
    results = pool(file, jobs=jobs, **{name: value for name, value in changes.items() if value is not None})
    written = []
    if folder is not None:
        written.append(f"results: {results.save(folder)}")
        if not no_figures:
            from simulator.plots import draw_pool

            written += [f"figure: {path}" for path in draw_pool(results, folder)]
    if as_json:
        say_json(results.data())
        for line in written:
            tell(line)
    else:
        say([*_lines(results), *(["", *written] if written else [])])


def _lines(results: PoolResults) -> list[str]:
    """The tables that are printed."""
    from simulator.explain.columns import columns
    from simulator.pool.results import LEVEL
    from simulator.pool.tables import TABLES

    units = {column.name: column.unit for column in TABLES["runs"]}
    summary = results.summary()
    rows = [_row(word, summary[name], units[name]) for name, word in _WORDS.items() if _matters(name, summary)]
    most = ", ".join(f"{count} on one {kind}" for kind, count in results.most_on_one_host().items())
    return [
        results.plan.title, "", *columns(rows, "<>>>", ("", "mean", "from", "to")), "",
        f"n = {len(results.tables['runs'])} replications; {100 * LEVEL:g} % intervals, t over replications",
        f"most instances at once: {most}",
        *(f"{reason}: {count:g} in a replication" for reason, count in results.refusals().items()),
        "", *_types(results),
    ]  # fmt: skip


def _matters(name: str, summary: dict[str, Interval]) -> bool:
    """Whether there is something to say."""
    quiet = ("refused_ratio", "wait_mean_s", "start_mean_s", "instance_hour_cost", "migrations", "failures",
             "restarts", "downtime_s", "lost_cycles")  # fmt: skip
    return isfinite(summary[name].mean) and (name not in quiet or summary[name].mean != 0.0)


def _row(word: str, found: Interval, unit: str) -> list[str]:
    bounds = [_number(bound, unit) if isfinite(bound) else "" for bound in (found.low, found.high)]
    return [word, _number(found.mean, unit), *bounds]


def _number(value: float, unit: str) -> str:
    from simulator.units import format_quantity

    sign, shown = ("-" if value < 0.0 else ""), float(f"{abs(value):.4g}")
    return sign + (f"{shown:g}" if unit == "money" else format_quantity(shown, unit))


def _types(results: PoolResults) -> list[str]:
    """What the layers make of each type of instance."""
    from simulator.explain.columns import columns
    from simulator.pool.tables import names

    rows = []
    for row in results.tables["types"]:
        one = dict(zip(names("types"), row, strict=True))
        rows.append([
            f"{one['type']} on {one['host_type']}", one["stack"] or "-", _number(one["overhead_bytes"], "bytes"),
            _number(one["start_s"], "s"), _number(one["task_cycles"], "cycles"), f"{one['cycle_ratio']:.4f}",
            "yes" if one["migrate"] == "yes" else "no",
        ])  # fmt: skip
    heads = ("instance", "stack", "memory beside", "start", "a task beside", "a cycle takes", "moves")
    return columns(rows, "<<>>>>>", heads)
