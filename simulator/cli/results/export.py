"""``virtlab results export``: tables for other programs."""

from __future__ import annotations

import click

from simulator.cli.output import say, tell
from simulator.cli.results import options


@click.command()
@click.argument("batches", nargs=-1, required=True, metavar="BATCH...")
@options.root
@click.option("--table", "tables", multiple=True, metavar="NAME", help="A table, by default tenants; several times.")
@click.option(
    "--as", "form", default="csv", show_default=True, metavar="FORM",
    help="csv, parquet, or long (one row per run, tenant and metric, as CSV).",
)  # fmt: skip
@click.option("--to", "folder", type=click.Path(file_okay=False), help="Folder to write to; by default stdout.")
@options.where
@click.option("--columns", default="", metavar="NAME,...", help="These columns only.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def command(
    batches: tuple[str, ...], root: str, tables: tuple[str, ...], form: str, folder: str | None,
    where: tuple[str, ...], columns: str, force: bool,
) -> None:  # fmt: skip
    """Export tables of batches, each row with its place on the axes.

    Units and meanings of the columns are written beside them, into columns.csv.
    """
    from simulator.errors import UsageError
    from simulator.results import exporting, load
    from simulator.results.finding import find_all
    from simulator.results.long import TABLE
    from simulator.results.places import wanted

    names, places = tables or ("tenants",), wanted(where)
    chosen = [name.strip() for name in columns.split(",") if name.strip()]
    exporting.check(form, names)
    if form == "long" and tables and set(tables) != {"tenants"}:
        raise UsageError("the long form is one of tenants; leave --table out, or take csv or parquet")
    if folder is None and (form == "parquet" or len(names) > 1):
        raise UsageError("several tables, or Parquet, do not go to stdout; name a folder with --to")
    loaded = [load(path) for path in find_all(batches, root)]
    if folder is None:
        frame, _ = exporting.together(loaded, TABLE if form == "long" else names[0], places, chosen)
        say(exporting.as_csv(frame).removesuffix("\n"))
        return
    paths = exporting.export(loaded, folder, tables=names, form=form, where=places, columns=chosen, force=force)
    for path in paths:
        tell(str(path))
