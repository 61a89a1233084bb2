"""A tenant's state: kept at a moment, put back where it was, or put on another tenant's systems or another machine.

What is kept: where its program is (``simulator.tenant.Position``), what the systems of the subject know (page caches,
heaps, compiled code: ``copying``), its messages under way, and how much memory its program has. What is not: requests
that devices have in hand (they are waited for, or begin again with their demand), pages that a kernel had swapped or a
hypervisor had taken (they are in memory again), and child processes, whose parent starts them again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator import outcomes
from simulator.layers.base import Layer
from simulator.letters import Letters
from simulator.machine import Machine
from simulator.operations.copying import copied
from simulator.plans import Node
from simulator.tenancy import House
from simulator.tenant import Position, Tenant

if TYPE_CHECKING:
    from simulator.threads import Life


@dataclass(frozen=True, slots=True)
class State:
    """A tenant at one moment.

    Attributes:
        tenant: whose it was.
        taken_s: when.
        worked_s: processor time that its program had had for its own work.
        position: of its program.
        nodes: paths of the systems that it comprises, from the lowest.
        layers: what these knew, in the same order.
        surroundings: what they know and do not own.
        messages: what was on its way between its threads, by kind and name.
        letters: what had come for it from other tenants.
        program_bytes: memory of its program.
        runtime_bytes: of that, what the layer that runs it has.
    """

    tenant: str
    taken_s: float
    worked_s: float
    position: Position
    nodes: tuple[str, ...]
    layers: tuple[Layer, ...]
    surroundings: tuple[object, ...]
    messages: Mapping[tuple[str, str], int]
    letters: Letters
    program_bytes: float
    runtime_bytes: float


def lower_again(tenant: Tenant) -> None:
    """Every thread takes back what it has in flight, and knows from the next instant on what is left of its demand."""
    for thread in tenant.threads:
        if thread is not None and thread.ended_s is None:
            thread.relower()


def settle(tenant: Tenant) -> Life:
    """Have what a tenant's threads have in flight booked, as far as it has come."""
    if tenant.alive:
        lower_again(tenant)
        yield tenant.environment.timeout(0.0)


def keep(tenant: Tenant, nodes: Sequence[Node]) -> State:
    """The state of a tenant whose threads do not run, see ``lower_again``."""
    house = tenant.house
    shared = [(each, each) for each in _surroundings(house, nodes)]
    layers = tuple(copied(node.layer, shared) for node in nodes)
    return State(
        tenant.name, house.environment.now, worked_s(tenant), tenant.where(), tuple(node.path for node in nodes),
        layers, tuple(_surroundings(house, nodes)), house.messages(tenant.name), house.post.come(tenant.name),
        house.program_bytes[tenant.name], house.runtime_bytes[tenant.name],
    )  # fmt: skip


def worked_s(tenant: Tenant) -> float:
    """Processor time that a tenant's program has had for its own work, whatever came of it."""
    threads = (each for each in tenant.house.threads if each.tenant == tenant.name and not each.service)
    return sum(thread.spent["useful"] for thread in threads)


def put(state: State, tenant: Tenant, house: House, nodes: Sequence[Node]) -> Life:
    """A tenant goes on from a state: all that runs on its systems ends, and they are what they were.

    Args:
        state: of it, or of another one with the same systems.
        tenant: who goes on; its program has not begun, or runs, or has ended.
        house: where it goes on.
        nodes: its systems there that the state comprises, from the lowest.
    """
    if tenant.awaits is not None:
        tenant.go_to(state.position)
        _settle(state, tenant, house, nodes)
        tenant.may_begin()
        return
    tenant.up_again = up_again = tenant.environment.event()
    if tenant.alive:
        tenant.fall(outcomes.NOT_FINISHED, keeps_memory=False)
    tenant.call()
    yield tenant.down
    tenant.house = house
    _settle(state, tenant, house, nodes)
    tenant.position = state.position
    up_again.succeed()


def _settle(state: State, tenant: Tenant, house: House, nodes: Sequence[Node]) -> None:
    """The systems are what they were, with the memory that the program had."""
    paths = {node.path for node in nodes}
    for thread in house.threads:
        if thread.ended_s is None and any(step.path in paths for step in (thread.node, *thread.path)):
            thread.stop()
    instead = list(zip(state.surroundings, _surroundings(house, nodes), strict=True))
    layers = {node.path: copied(layer, instead) for node, layer in zip(nodes, state.layers, strict=True)}
    house.renew(nodes, layers)
    house.put_messages(tenant.name, state.messages)
    house.post.put_back(tenant.name, state.letters)
    house.put_memory(tenant.name, state.tenant, state.program_bytes, state.runtime_bytes, paths)


def _surroundings(house: House, nodes: Sequence[Node]) -> list[object]:
    """What systems know and do not own: where they stand, and the books of memory."""
    found: list[object] = []
    for node in nodes:
        place = node.layer.place
        found += [place, place.guest, place.host, house.spaces.get(node.path), house.limits.get(node.path)]
    kernel = house.kernel(nodes[0]) if nodes else None
    found.append(house.spaces[kernel.path] if kernel is not None else None)
    return found


def elsewhere(tenant: Tenant, number: int) -> House:
    """An equal machine in the same time, with nothing on it but what a tenant stands on.

    Args:
        tenant: who is to go there.
        number: of the machine.
    """
    point = tenant.house.point
    alone = {
        **point,
        "tenants": {tenant.name: point["tenants"][tenant.name]},
        "hardware": {name: each for name, each in point.get("hardware", {}).items() if name == tenant.name},
        "faults": [], "operations": [],
    }  # fmt: skip
    machine, environment = point["machine"], tenant.environment
    devices = Machine(environment, machine["devices"], f"{machine['name']} {number}", point["fidelity"])
    house = House(environment, devices, alone, number, tenant.house.observer)
    house.post = tenant.house.post
    return house
