"""``virtlab results``: what is kept in a folder of results, and what can be done with it.

Each sub-command is a module here with a ``command``, imported when it is wanted.
"""

from __future__ import annotations

import difflib
from importlib import import_module

import click

COMMANDS = ("list", "show", "export", "merge", "compare")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order in which one wants them."""
        return [*COMMANDS]  # "list" is a module here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command."""
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(COMMANDS)}"
            raise click.UsageError(f"nothing called {name!r} can be done with results; {meant}", ctx)
        command: click.Command = import_module(f"simulator.cli.results.{name}").command
        return command


@click.group(cls=_Commands, invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """List, show, export, merge and compare what was run.

    BATCH is a batch's folder, a scenario's name where it has one batch (name@newest where it has several), or the first
    letters of the folder's name.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
