"""A container: processes of the system below, which it shows a part of, limits and watches.

Scope and limits: the kernel is shared, so every demand goes down as it is; what is shared there (page cache, run
queues, devices) is shared with everybody. Processor and memory limits are kept by the house, the limit of processes
here. Not modelled: pages read in from the disk are not booked (beside the disk's time that is nothing), a tunnel's
packets are as long as others, ploop's look-ups cost nothing, the engine's daemon has no memory.

Mechanism (counted unless said otherwise, paid by the calling thread):
    system_call_filter   seccomp: the filter runs before each system call; how many a demand stands for is known
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
    encapsulation        overlay network: it is packed into UDP; the outer headers are on the wire too
    routing              a routed device instead of cable and bridge (OpenVZ's venet)

Starting: namespaces, mounts and first process always; a control group for each hierarchy (v1) or one (v2); the layers
of the image, the filter and the network only where there are such. The engine's own work is in the section ``start``.

Parameters: see ``_container_figures``; structure ``cgroup``, ``seccomp``, ``storage`` (``host``: a bind mount or
volume), ``network``; limit ``pids``.

Validation: Kuehl 2017 (storage), measured programs of 2026.

References: felter2014, zhuo2019, kuenzer2021, kuehl2017, measured2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import inf

from simulator import demands as d
from simulator.layers import _transfers
from simulator.layers._container_figures import MECHANISMS, PARAMETERS, STRUCTURE
from simulator.layers._container_storage import MAPPER, Storage
from simulator.layers.base import Layer, Place, Transition
from simulator.steps import NIC_RECEIVE, NIC_SEND, Below, Choice, Require, Step, Transfer, Use

_CALLS: Mapping[type[d.Demand], float] = {
    d.Allocate: 1.0, d.Free: 1.0, d.Map: 2.0, d.Create: d.CALLS["create"], d.Delete: 1.0, d.WriteThrough: 2.0,
    d.DirectTransfer: 1.0, d.SendData: 1.0, d.ReceiveData: 1.0, d.ReceiveRequest: 1.0, d.Post: 1.0, d.Fetch: 1.0,
    d.Sleep: 1.0,
}  # fmt: skip
"""How many system calls a demand is, where it does not say so itself; what is not named here enters no kernel."""
_DIRECTIONS = {d.SendData: NIC_SEND, d.ReceiveData: NIC_RECEIVE, d.ReceiveRequest: NIC_RECEIVE}
_PATHS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "host": (),
    "bridge": (("virtual_cable", "cable_cycles"),),
    "nat": (("virtual_cable", "cable_cycles"), ("address_translation", "translation_cycles")),
    "overlay": (("virtual_cable", "cable_cycles"), ("encapsulation", "encapsulation_cycles")),
    "routed": (("routing", "route_cycles"),),
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
    CONTROL = frozenset({"limit-processor", "limit-memory", "limit-disk", "pause", "package"})

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

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """The demand as it is, and what this container adds to it."""
        if isinstance(demand, d.KeepProcess):
            return self._keep_process(demand)
        allowed = (Require(lambda: self._no_room(1.0)),) if isinstance(demand, d.StartProcess) else ()
        added = (*self._filter(self._calls(demand)), *self._storage.steps(demand), *self._charge(demand))
        path, down = self._network(demand), Below(demand)
        return (*allowed, *added, *((down, *path) if _arrives(demand) else (*path, down)))

    def react(self, transition: Transition) -> Iterable[Step]:
        """The kernel below walks one more level of its run queues."""
        if transition.kind in ("switch", "slice", "interrupted"):
            return (Use("group_scheduling", cycles=self.parameters.level_cycles),)
        return ()

    def start(self, figures: Mapping[str, float]) -> Iterable[Step]:
        """What the kernel does to set it up, beside the engine's own work."""
        networked = self.structure["network"] != "host"
        cycles = figures["start_cycles"] + sum(self._set_up(networked))
        wait_s = figures["start_wait_s"] + (self.parameters.network_wait_s if networked else 0.0)
        return super().start({**figures, "start_cycles": cycles, "start_wait_s": wait_s})

    def _set_up(self, networked: bool) -> Iterator[float]:
        parameters, structure = self.parameters, self.structure
        yield parameters.enclosure_cycles
        yield parameters.hierarchy_cycles * (parameters.hierarchies_count if structure["cgroup"] == "v1" else 1.0)
        if structure["storage"] != "host":
            yield parameters.union_mount_cycles
        if structure["storage"] == MAPPER:
            yield parameters.mapper_mount_cycles
        if structure["seccomp"] == "on":
            yield parameters.filter_install_cycles
        if networked:
            yield parameters.network_setup_cycles

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
        return self._uses("system_call_filter", "filter_cycles", calls) if self.structure["seccomp"] == "on" else ()

    def _no_room(self, processes: float) -> str:
        """Why that many processes more are too many, empty if they are not."""
        return "could not fork" if self.processes + processes > self.place.limits.get("pids", inf) else ""

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

    def _network(self, demand: d.Demand) -> tuple[Step, ...]:
        """Cable, bridge and what else stands on the way, for data and their acknowledgements."""
        if not isinstance(demand, Network):
            return ()
        units, frames = self._units(demand)
        passes = units * (1.0 if isinstance(demand, d.TransferPackets) else 1.0 + self.parameters.acknowledgement_ratio)
        path = _PATHS[self.structure["network"]]
        steps: tuple[Step, ...] = tuple(use for each in path for use in self._uses(*each, passes))
        return (*steps, self._headers(demand, frames)) if self.structure["network"] == "overlay" else steps

    def _units(self, demand: Network) -> tuple[float, float]:
        """Units that pass at once, cut by the card if it does that, and the packets they are on the wire."""
        if isinstance(demand, d.TransferPackets):
            return 1.0, demand.frames
        units = _transfers.units(demand, self.parameters.segment_bytes, self.place)
        return units, max(1.0, demand.size_bytes / demand.payload_bytes)

    def _headers(self, demand: Network, packets: float) -> Transfer:
        """The tunnel's headers travel in packets that are there anyway: bytes, but no frames, and no wait."""
        direction = f"nic-{demand.direction}" if isinstance(demand, d.TransferPackets) else _DIRECTIONS[type(demand)]
        size_bytes = self.parameters.encapsulation_bytes * packets
        return Transfer(
            direction, "encapsulation", size_bytes, window_bytes=inf, operations=packets, frames=0.0, own=True
        )


def _arrives(demand: d.Demand) -> bool:
    """Whether data must be there before they can pass: after the wait for them."""
    if isinstance(demand, d.TransferPackets):
        return demand.direction == "receive"
    return isinstance(demand, d.ReceiveData | d.ReceiveRequest)


LAYER = Container
