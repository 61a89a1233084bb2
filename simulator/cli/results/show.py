"""``virtlab results show``: where the numbers of a batch come from."""

from __future__ import annotations

from typing import Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json
from simulator.cli.results import options

_MOST = 10
"""Failures and values of an axis that are shown; JSON has them all."""


@click.command()
@click.argument("batch")
@options.root
@click.option("--text", is_flag=True, help="Print the scenario's text and nothing else, so that it can be run again.")
@json_option
def command(batch: str, root: str, text: bool, as_json: bool) -> None:
    """Show the provenance of BATCH: scenario, code, libraries, failures, tables, how to repeat and to cite it."""
    from simulator.batch.version import code_version
    from simulator.results.finding import find
    from simulator.results.folder import read_manifest
    from simulator.results.provenance import provenance

    folder = find(batch, root)
    if text:
        say(str(read_manifest(folder)["scenario"]["text"]).removesuffix("\n"))
        return
    about = provenance(folder, code_version())
    if as_json:
        say_json(about)
        return
    say(_lines(about, _finished(about)))


def _finished(about: dict[str, Any]) -> str:
    """How many runs of a batch that has not ended are recorded."""
    if about["status"] not in ("running", "interrupted"):
        return f"{about['runs']} runs, {about['failed']} failed"
    from pathlib import Path

    from simulator.batch.merging import SEGMENTS
    from simulator.batch.segments import finished

    return f"{len(finished(Path(about['folder']) / SEGMENTS))} of {about['runs']} runs recorded"


def _lines(about: dict[str, Any], runs: str) -> list[str]:
    from simulator.cli.results.list import duration, size
    from simulator.explain.columns import columns
    from simulator.results.provenance import each_point

    scenario = about["scenario"]
    code = f"{about['code']} ({'installed' if about['current'] else 'not the installed code'})"
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    facts = [
        ("title", scenario["title"]),
        ("scenario", f"{scenario['name']}, SHA-256 {scenario['hash']}"),
        ("batch", about["identity"]),
        ("folder", f"{about['folder']}, {size(about['size_bytes'])}"),
        ("status", f"{about['status']}: {runs}"),
        ("points", f"{about['points']}, {each_point(about)}, seed {about['seed']}"),
        ("baseline", about["baseline"] or "the first stack"),
        ("begun", about["start"]),
        ("ended", f"{about['end']}, after {duration(about['duration_s'])}" if about["end"] else "not yet"),
        ("code", code),
        ("libraries", libraries),
        ("schema", f"version {about['schema_version']}"),
        *(("beside", name) for name in about["answers"]),
    ]
    lines = columns(facts, "<<")
    lines += ["", "axes", *columns([("", name, _values(values)) for name, values in about["axes"].items()], "<<<")]
    if about["tables"]:
        cells = [(each["table"], f"{each['rows']:,}", size(each["size_bytes"])) for each in about["tables"]]
        lines += ["", *columns(cells, "<>>", ("table", "rows", "CSV"))]
    lines += _not_recorded(about["not_recorded"]) + _failures(about) + _merged(about["merged"])
    repeat = f"virtlab results show {about['folder']} --text > {scenario['name']}.yaml"
    return [*lines, "", "repeat:", f"  {repeat}", f"  {about['command']}", "", f"cite: {about['cite']}"]


def _values(values: list[Any]) -> str:
    from simulator.results.tables import cell

    more = f", ... ({len(values)} values)" if len(values) > _MOST else ""
    return ", ".join(str(cell(value)) for value in values[:_MOST]) + more


def _not_recorded(missing: dict[str, list[str]]) -> list[str]:
    if not missing:
        return []
    return ["", "not recorded by the version that wrote it:", *(f"  {t}: {', '.join(n)}" for t, n in missing.items())]


def _failures(about: dict[str, Any]) -> list[str]:
    failures = about["failures"]
    if not failures:
        return []
    name = about["scenario"]["name"]
    shown = []
    for each in failures[:_MOST]:
        how = each.get("repeat") or f"repeat: virtlab run {name}.yaml --only {each['run']}"  # older batches do not say
        shown += [f"  {each['run']}: {each['error']}", f"    {how}"]
    more = [f"  and {len(failures) - _MOST} more (--json has them all)"] if len(failures) > _MOST else []
    return ["", "failures:", *shown, *more]


def _merged(merged: dict[str, Any] | None) -> list[str]:
    if merged is None:
        return []
    sources = []
    for each in merged["sources"]:
        sources += [
            f"  {each['folder']}: {each['runs']} runs, seed {each['seed']}, {each['code']}",
            f"    {each['command']}",
        ]
    return ["", "merged from:", *sources, *(f"  {note}" for note in merged["notes"])]
