"""Options that several commands for results have."""

from __future__ import annotations

import click

root = click.option(
    "--in", "root", default="results", show_default=True, metavar="FOLDER", type=click.Path(file_okay=False),
    help="Folder of all results.",
)  # fmt: skip
where = click.option(
    "--where", multiple=True, metavar="AXIS=VALUE",
    help="Only this value of an axis; several times, of the same axis for any of them.",
)  # fmt: skip
level = click.option(
    "--level", type=float, default=0.95, show_default=True, help="Probability that an interval covers."
)
