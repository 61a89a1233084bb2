"""``virtlab results list``: one line per batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json, tell
from simulator.cli.results import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.results.listing import Entry

_HEADS = (
    *("scenario", "batch", "status", "runs", "failed", "points", "replications", "start", "duration", "size", "code"),
)


@click.command()
@options.root
@click.option("--scenario", default="", metavar="PATTERN", help="Name of the scenario; * and ? stand for anything.")
@click.option("--status", default="", help="ok, failures, failed, interrupted or running.")
@click.option("--since", default="", metavar="DATE", help="Begun on this day or later, e.g. 2026-11-28.")
@click.option("--stack", default="", metavar="PATTERN", help="Label of a stack, or a product in it, e.g. xen.")
@options.where
@click.option("--sort", default="scenario", show_default=True, metavar="COLUMN", help="What they are sorted by.")
@json_option
def command(
    root: str, scenario: str, status: str, since: str, stack: str, where: tuple[str, ...], sort: str, as_json: bool
) -> None:
    """List the batches of a folder of results.

    Folders that hold no batch, or a damaged one, are named on stderr.
    """
    from simulator.batch.version import code_version
    from simulator.results.listing import chosen, listing, ordered
    from simulator.results.places import wanted

    found = listing(root, installed=code_version())
    kept = chosen(found.entries, scenario=scenario, status=status, since=since, stack=stack, where=wanted(where))
    entries = ordered(kept, sort)
    for path, why in found.others.items():
        tell(f"{path}: {why}")
    if as_json:
        say_json([entry.row() for entry in entries])
    elif entries:
        say([*_lines(entries), "", f"{len(entries)} of {len(found.entries)} batches in {root}"])
    else:
        tell(f"none of {len(found.entries)} batches in {root} is like that" if found.entries else f"no batch in {root}")


def _lines(entries: Sequence[Entry]) -> list[str]:
    from simulator.explain.columns import columns

    return columns([_cells(entry) for entry in entries], "<<<>>>><>><", _HEADS)


def _cells(entry: Entry) -> list[str]:
    failed = "" if entry.failed is None else str(entry.failed)
    start, version = entry.start[:16].replace("T", " "), "installed" if entry.current else entry.code
    most = f"up to {entry.replications}" if entry.until else str(entry.replications)
    numbers = [str(entry.runs), failed, str(entry.points), most]
    took, weight = duration(entry.duration_s), size(entry.size_bytes)
    return [entry.scenario, entry.hash, entry.status, *numbers, start, took, weight, version]


def duration(seconds: float | None) -> str:
    """A duration as one reads it."""
    if seconds is None:
        return ""
    if seconds < 120:
        return f"{seconds:g} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count_bytes: float) -> str:
    """A size as one reads it."""
    for unit in ("bytes", "kB", "MB"):
        if count_bytes < 1000:
            return f"{count_bytes:.0f} {unit}" if unit == "bytes" else f"{count_bytes:.1f} {unit}"
        count_bytes /= 1000
    return f"{count_bytes:.1f} GB"
