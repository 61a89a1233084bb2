"""What one instance more takes of a machine's memory, and what is taken once: added up from the layers' own accounts.

Of two machines that are set up with one and with two instances the difference is what one takes at once: its virtual
machine's memory, its monitor or container, what a shared hypervisor keeps for it. What its program holds beside, on the
kernel that all share, is seen at the end of a run of two, and what a heap may still grow by counts as if it had. File
pages do not count: a kernel drops them when memory runs short. Nothing is shared between instances but what layers
share by their nature, and nothing is promised twice, unless it is asked what virtual machines touch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor
from typing import TYPE_CHECKING, Any

from simulator import experiment

if TYPE_CHECKING:
    from simulator.tenancy import House

PROGRAM = "program"
RUNTIME = "its runtime"
GROWTH = "heap to come"


@dataclass(frozen=True)
class Footprint:
    """Memory of a machine full of instances.

    Attributes:
        capacity_bytes: of the machine.
        fixed_bytes: what is taken once.
        parts: what each instance takes, by what takes it: a product, its program, the runtime that it runs in.
    """

    capacity_bytes: float
    fixed_bytes: float
    parts: Mapping[str, float]

    @property
    def each_bytes(self) -> float:
        """What one instance takes."""
        return sum(self.parts.values())

    @property
    def count(self) -> int:
        """How many fit."""
        return max(0, floor((self.capacity_bytes - self.fixed_bytes) / self.each_bytes * (1.0 + 1e-12)))


def footprint(one: Mapping[str, Any], two: Mapping[str, Any], touched: bool = False) -> Footprint:
    """The footprint of the instances of a point.

    Args:
        one: the point with a single instance.
        two: the same with two, which is run.
        touched: whether of a virtual machine's memory only that counts which it uses.
    """
    small, house = experiment.build(one), experiment.house_after(two)
    first, second = two["tenants"]
    shared = [node for node in house.chains[first] if node in house.chains[second]]
    own = [node for node in house.chains[first] if node not in shared]
    kernel = house.kernel(house.tops[first])
    given, before = house.machine.memory.held_bytes, small.machine.memory.held_bytes
    parts: dict[str, float] = {}
    for node in own:
        own_bytes = given.get(node.path, 0.0)
        if touched and node.path in house.spaces:
            own_bytes = house.in_use_bytes(node)
        _add(parts, house.site.names[node.path], own_bytes)
    paths = [path for path in before if path in given and path not in {node.path for node in own}]
    fixed_bytes = 0.0
    for path in paths:
        if path in house.spaces and path in {node.path for node in shared}:
            fixed_bytes += house.spaces[path].held_bytes["kernel"]
            continue
        growth_bytes = given[path] - before[path]
        _add(parts, house.site.names[path], growth_bytes)
        fixed_bytes += before[path] - growth_bytes
    if kernel in shared:
        _of_program(parts, house, first)
    return Footprint(house.machine.memory.capacity_bytes, fixed_bytes, parts)


def _of_program(parts: dict[str, float], house: House, tenant: str) -> None:
    """What a program holds on the kernel that all share, and what the process around it does."""
    runtime_bytes = house.runtime_bytes[tenant]
    _add(parts, PROGRAM, house.program_bytes[tenant] - runtime_bytes)
    _add(parts, RUNTIME, runtime_bytes)
    _add(parts, GROWTH, house.tops[tenant].layer.grows_bytes())


def _add(parts: dict[str, float], name: str, size_bytes: float) -> None:
    if size_bytes:
        parts[name] = parts.get(name, 0.0) + size_bytes
