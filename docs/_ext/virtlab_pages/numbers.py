"""What classes declare and what catalog files give, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from html import escape
from typing import Any

from simulator import catalog as catalogs
from simulator.catalog.sheet import SECTIONS
from simulator.parameters import Parameter
from simulator.units import format_quantity
from virtlab_pages.docstring import cite
from virtlab_pages.markdown import code, in_html, table

_GROUPS = ("parameters", *SECTIONS)


@cache
def catalog() -> catalogs.Catalog:
    """The catalog as it comes with the package."""
    return catalogs.Catalog()


def declared(parameters: Iterable[Parameter]) -> list[str]:
    """The parameters of a class."""
    rows = [(code(each.name), escape(each.unit), code(each.mechanism), _meaning(each)) for each in parameters]
    heads = ("parameter", "unit", "mechanism", "meaning")
    kept = [number for number in range(len(heads)) if any(row[number] for row in rows)]
    return table([heads[number] for number in kept], [[row[number] for number in kept] for row in rows])


def _meaning(parameter: Parameter) -> str:
    only = f"; only where {code(parameter.only)}" if parameter.only else ""
    return in_html(parameter.meaning) + only + ("; may be missing" if parameter.optional else "")


def given(kind: str, name: str, up: str) -> tuple[list[str], set[str]]:
    """The numbers that a catalog file gives itself, as a table, and the sources that it cites."""
    own = catalog()._library.document(kind, name).data
    rows = [row for row in catalog().describe(kind, name) if _own(own, str(row["parameter"]))]
    keys = {str(row["source"]) for row in rows if row["source"]}
    several = any(row["measured_on"] not in ("", "any", None) for row in rows)
    heads = ("parameter", "value", "range", "kind", "source", "measured on", "where from")
    cells = [_cells(row, up) for row in rows]
    kept = [number for number in range(len(heads)) if number != 5 or several]
    return table([heads[number] for number in kept], [[row[number] for number in kept] for row in cells], (1, 2)), keys


def _own(data: Mapping[str, Any], parameter: str) -> bool:
    """Whether a number stands in the file itself; one of another file's, which this one extends, stands there."""
    if "extends" not in data:
        return True
    group, dot, name = parameter.rpartition(".")
    if "devices" in data and dot:
        return name in data["devices"].get(group, {}).get("parameters", {})
    return any(name in data.get(each, {}) for each in _GROUPS)


def _cells(row: Mapping[str, Any], up: str) -> tuple[str, ...]:
    unit, low, high = row["unit"], row["low"], row["high"]
    span = f"{format_quantity(low, unit)} to {format_quantity(high, unit)}" if low != high else ""
    marks = ", ".join([str(row["kind"]), *(["fitted"] if row["fitted"] else [])])
    source = cite(str(row["source"]), up) if row["source"] else ""
    measured = "" if row["measured_on"] in ("any", None) else str(row["measured_on"])
    where = f"{row['where']} ({row['meaning']})" if row["meaning"] else str(row["where"])
    name = code(str(row["parameter"]))
    return (name, escape(format_quantity(row["value"], unit)), escape(span), escape(marks), source, escape(measured),
            escape(where))  # fmt: skip


def cited(keys: Iterable[str], up: str) -> Iterator[str]:
    """The sources of a page, each with its line in the list of all."""
    yield "<ul>"
    for key in sorted(keys):
        yield f"<li>{cite(key, up)}: {citation(key)}</li>"
    yield from ("</ul>", "")


def citation(key: str) -> str:
    """Who, when, what, where, as HTML; BibTeX protects capitals with braces."""
    return escape(catalog().source(key).citation.replace("{", "").replace("}", ""))
