"""One run repeated in this process, to look into what went wrong with it."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from simulator import batch
from simulator.cli.output import say, say_json, tell
from simulator.errors import RunError, UsageError, VirtlabError
from simulator.explain.columns import columns
from simulator.records import names
from simulator.scenario import Scenario

_SHOWN = ("runs", "tenants", "devices")


def repeat(scenarios: Sequence[Scenario], run: str, as_json: bool) -> None:
    """Run it and print its tables; where the program fails, what Python says of it goes to stderr.

    Raises:
        UsageError: there is no such run, or it is not clear of which scenario.
    """
    if len(scenarios) != 1:
        raise UsageError(f"--only {run} wants one scenario; {len(scenarios)} are given")
    (scenario,) = scenarios
    try:
        tables = batch.run_only(scenario, run, catalog=scenario.catalog)
    except RunError as error:
        if error.__cause__ is not None and not isinstance(error.__cause__, VirtlabError):
            tell("".join(traceback.format_exception(error.__cause__)).rstrip())
        raise
    if as_json:
        say_json({table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()})
        return
    for table in _SHOWN:
        for row in tables[table]:
            filled = [(name, str(value)) for name, value in zip(names(table), row, strict=True) if value != ""]
            say(["", table, *columns(filled, "<<")])
