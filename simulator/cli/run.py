"""``virtlab run``: runs scenarios, prints what they cost and where the time went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simulator.cli.budgets import budget as budget_option
from simulator.cli.output import as_json as json_option
from simulator.cli.output import complain, say, say_json, tell
from simulator.cli.where import on_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulator.results import Results
    from simulator.scenario import Scenario

_MOST_FAILURES = 5
"""Failed runs that are named; the table of runs has them all."""


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path())
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--replications", type=int, help="Runs of each point, instead of the scenario's.")
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@click.option("--fidelity", help="Algorithm that shares the devices, instead of the scenario's.")
@budget_option
@click.option("--only", metavar="RUN", help="Repeat this one run, e.g. p0003-r0001, and write nothing.")
@click.option("--no-figures", is_flag=True, help="Draw no figures.")
@json_option
def command(
    scenarios: tuple[str, ...], out: str, jobs: int | None, on: str, only: str | None, no_figures: bool,
    as_json: bool, **changes: Any,
) -> int:  # fmt: skip
    """Run scenarios, or go on where they were stopped.

    All of them are checked first; if there is a mistake in one, none is run.

    A cluster that --on can use is started by two commands, the second one on each of its machines:

    \b
        dask scheduler
        dask worker tcp://SCHEDULER:8786 --nthreads 1 --nworkers -1 --death-timeout 60
    """
    from simulator.cli.loading import load_all
    from simulator.results.folder import common_exit_code

    loaded = load_all(scenarios, {name: value for name, value in changes.items() if value is not None})
    if only is not None:
        from simulator.cli.repeat import repeat

        repeat(loaded, only, as_json)
        return 0
    finished, codes = [], []
    for scenario in loaded:
        results, drawn = _run(scenario, out, jobs, on, not no_figures)
        figures = drawn or []
        finished.append((results, figures))
        codes.append(1 if drawn is None else results.exit_code)
        if not as_json:
            _show(results, figures)
            if scenario.published is not None:
                tell(f"beside what was published: virtlab validate {scenario.name}")
    if as_json:
        say_json([_data(results, figures) for results, figures in finished])
    return common_exit_code(codes)


def _run(scenario: Scenario, out: str, jobs: int | None, on: str, wanted: bool) -> tuple[Results, list[Path] | None]:
    """Results and figures; none where figures cannot be written."""
    from simulator import batch
    from simulator.errors import StorageError
    from simulator.watching import watch

    results = batch.run(scenario, out=out, jobs=jobs, on=on, progress=watch(scenario.name), catalog=scenario.catalog)
    tell_failures(results)
    tell_shortfalls(results)
    if not wanted or results.status == "failed":
        return results, []
    from simulator.plots import draw, usual

    names = scenario.figures or usual()
    tell_unreadable(results, names)
    try:
        return results, draw(results, names)
    except StorageError as error:
        complain(f"figures: {error}")
        return results, None


def tell_unreadable(results: Results, figures: Sequence[str]) -> None:
    from simulator.plots import unreadable

    for name in unreadable(results, figures):
        tell(f"figure {name} is not drawn: nobody can read so many places in it; the numbers are in {results.folder}")


def tell_failures(results: Results) -> None:
    failures = results.manifest["failures"]
    for failure in failures[:_MOST_FAILURES]:
        complain(f"{failure['run']} {'is over budget' if 'spent' in failure else 'failed'}: {failure['error']}")
        if failure.get("repeat"):
            tell(f"  {failure['repeat']}")
    if len(failures) > _MOST_FAILURES:
        tell(f"{len(failures) - _MOST_FAILURES} more runs failed or are over budget; see {results.folder / 'runs.csv'}")


def tell_shortfalls(results: Results) -> None:
    """Where a rule ended at the most replications, and its interval was not narrow enough."""
    if results.status == "failed":
        return
    sentences = results.shortfalls()
    for sentence in sentences[:_MOST_FAILURES]:
        tell(sentence)
    if len(sentences) > _MOST_FAILURES:
        tell(f"so it is at {len(sentences) - _MOST_FAILURES} more places; give a larger 'max', or ask for less")


def _show(results: Results, figures: Sequence[Path]) -> None:
    from simulator.cli import doings, printed

    say(results.manifest["scenario"]["title"])
    if results.status != "failed":
        tables = (printed.cost, printed.outcomes, doings.lines, printed.where, printed.knock_on)
        for table in (make(results) for make in tables):
            if table:
                say(["", *table])
    say(["", f"results: {results.folder}", *(f"figure: {path}" for path in figures)])


def _data(results: Results, figures: Sequence[Path]) -> dict[str, Any]:
    from simulator.plots import records

    return {
        "scenario": results.manifest["scenario"]["name"],
        "folder": str(results.folder),
        "status": results.status,
        "baseline": results.baseline,
        "summary": records(results.summary()),
        "where": records(results.where(by=("device", "cause", "mechanism"))),
        "operations": records(results.operations),
        "knock_on": records(results.knock_on()),
        "shortfalls": results.shortfalls(),
        "failures": [{"run": failure["run"], "error": failure["error"]} for failure in results.manifest["failures"]],
        "figures": [str(path) for path in figures],
    }
