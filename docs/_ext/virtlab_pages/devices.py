"""One page for each device of a machine."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from html import escape
from pathlib import Path

from simulator import discovery
from virtlab_pages import docstring
from virtlab_pages.markdown import heading, page, table, toctree
from virtlab_pages.numbers import catalog, declared

_UP = "../../"


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """All of them, and one that leads to them."""
    names = list(discovery.members("devices"))
    lead = [
        "Hardware that turns a step into time. Their numbers stand in the files of the [machines](../machines.md).",
        "",
    ]
    yield "devices/index", page("Devices", lead, toctree(names))
    for name in names:
        module = discovery.member("devices", name)
        text = docstring.markdown(inspect.cleandoc(module.__doc__ or ""), frozenset(catalog().sources), _UP)
        parameters = ["## Parameters by name", "", *declared(module.DEVICE.PARAMETERS)]
        yield f"devices/{name}", page(heading(name), text, parameters, list(_machines(name)))


def _machines(kind: str) -> Iterator[str]:
    """Machines that have such a device."""
    rows = []
    for name in catalog().names("machines"):
        machine = catalog().machine(name)
        found = [each.name for each in machine.devices.values() if each.kind == kind]
        if found:
            link = f'<a href="../machines.html#{name.replace(".", "")}">{escape(name)}</a>'
            rows.append((link, escape(machine.title), ", ".join(found)))
    if rows:
        yield from ("## Machines that have one", "", *table(("machine", "what it is", "as"), rows))
