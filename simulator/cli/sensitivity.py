"""``virtlab sensitivity``: which parameters the answer hangs on."""

from __future__ import annotations

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import complain, say, say_json, tell
from simulator.cli.where import on_option


@click.command()
@click.argument("scenario", type=click.Path())
@click.option(
    "--method",
    default="morris",
    show_default=True,
    help="'tornado' (each range's ends), 'morris' (and effects everywhere) or 'sobol' (and parts of the variance).",
)
@click.option("--samples", type=int, metavar="N", help="Stars of Morris, rows of Sobol, draws with 'tornado'.")
@click.option(
    "--top", type=int, default=10, show_default=True, metavar="N", help="Parameters shown; all that Sobol sees."
)
@click.option(
    "--metric",
    default="",
    help="'overhead' over the baseline, or a column of the table of tenants.  [default: overhead of several stacks]",
)
@click.option("--stack", "stacks", multiple=True, metavar="LABEL", help="Ask about this stack only; several times.")
@click.option("--workload", "workloads", multiple=True, metavar="NAME", help="Ask about this workload only.")
@click.option(
    "--plot", "figure", type=click.Path(dir_okay=False), help="Draw the tornado into this file, .png or .svg."
)
@click.option("-o", "--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@click.option("--replications", type=int, help="Runs of each point, instead of the scenario's.")
@json_option
def command(
    scenario: str, method: str, samples: int | None, top: int, metric: str, stacks: tuple[str, ...],
    workloads: tuple[str, ...], figure: str | None, out: str, jobs: int | None, on: str, replications: int | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Say which parameters the answers of SCENARIO hang on.

    The ranges of the catalog are the distributions. Screening comes first; what changes nothing is looked at no
    further. A stopped analysis goes on where it was.
    """
    from pathlib import Path

    from simulator.cli.hanging import lines
    from simulator.cli.loading import load_all
    from simulator.importance.analysis import analyse
    from simulator.plots import check_kind, draw_as
    from simulator.watching import watch

    if figure is not None:
        check_kind(Path(figure))
    (loaded,) = load_all([scenario], {} if replications is None else {"replications": replications})
    found = analyse(
        loaded, method=method, metric=metric, stacks=stacks, workloads=workloads, samples=samples, top=top, out=out,
        jobs=jobs, on=on, watch=watch, tell=tell,
    )  # fmt: skip
    for failure in found.header["failures"]:
        complain(f"a run failed: {failure}")
    if figure is not None:
        draw_as("tornado", found.folder, Path(figure))
    if as_json:
        say_json({**found.data(), "folder": str(found.folder), "figure": figure})
    else:
        say([*lines(found), "", f"results: {found.folder}", *([f"figure: {figure}"] if figure else [])])
    return found.exit_code
