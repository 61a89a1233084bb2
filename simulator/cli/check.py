"""``virtlab check``: reads scenarios and reports every mistake; nothing runs and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.output import say

if TYPE_CHECKING:
    from simulator.scenario import Scenario


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path())
def command(scenarios: tuple[str, ...]) -> None:
    """Check scenarios: every mistake, with file and line."""
    from simulator.cli.loading import load_all

    loaded = load_all(scenarios)
    published = [_published(scenario) for scenario in loaded]
    for path, scenario, words in zip(scenarios, loaded, published, strict=True):
        points = len(scenario.points())
        total = points * scenario.replications
        say(f"{path}: ok: {points} points x {scenario.replications} replications = {total} runs{words}")


def _published(scenario: Scenario) -> str:
    """How many published figures a scenario repeats; nothing where it is about none."""
    if scenario.published is None:
        return ""
    from simulator.validation import published
    from simulator.validation.claims import Experiment, claims

    figures = published.load(scenario.published.table)
    found = list(claims(Experiment(scenario.name, scenario), figures))
    judges = sum(claim.figure.judges for claim in found)
    return f"; {len(found)} figures of {scenario.published.table}, {judges} of them judge"
