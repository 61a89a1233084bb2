"""``virtlab results merge``: several batches put together into one."""

from __future__ import annotations

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell
from simulator.cli.results import options


@click.command()
@click.argument("batches", nargs=-1, required=True, metavar="BATCH BATCH...")
@options.root
@click.option("--to", "target", required=True, type=click.Path(file_okay=False), help="Folder of the merged batch.")
@click.option("--force", is_flag=True, help="Merge also what other versions or scenarios that differ have made.")
@json_option
def command(batches: tuple[str, ...], root: str, target: str, force: bool, as_json: bool) -> None:
    """Merge batches of one question into a new batch.

    Replications under other seeds are numbered on, points are put together, runs that several batches have are kept
    once. The sources stay as they are, and are named in the manifest.
    """
    from simulator.results.finding import find_all
    from simulator.results.merging import merge

    merged = merge(find_all(batches, root), target, force=force)
    manifest = merged.manifest
    for note in manifest["merged"]["notes"]:
        tell(note)
    if as_json:
        say_json({"folder": str(merged.folder), "runs": manifest["runs"], "merged": manifest["merged"]})
        return
    runs, points = manifest["runs"]["total"], manifest["labels"]["points"]
    say(f"{merged.folder}: {runs} runs, {points} points, up to {manifest['replications']} replications")
