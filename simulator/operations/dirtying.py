"""What a running guest has written since a moment: read off its program's progress and off its systems.

Counted: what the program's file says that it writes (section ``writes``), by its useful processor time and its
operations; objects that a Java virtual machine has made, round and round in eden; pages of files that came into the
page cache of its kernel, read or written; memory that the program has taken. A program that is held, throttled or slow
has less processor time and so writes less.

Scope and limits: pages that a kernel or a back end writes for itself (buffers of packets, its own tables) are in the
program's numbers or nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from simulator.operations.migration.precopy import Dirty, Fresh
from simulator.plans import PROGRAM
from simulator.steps import CPU

if TYPE_CHECKING:
    from simulator.tenancy import House
    from simulator.tenant import Tenant


class Progress(NamedTuple):
    """How far a tenant has come.

    Attributes:
        useful_s: processor time of its program, waits for the memory included.
        operations: that it has done.
        made_bytes: by its runtime, of objects.
        entered_bytes: into its kernel's page cache.
        held_bytes: memory of its program.
    """

    useful_s: float
    operations: float
    made_bytes: float
    entered_bytes: float
    held_bytes: float


def progress(tenant: Tenant) -> Progress:
    """How far a tenant has come; what is in flight must have been booked, see ``state.settle``."""
    house = tenant.house
    threads = (each for each in house.threads if each.tenant == tenant.name and not each.service)
    useful_s = sum(
        charge.service_s
        for thread in threads
        for key, charge in thread.charges.items()
        if key.device == CPU and key.cause == PROGRAM
    )
    cache = house.kernel(house.tops[tenant.name]).layer.cache
    return Progress(
        useful_s, float(len(tenant.requests)), sum(node.layer.written()[0] for node in house.chains[tenant.name]),
        cache.entered_bytes if cache is not None else 0.0, house.program_bytes[tenant.name],
    )  # fmt: skip


def memory(house: House, tenant: Tenant) -> Dirty:
    """A guest's memory: what has been touched, and what is all zero as it was given."""
    kernel = house.kernel(house.tops[tenant.name])
    space = house.spaces[kernel.path]
    touched_bytes = min(space.capacity_bytes, house.in_use_bytes(kernel))
    return Dirty(touched_bytes, space.capacity_bytes - touched_bytes)


@dataclass(slots=True)
class Dirtying:
    """What a tenant writes, from one look to the next.

    Args:
        tenant: whose guest it is.
        last: its progress at the last look; at the beginning if there was none.
    """

    tenant: Tenant
    last: Progress
    scattered_bytes: float = 0.0
    """Of files and new memory, since the beginning."""

    @classmethod
    def begins(cls, tenant: Tenant) -> Dirtying:
        """From now on."""
        return cls(tenant, progress(tenant))

    def look(self) -> Fresh:
        """What has been written since the last look."""
        now, last, writing = progress(self.tenant), self.last, self.tenant.program.writing()
        self.last = now
        swept, anywhere = writing.written(now.useful_s - last.useful_s, now.operations - last.operations)
        round_bytes = sum(node.layer.written()[1] for node in self.tenant.house.chains[self.tenant.name])
        made = min(now.made_bytes - last.made_bytes, round_bytes)
        filled = now.entered_bytes - last.entered_bytes + max(0.0, now.held_bytes - last.held_bytes)
        self.scattered_bytes += filled
        touched_bytes = memory(self.tenant.house, self.tenant).pages_bytes
        extent_bytes = min(touched_bytes, writing.set_bytes + round_bytes + self.scattered_bytes)
        swept_bytes = min(swept + made, touched_bytes)
        return Fresh(swept_bytes, min(anywhere + filled, touched_bytes - swept_bytes), extent_bytes)
