"""``virtlab results``: what is kept in a folder of results, and what can be done with it.

Each sub-command is a module here with a ``command``, imported when it is wanted.
"""

from __future__ import annotations

import click

from simulator.cli.group import Group


class _Commands(Group):
    COMMANDS = {
        "list": "List batches: what they are of, how they ended, their size.",
        "show": "Show what is known of a batch: provenance, failures.",
        "export": "Export tables as CSV, Parquet or in long form.",
        "merge": "Merge batches of one question into one.",
        "compare": "Compare two batches: what changed, and by how much.",
    }
    PACKAGE = "simulator.cli.results"
    UNKNOWN = "nothing called {name!r} can be done with results"


@click.group(cls=_Commands, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, export, merge and compare what was run.

    BATCH is a batch's folder, a scenario's name where it has one batch (name@newest where it has several), or the first
    letters of the folder's name.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
