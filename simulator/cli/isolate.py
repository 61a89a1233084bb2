"""``virtlab isolate``: who hurts whom."""

from __future__ import annotations

from typing import Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json
from simulator.cli.where import on_option
from simulator.isolation import METRICS


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--victim", default="", metavar="NAME", help="The tenant that suffers; by default the first.")
@click.option(
    "--aggressor", default="", metavar="NAME",
    help="The tenant beside it; by default the one with a list of workloads, else stressors of the catalog.",
)  # fmt: skip
@click.option(
    "--stressor", "stressors", multiple=True, metavar="WORKLOAD",
    help="Put this beside the victim instead of an aggressor of the scenario; several times.",
)  # fmt: skip
@click.option(
    "--metric", type=click.Choice(list(METRICS)), default="value", show_default=True,
    help="What is shown: loss of the victim's figure of merit, requests lost, or how much longer its tail latency is.",
)  # fmt: skip
@click.option("--figure", type=click.Path(dir_okay=False), help="Draw the heat map into this file too, .png or .svg.")
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--replications", type=int, help="Runs of each point, instead of the scenario's.")
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@json_option
def command(
    scenario: str, victim: str, aggressor: str, stressors: tuple[str, ...], metric: str, figure: str | None, out: str,
    jobs: int | None, on: str, as_json: bool, **changes: Any,
) -> int:  # fmt: skip
    """Show what a victim loses to each neighbour on each model.

    Each loss is against the same run, with the same luck, beside an idle neighbour or none; where the victim or its
    neighbour did not respond, could not fork or was killed, the table says so. Finished runs are found again.
    """
    from pathlib import Path

    from simulator import isolation
    from simulator.cli.loading import load_all
    from simulator.cli.losses import lines
    from simulator.cli.run import tell_failures
    from simulator.plots import check_kind, draw, draw_isolation
    from simulator.watching import watch

    if figure is not None:
        check_kind(Path(figure))
    (loaded,) = load_all([scenario], {name: value for name, value in changes.items() if value is not None})
    answer = isolation.isolate(
        loaded, victim=victim, aggressor=aggressor, stressors=stressors, out=out, jobs=jobs, on=on, watch=watch
    )
    for each in answer.batches:
        tell_failures(each)
    figures = draw(answer.batches[0], ["who_hurts_whom"])
    if figure is not None:
        figures.append(draw_isolation(answer.data(), Path(figure), metric))
    folders = [str(each.folder) for each in answer.batches]
    if as_json:
        say_json({**answer.data(), "folders": folders, "figures": [str(path) for path in figures]})
    else:
        written = [f"results: {folder}" for folder in folders] + [f"figure: {path}" for path in figures]
        say([*lines(answer, metric), "", *written])
    return answer.exit_code
