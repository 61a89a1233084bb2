"""``virtlab compare``: every stack of a batch against a baseline, pair by pair."""

from __future__ import annotations

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json


@click.command()
@click.argument("batches", nargs=-1, required=True, metavar="BATCH...", type=click.Path(file_okay=False))
@click.option("--baseline", metavar="STACK", help="Label of the stack to compare with, instead of the scenario's.")
@click.option("--quantile", type=float, metavar="Q", help="Compare this quantile of the latency, e.g. 0.99.")
@click.option("--simultaneous", is_flag=True, help="All intervals of one kind cover together at the level, not each.")
@json_option
def command(
    batches: tuple[str, ...], baseline: str | None, quantile: float | None, simultaneous: bool, as_json: bool
) -> None:
    """Compare stacks with a baseline, pair by pair.

    BATCH is the folder of a finished batch, e.g. results/what-does-it-cost/0123456789ab.
    """
    from simulator.cli import printed
    from simulator.plots import records
    from simulator.results import load

    loaded = [load(batch) for batch in batches]
    if as_json:
        rows = [records(each.compare(baseline, quantile=quantile, simultaneous=simultaneous)) for each in loaded]
        say_json([{"folder": str(each.folder), "rows": own} for each, own in zip(loaded, rows, strict=True)])
        return
    for results in loaded:
        lines = printed.comparison(results, baseline, quantile=quantile, simultaneous=simultaneous)
        say([str(results.folder), *lines, ""])
