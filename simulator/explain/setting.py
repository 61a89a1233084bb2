"""The stack that is explained, built on its machine for one tenant. The clock stands still here."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean
from typing import Any

from simulator import discovery, notation
from simulator.catalog import Catalog, Product
from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.experiment import build
from simulator.explain.asked import Ground
from simulator.explain.sourced import Origin, origins, sourced
from simulator.layers.base import Service
from simulator.parameters import missing
from simulator.plans import Node
from simulator.plots import short_names
from simulator.scenario import alone
from simulator.steps import DISK, Step, Transfer

TENANT = "app"
_TURN_PARTS = 1000
"""Into how many parts a turn of the disk is divided to find the mean wait for a sector."""


class Setting:
    """One tenant on one stack on one machine.

    Args:
        catalog: where names are looked up.
        stack: the expression; bare names stand for the newest version.
        machine: name of the machine.
        without: mechanisms that are left out.

    Raises:
        UsageError: the stack, the machine or a mechanism is not known.
    """

    def __init__(self, catalog: Catalog, stack: str, machine: str, without: Iterable[str] = ()) -> None:
        self.expression = catalog.complete(notation.parse(stack))
        self.machine = catalog.machine(machine)
        alone.check(catalog, self.expression, self.machine.architecture)
        self.without = tuple(dict.fromkeys(without))
        point = self._point(catalog)
        self._house = build(point)
        self.names = short_names(self._house.nodes)
        _check(self.without, self._house.nodes.values())

    def _point(self, catalog: Catalog) -> dict[str, Any]:
        """What a scenario would resolve to; every number carries its source."""
        devices = {
            name: {
                "kind": device.kind,
                "structure": dict(device.structure),
                "parameters": sourced(f"{self.machine.name} {name}", device.parameters),
            }
            for name, device in self.machine.devices.items()
        }
        tenant = {
            "expression": str(self.expression), "group": None, "vcpus": 1, "weight": 1.0, "cap_cores": None,
            "weight_rule": "shares", "cap_period_s": 0.1, "cap_burst_s": 0.0, "reservation_cores": None, "cpus": None,
            "memory_bytes": self.machine.devices["memory"].parameters["capacity_bytes"].value / 4,
        }  # fmt: skip
        return {
            "machine": {"name": self.machine.name, "devices": devices},
            "layers": {name: self._layer(catalog, name) for name in self.expression.names()},
            "hardware": {TENANT: {name: self._hardware(catalog, name) for name in self.expression.names()}},
            "without": list(self.without),
            "fidelity": "fluid",
            "tenants": {TENANT: tenant},
        }

    def _hardware(self, catalog: Catalog, name: str) -> dict[str, Any]:
        """What a hypervisor shows to its guest by default."""
        found = {}
        for kind, offers in catalog.layer(name, self.machine.name).hardware.items():
            device = catalog.virtual_hardware(offers[0], self.machine.name)
            style, parameters = device.structure.get("style", ""), sourced(device.name, device.parameters)
            found[kind] = {"name": device.name, "style": style, "parameters": parameters}
        return found

    def _layer(self, catalog: Catalog, name: str) -> dict[str, Any]:
        product = catalog.layer(name, self.machine.name)
        parameters = sourced(product.name, product.parameters)
        structure = {**product.structure, **self._choices(product)}
        return {"family": product.family, "scheduler": None, "structure": structure, "parameters": parameters}

    def _choices(self, product: Product) -> dict[str, str]:
        """Structural choices that the expression gives in parentheses; numbers are for scenarios."""
        family = discovery.member("layers", product.family).LAYER
        known = family.STRUCTURE
        terms = (term for _, term in self.expression.placed() if term.name == product.name)
        written = {key: value for term in terms for key, value in term.options if key not in notation.ROLES}
        for key, value in written.items():
            if key == "scheduler":
                raise UsageError("a scheduler costs nothing while the clock stands still: leave it out, or run it")
            if key not in known:
                raise UsageError(f"{product.name} has no choice {key!r} to explain; {suggestion(key, known)}")
            if value not in known[key]:
                raise UsageError(f"{product.name} knows no {key}={value}; {suggestion(value, known[key])}")
        lacking = missing(family.PARAMETERS, {**product.structure, **written}, product.parameters)
        if lacking:
            raise UsageError(f"{product.name} has no numbers for that: {', '.join(lacking)}; take another product")
        return written

    # ---- what the walk asks

    @property
    def top(self) -> Node:
        """The system that the program runs on."""
        return self._house.tops[TENANT]

    @property
    def ground(self) -> Ground:
        """What demands are put together from.

        The file lies a third of the disk away, the mean distance of two places, and begins with a block of any size.
        """
        machine = self._house.machine
        third = int(machine.disk.parameters.capacity_bytes / 3)
        return Ground(int(machine.cpu.parameters.page_bytes), third >> 30 << 30)

    @property
    def frequency_hz(self) -> float:
        """The machine's clock."""
        return float(self._house.machine.cpu.frequency_hz)

    @property
    def idle_exit_s(self) -> float:
        """How long a core takes to leave its idle state."""
        return self._house.machine.cpu.parameters.idle_exit_s

    def path(self, node: Node) -> tuple[Node, ...]:
        """The nodes that a thread of one runs on, down to the machine."""
        return self._house.own_path(node)

    def name(self, path: str) -> str:
        """A node's name for a reader."""
        return self.names.get(path, path)

    def service(self, node: Node, queue: str) -> tuple[str, Node]:
        """The thread that drains a queue of a node, by name, and the node it runs on."""
        home = node.roles.get("domain-0", node)
        thread = next((service.name for service in _services(node) if service.queue == queue), queue)
        return f"{thread} in {self.name(home.path)}", home

    def woken(self, node: Node, queue: str) -> tuple[Step, ...]:
        """What the thread that drains a queue of a node takes to go on when it has slept, and for its look into it."""
        return next(((*each.woken, *each.turn) for each in _services(node) if each.queue == queue), ())

    def transfer(self, transfer: Transfer, follows: bool) -> tuple[float, str, tuple[Origin, ...]]:
        """How long an idle device takes for a transfer, how it goes about it, and the numbers behind that.

        ``follows``: it begins where the disk's arm has just been. Any other takes a mean wait for its first sector.
        """
        machine, size_bytes, write = self._house.machine, transfer.size_bytes, transfer.write
        if transfer.device != DISK:
            service_s = machine.nic.service_s(size_bytes, transfer.operations * transfer.frames)
            return float(service_s), "on an idle link", origins(service_s)
        if follows:
            service_s = machine.disk.service_s(size_bytes, 0.0, 1.0, write)
            return float(service_s), "in sequence", origins(service_s)
        turn_s = float(machine.disk.parameters.get("rotation_s", 0.0))
        starts_s = (turn_s * part / _TURN_PARTS for part in range(_TURN_PARTS))
        position_bytes = transfer.position_bytes
        samples = [machine.disk.service_s(size_bytes, position_bytes, start_s, write) for start_s in starts_s]
        return fmean(map(float, samples)), "at a random place", origins(samples[0])


def _services(node: Node) -> tuple[Service, ...]:
    """The threads that a node's layer runs."""
    return (*node.layer.services(), *node.layer.guest_services())


def _check(without: Iterable[str], nodes: Iterable[Node]) -> None:
    known = sorted({mechanism for node in nodes for mechanism in node.layer.MECHANISMS})
    for mechanism in without:
        if mechanism not in known:
            raise UsageError(f"no layer of this stack has the mechanism {mechanism!r}; {suggestion(mechanism, known)}")
