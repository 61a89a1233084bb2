"""A container: processes of the system below, which it shows a part of, limits and watches.

Scope and limits: the kernel is shared, so every demand goes down as it is; what is shared there (page cache, run
queues, devices) is shared with everybody. Processor and memory limits are kept by the house, the limit of processes
here. Not modelled: pages read in from the disk are not booked (beside the disk's time that is nothing), a tunnel's
packets carry as much as others, ploop's look-ups cost nothing, the engine's daemon has no memory.

Mechanism (counted unless said otherwise, paid by the calling thread):
    system_call_filter   seccomp: before each system call the kernel looks into a bitmap of the calls that are always
                         allowed (filter=bitmap, since 5.11) or runs the filter, instruction by instruction, as machine
                         code (compiled) or not (interpreted); how many calls a demand stands for is known
    union_lookup         overlay and aufs: a name is looked for in several layers, made or hidden in the top one; each
                         name of a path changes a counter that all processors in the union change (its line is waited
                         for, see ``simulator.devices._shared_lines``)
    copy_up              the first write to a file that came with the image: the whole file (device-mapper: one block)
                         is read and written by the kernel, then the write goes on, and whoever else wants to change
                         a file of the image meanwhile waits; only demands that name their file can say so
    mapped_block         device-mapper: what is read from the container's own device for the first time
    memory_charge        a page that the program or its file data takes is booked to the control group
    group_scheduling     emergent: at each switch and each tick of the kernel there is one more level of run queues
    virtual_cable        a unit that is sent or received passes a pair of virtual cards and the bridge, as do its
                         acknowledgements
    address_translation  nat: it is tracked and its addresses are changed
    encapsulation        overlay network: it is packed into a tunnel; the outer headers are on the wire too, and a card
                         that cannot cut tunnelled units is given packet by packet
    routing              a routed device instead of cable and bridge (OpenVZ's venet, routed container networks)
                         All four are paid by the kernel that carries the packets, where they pass (``Hop``): in the
                         sender's call, or in the interrupt that works off what has come

    namespace, control_group, mount, network_setup, filter_setup
                         starting: what the kernel sets up, some of it for one container after the other, see
                         ``_container_start``; the engine's own work is in the section ``start``

Parameters: see ``_container_figures``; structure ``cgroup``, ``seccomp``, ``filter``, ``storage`` (``host``: a
bind mount or volume), ``engine`` (whether a daemon stands behind all containers, and whether they outlive it),
``network``, ``swap`` (what may be swapped beyond the
memory limit, where the kernel swaps at all: as much again as Docker has it, none as under Kubernetes), ``processors``
(``flat``: the kernel's scheduler knows no groups, each thread counts by itself, in whatever container), ``memory``
(what the tenant's memory is: ``limited``, at which the kernel kills; ``refused``, a limit of the address space as
OpenVZ's, at which whoever asks is refused; ``soft``, which holds up; ``unlimited``; see ``_reclaim``); limit ``pids``.

Validation: Kuehl 2017 (storage), measured programs of 2026.

References: felter2014, zhuo2019, kuenzer2021, kuehl2017, measured2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import Literal

from simulator import demands as d
from simulator.failure import Part
from simulator.layers._container_figures import MECHANISMS, PARAMETERS, STRUCTURE
from simulator.layers._container_start import set_up
from simulator.layers._container_storage import MAPPER, Storage
from simulator.layers.base import WHOLE, Layer, MemoryRule, Place, Transition
from simulator.outcomes import NO_FORK
from simulator.steps import Below, Choice, Require, Step, Use

_CALLS: Mapping[type[d.Demand], float] = {
    d.Allocate: 1.0, d.Free: 1.0, d.Map: 2.0, d.Create: d.CALLS["create"], d.Rename: 1.0,
    d.Delete: 1.0, d.WriteThrough: 2.0,
    d.DirectTransfer: 1.0, d.SendData: 1.0, d.ReceiveData: 1.0, d.ReceiveRequest: 1.0, d.Post: 1.0, d.Fetch: 1.0,
    d.Sleep: 1.0,
}  # fmt: skip
"""How many system calls a demand is, where it does not say so itself; what is not named here enters no kernel."""
_PATHS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "host": (),
    "bridge": (("virtual_cable", "cable"),),
    "nat": (("virtual_cable", "cable"), ("address_translation", "translation")),
    "overlay": (("virtual_cable", "cable"), ("encapsulation", "encapsulation")),
    "routed": (("routing", "route"),),
    "routed-overlay": (("routing", "route"), ("encapsulation", "encapsulation")),
}
"""What a unit passes between the container and the host's network, by the kind of network."""
Network = d.SendData | d.ReceiveData | d.ReceiveRequest | d.TransferPackets


class Container(Layer):
    """One container, as its processes meet it."""

    OFFERS = "system"
    NEEDS = "system"
    CONFINES_MEMORY = True
    STRUCTURE = STRUCTURE
    PARAMETERS = PARAMETERS
    MECHANISMS = MECHANISMS
    LIMITS = {"pids": "count"}
    CONTROL = frozenset({
        "limit-processor", "limit-memory", "limit-disk", "pause", "inspect", "checkpoint", "package",
    })  # fmt: skip
    HOLDS = "container"

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        self.processes = 0.0
        self._storage = Storage(self.parameters, self.structure, self.place)

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """The runtime that watches over it."""
        return parameters["runtime_bytes"]

    @classmethod
    def swap_bytes(cls, structure: Mapping[str, str], limit_bytes: float) -> float:
        """As much again as memory, none, or all that the kernel has."""
        return {"none": 0.0, "unlimited": inf}.get(structure.get("swap", ""), limit_bytes)

    def grouped(self) -> bool:
        """Unless the scheduler knows threads only."""
        return self.structure.get("processors") != "flat"

    def parts(self) -> tuple[Part, ...]:
        """Its first process, what the kernel below shows to it, and an engine's daemon for all containers, if any.

        Containers end with their daemon unless it was told to let them live (``engine=daemon-live-restore``).
        """
        filtered = "system calls past the filter" if self.structure["seccomp"] == "on" else "system calls"
        width = "calls_count" if self.structure["seccomp"] == "on" else ""
        parts = (Part("process"), Part("namespaces", inside=True, faces=filtered, width=width))
        engine = self.structure.get("engine", "none")
        if engine == "none":
            return parts
        takes: Literal["above", "nothing"] = "above" if engine == "daemon" else "nothing"
        return (*parts, Part("daemon", each="system", takes=takes, code="process_lines_count"))

    @classmethod
    def limits_memory(cls, structure: Mapping[str, str]) -> MemoryRule:
        """``memory.max``, a limit of the address space, ``memory.high``, or no limit at all."""
        kinds: Mapping[str, MemoryRule] = {"refused": "refused", "soft": "soft", "unlimited": ""}
        return kinds.get(structure.get("memory", ""), "hard")

    @classmethod
    def nonsense(cls, structure: Mapping[str, str]) -> str:
        """Control groups of the first version hold nobody up."""
        if structure.get("memory") == "soft" and structure["cgroup"] == "v1":
            return "memory=soft is memory.high, which cgroup=v1 does not have: take cgroup=v2"
        return ""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """The demand as it is, and what this container adds to it."""
        if isinstance(demand, d.KeepProcess):
            return self._keep_process(demand)
        allowed = (Require(lambda: self._no_room(1.0)),) if isinstance(demand, d.StartProcess) else ()
        added = (*self._filter(self._calls(demand)), *self._storage.steps(demand), *self._charge(demand))
        if isinstance(demand, Network):
            demand = replace(demand, hops=(*demand.hops, *self._hops()))
        if isinstance(demand, d.Rename) and self._storage.kind == MAPPER:
            demand = replace(demand, file_system=self.place.path)
        return (*allowed, *added, Below(demand))

    def react(self, transition: Transition) -> Iterable[Step]:
        """The kernel below walks one more level of its run queues."""
        if transition.kind in ("switch", "slice", "interrupted"):
            return (Use("group_scheduling", cycles=self.parameters.level_cycles),)
        return ()

    def start(self, figures: Mapping[str, float], bursts: Sequence[tuple[float, float]] = WHOLE) -> Iterable[Step]:
        """The engine's own work, what the kernel does to set the container up, then what its program reads."""
        yield Use("start", cycles=figures["start_cycles"])
        yield from set_up(self.parameters, self.structure)
        yield from super().start({**figures, "start_cycles": 0.0}, bursts)

    def _uses(self, mechanism: str, name: str, count: float = 1.0) -> tuple[Use, ...]:
        return (self.use(mechanism, name, count),) if count else ()

    # ---- system calls and processes

    def _calls(self, demand: d.Demand) -> float:
        if isinstance(demand, d.SystemCall):
            return d.CALLS.get(demand.name, 1.0)
        if isinstance(demand, d.Read | d.Write):
            return demand.calls
        if isinstance(demand, d.StartProcess):
            return self.parameters.get(f"{demand.kind}_calls_count", 0.0)
        return _CALLS.get(type(demand), 0.0)

    def _filter(self, calls: float) -> tuple[Use, ...]:
        """The check by the kernel's bitmap of calls that are always allowed; without one the filter itself runs."""
        if self.structure["seccomp"] == "off" or not calls:
            return ()
        parameters, how = self.parameters, self.structure.get("filter", "bitmap")
        cycles = parameters.filter_cycles
        if how != "bitmap":
            cycles += parameters.filter_run_cycles
            cycles += parameters.filter_instructions_count * parameters[f"{how}_cycles"]
        return (Use("system_call_filter", cycles=cycles * calls, operations=calls),)

    def _no_room(self, processes: float) -> str:
        """Why that many processes more are too many, empty if they are not."""
        return NO_FORK if self.processes + processes > self.place.limits.get("pids", inf) else ""

    def _keep_process(self, demand: d.KeepProcess) -> tuple[Step, ...]:
        """The kernel tells when they have come and when they end; a refused call costs the call."""
        calls = self.parameters.get("fork_calls_count", 0.0) * demand.processes
        counted = replace(demand, counters=(*demand.counters, self._count))
        made: tuple[Step, ...] = (*self._filter(calls), Below(counted))
        if demand.insists:
            return (Require(lambda: self._no_room(demand.processes)), *made)
        refused: tuple[Step, ...] = (*self._filter(1.0), Below(d.SystemCall("null")))
        labels = ("below the limit of processes", "at the limit of processes")
        return (Choice(lambda: int(bool(self._no_room(demand.processes))), (made, refused), labels),)

    def _count(self, processes: float) -> None:
        self.processes += processes

    # ---- files and memory

    def _charge(self, demand: d.Demand) -> tuple[Use, ...]:
        pages = 0.0
        if isinstance(demand, d.Fault):
            pages = float(demand.kind == "page")
        elif isinstance(demand, d.Write):
            pages = demand.new_pages
        elif isinstance(demand, d.Allocate | d.WriteThrough):
            pages = demand.size_bytes / self.place.page_bytes
        return self._uses("memory_charge", "charge_cycles", pages)

    # ---- the network

    def _hops(self) -> tuple[d.Hop, ...]:
        """Cable, bridge and what else stands in the way of packets."""
        return tuple(self._hop(*each) for each in _PATHS[self.structure["network"]])

    def _hop(self, mechanism: str, name: str) -> d.Hop:
        cold = mechanism != "encapsulation"
        hop = d.Hop(self.place.path, mechanism, self.parameters[f"{name}_cycles"])
        if cold:
            return replace(hop, cold_cycles=self.parameters[f"{name}_cold_cycles"])
        header_bytes, whole_bytes = self.parameters.encapsulation_bytes, self.parameters.tunnel_bytes
        return replace(hop, header_bytes=header_bytes, whole_bytes=whole_bytes)


LAYER = Container
