"""``virtlab report``: one page of HTML that holds all of a batch."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import say


@click.command()
@click.argument("batch", metavar="BATCH", type=click.Path(file_okay=False))
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Write it here, not into the batch.")
def command(batch: str, out: str | None) -> None:
    """Write a page of HTML that holds all of a batch.

    The answer, figures, tables, what is not modelled, failures, where the numbers come from and how to repeat them: one
    file, under a megabyte, that needs no network. By default it is report.html in the folder of the batch. The same
    batch gives the same bytes.
    """
    from simulator.report import write
    from simulator.results import load

    say(f"report: {write(load(batch), None if out is None else Path(out))}")
