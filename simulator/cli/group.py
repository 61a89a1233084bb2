"""A group of commands, each a module with a ``command`` that is imported when it is wanted."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import ClassVar

import click


class Group(click.Group):
    """Commands by name, in the order in which one meets them.

    Attributes:
        COMMANDS: what each is for, in a line: the list of them imports none.
        PACKAGE: where their modules are.
        MODULES: modules of commands whose names are words of Python.
        UNKNOWN: what is said of a name that none has.
    """

    COMMANDS: ClassVar[Mapping[str, str]]
    PACKAGE: ClassVar[str]
    MODULES: ClassVar[Mapping[str, str]] = {}
    UNKNOWN: ClassVar[str] = "no command {name!r}"

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return [*self.COMMANDS]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """All names, each with its line."""
        with formatter.section("Commands"):
            formatter.write_dl([*self.COMMANDS.items()])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command."""
        if name not in self.COMMANDS:
            near = difflib.get_close_matches(name, self.COMMANDS, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"commands are: {', '.join(self.COMMANDS)}"
            raise click.UsageError(f"{self.UNKNOWN.format(name=name)}; {meant}", ctx)
        command: click.Command = import_module(f"{self.PACKAGE}.{self.MODULES.get(name, name)}").command
        return command
