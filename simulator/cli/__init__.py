"""The command ``virtlab``: argument parsing and printing, nothing else.

Data go to stdout, everything else to stderr. Exit codes: 0 all well, 1 nothing was completed, 2 a mistake in the
command or the scenario, 3 completed with failed runs, 130 interrupted.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    import click

    from simulator.cli.commands import virtlab
    from simulator.cli.output import complain, tell
    from simulator.errors import UsageError, VirtlabError

    try:
        return virtlab.main(arguments, prog_name="virtlab", standalone_mode=False) or 0
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            tell(error.ctx.get_usage())
        complain(error.format_message())
        return 2
    except click.Abort:
        complain("interrupted; a batch that is run again goes on where it stopped")
        return INTERRUPTED
    except VirtlabError as error:
        complain(str(error))
        return 2 if isinstance(error, UsageError) else 1
