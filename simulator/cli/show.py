"""``virtlab show``: one entry of the catalog, every number with unit, range and source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.catalog import Catalog
    from simulator.validation.published import Figure


@click.command()
@click.argument("name")
@click.option("--machine", metavar="NAME", help="Show the numbers that are chosen for this machine.")
@json_option
def command(name: str, machine: str | None, as_json: bool) -> None:
    """Show an entry of the catalog: numbers and sources.

    NAME is that of a machine, layer, scheduler, workload, image, package or registry (every number with its unit, range
    and source), of a source, or of a table of published figures.
    """
    from simulator.catalog import Catalog
    from simulator.cli.sheet import sheet
    from simulator.validation import published

    catalog = Catalog()
    if name in catalog.sources:
        source = catalog.source(name)
        say_json({"key": source.key, **source.fields}) if as_json else say(source.citation)
        return
    if name in published.names():
        figures = published.load(name)
        say_json([figure._asdict() for figure in figures]) if as_json else say(_figures(figures))
        return
    kind = _kind(catalog, name)
    if as_json:
        full = catalog.resolve_name(kind, name)
        say_json({"kind": kind, "name": full, "parameters": catalog.describe(kind, name, machine)})
    else:
        say(sheet(catalog, kind, name, machine))


def _figures(figures: Sequence[Figure]) -> list[str]:
    """A table of published figures."""
    from simulator.explain.columns import columns

    heads = ("table", "platform", "benchmark", "metric", "value", "unit", "use")
    cells = [
        [each.table, each.platform, each.benchmark, each.metric, each.value, each.unit, each.use] for each in figures
    ]
    sources = dict.fromkeys(each.source for each in figures)
    return [*sources, "", *columns(cells, "<<<<><<", heads)]


def _kind(catalog: Catalog, name: str) -> str:
    """The kind of the entry with this name.

    Raises:
        CatalogError: there is none of any kind.
    """
    from simulator.catalog import KINDS
    from simulator.catalog.suggestion import suggestion
    from simulator.errors import CatalogError
    from simulator.validation import published

    for kind in KINDS:
        try:
            catalog.resolve_name(kind, name)
        except CatalogError:
            continue
        return kind
    known = [each for kind in KINDS for each in catalog.names(kind)] + published.names()
    raise CatalogError(f"nothing in the catalog is called {name!r}; {suggestion(name, known)}")
