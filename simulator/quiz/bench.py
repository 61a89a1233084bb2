"""What topics about stacks stand on: figures of the catalog, and a few demands carried out on a real stack."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from simulator import experiment
from simulator.catalog import Catalog
from simulator.demands import Demand
from simulator.scenario import load
from simulator.threads import Thread

US = 1e-6
_MEMORY = "64 MiB"
_LONG_S = 1000.0


@cache
def catalog() -> Catalog:
    """The catalog, read once."""
    return Catalog()


@cache
def figures(product: str, machine: str) -> Mapping[str, float]:
    """The numbers of a product on a machine, from the catalog."""
    return catalog().layer(product, machine).values()


@cache
def frequency_hz(machine: str) -> float:
    """The clock of a machine of the catalog."""
    return float(catalog().machine(machine).devices["cpu"].parameters["frequency_hz"].value)


@cache
def _point(stack: str, machine: str) -> Mapping[str, Any]:
    """A machine with one tenant that does nothing; on bare metal it needs no memory of its own."""
    tenant = {"workload": "idle", "memory": _MEMORY} if len(stack.split()) > 2 else {"workload": "idle"}
    scenario = {"machine": machine, "stacks": {"one": stack}, "tenants": {"app": tenant}, "duration": "1 s"}
    return load(scenario).points()[0]


def run_s(stack: str, machine: str, *demands: Demand) -> float:
    """How long a thread takes for some demands, one after the other, on a stack where nothing else runs: a real run."""
    house = experiment.build(_point(stack, machine))
    thread = Thread(house, "app", "main", house.tops["app"], house.groups["app"])
    house.threads.append(thread)
    house.environment.process(thread.live(demands))
    house.environment.run(until=_LONG_S)
    thread.close()
    assert thread.ended_s is not None
    return thread.ended_s
