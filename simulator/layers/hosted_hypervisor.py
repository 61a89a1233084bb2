"""A hosted hypervisor: its monitor is a process of a host system, which owns all devices.

Scope and limits: processors without hardware assist, as Workstation 3.2 had them: user code runs directly,
kernel code is translated, page tables are shadowed. While the device process waits for the host's disk, other
threads of the guest go on. Packets from the host are taken in batches of a given size.

Mechanism (paid by the guest's thread):
    translation     a sensitive instruction of guest kernel code, carried out by translated code
    trap            an exception taken by the monitor, looked up in the guest's tables and handed on
    shadow_paging   a guest's write to its own page table is traced; the shadow entry is filled by a hidden
                    fault; a new page of the guest kernel needs its shadow entry filled as well
    address_space   the guest loads another page-table base: the shadow of it is found and loaded
    emulation       a register of a virtual device read or written inside the monitor; a request put together
                    by the device process
    world_switch    the processor's whole state is exchanged between monitor and host: to the device process and
                    back for each disk request and each packet sent; emergent: to and fro when the virtual
                    processor halts and is woken, for each tick of the host and each tick of the guest
    host_bridge     one packet between the virtual card and the host's network

Then the host pays what any process makes it pay: system calls, its page cache (the guest's data is cached
twice), its block stack and driver.

Parameters: see ``PARAMETERS``; structure ``disk_cache``: whether the host acknowledges a guest's write once it is
in the host's page cache (``write-back``) or once the disk has it (``write-through``).

Validation: Barham 2003, see docs/barham-2003.md.

References: sugerman2001, barham2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator import demands as d
from simulator.layers.base import Layer, Mechanism, Transition
from simulator.parameters import Parameter
from simulator.steps import Below, Step, Use

_INSIDE = {
    d.SensitiveInstruction: ("translation", "sensitive_cycles"),
    d.Trap: ("trap", "trap_cycles"),
    d.SwitchAddressSpace: ("address_space", "address_space_cycles"),
    d.TouchKernelPage: ("shadow_paging", "shadow_fill_cycles"),
    d.AccessRegister: ("emulation", "register_cycles"),
}
"""Operations that the monitor carries out alone: mechanism and cost of each."""


class HostedHypervisor(Layer):
    """The monitor and its device process."""

    OFFERS = "machine"
    NEEDS = "system"
    CONFINES_MEMORY = True
    STRUCTURE = {"disk_cache": ("write-back", "write-through")}
    PARAMETERS = (
        Parameter("sensitive_cycles", "cycles", "a sensitive instruction, by translated code", "translation"),
        Parameter("trap_cycles", "cycles", "an exception taken and handed on to the guest kernel", "trap"),
        Parameter("traced_write_cycles", "cycles", "a guest's write to its own page table", "shadow_paging"),
        Parameter("shadow_fill_cycles", "cycles", "a shadow entry filled by a hidden fault", "shadow_paging"),
        Parameter("address_space_cycles", "cycles", "another guest page-table base loaded", "address_space"),
        Parameter("register_cycles", "cycles", "a register of a virtual device, inside the monitor", "emulation"),
        Parameter("disk_emulation_cycles", "cycles", "one disk request put together", "emulation"),
        Parameter("nic_emulation_cycles", "cycles", "one packet put together", "emulation"),
        Parameter("interrupt_cycles", "cycles", "a virtual interrupt delivered to the guest", "emulation"),
        Parameter("world_switch_cycles", "cycles", "the processor's state exchanged, one way", "world_switch"),
        Parameter("bridge_cycles", "cycles", "one packet through the host's virtual network", "host_bridge"),
        Parameter("receive_batch_count", "count", "packets the host hands over at once", "emulation"),
        Parameter("disk_block_bytes", "bytes", "how much of the virtual disk's file the host moves at a time"),
        Parameter("monitor_bytes", "bytes", "memory of the monitor beside the guest's"),
    )  # fmt: skip
    MECHANISMS = {
        "translation": Mechanism("sensitive instructions of guest kernel code"),
        "trap": Mechanism("an exception is taken by the monitor and handed on"),
        "shadow_paging": Mechanism("guest page tables traced, shadow entries filled"),
        "address_space": Mechanism("the shadow of another page table is loaded"),
        "emulation": Mechanism("virtual devices, by register, request and interrupt"),
        "world_switch": Mechanism("the processor's whole state exchanged between monitor and host", "emergent"),
        "host_bridge": Mechanism("one packet between virtual card and host network"),
    }

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """The monitor, beside the guest's memory."""
        return parameters["monitor_bytes"]

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """A guest's machine operation, in the end as system calls of a host process."""
        if type(demand) in _INSIDE:
            return (self._use(*_INSIDE[type(demand)]),)
        if isinstance(demand, (d.Compute, d.AccessMemory)):
            return (Below(demand),)
        if isinstance(demand, d.UpdatePageTable):
            traced = self._use("shadow_paging", "traced_write_cycles")
            return (traced,) if demand.batched else (traced, self._use("shadow_paging", "shadow_fill_cycles"))
        if isinstance(demand, d.TimerTick):
            return (*self._round_trip(), self._use("emulation", "interrupt_cycles"))
        if isinstance(demand, d.TransferBlocks):
            return self._disk(demand)
        if isinstance(demand, d.TransferPackets):
            return self._packets(demand)
        raise self.not_offered(demand)

    def react(self, transition: Transition) -> Iterable[Step]:
        """Halting gives the processor to the host, waking takes it back; the host's timer does both."""
        if transition.kind == "resume":
            return (*self._round_trip(), self._use("emulation", "interrupt_cycles"))
        if transition.kind == "interrupted":
            return self._round_trip()
        return ()

    def presents(self) -> Mapping[str, str]:
        """The guest's own devices; of old and simple kinds where nobody says which."""
        shown = self.place.guest_devices
        return {kind: shown[kind].style if kind in shown else "emulated" for kind in ("disk", "nic")}

    def _use(self, mechanism: str, name: str, count: float = 1.0) -> Use:
        return Use(mechanism, cycles=self.parameters[name] * count, operations=count)

    def _round_trip(self, count: float = 1.0) -> tuple[Step, ...]:
        return (self._use("world_switch", "world_switch_cycles", 2.0 * count),)

    def _disk(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """The device process reads or writes the file that holds the virtual disk, through the host's cache."""
        unit = int(self.parameters.disk_block_bytes)
        disk = d.File(f"{self.place.path}:virtual-disk", 0, unit)
        if not demand.write:
            host: d.Demand = d.Read(disk, demand.position_bytes, demand.size_bytes)
        elif self.structure["disk_cache"] == "write-through":
            host = d.WriteThrough(disk, demand.size_bytes)
        else:
            host = d.Write(demand.size_bytes, new_pages=demand.size_bytes / self.place.page_bytes)
        return (
            *self._round_trip(),
            self._use("emulation", "disk_emulation_cycles"),
            Below(host),
            self._use("emulation", "interrupt_cycles"),
        )

    def _packets(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """Sent one by one, each by a world switch; received in batches, with one world switch each."""
        count = demand.count
        entries = count if demand.direction == "send" else count / self.parameters.receive_batch_count
        work = (
            *self._round_trip(entries),
            self._use("emulation", "nic_emulation_cycles", count),
            Below(d.SystemCall("null_io", count=entries)),
            self._use("host_bridge", "bridge_cycles", count),
        )
        interrupt = self._use("emulation", "interrupt_cycles", entries)
        transfer = Below(demand)
        return (*work, transfer, interrupt) if demand.direction == "send" else (transfer, *work, interrupt)


LAYER = HostedHypervisor
