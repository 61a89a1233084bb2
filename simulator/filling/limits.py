"""Limits that need no run: room in memory and on the disk, the host's table of processes, what a product allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor, inf
from typing import TYPE_CHECKING

from simulator.choice.floors import own
from simulator.units import format_quantity

if TYPE_CHECKING:
    from simulator.choice.floors import Floor
    from simulator.filling.footprint import Footprint

MEMORY, DISK, PROCESSES, ALLOWED = "memory", "disk space", "processes", "allowed"


@dataclass(frozen=True)
class Limit:
    """How many fit by one thing.

    Attributes:
        by: what it is.
        count: how many.
        words: where the number comes from.
    """

    by: str
    count: float
    words: str


def of_memory(footprint: Footprint) -> Limit:
    """Room in memory."""
    parts = ", ".join(f"{name} {format_quantity(size, 'bytes')}" for name, size in footprint.parts.items())
    free = format_quantity(footprint.capacity_bytes - footprint.fixed_bytes, "bytes")
    words = f"{free} for instances of {format_quantity(footprint.each_bytes, 'bytes')} each ({parts})"
    return Limit(MEMORY, footprint.count if footprint.each_bytes else inf, words)


def of_disk(stack: tuple[Floor, ...], capacity_bytes: float) -> Iterator[Limit]:
    """Room on the disk: each virtual machine has a copy of its image; what containers are made of lies there once."""
    each_bytes = sum(_image_bytes(floor) for floor in stack if floor.private and floor.guest)
    once_bytes = sum(_once_bytes(floor) for floor in stack if not floor.guest)
    if each_bytes:
        words = f"an image of {format_quantity(each_bytes, 'bytes')} each on {format_quantity(capacity_bytes, 'bytes')}"
        yield Limit(DISK, max(0, floor((capacity_bytes - once_bytes) / each_bytes)), words)


def _image_bytes(floor: Floor) -> float:
    return floor.image.parameters["size_bytes"].value if floor.image is not None else 0.0


def _once_bytes(floor: Floor) -> float:
    size = floor.product.installation.get("install_bytes")
    return size.value if size is not None else 0.0


def of_processes(stack: tuple[Floor, ...], vcpus: float, threads: int) -> Iterator[Limit]:
    """The host's table of processes, which counts threads; nothing where a product does not say what it adds.

    Args:
        stack: the floors.
        vcpus: virtual processors of each virtual machine.
        threads: of the program.
    """
    room = stack[0].product.parameters.get("process_table_count")
    mine = own(stack)
    if room is None or any(not floor.product.instance for floor in mine if not floor.kernel):
        return
    tasks = sum(_tasks(floor, vcpus) for floor in mine)
    tasks += 0.0 if any(floor.guest for floor in stack) else 1.0 + threads
    words = f"{tasks:g} processes and threads each in a table of {room.value:g}"
    yield Limit(PROCESSES, floor(room.value / tasks), words)


def _tasks(floor: Floor, vcpus: float) -> float:
    """What a floor adds for one instance; a guest's own processes are in its own table."""
    if floor.kernel:
        return 0.0
    virtual = vcpus if floor.family.OFFERS == "machine" else 0.0
    return floor.product.instance["instance_tasks_count"].value + virtual


def of_products(stack: tuple[Floor, ...]) -> Iterator[Limit]:
    """What products allow. Whoever is on the host's network needs no port of a bridge."""
    for each in own(stack):
        most = each.product.instance.get("instances_most_count")
        if most is not None and each.product.structure.get("network") != "host":
            yield Limit(ALLOWED, most.value, f"{each.product.name}: {most.where}")
