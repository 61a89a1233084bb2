"""A hosted product on a processor without assist: its monitor translates the guest kernel's code.

User code runs directly. For a device operation the monitor gives the whole processor back to the host, where the
product's process asks the host on behalf of the guest's thread, and takes it again: two world switches.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulator import demands as d
from simulator.layers._assist import Assist
from simulator.layers.base import Mechanism, Place, Priced, Service, Transition
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Step, Use

ONLY = "processor=translation"
PARAMETERS = (
    Parameter("sensitive_cycles", "cycles", "a sensitive instruction, by translated code", "translation", ONLY),
    Parameter("register_cycles", "cycles", "a register of a virtual device, inside the monitor", "emulation", ONLY),
    Parameter("interrupt_cycles", "cycles", "a virtual interrupt delivered to the guest", "emulation", ONLY),
    Parameter("world_switch_cycles", "cycles", "the processor's state exchanged, one way", "world_switch", ONLY),
    Parameter("process_registers_ratio", "ratio", "part of a device's registers that only the process knows, beside "
              "those that start a request", "world_switch", ONLY),
    Parameter("sent_batch_count", "count", "packets sent that share a world switch", "world_switch", ONLY),
    Parameter("receive_calls_count", "count", "system calls of the process for a batch of received packets", "", ONLY),
)  # fmt: skip
MECHANISMS = {
    "world_switch": Mechanism("the processor's whole state exchanged between monitor and host", "emergent"),
}


class TranslatedMonitor(Priced):
    """Prices a guest's operations; its arguments are those of a layer."""

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], place: Place) -> None:
        self.parameters, self.structure, self.place = parameters, structure, place
        self._processor = Assist(parameters, {**structure, "execution": "translation"}, place.page_bytes)

    def services(self) -> tuple[Service, ...]:
        """None: the guest's thread goes through the process itself."""
        return ()

    def carry(self, cycles: float, kernel: bool) -> tuple[Use, ...]:
        """Nothing: kernel code is translated once, and its sensitive instructions are asked for one by one."""
        return ()

    def lower(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """Steps for one demand; None for an unknown one."""
        if isinstance(demand, d.AccessMemory):
            return (Below(demand),)
        if isinstance(demand, d.AccessRegister):
            return (
                self.use("emulation", "register_cycles"),
                *self._round_trip(self.parameters.process_registers_ratio),
            )
        if isinstance(demand, d.TimerTick):
            return (*self._round_trip(), self.use("emulation", "interrupt_cycles"))
        if isinstance(demand, d.TransferBlocks):
            return self._disk(demand)
        if isinstance(demand, d.TransferPackets):
            return self._packets(demand)
        return self._processor.lower(demand)

    def react(self, transition: Transition) -> tuple[Step, ...]:
        """Halting gives the processor to the host, waking takes it back; the host's timer does both."""
        if transition.kind == "resume":
            return (*self._round_trip(), self.use("emulation", "interrupt_cycles"))
        return self._round_trip() if transition.kind in ("interrupted", "notify") else ()

    def _round_trip(self, count: float = 1.0) -> tuple[Step, ...]:
        return () if not count else (self.use("world_switch", "world_switch_cycles", 2.0 * count),)

    def _disk(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """The device process reads or writes the file that holds the virtual disk."""
        if demand.flush and self.structure["disk_cache"] in ("write-through", "unsafe"):
            return self._round_trip()
        return (
            *self._round_trip(),
            self.use("emulation", "disk_emulation_cycles"),
            Below(self._of_file(demand)),
            self.use("emulation", "interrupt_cycles"),
        )

    def _of_file(self, demand: d.TransferBlocks) -> d.Demand:
        """Through the host's page cache, which moves its own units, with its read-ahead; or past it."""
        disk = d.File(f"{self.place.path}:virtual-disk", 0, int(self.parameters.disk_block_bytes))
        position, size_bytes, stream = demand.position_bytes, demand.size_bytes, demand.stream
        if self.structure["disk_cache"] == "none" or demand.flush:
            return d.DirectTransfer(disk, position, size_bytes, demand.write, stream, demand.flush)
        if not demand.write:
            return d.Read(disk, demand.position_bytes, demand.size_bytes)
        if self.structure["disk_cache"] == "write-through":
            return d.WriteThrough(disk, demand.size_bytes)
        return d.Write(demand.size_bytes, new_pages=demand.size_bytes / self.place.page_bytes)

    def _packets(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """In batches, with one world switch and one interrupt each; the process sends packets one by one."""
        count, sends = demand.count, demand.direction == "send"
        entries = count / (self.parameters.sent_batch_count if sends else self.parameters.receive_batch_count)
        calls = count if sends else entries * self.parameters.receive_calls_count
        work = (
            *self._round_trip(entries),
            self.use("emulation", "nic_emulation_cycles", count),
            Below(d.SystemCall("null_io", count=calls)),
            self.use("host_bridge", "bridge_cycles", count),
        )
        interrupt = self.use("emulation", "interrupt_cycles", entries)
        transfer = Below(demand)
        return (*work, transfer, interrupt) if sends else (transfer, *work, interrupt)
