"""The command ``virtlab``: argument parsing and printing, nothing else.

Data go to stdout, everything else to stderr. Exit codes: 0 all well, 1 nothing was completed, 2 a mistake in the
command or the scenario, 3 completed with failed runs, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    from simulator.cli.signals import Ended, obeyed

    try:
        with obeyed():
            return _main(arguments)
    except Ended as ended:  # outside of any command: while modules are loaded, or at the very end
        return ended.exit_code


def _main(arguments: Sequence[str] | None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    import click

    from simulator.cli.commands import virtlab
    from simulator.cli.output import complain, tell
    from simulator.errors import UsageError, VirtlabError
    from simulator.garbage import collect_seldom

    collect_seldom()
    # Arrow's other allocators take some 40 ms for the first table of each size that a process writes.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        return virtlab.main(arguments, prog_name="virtlab", standalone_mode=False) or 0
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx is not None:
            tell(error.ctx.get_usage())
        complain(error.format_message())
        return 2
    except click.Abort as abort:
        return _interrupted(abort.__cause__)
    except VirtlabError as error:
        complain(str(error))
        return 2 if isinstance(error, UsageError) else 1


def _interrupted(cause: BaseException | None) -> int:
    """The exit code of what a signal has ended."""
    from simulator.cli.output import complain
    from simulator.cli.signals import Ended

    by = f" by {cause.name}" if isinstance(cause, Ended) and cause.exit_code != INTERRUPTED else ""
    with suppress(OSError):  # the terminal may have gone away
        complain(f"interrupted{by}; a batch that is run again goes on where it stopped")
    return cause.exit_code if isinstance(cause, Ended) else INTERRUPTED
