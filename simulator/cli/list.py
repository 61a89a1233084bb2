"""``virtlab list``: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.catalog import Catalog

    Rows = list[dict[str, str]]


@click.command()
@click.argument("kind", required=False)
@click.option(
    "--page", type=click.Path(dir_okay=False), help="Of columns: write them as a page of Markdown into this file."
)
@json_option
def command(kind: str | None, page: str | None, as_json: bool) -> None:
    """List what there is.

    KIND is one of machines, layers, workloads, hardware, schedulers, images, packages, registries, scenarios, pools,
    demands, operations, figures, published, readings, columns; without it everything is listed.
    """
    from simulator.catalog import Catalog
    from simulator.catalog.suggestion import suggestion
    from simulator.errors import UsageError
    from simulator.explain.columns import columns

    if page is not None:
        _write(kind, page)
        return
    kinds = _kinds()
    if kind is not None and kind not in kinds:
        raise UsageError(f"nothing of the kind {kind!r} can be listed; {suggestion(kind, kinds)}")
    catalog = Catalog()
    found = {name: rows(catalog) for name, rows in kinds.items() if kind in (None, name)}
    if as_json:
        say_json(found if kind is None else found[kind])
        return
    blocks = [
        [name.upper(), *columns([list(row.values()) for row in rows], "<" * max(map(len, rows)))]
        for name, rows in found.items()
        if rows
    ]
    say("\n\n".join("\n".join(block[1:] if kind else block) for block in blocks))


def _kinds() -> Mapping[str, Callable[[Catalog], Rows]]:
    """Everything that can be listed, by kind."""
    return {
        "machines": _machines,
        "layers": _layers,
        "workloads": _workloads,
        "hardware": _hardware,
        "schedulers": _schedulers,
        "images": _images,
        "packages": _packages,
        "registries": _registries,
        "scenarios": _scenarios,
        "pools": _pools,
        "demands": _demands,
        "operations": _operations,
        "figures": _figures,
        "published": _published,
        "readings": _readings,
        "columns": _columns,
    }


def _columns(_: Catalog) -> Rows:
    from simulator.cli.dictionary import rows

    return rows()


def _write(kind: str | None, page: str) -> None:
    """The page of columns."""
    from pathlib import Path

    from simulator.cli import dictionary
    from simulator.errors import UsageError
    from simulator.results.folder import replace_text

    if kind != "columns":
        raise UsageError("only columns are written as a page: virtlab list columns --page FILE")
    try:
        replace_text(Path(page), dictionary.page())
    except OSError as error:
        raise UsageError(f"{page} cannot be written: {error.strerror}; choose another place") from error


def _machines(catalog: Catalog) -> Rows:
    found = [catalog.machine(name) for name in catalog.names("machines")]
    return [{"name": each.name, "year": str(each.year), "title": each.title} for each in found]


def _layers(catalog: Catalog) -> Rows:
    machine = catalog.names("machines")[0]
    found = [catalog.layer(name, machine) for name in catalog.names("layers")]
    return [{"name": each.name, "family": each.family.replace("_", " "), "title": each.title} for each in found]


def _hardware(catalog: Catalog) -> Rows:
    machine = catalog.names("machines")[0]
    found = [catalog.virtual_hardware(name, machine) for name in catalog.names("virtual_hardware")]
    return [
        {
            "name": each.name,
            "kind": " ".join((each.structure.get("style", ""), each.family)).strip(),
            "title": each.title,
        }
        for each in found
    ]


def _schedulers(catalog: Catalog) -> Rows:
    machine = catalog.names("machines")[0]
    found = [catalog.scheduler(name, machine) for name in catalog.names("schedulers")]
    return [{"name": each.name, "policy": each.family.replace("_", " "), "title": each.title} for each in found]


def _images(catalog: Catalog) -> Rows:
    found = [catalog.image(name) for name in catalog.names("images")]
    return [
        {
            "name": each.name,
            "layers": f"{len(each.layers)} layers",
            "size": f"{each.compressed_bytes / 1e6:.1f} MB compressed, {each.unpacked_bytes / 1e6:.1f} MB unpacked",
            "title": catalog.title("images", each.name),
        }
        for each in found
    ]


def _packages(catalog: Catalog) -> Rows:
    names = catalog.names("packages")
    return [
        {"name": name, "depends": ", ".join(catalog.depends(name)), "title": catalog.title("packages", name)}
        for name in names
    ]


def _registries(catalog: Catalog) -> Rows:
    return [{"name": name, "title": catalog.title("registries", name)} for name in catalog.names("registries")]


def _operations(_: Catalog) -> Rows:
    """What may be done while time runs: the key of a scenario, what a layer must offer for it, further keys."""
    from simulator.operations import kinds

    return [
        {
            "operation": name,
            "needs": kind.WORD or "-",
            "keys": ", ".join(key if key in kind.NEEDS else f"[{key}]" for key in kind.KEYS) or "-",
            "what": str(kind.__doc__).partition("\n")[0],
        }
        for name, kind in kinds().items()
    ]


def _workloads(catalog: Catalog) -> Rows:
    machine = catalog.names("machines")[0]
    found = [catalog.workload(name, machine) for name in catalog.names("workloads")]
    return [
        {"name": each.name, "metric": f"{each.metric['name']}, {each.metric['unit']}", "title": each.title}
        for each in found
    ]


POOLS, PARTS = "pools", "parts"
"""Folders of pool files, which are read by ``virtlab pool``, and of parts, which scenarios include."""


def _pools(_: Catalog) -> Rows:
    """Pool files of the folder ``scenarios/pools`` here."""
    from pathlib import Path

    from simulator.catalog import document

    found = (
        (path, document.read(path).data.get("title", "")) for path in sorted(Path("scenarios", POOLS).glob("*.yaml"))
    )
    return [{"path": str(path), "title": str(title)} for path, title in found]


def _scenarios(catalog: Catalog) -> Rows:
    """Scenario files of the folder ``scenarios`` here."""
    from pathlib import Path

    from simulator.errors import ScenarioError
    from simulator.scenario import load

    rows = []
    paths = (path for path in Path("scenarios").rglob("*.yaml") if path.parent.name not in (POOLS, PARTS))
    for path in sorted(paths):
        try:
            title = load(path, catalog=catalog).title
        except ScenarioError as error:
            title = f"({len(error.problems)} mistakes: virtlab check {path})"
        rows.append({"path": str(path), "title": title})
    return rows


def _demands(_: Catalog) -> Rows:
    from simulator.explain.asked import PHRASES

    return [{"demand": phrase.example or name} for name, phrase in PHRASES.items()]


def _figures(_: Catalog) -> Rows:
    from simulator.plots import figures

    return [{"name": name, "title": title} for name, title in figures().items()]


def _published(_: Catalog) -> Rows:
    """The tables of published figures, and how many figures of each judge."""
    from simulator.validation import published

    rows = []
    for name, figures in published.load_all().items():
        judges = sum(figure.judges for figure in figures)
        sources = list(dict.fromkeys(figure.source for figure in figures))
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        rows.append({"table": name, "figures": f"{len(figures)}, {judges} judge", "source": sources[0] + more})
    return rows


def _readings(_: Catalog) -> Rows:
    from simulator.validation.readings import known

    return [{"reading": name, "unit": unit, "meaning": meaning} for name, (unit, meaning) in known().items()]
