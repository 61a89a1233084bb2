"""One page for each program: its docstring, what it declares, and the workloads of the catalog that run it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from simulator import discovery
from simulator.workloads.base import PORTABLE
from virtlab_pages import docstring
from virtlab_pages.layers import anchor
from virtlab_pages.markdown import heading, page, paragraph, prose, toctree
from virtlab_pages.numbers import catalog, cited, declared, given

_UP = "../../"


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """All of them, and one that leads to them."""
    names = list(discovery.members("workloads"))
    lead = paragraph("Programs: generators of demands. A workload is a program with numbers: one file of the catalog.")
    files = paragraph("What the section `bytecode` of a workload says of its build for Java virtual machines:")
    lead += ["## Class files", "", *files, *declared(PORTABLE), "## Programs", ""]
    yield "workloads/index", page("Workloads", lead, toctree(names))
    for name in names:
        yield f"workloads/{name}", _page(name)


def _page(name: str) -> str:
    module = discovery.member("workloads", name)
    text = docstring.markdown(inspect.cleandoc(module.__doc__ or ""), frozenset(catalog().sources), _UP)
    blocks = [text, ["## Parameters by name", "", *declared(module.PROGRAM.PARAMETERS)], ["## Workloads", ""]]
    cites: set[str] = set()
    for workload in catalog().names("workloads"):
        data = catalog()._library.sheet("workloads", workload).data
        if data["program"] != name:
            continue
        rows, keys = given("workloads", workload, _UP)
        cites |= keys
        metric = data["metric"]
        base = catalog()._library.document("workloads", workload).data.get("extends")
        said = f" Extends {_linked(base, name)}." if base else ""
        measured = f"Figure of merit: {metric['name']}, {metric['unit']} ({metric['better']} is better)."
        blocks.append([f"### {workload}", "", f"{prose(data['title'])}. {measured}{said}", "", *rows])
    if cites:
        blocks.append(["## Sources", "", *cited(cites, _UP)])
    return page(heading(name), *blocks)


def _linked(base: str, program: str) -> str:
    """A workload, on this page or on that of its program."""
    other = catalog()._library.sheet("workloads", base).data["program"]
    return f"[{base}]({'' if other == program else f'{other}.md'}#{anchor(base)})"
