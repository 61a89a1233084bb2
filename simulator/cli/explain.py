"""``virtlab explain``: why one demand costs what it costs on a stack."""

from __future__ import annotations

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json


@click.command()
@click.argument("stack")
@click.option(
    "--demand", required=True, metavar="TEXT", help="What is asked for, e.g. 'read 4 KiB'; see 'list demands'."
)
@click.option("--machine", metavar="NAME", help="Machine of the catalog.  [default: dell-2650]")
@click.option("--without", multiple=True, metavar="MECHANISM", help="Leave this mechanism out and show what changes.")
@json_option
def command(stack: str, demand: str, machine: str | None, without: tuple[str, ...], as_json: bool) -> None:
    """Explain what a demand costs on a stack, step by step.

    STACK is an expression, e.g. "xen-2 | linux-2.4". Each step has its payer, cause, mechanism, cost and source.
    """
    from simulator.explain.explanation import MACHINE, explain

    explanation = explain(stack, demand, machine or MACHINE, without=without)
    say_json(explanation.data()) if as_json else say(str(explanation))
