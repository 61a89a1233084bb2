"""The group of all commands. Each is a module here with a ``command``, imported when it is wanted."""

from __future__ import annotations

import difflib
from importlib import import_module

import click

COMMANDS = (
    *("run", "plan", "check", "list", "show", "explain", "share", "blast", "pull", "pool", "can"),
    *("results", "compare", "choose", "density", "isolate", "sensitivity", "warmup", "validate"),
    *("plot", "timeline", "import"),
)
_MODULES = {"import": "import_"}
"""Modules of commands whose names are words of Python."""


class Commands(click.Group):
    """Commands by name, in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command."""
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"commands are: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no command {name!r}; {meant}", ctx)
        command: click.Command = import_module(f"simulator.cli.{_MODULES.get(name, name)}").command
        return command


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        import simulator

        click.echo(f"virtlab {simulator.__version__}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def virtlab() -> None:
    """What does each way of virtualizing cost, and where does the time go?"""
