"""The machine itself, as the lowest layer: demands of a kernel become processor time and device transfers.

Scope and limits: one pool of processors, one disk, one network card.

Mechanism: traps, page-table updates and address-space switches cost nothing here: a native kernel's measured
figures include them. Leaving an idle state is emergent and paid by the thread that wakes; the refill of the
cache after a switch likewise, and so is what threads that run at the same time lose to each other in the cache, at the
memory controllers and as siblings on a core (all are computed by the processor).
    memory          a random access waits for the word, from the cache or the memory by their sizes; a stream for its
                    cache line at the memory's bandwidth
    page_walk       an access that the translation buffer does not cover waits for the last level of the page table
                    (the levels above lie in the walker's own caches), which is in the cache or the memory by its
                    size; entries that are met in a row share a cache line and are waited for once
    nested_walk     under nested paging it waits for two more references: the last level of the second translation of
                    the data, and that of the guest's table, which is small enough to lie in the cache. Where the
                    second translation has smaller pages than the guest, entries of the buffer cover less and more
                    accesses miss; where it is shadowed, that alone is paid

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
from simulator.layers._transfers import moved
from simulator.layers.base import Layer, Mechanism
from simulator.steps import Step, Traffic, Use

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
        "smt_sibling": Mechanism("slower while the other thread of the same core runs", "emergent"),
        "cache_contention": Mechanism("misses of what others' lines pushed out of the shared cache", "emergent"),
        "numa_remote": Mechanism("misses answered by the memory of another socket", "emergent"),
        "line_contention": Mechanism("waits for a cache line that other processors write too", "emergent"),
        "memory_bandwidth": Mechanism("waits for a memory controller or link that others keep busy", "emergent"),
    }

    def lower(self, demand: Demand) -> Iterable[Step]:
        """Device time."""
        if isinstance(demand, Compute):
            return (Use("compute", cycles=1.0, program=True),)
        if isinstance(demand, TransferPackets) and demand.peer == "neighbour":
            return ()
        if isinstance(demand, (TransferBlocks, TransferPackets)):
            return (moved(demand),)
        if isinstance(demand, AccessMemory):
            return self._access(demand)
        if isinstance(demand, NestedWalk):
            return (Use("nested_walk", stall_s=self._nested_s(demand), program=True),)
        if isinstance(demand, _IN_THE_KERNELS_OWN_FIGURES):
            return ()
        raise self.not_offered(demand)

    def _access(self, demand: AccessMemory) -> tuple[Step, ...]:
        parameters, size_bytes = self.parameters, demand.working_set_bytes
        page_bytes = demand.page_bytes or parameters.page_bytes
        if demand.pattern == "stream":
            traffic = Traffic(row_bytes=parameters.cache_line_bytes, extent_bytes=size_bytes)
            memory_s = parameters.cache_line_bytes / parameters.memory_bytes_per_s
        else:
            traffic = Traffic(accesses=1.0, set_bytes=size_bytes)
            memory_s = self._reference_s(size_bytes)
        walk_s = self._walk_s(demand.pattern, size_bytes, page_bytes, page_bytes)
        memory = Use("memory", stall_s=memory_s, program=True, traffic=traffic)
        return (memory, Use("page_walk", stall_s=walk_s, program=True))

    def _nested_s(self, demand: NestedWalk) -> float:
        """More misses where entries cover less, and for each the second translation, if a miss still meets it."""
        pattern, size_bytes = demand.pattern, demand.working_set_bytes
        covered_bytes = min(demand.page_bytes, demand.host_page_bytes)
        table_bytes = covered_bytes if demand.shadowed else demand.page_bytes
        natively_s = self._walk_s(pattern, size_bytes, demand.page_bytes, demand.page_bytes)
        first_s = self._walk_s(pattern, size_bytes, covered_bytes, table_bytes)
        if demand.shadowed:
            return first_s - natively_s
        data_s = self._walk_s(pattern, size_bytes, covered_bytes, demand.host_page_bytes)
        guest_table_s = self._walks(pattern, size_bytes, covered_bytes) * self._shared(pattern)
        return first_s - natively_s + data_s + guest_table_s * self.parameters.cached_access_s

    def _walk_s(self, pattern: str, size_bytes: float, covered_bytes: float, page_bytes: float) -> float:
        """Waits of one access for the last level of a table of such pages, with such entries in the buffer."""
        return self._walks(pattern, size_bytes, covered_bytes) * self._leaf_s(pattern, size_bytes, page_bytes)

    def _walks(self, pattern: str, size_bytes: float, page_bytes: float) -> float:
        """Misses of the translation buffer for one access, with entries that cover such pages."""
        covered_bytes = self.parameters.tlb_entries_count * page_bytes
        if size_bytes <= covered_bytes:
            return 0.0
        return (
            self.parameters.cache_line_bytes / page_bytes if pattern == "stream" else 1.0 - covered_bytes / size_bytes
        )

    def _shared(self, pattern: str) -> float:
        """The part of a reference that is waited for: in a row, the entries of a cache line wait once for all."""
        return self.parameters.table_entry_bytes / self.parameters.cache_line_bytes if pattern == "stream" else 1.0

    def _leaf_s(self, pattern: str, size_bytes: float, page_bytes: float) -> float:
        """One reference to the last level of a table of such pages; in a row it lies in the cache."""
        if pattern == "stream":
            return self._shared(pattern) * self.parameters.cached_access_s
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
