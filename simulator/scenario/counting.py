"""Checks of what the command ``density`` is asked: a tenant and stacks that there are."""

from __future__ import annotations

from simulator.catalog.suggestion import suggestion
from simulator.scenario import stacks
from simulator.scenario.lookup import Lookup

_BY_STACK = ("memory", "overcommit", "warmup")


def check(lookup: Lookup) -> None:
    """Note a service that is no tenant, labels that no stack has, and parts that are more than a whole."""
    data = lookup.source.data
    written = data.get("density")
    if not isinstance(written, dict):
        return
    tenants = data.get("tenants")
    service, names = written.get("tenant"), tenants if isinstance(tenants, dict) else {}
    if isinstance(service, str) and service not in names:
        lookup.complain(("density", "tenant"), f"no tenant is called {service!r}", suggestion(service, names))
    labels = list(stacks.labels(data))
    for key in _BY_STACK:
        of_stacks = written.get(key)
        of_stacks = of_stacks if isinstance(of_stacks, dict | list) else ()
        for number, label in enumerate(of_stacks):
            place = ("density", key, number if isinstance(of_stacks, list) else label)
            if label not in labels:
                lookup.complain(place, f"no stack is called {label!r}", suggestion(str(label), labels))
