"""``virtlab check``: reads scenarios and reports every mistake; nothing runs and nothing is written."""

from __future__ import annotations

import click

from simulator.cli.output import say


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path())
def command(scenarios: tuple[str, ...]) -> None:
    """Check scenarios: every mistake, with file and line."""
    from simulator.cli.loading import load_all

    for path, scenario in zip(scenarios, load_all(scenarios), strict=True):
        points = len(scenario.points())
        total = points * scenario.replications
        say(f"{path}: ok: {points} points x {scenario.replications} replications = {total} runs")
