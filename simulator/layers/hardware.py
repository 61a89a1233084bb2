"""The machine itself, as the lowest layer: demands of a kernel become processor time and device transfers.

Scope and limits: one pool of processors, one disk, one network card.

Mechanism: traps, page-table updates and address-space switches cost nothing here: a native kernel's measured
figures include them. Leaving an idle state is emergent and paid by the thread that wakes; the refill of the
cache after a switch likewise (both are computed by the processor).
    memory          a random access waits for the word, from the cache or the memory by their sizes; a stream for its
                    cache line at the memory's bandwidth
    page_walk       an access that the translation buffer does not cover waits for the last level of the page table
                    (the levels above lie in the walker's own caches), which is in the cache or the memory by its size
    nested_walk     under nested paging it waits for two more references: the last level of the second translation of
                    the data, and that of the guest's table, which is small enough to lie in the cache

Parameters: those of the processor, see ``simulator.devices.processor``.

Validation: closed forms of LAWS in the tests.

References: none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.demands import (
    AccessMemory,
    AccessRegister,
    Compute,
    Demand,
    EnterKernel,
    NestedWalk,
    SensitiveInstruction,
    SwitchAddressSpace,
    TimerTick,
    TouchKernelPage,
    TransferBlocks,
    TransferPackets,
    Trap,
    UpdatePageTable,
)
from simulator.layers.base import Layer, Mechanism
from simulator.steps import DISK, NIC_RECEIVE, NIC_SEND, Step, Transfer, Use

_IN_THE_KERNELS_OWN_FIGURES = (
    AccessRegister,
    EnterKernel,
    SensitiveInstruction,
    SwitchAddressSpace,
    TimerTick,
    TouchKernelPage,
    Trap,
    UpdatePageTable,
)


class Hardware(Layer):
    """Bare metal."""

    OFFERS = "machine"
    NEEDS = ""
    PROCESSOR = ("cache_bytes", "cache_line_bytes", "tlb_entries_count", "table_entry_bytes", "page_bytes",
                 "cached_access_s", "memory_access_s", "memory_bytes_per_s")  # fmt: skip
    """The processor's numbers that memory accesses need."""
    MECHANISMS = {
        "compute": Mechanism("the program's own cycles"),
        "transfer": Mechanism("bytes moved by a device"),
        "memory": Mechanism("the program's own words, waited for"),
        "page_walk": Mechanism("misses of the translation buffer"),
        "nested_walk": Mechanism("the second translation of such a miss"),
        "cache_refill": Mechanism("lines of the working set fetched again after others ran", "emergent"),
        "idle_exit": Mechanism("an idle core wakes", "emergent"),
    }

    def lower(self, demand: Demand) -> Iterable[Step]:
        """Device time."""
        if isinstance(demand, Compute):
            return (Use("compute", cycles=1.0, program=True),)
        if isinstance(demand, TransferBlocks):
            position, stream = demand.position_bytes, demand.stream
            return (Transfer(DISK, "transfer", demand.size_bytes, position, demand.write, stream),)
        if isinstance(demand, TransferPackets):
            device = NIC_SEND if demand.direction == "send" else NIC_RECEIVE
            window_bytes, frames = demand.window_bytes, demand.frames
            return (Transfer(device, "transfer", demand.size_bytes, window_bytes=window_bytes, frames=frames),)
        if isinstance(demand, AccessMemory):
            return self._access(demand)
        if isinstance(demand, NestedWalk):
            return (Use("nested_walk", stall_s=self._nested_s(demand)),)
        if isinstance(demand, _IN_THE_KERNELS_OWN_FIGURES):
            return ()
        raise self.not_offered(demand)

    def _access(self, demand: AccessMemory) -> tuple[Step, ...]:
        parameters, size_bytes = self.parameters, demand.working_set_bytes
        page_bytes = demand.page_bytes or parameters.page_bytes
        if demand.pattern == "stream":
            memory_s = parameters.cache_line_bytes / parameters.memory_bytes_per_s
        else:
            memory_s = self._reference_s(size_bytes)
        walk_s = self._walks(demand.pattern, size_bytes, page_bytes) * self._leaf_s(
            demand.pattern, size_bytes, page_bytes
        )
        return (Use("memory", stall_s=memory_s, program=True), Use("page_walk", stall_s=walk_s, program=True))

    def _nested_s(self, demand: NestedWalk) -> float:
        """The last level of the second table for the data, and for the first table, which the cache holds."""
        walks = self._walks(demand.pattern, demand.working_set_bytes, demand.page_bytes)
        leaf_s = self._leaf_s(demand.pattern, demand.working_set_bytes, demand.host_page_bytes)
        return walks * (leaf_s + self.parameters.cached_access_s)

    def _walks(self, pattern: str, size_bytes: float, page_bytes: float) -> float:
        """Misses of the translation buffer for one access."""
        covered_bytes = self.parameters.tlb_entries_count * page_bytes
        if size_bytes <= covered_bytes:
            return 0.0
        return (
            self.parameters.cache_line_bytes / page_bytes if pattern == "stream" else 1.0 - covered_bytes / size_bytes
        )

    def _leaf_s(self, pattern: str, size_bytes: float, page_bytes: float) -> float:
        """One reference to the last level of a page table; in a row its entries share cache lines."""
        if pattern == "stream":
            return self.parameters.cached_access_s
        return self._reference_s(size_bytes / page_bytes * self.parameters.table_entry_bytes)

    def _reference_s(self, size_bytes: float) -> float:
        """A word of something of this size: in the cache as far as that holds it."""
        parameters = self.parameters
        missed = max(0.0, 1.0 - parameters.cache_bytes / size_bytes) if size_bytes else 0.0
        return parameters.cached_access_s + missed * (parameters.memory_access_s - parameters.cached_access_s)

    def presents(self) -> Mapping[str, str]:
        """Real devices."""
        return {"disk": "physical", "nic": "physical"}


LAYER = Hardware
