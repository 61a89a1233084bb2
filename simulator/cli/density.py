"""``virtlab density``: how many fit."""

from __future__ import annotations

from typing import Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json
from simulator.cli.where import on_option


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--host-memory", metavar="SIZE", help="Memory of the host instead of the machine's, e.g. '64 GiB'.")
@click.option("--latency", metavar="TIME", help="What an answer may take, instead of the scenario's, e.g. '100 ms'.")
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@json_option
def command(
    scenario: str, host_memory: str | None, latency: str | None, out: str, jobs: int | None, on: str, seed: int | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Count the instances of a service that fit on a machine.

    The machine of SCENARIO is filled on each stack with the service that its section 'density' names, or with its first
    tenant, until memory or a table is full or answers take longer than they may. Finished runs are found again.
    """
    from simulator import filling
    from simulator.cli.fills import lines
    from simulator.cli.loading import load_all
    from simulator.cli.run import tell_failures
    from simulator.plots import draw
    from simulator.watching import watch

    changes: dict[str, Any] = {} if seed is None else {"seed": seed}
    (loaded,) = load_all([scenario], changes)
    asked = filling.asked_otherwise(loaded, host_memory, latency)
    found = filling.density(asked, out=out, jobs=jobs, on=on, watch=watch)
    for each in found.batches:
        tell_failures(each)
    figures = draw(found.batches[0], ["density"])
    folders = [str(each.folder) for each in found.batches]
    if as_json:
        say_json({**found.data(), "folders": folders, "figures": [str(path) for path in figures]})
    else:
        written = [f"results: {folder}" for folder in folders] + [f"figure: {path}" for path in figures]
        say([*lines(found), "", *written])
    return found.exit_code
