"""``virtlab plot``: draws the figures of a finished batch again."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import say


@click.command()
@click.argument("batches", nargs=-1, required=True, metavar="BATCH...", type=click.Path(file_okay=False))
@click.option("--out", type=click.Path(file_okay=False), help="Folder for the figures; by default the batch's own.")
@click.option(
    "--figure", "names", multiple=True, metavar="NAME", help="Draw this one only; can be given several times."
)
def command(batches: tuple[str, ...], out: str | None, names: tuple[str, ...]) -> None:
    """Draw the figures of a batch again, as SVG and PNG."""
    from simulator.cli.run import tell_unreadable
    from simulator.plots import draw
    from simulator.results import load

    for results in [load(batch) for batch in batches]:
        tell_unreadable(results, names)
        say(str(path) for path in draw(results, names, Path(out) if out else None))
