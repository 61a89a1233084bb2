"""The reference of the command, from the command itself: what each part of it does, and its options."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from html import escape
from pathlib import Path

import click

from simulator.cli.commands import virtlab
from virtlab_pages.markdown import code, page, paragraph, prose, table


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The page."""
    lead = paragraph(
        """
        Data go to stdout, everything else to stderr. Exit codes: 0 all well, 1 nothing was completed, 2 a mistake in
        the command or the scenario (nothing was run, nothing written), 3 completed with failed runs, 130 interrupted.
        """
    )
    yield (
        "commands",
        page(
            "Commands",
            lead,
            *_sections(virtlab, click.Context(virtlab, info_name="virtlab", **virtlab.context_settings)),
        ),
    )


def _sections(group: click.Group, above: click.Context) -> Iterator[list[str]]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=above)
        yield _section(command, context)
        if isinstance(command, click.Group):
            yield from _sections(command, context)


def _section(command: click.Command, context: click.Context) -> list[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    records = [each.get_help_record(context) for each in command.get_params(context)]
    rows = [(code(record[0]), escape(record[1])) for record in records if record and record[1]]
    said = [_paragraph(part) for part in inspect.cleandoc(command.help or "").split("\n\n")]
    depth = "#" * (context.command_path.count(" ") + 1)
    lines = [f"{depth} {context.command_path}", ""]
    for part in said:
        lines += [*part, ""]
    return [*lines, "```text", usage, "```", "", *table(("option", "meaning"), rows)]


def _paragraph(text: str) -> list[str]:
    """A paragraph of a help text; what begins with a backspace keeps its lines, as in the terminal."""
    if text.lstrip().startswith("\b"):
        return ["```text", *(line for line in text.split("\n") if line.strip("\b ")), "```"]
    return [prose(" ".join(text.split()), "../")]
