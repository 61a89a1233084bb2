"""States that are kept, and what keeping them and going on from them takes: pure sums over the pages of a memory.

    content     what the guest has ever put something into: its kernel, its programs, its page cache
    empty       the rest of what it was given
    written     content, and of the empty pages as much as the product writes all the same (``whole_ratio``)

By hand, QEMU 7.2 and a guest of 512 MB (131,202 pages, of which 25,061 have content), into a file in memory: 21 ms for
the guest's devices, 106,141 empty pages of 0.3 us and 25,061 others of 3.3 us: 136 ms.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.plans import Node
from simulator.tenancy import House

if TYPE_CHECKING:
    from simulator.operations.changes import Changes
    from simulator.operations.job import Job
    from simulator.operations.overlay import Overlay
    from simulator.operations.pages import Watch
    from simulator.operations.state import State
    from simulator.operations.storing import Store

Figures = Mapping[str, float]


class Memory(NamedTuple):
    """The memory of what is kept, in pages."""

    content: float
    empty: float
    page_bytes: float

    def written_bytes(self, figures: Figures) -> float:
        """What a snapshot of all of it writes."""
        return (self.content + figures["whole_ratio"] * self.empty) * self.page_bytes + figures["state_bytes"]


def of_machine(house: House, guest: Node) -> Memory:
    """The memory of a virtual machine, as its system uses it."""
    page_bytes, kernel = house.machine.cpu.parameters.page_bytes, house.kernel(guest)
    space, seen, used_bytes = house.spaces[kernel.path], kernel.layer.place.guest, house.in_use_bytes(kernel)
    used_bytes = min(space.capacity_bytes, used_bytes if seen is None else max(used_bytes, seen.touched_bytes))
    return Memory(used_bytes / page_bytes, (space.capacity_bytes - used_bytes) / page_bytes, page_bytes)


def of_programs(house: House, tenant: str) -> Memory:
    """The memory of a tenant's processes."""
    page_bytes = house.machine.cpu.parameters.page_bytes
    return Memory(house.program_bytes[tenant] / page_bytes, 0.0, page_bytes)


def memory(job: Job) -> Memory:
    """What a layer keeps of a tenant: the memory of its machine, or that of its processes."""
    subject = job.subject
    if subject.nodes and subject.grip.layer.OFFERS == "machine":
        return of_machine(job.house, subject.nodes[0])
    return of_programs(job.house, job.row.tenant)


def save_cycles(figures: Figures, pages: Memory) -> float:
    """Work of keeping all of a memory, what does not depend on its size apart."""
    written = pages.content + figures["whole_ratio"] * pages.empty
    looked_at = pages.empty * figures["save_empty_page_cycles"]
    return written * figures["save_page_cycles"] + looked_at


def restore_cycles(figures: Figures, processors: float, cards: float) -> float:
    """Work of going on from a state, what depends on its memory apart."""
    each = processors * figures["restore_processor_cycles"] + cards * figures["restore_card_cycles"]
    return figures["restore_cycles"] + each


def is_lazy(figures: Figures, wanted: str) -> bool:
    """Whether pages come when they are touched: as was said, or as the product does where nothing was."""
    return wanted == "lazy" if wanted else figures["lazy_ratio"] > 0.5


def lazily_or_not(figures: Figures, options: Mapping[str, Any], product: str) -> str:
    """Why pages cannot come as is wanted, with what to do; empty if they can."""
    wanted = options.get("memory", "")
    if options.get("prefetch") and "prefetch_page_cycles" not in figures:
        return f"{product} records no working set to read first: leave out 'prefetch'"
    if wanted == "lazy" and "map_page_cycles" not in figures:
        return f"{product} reads all memory back before the guest goes on: leave out 'memory: lazy'"
    if wanted == "eager" and "restore_page_cycles" not in figures:
        return f"{product} maps the file and reads pages when they are touched: leave out 'memory: eager'"
    return ""


@dataclass(slots=True, eq=False)
class Kept:
    """One state that is kept.

    Attributes:
        name: of the state.
        product: of the layer that kept it.
        state: the tenant as it was.
        store: its file; None for one whose pages are those of the tenant that it was taken of.
        pages: its memory.
        bytes: what was written for it.
        record: working set that was seen after the first restore, by region.
        seen: the watch that saw it.
        overlay: what has been written to the virtual disk since then.
        processes: how many it is of; 0 for the state of a machine.
        worked_s: processor time of the program's own work that is in it.
        changes: who notes what has changed since then, if anybody does.
        base: the state that it holds only the changes to.
    """

    name: str
    product: str
    state: State
    store: Store
    pages: Memory
    bytes: float
    record: dict[Hashable, float] = field(default_factory=dict)
    seen: Watch | None = None
    overlay: Overlay | None = None
    processes: float = 0.0
    worked_s: float = 0.0
    changes: Changes | None = None
    base: Kept | None = None

    def stores(self) -> Iterator[Store]:
        """All files that are read for it, the oldest first."""
        if self.base is not None:
            yield from self.base.stores()
        yield self.store

    def read_bytes(self) -> float:
        """What is in them."""
        return float(sum(each.file.size_bytes for each in self.stores()))


def put(job: Job, kept: Kept) -> None:
    """Keep a state; another one of the same name is gone."""
    older = job.tenant.kept.pop(kept.name, None)
    if older is not None:
        older.store.release()
    job.tenant.kept[kept.name] = kept


def find(job: Job) -> Kept | None:
    """The state of the tenant that the operation names, or its latest; where there is none the operation has failed."""
    mine: dict[str, Kept] = job.tenant.kept
    name = str(job.options.get("to", ""))
    found = mine.get(name) if name else next(reversed(mine.values()), None)
    if found is None:
        job.fail(f"no state {name!r} of {job.row.tenant} is kept")
    return found
