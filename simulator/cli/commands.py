"""The group of all commands. Each is a module here with a ``command``, imported when it is wanted."""

from __future__ import annotations

import click

from simulator.cli.group import Group

COMMANDS = {
    "run": "Run scenarios, or go on where they were stopped.",
    "plan": "Print what 'run' would run, and how long it will take.",
    "check": "Check scenarios and catalog files: every mistake.",
    "list": "List what there is.",
    "show": "Show an entry of the catalog: numbers and sources.",
    "explain": "Explain what a demand costs on a stack, step by step.",
    "share": "Show what each thread of a drawing gets of processors.",
    "blast": "Show what each fault takes down.",
    "pull": "Pull images onto an idle host, and show what it takes.",
    "pool": "Run a pool of hosts.",
    "can": "Show what may be done to a tenant, and by whom.",
    "results": "List, show, export, merge and compare what was run.",
    "compare": "Compare stacks with a baseline, pair by pair.",
    "choose": "Choose a model: trade-offs, and what suits which need.",
    "density": "Count the instances of a service that fit on a machine.",
    "isolate": "Show what a victim loses to each neighbour.",
    "sensitivity": "Say which parameters the answers of a scenario hang on.",
    "warmup": "Advise how long a scenario has to warm up.",
    "claims": "Test what a lecture says: verdicts, and where they fail.",
    "validate": "How right is it? Published figures beside predictions.",
    "plot": "Draw the figures of a batch again, as SVG and PNG.",
    "report": "Write one page of HTML that holds all of a batch.",
    "timeline": "Show when tenants started, ran, stood still and ended.",
    "trace": "Write one run as a trace that Perfetto opens.",
    "quiz": "Predict a small case by hand, then check.",
    "slides": "Make slides of a notebook: one file, no network.",
    "serve": "Open the explorer in a browser: knobs, and what comes out.",
    "import": "Read what other tools measured into catalog files.",
}
"""What each is for, in a line: the list of them imports none."""


class Commands(Group):
    """All of them."""

    COMMANDS = COMMANDS
    PACKAGE = "simulator.cli"
    MODULES = {"import": "import_"}


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
