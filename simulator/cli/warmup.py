"""``virtlab warmup``: when the figures of a scenario have settled, and what its own warm-up loses."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell
from simulator.cli.where import on_option
from simulator.settling import METRICS

if TYPE_CHECKING:
    from simulator.settling import Advice, Warmup


@click.command()
@click.argument("scenario", type=click.Path())
@click.option(
    "--metric", type=click.Choice(list(METRICS)), default="latency", show_default=True,
    help="What is to settle: the latency of requests, or the operations done a second.",
)  # fmt: skip
@click.option(
    "--replications", type=int, help="Runs of each point; by default as many as the scenario has, and at least five."
)
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw the mean series into this file, .png or .svg.")
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@json_option
def command(
    scenario: str, metric: str, replications: int | None, figure: str | None, out: str, jobs: int | None, on: str,
    seed: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Advise a warm-up: run a scenario from the beginning on and see when its figures have settled.

    The series is the mean over replications; MSER-5 says where to cut it. The runs have luck of their own, so that
    the advice does not depend on the replications that it is for. Nothing is changed: write the advice into the file.
    """
    from pathlib import Path

    from simulator import settling
    from simulator.cli.loading import load_all
    from simulator.cli.run import tell_failures
    from simulator.plots import check_kind, draw_warmup
    from simulator.watching import watch

    if figure is not None:
        check_kind(Path(figure))
    (loaded,) = load_all([scenario], {} if seed is None else {"seed": seed})
    found = settling.warmup(loaded, metric=metric, replications=replications, out=out, jobs=jobs, on=on, watch=watch)
    tell_failures(found.results)
    data = found.data()
    if figure is not None and any(each.mean for each in found.tenants):
        draw_warmup(data, Path(figure))
    elif figure is not None:
        tell(f"{figure} is not drawn: nobody has a series that is long enough")
        figure = None
    if as_json:
        say_json(data | ({"figure": figure} if figure is not None else {}))
    else:
        say([*_lines(found), "", f"results: {found.results.folder}", *([f"figure: {figure}"] if figure else [])])
    return found.exit_code


def _lines(found: Warmup) -> list[str]:
    """Everything that is printed."""
    from simulator.explain.columns import columns

    if not found.tenants:
        return [found.scenario.title, "no run was completed"]
    axes = list(found.tenants[0].place)
    heads = [*axes, "tenant", "values", "warm-up", "at least", "Welch", "present", "mean with that"]
    rows = [[*(str(each.place[name]) for name in axes), *_cells(each)] for each in found.tenants]
    return [found.scenario.title, "", *columns(rows, "<" * (len(axes) + 1) + ">>>>>>", heads), "", *_advice(found)]


def _cells(each: Advice) -> list[str]:
    from simulator.cli.numbers import with_bounds
    from simulator.units import format_quantity

    def time(time_s: float) -> str:
        return format_quantity(time_s, "s") if isfinite(time_s) else "-"

    advised = time(each.warmup_s) if isfinite(each.warmup_s) else each.verdict
    bias = with_bounds(each.bias_percent, each.bias_low_percent, each.bias_high_percent, 2, "+")
    shown = bias + (" %" if isfinite(each.bias_percent) else "")
    return [
        each.tenant,
        str(each.values),
        advised,
        time(each.shortest_s),
        time(each.welch_s),
        time(each.present_s),
        shown,
    ]


def _advice(found: Warmup) -> list[str]:
    """What to do."""
    from simulator.settling.advice import TOO_FEW
    from simulator.settling.truncation import BATCH, FEWEST_BATCHES
    from simulator.units import format_quantity

    lines = []
    if isfinite(found.warmup_s):
        lines.append(f"long enough for all that have settled: 'warmup: {format_quantity(found.warmup_s, 's')}'")
    if found.unsettled:
        longest_s = max(each.ends_s for each in found.unsettled)
        lines.append(
            f"{len(found.unsettled)} did not settle within the first half of {format_quantity(longest_s, 's')}: make "
            f"the run longer, e.g. 'duration: {format_quantity(2.0 * longest_s, 's')}', and ask again"
        )
    few = sum(each.verdict == TOO_FEW for each in found.tenants)
    if few:
        lines.append(f"of {few} there are too few values: {BATCH * FEWEST_BATCHES} are needed in every replication")
    return [
        *lines,
        f"n = {found.replications} replications with luck of their own. warm-up: MSER-5 on their mean, the longest cut "
        "of all and of all but one; at least: the shortest.",
        "Welch: moving average within 5 % of its later mean, or within its noise. mean with that: with the present "
        "warm-up, against the advised one [95 % interval].",
    ]
