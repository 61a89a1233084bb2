"""What there is to choose: all of it read from the catalog, nothing written down a second time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator import discovery
from simulator.catalog import Catalog
from simulator.choice.derived import STRESSORS
from simulator.errors import CatalogError, VirtlabError
from simulator.explorer import pace
from simulator.explorer.asking import ask
from simulator.explorer.question import MOST_NEIGHBOURS, MOST_STACKS, Question
from simulator.explorer.reading import TIMES
from simulator.units import format_quantity

_LOADS = ("clients_count", "connections_count", "threads_count", "workers_count")
"""Words for how much a program is asked for, at the end of a parameter's name: the first slider shows such a one."""
_FORMS = ("{0} |", "{1} | {0}")
"""How a layer on which programs run may stand in a stack: by itself, on a system."""
_FORMS_BELOW = ("{0} | {1}", "{1} | {0} / {1}")
"""How one that offers a machine may stand: under a system, between two."""
_SYSTEM = "linux"
_BYTECODE, _MACHINE = "bytecode", "machine"
"""What a layer may offer, beside a system."""
_GIB = 2**30


def names(catalog: Catalog) -> dict[str, Any]:
    """What there is by name, a question to begin with, and the bounds of what may be asked, as plain data.

    No file of the catalog is read for it: a page can be drawn before :func:`titles` is there.
    """
    return {
        "question": Question().data(),
        **{kind: catalog.names(kind) for kind in ("machines", "layers", "workloads")},
        "stressors": [name for name in STRESSORS if name in catalog.names("workloads")],
        "times": list(TIMES),
        "durations_s": list(pace.LADDER_S),
        "most_stacks": MOST_STACKS,
        "most_neighbours": MOST_NEIGHBOURS,
    }


def titles(catalog: Catalog) -> dict[str, dict[str, str]]:
    """What the files of the catalog say that they are, by kind and name."""
    kinds = ("machines", "layers", "workloads")
    return {kind: {name: catalog.title(kind, name) for name in catalog.names(kind)} for kind in kinds}


def machine(catalog: Catalog, name: str) -> dict[str, Any]:
    """How large a machine is: the sliders end there.

    Raises:
        CatalogError: there is no such machine.
    """
    devices = catalog.machine(name).devices
    return {
        "name": name,
        "memory_gib": devices["memory"].parameters["capacity_bytes"].value / _GIB,
        "cores": int(devices["cpu"].parameters["cores_count"].value),
    }


def workload(catalog: Catalog, name: str, machine: str) -> dict[str, Any]:
    """A workload's numbers for a machine, those that have a range, the one that says most about its load first.

    Raises:
        CatalogError: there is no such workload or machine.
    """
    found = catalog.workload(name, machine)
    numbers = [each for each in found.parameters.values() if each.low < each.high]
    numbers.sort(key=lambda each: next((n for n, end in enumerate(_LOADS) if each.name.endswith(end)), len(_LOADS)))
    return {
        "name": found.name,
        "title": found.title,
        "interface": found.interface,
        "metric": dict(found.metric),
        "parameters": [
            {
                "name": each.name,
                "value": each.value,
                "low": each.low,
                "high": each.high,
                "unit": each.unit,
                "text": format_quantity(each.value, each.unit),
                "meaning": each.meaning,
                "where": each.where,
                "kind": each.kind,
            }
            for each in numbers
        ],
    }


def stacks(catalog: Catalog, name: str, machine: str) -> Iterator[dict[str, str] | None]:
    """For the newest version of each product the first stack with it on which a workload can run there.

    Yields:
        The stack with the product's title, or None after a trial that failed: who looks on may do something else.

    Raises:
        CatalogError: there is no such workload or machine.
    """
    wanted = catalog.workload(name, machine).interface
    system = catalog.resolve_name("layers", _SYSTEM)
    proven: dict[str, str] = {}
    for layer in _newest(catalog):
        family = catalog.layer(layer, machine).family
        offers = discovery.member("layers", family).LAYER.OFFERS
        if wanted == _BYTECODE != offers:
            continue
        forms = _FORMS_BELOW if offers == _MACHINE else _FORMS
        for form in dict.fromkeys((proven.get(family, forms[0]), *forms)):
            text = form.format(layer, system)
            if _runs(catalog, Question(machine=machine, workload=name, stacks=(text,))):
                proven[family] = form  # its like stands so, too: less to try
                yield {"stack": text, "title": catalog.title("layers", layer)}
                break
            yield None


def _runs(catalog: Catalog, question: Question) -> bool:
    try:
        ask(question, catalog)
    except VirtlabError:
        return False
    return True


def _newest(catalog: Catalog) -> list[str]:
    """The newest version of each product."""
    newest: dict[str, None] = {}
    for name in catalog.names("layers"):
        try:
            newest[catalog.resolve_name("layers", name.rpartition("-")[0])] = None
        except CatalogError:
            newest[name] = None
    return list(newest)
