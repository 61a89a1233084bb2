"""``virtlab choose``: which way of virtualizing for which need."""

from __future__ import annotations

from typing import Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json
from simulator.cli.where import on_option


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--replications", type=int, help="Runs of each point, instead of the scenario's.")
@json_option
def command(scenario: str, out: str, jobs: int | None, on: str, replications: int | None, as_json: bool) -> int:
    """Choose a model: trade-offs, and what suits which need.

    Each stack of SCENARIO is a model. It is compared by overhead, what a tenant loses to a hostile neighbour, memory,
    start, control and installation. Runs that were finished before are found again.
    """
    from simulator import choice
    from simulator.cli.loading import load_all
    from simulator.cli.run import tell_failures
    from simulator.cli.tradeoffs import lines
    from simulator.plots import draw
    from simulator.watching import watch

    changes: dict[str, Any] = {} if replications is None else {"replications": replications}
    (loaded,) = load_all([scenario], changes)
    chosen = choice.choose(loaded, out=out, jobs=jobs, on=on, watch=watch)
    for each in chosen.batches:
        tell_failures(each)
    figures = draw(chosen.results, ["trade_offs"])
    folders = [str(each.folder) for each in chosen.batches]
    if as_json:
        say_json({**chosen.data(), "folders": folders, "figures": [str(path) for path in figures]})
    else:
        written = [f"results: {folder}" for folder in folders] + [f"figure: {path}" for path in figures]
        say([*lines(chosen), "", *written])
    return chosen.exit_code
