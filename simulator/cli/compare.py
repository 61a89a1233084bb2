"""``virtlab compare``: every stack of a batch against a baseline, pair by pair."""

from __future__ import annotations

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json


@click.command()
@click.argument("batches", nargs=-1, required=True, metavar="BATCH...", type=click.Path(file_okay=False))
@click.option("--baseline", metavar="STACK", help="Label of the stack to compare with, instead of the scenario's.")
@json_option
def command(batches: tuple[str, ...], baseline: str | None, as_json: bool) -> None:
    """Compare stacks with a baseline, pair by pair.

    BATCH is the folder of a finished batch, e.g. results/what-does-it-cost/0123456789ab.
    """
    from simulator.cli import report
    from simulator.plots import records
    from simulator.results import load

    loaded = [load(batch) for batch in batches]
    if as_json:
        say_json([{"folder": str(each.folder), "rows": records(each.compare(baseline))} for each in loaded])
        return
    for results in loaded:
        say([str(results.folder), *report.comparison(results, baseline), ""])
