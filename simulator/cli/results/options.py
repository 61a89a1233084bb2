"""Options that several commands for results have."""

from __future__ import annotations

import click

from simulator.errors import UsageError

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


def check_level(level: float) -> float:
    """A confidence level, checked before anything is read."""
    if not 0.0 < level < 1.0:
        raise UsageError(f"a confidence level lies between 0 and 1, for example 0.95; not {level}")
    return level
