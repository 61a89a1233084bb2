"""One page for each family of layers: its docstring, what it declares, and the products that are made of it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator import discovery
from simulator.control import SECTIONS as CONTROL
from simulator.effort import SECTIONS as EFFORT
from simulator.failure import SECTIONS as FAILURE
from virtlab_pages import docstring
from virtlab_pages.markdown import code, heading, in_html, page, paragraph, prose, table, toctree
from virtlab_pages.numbers import catalog, cited, declared, given

_UP = "../../"
_MACHINE_ONLY = "hardware"
"""What stands at the bottom of each stack: no product of the catalog."""


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """All of them, and one that leads to them."""
    names = list(discovery.members("layers"))
    lead = paragraph(
        """
        Software that turns a demand into steps below, by families of mechanisms. A product is a family with choices and
        numbers of its own: one file of the catalog.
        """
    )
    sections = paragraph(
        """
        Beside its costs a product says what starting it takes, what it takes to install it, how it fails, and what may
        be done to what stands on it, in sections that are the same for all families:
        """
    )
    rows = [(code(f"{section}.{each.name}"), each.unit, in_html(each.meaning))
            for section, parameters in {**EFFORT, **FAILURE, **CONTROL}.items() for each in parameters]  # fmt: skip
    yield "layers/index", page("Layers", lead, toctree(names), ["## Collectors of a Java virtual machine", ""],
                               toctree([f"collectors/{name}" for name in discovery.members("layers.collectors")]),
                               ["## What every product says", "", *sections],
                               table(("parameter", "unit", "meaning"), rows))  # fmt: skip
    for name in names:
        yield f"layers/{name}", _page(name)
    for name in discovery.members("layers.collectors"):
        module = discovery.member("layers.collectors", name)
        text = docstring.markdown(inspect.cleandoc(module.__doc__ or ""), up="../../../")
        more = declared(getattr(module.COLLECTOR, "PARAMETERS", ()))
        yield f"layers/collectors/{name}", page(f"Collector: {heading(name)}", text,
                                                ["## Its parameters", "", *more] if more else [])  # fmt: skip


def _page(name: str) -> str:
    module = discovery.member("layers", name)
    layer = module.LAYER
    keys = frozenset(catalog().sources)
    blocks = [docstring.markdown(inspect.cleandoc(module.__doc__ or ""), keys, _UP), *_declared(layer)]
    cites: set[str] = set()
    products = [
        each for each in catalog().names("layers") if catalog()._library.sheet("layers", each).data["family"] == name
    ]
    if products:
        blocks.append(["## Products", "", "Numbers that a file gives itself; what it `extends` has the others.", ""])
    for product in products:
        lines, sources = _product(product)
        blocks.append(lines)
        cites |= sources
    if cites:
        blocks.append(["## Sources", "", *cited(cites, _UP)])
    return page(heading(name), *blocks)


def _declared(layer: Any) -> Iterator[list[str]]:
    """What the class says of itself."""
    stands = [("offers", layer.OFFERS), ("stands on", layer.NEEDS), ("holds", layer.HOLDS)]
    stands += [("lets one", ", ".join(sorted(layer.CONTROL))), ("limits", ", ".join(layer.LIMITS))]
    yield ["## In short", "", *table(("", ""), [(key, in_html(str(value))) for key, value in stands if value])]
    choices = [(code(key), ", ".join(map(code, values))) for key, values in layer.STRUCTURE.items()]
    if choices:
        yield ["## Choices", "", *table(("structure", "one of"), choices)]
    mechanisms = [(code(key), each.kind + (", needs slices" if each.needs_slices else ""), in_html(each.meaning))
                  for key, each in layer.MECHANISMS.items()]  # fmt: skip
    if mechanisms:
        lead = "Each can be switched off by its name (`without: [...]` of a stack)."
        yield ["## Mechanisms by name", "", lead, "", *table(("mechanism", "kind", "what is paid"), mechanisms)]
    settings = [(code(key), unit or "a word", in_html(what)) for key, (unit, what) in layer.SETTINGS.items()]
    if settings:
        yield ["## What it sets for itself", "", *table(("setting", "unit", "meaning"), settings)]
    if layer.PARAMETERS:
        yield ["## Parameters by name", "", *declared(layer.PARAMETERS)]


def _product(name: str) -> tuple[list[str], set[str]]:
    """One product: what it is, its choices, its numbers."""
    data = catalog()._library.document("layers", name).data
    rows, keys = given("layers", name, _UP)
    lines = [f"### {name}", "", prose(f"{data['title']}.") + _extends(data), ""]
    structure = catalog()._library.sheet("layers", name).groups[0].structure
    if structure:
        lines += [", ".join(f"{key}: `{value}`" for key, value in structure.items()), ""]
    return [*lines, *rows], keys


def _extends(data: Any) -> str:
    base = data.get("extends")
    return f" Extends [{base}](#{anchor(base)})." if base else ""


def anchor(name: str) -> str:
    """The place of a heading within its page, as GitHub makes it."""
    return name.lower().replace(".", "").replace(" ", "-")
