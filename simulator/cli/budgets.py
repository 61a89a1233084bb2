"""The option ``--budget``: what each run may take at most, instead of what the scenario says."""

from __future__ import annotations

import click

NONE = "none"


def _read(context: click.Context, parameter: click.Parameter, written: tuple[str, ...]) -> dict[str, str] | None:
    """The limits as a scenario has them; None where none is given."""
    if not written:
        return None
    if written == (NONE,):
        return {}
    found: dict[str, str] = {}
    for text in written:
        name, equals, size = (part.strip() for part in text.partition("="))
        if not (name and equals and size):
            raise click.UsageError(
                f"--budget {text}: write a limit and its size, e.g. wall=60s, or none alone", context
            )
        if name in found:
            raise click.UsageError(f"--budget {text}: {name} is given twice; give it once", context)
        found[name] = size
    return found


budget = click.option(
    "--budget",
    multiple=True,
    metavar="LIMIT=SIZE",
    callback=_read,
    help="End a run that takes more (events=5e6, simulated=1h, wall=60s, memory=2GiB), instead of the scenario's "
    "limits; may be repeated. 'none' lifts them.",
)
