"""A paravirtualizing hypervisor: guests know of it and call it instead of touching privileged state.

Scope and limits: guest system calls do not pass through the hypervisor (fast handlers); one ring per device
kind; no ballooning, no page sharing.

Mechanism (paid by the guest's thread unless said otherwise):
    trap            an exception enters the hypervisor first and is handed to the guest kernel
    page_table      an entry is written by the hypervisor after it has checked it: a hypercall for one. In a batch each
                    entry is checked, and shares a hypercall with the others (``page_tables: hypercalls``), or the
                    guest writes the table itself: its first write is a fault that takes the table out of use, and
                    before it is used again the hypervisor goes through it (``writable``, since Xen 2)
    address_space   another page-table base: a hypercall that checks and loads it
    kernel_page     guests map kernel memory by small pages, so that each page the kernel takes into use costs
                    misses that a native kernel's large pages do not have
    ring            the front end's work for one request or packet; where drivers stand in the hypervisor, its
                    back end too
    driver          drivers in the hypervisor: the hardware's driver with its interrupt
    event_channel   a notification: hypercall of the sender, entry of the receiver; emergent: the kick of a ring
                    is paid only when its server sleeps, completions of one batch share one notice
    back_end        drivers in domain 0: the back end's work for one request, paid by its thread there, which
                    then goes through that system's own stack and driver
    domain_switch   emergent: a domain that was idle gets a processor
    domain_slice    emergent: a domain gets one back that others had meanwhile
    timer_event     emergent: a tick arrives as an event

Parameters: see ``PARAMETERS``; structure ``driver_place``: ``hypervisor`` (Xen 1) or ``domain-0`` (since Xen 2);
``page_tables``; ``driver_work``: whether what domain 0 does for a guest is its own time (``uncharged``) or debited from
the guest's part of the processors (``charged``, as SEDF-DC and ShareGuard do): the guest's weight, cap and number of
processors then hold for both together, and packets of a guest that has used up its part wait.

Validation: Barham 2003, see docs/barham-2003.md.

References: barham2003, fraser2004.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from simulator import demands as d
from simulator.failure import Part
from simulator.layers._transfers import single
from simulator.layers.base import GuestDevice, Layer, Mechanism, Service, Transition
from simulator.parameters import Parameter
from simulator.steps import At, Below, Send, Step, Use

DOMAIN_0 = "domain-0"
_OWN = "driver_place=hypervisor"
_SPLIT = f"driver_place={DOMAIN_0}"
_CALLS, _WRITABLE = "page_tables=hypercalls", "page_tables=writable"


_CHECKED = {
    d.Trap: ("trap", "trap_cycles"),
    d.SwitchAddressSpace: ("address_space", "address_space_cycles"),
    d.TouchKernelPage: ("kernel_page", "kernel_page_cycles"),
    d.TimerTick: ("timer_event", "event_cycles"),
}
"""Operations that the hypervisor carries out alone: mechanism and cost of each."""


class ParavirtualHypervisor(Layer):
    """The hypervisor as its guests meet it."""

    OFFERS = "machine"
    NEEDS = "machine"
    CONFINES_MEMORY = True
    CONTROL = frozenset({
        "limit-processor", "limit-memory", "pause", "inspect", "debug-system", "save", "snapshot", "migrate",
        "own-kernel", "other-system", "package",
    })  # fmt: skip
    HOLDS = "virtual machine"
    BARS = frozenset({"checkpoint"})
    STRUCTURE = {
        "driver_place": ("hypervisor", DOMAIN_0), "page_tables": ("hypercalls", "writable"),
        "driver_work": ("uncharged", "charged"),
    }  # fmt: skip
    PARAMETERS = (
        Parameter("trap_cycles", "cycles", "an exception handed on to the guest kernel", "trap"),
        Parameter("update_cycles", "cycles", "one entry checked and written, hypercall included", "page_table"),
        Parameter("batched_update_cycles", "cycles", "one entry of a batch checked and written", "page_table"),
        Parameter("batch_count", "count", "entries that share a hypercall", "page_table", _CALLS),
        Parameter("table_entries_count", "count", "entries written before a table is used", "page_table", _WRITABLE),
        Parameter("table_cycles", "cycles", "a table unhooked, gone through, hooked", "page_table", _WRITABLE),
        Parameter("address_space_cycles", "cycles", "another page-table base loaded", "address_space"),
        Parameter("kernel_page_cycles", "cycles", "misses of one more small page in the kernel's map", "kernel_page"),
        Parameter("packet_send_ring_cycles", "cycles", "one packet sent through the ring", "ring"),
        Parameter("packet_receive_ring_cycles", "cycles", "one packet received through the ring", "ring"),
        Parameter("block_ring_cycles", "cycles", "one disk request through the ring", "ring"),
        Parameter("nic_driver_cycles", "cycles", "hardware driver and interrupts, one packet", "driver", _OWN),
        Parameter("disk_driver_cycles", "cycles", "hardware driver and interrupt, one request", "driver", _OWN),
        Parameter("hypercall_cycles", "cycles", "a notification sent", "event_channel"),
        Parameter("event_cycles", "cycles", "a notification received", "event_channel"),
        Parameter("packet_back_end_cycles", "cycles", "one packet in the back end and its bridge", "back_end", _SPLIT),
        Parameter("block_back_end_cycles", "cycles", "one disk request in the back end", "back_end", _SPLIT),
        Parameter("ring_count", "count", "requests that fit into a ring", "ring", _SPLIT),
        Parameter("disk_window_bytes", "bytes", "data of a guest's disk requests that fit into a ring", "", _SPLIT,
                  optional=True),
        Parameter("domain_switch_cycles", "cycles", "a domain given a processor", "domain_switch"),
        Parameter("hypervisor_bytes", "bytes", "memory of the hypervisor"),
        Parameter("domain_bytes", "bytes", "memory of the hypervisor for each domain"),
        Parameter("driver_domain_bytes", "bytes", "memory given to domain 0", "", _SPLIT),
    )  # fmt: skip
    MECHANISMS = {
        "trap": Mechanism("an exception is handed on to the guest kernel"),
        "page_table": Mechanism("an entry is checked and written by the hypervisor"),
        "address_space": Mechanism("a page-table base is checked and loaded"),
        "kernel_page": Mechanism("misses of small pages in the kernel's map"),
        "ring": Mechanism("the front end's work for one request"),
        "driver": Mechanism("the hypervisor's own driver of the hardware"),
        "back_end": Mechanism("the back end's work for one request, in domain 0"),
        "event_channel": Mechanism("notifications between domains", "emergent"),
        "domain_switch": Mechanism("an idle domain gets a processor", "emergent"),
        "timer_event": Mechanism("a tick arrives as an event", "emergent"),
        "domain_slice": Mechanism("a domain goes on that had been stopped for another", "emergent", needs_slices=True),
    }

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """The hypervisor, and a little for each domain."""
        return parameters["hypervisor_bytes"] + children * parameters["domain_bytes"]

    def parts(self) -> tuple[Part, ...]:
        """The hypervisor, and the back ends in the kernel of the system that drives the devices."""
        hypervisor = Part("hypervisor", faces="hypercalls", width="hypercalls_count", code="code_lines_count")
        back_ends = Part("back ends", each="guest", inside=True, at=DOMAIN_0, takes="devices", faces="rings")
        return (hypervisor, back_ends) if self.driven_by() else (hypervisor,)

    def driven_by(self) -> Mapping[str, str]:
        """Both devices, where drivers stand in domain 0."""
        return {"disk": DOMAIN_0, "nic": DOMAIN_0} if self.structure["driver_place"] == DOMAIN_0 else {}

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """A guest's machine operation."""
        if type(demand) in _CHECKED:
            return (self.use(*_CHECKED[type(demand)]),)
        if isinstance(demand, (d.Compute, d.AccessMemory, d.SensitiveInstruction)):
            return (Below(demand),)
        if isinstance(demand, d.UpdatePageTable):
            return (Use("page_table", cycles=self._update_cycles(demand.batched)),)
        if isinstance(demand, d.TransferBlocks):
            return self._through_ring(demand, "block_ring_cycles", "disk", "block")
        if isinstance(demand, d.TransferPackets):
            return self._through_ring(demand, f"packet_{demand.direction}_ring_cycles", "nic", "packet")
        raise self.not_offered(demand)

    def _update_cycles(self, batched: bool) -> float:
        """One entry of a page table, alone or as one of many."""
        parameters = self.parameters
        if not batched:
            return parameters.update_cycles
        if self.structure["page_tables"] == "hypercalls":
            return parameters.batched_update_cycles + parameters.hypercall_cycles / parameters.batch_count
        whole_cycles = parameters.trap_cycles + parameters.table_cycles
        return parameters.batched_update_cycles + whole_cycles / parameters.table_entries_count

    def react(self, transition: Transition) -> Iterable[Step]:
        """A domain that was idle is scheduled; its event is paid here, or as the notice of a back end."""
        if transition.kind == "slice":
            return (self.use("domain_slice", "domain_switch_cycles"),)
        if transition.kind == "notify":
            return (self.use("event_channel", "hypercall_cycles"),)
        if transition.kind != "resume":
            return ()
        switch = self.use("domain_switch", "domain_switch_cycles")
        return (switch, self.use("event_channel", "event_cycles")) if self._meets_events else (switch,)

    @property
    def _meets_events(self) -> bool:
        """Whether a waking domain pays for the event that wakes it: where no back end's notice has it pay."""
        return self.structure["driver_place"] == "hypervisor"

    def guest_services(self) -> tuple[Service, ...]:
        """The back ends, threads of domain 0."""
        if self.structure["driver_place"] != DOMAIN_0:
            return ()
        room, charged = int(self.parameters.ring_count), self.structure.get("driver_work") == "charged"
        return tuple(
            Service(f"{kind}-back-end", queue=f"{kind}-ring", capacity=room, batch=room, charged=charged)
            for kind in ("block", "packet")
        )

    def disk_window_bytes(self) -> float:
        """As much as fits into the ring; what a guest has beyond that waits in its own queue."""
        return self.parameters.get("disk_window_bytes", inf)

    def presents(self) -> Mapping[str, str]:
        """Guests see front ends only."""
        return {"disk": "paravirtual", "nic": "paravirtual"}

    def for_child(self, role: str, devices: Mapping[str, GuestDevice] | None = None) -> Layer:
        """Domain 0 drives the devices itself, but is a paravirtualized guest in everything else."""
        return DriverDomainPort(self) if role == DOMAIN_0 else self

    def _load(self, image: d.File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """A guest's kernel comes from a file of domain 0, or from a disk that the hypervisor drives itself."""
        if self.structure["driver_place"] == DOMAIN_0:
            return (At(DOMAIN_0, d.Read(image, start_bytes, size_bytes)),)
        units = range(start_bytes, start_bytes + size_bytes, image.unit_bytes)
        return [Below(d.TransferBlocks(start, image.unit_bytes)) for start in units]

    def _through_ring(
        self, demand: d.TransferBlocks | d.TransferPackets, ring: str, device: str, kind: str
    ) -> tuple[Step, ...]:
        size_bytes = demand.size_bytes
        if isinstance(demand, d.TransferPackets):
            demand = single(demand)
        count = demand.count
        front = self.use("ring", ring, count)
        if self.structure["driver_place"] == "hypervisor":
            driver = self.use("driver", f"{device}_driver_cycles", count)
            return (front, driver, Below(demand))
        back = self.use("back_end", f"{kind}_back_end_cycles", count)
        window_bytes = demand.window_bytes if isinstance(demand, d.TransferPackets) else 0.0
        send = Send(
            f"{kind}-ring",
            work=(back, At(DOMAIN_0, demand)),
            kick=(self.use("event_channel", "hypercall_cycles"),),
            notice=(self.use("event_channel", "event_cycles"),),
            wait=not window_bytes,
            size_bytes=size_bytes,
            window_bytes=window_bytes,
        )
        return (front, send)


class DriverDomainPort(ParavirtualHypervisor):
    """The hypervisor as its driver domain meets it: device operations pass, interrupts arrive as events."""

    def __init__(self, hypervisor: ParavirtualHypervisor) -> None:
        super().__init__(hypervisor.parameters, hypervisor.structure, hypervisor.place)

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """Devices directly, everything else as any guest."""
        if isinstance(demand, (d.TransferBlocks, d.TransferPackets)):
            return (Below(demand),)
        return super().lower(demand)

    @property
    def _meets_events(self) -> bool:
        """A kick wakes it."""
        return True

    def guest_services(self) -> tuple[Service, ...]:
        """None: it serves the other guests itself."""
        return ()

    def driven_by(self) -> Mapping[str, str]:
        """None of its devices: it drives them itself."""
        return {}

    def presents(self) -> Mapping[str, str]:
        """The real devices."""
        return self.place.presents


LAYER = ParavirtualHypervisor
