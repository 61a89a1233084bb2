"""``virtlab slides``: a notebook as slides, in one file that needs no network."""

from __future__ import annotations

from pathlib import Path

import click

from simulator.cli.output import say


@click.command()
@click.argument("notebook", metavar="NOTEBOOK", type=click.Path(dir_okay=False))
@click.option(
    "--to", type=click.Path(dir_okay=False), metavar="FILE", help="By default the notebook's name with .html."
)
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Another value in its parameters cell.")
@click.option("--as-is", is_flag=True, help="Take the outputs that are in the file instead of executing it.")
@click.option("--code", is_flag=True, help="Show code; by default it is folded away (key c opens it).")
def command(notebook: str, to: str | None, settings: tuple[str, ...], as_is: bool, code: bool) -> None:
    """Make slides of NOTEBOOK: one HTML file with all in it. Keys: right and left, c for code, n for notes."""
    from simulator.errors import UsageError
    from simulator.lecture.slides import export

    chosen = {}
    for written in settings:
        name, equals, value = written.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--set {written!r}: write NAME=VALUE, e.g. --set SEED=7")
        chosen[name.strip()] = value.strip()
    path = Path(notebook)
    target = Path(to) if to is not None else Path(path.with_suffix(".html").name)
    number = export(path, target, settings=chosen, as_is=as_is, code=code)
    say(f"{target}: {number} slides")
