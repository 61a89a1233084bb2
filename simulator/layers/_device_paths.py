"""What a device thread does with one request of a guest, by the place where it stands.

``hypervisor``: a thread of the hypervisor, which has its own block path, virtual switch and drivers.
``host-kernel``: a thread of the host's kernel: the host's block stack or bridge, and its driver.
``host-process``: a thread of a process: system calls of the host, files of the host.
``domain-0``: a back end in the driver domain's kernel; for emulated devices a process there, whose calls are part
of what emulation costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator import demands as d
from simulator.layers.base import Mechanism, Priced
from simulator.parameters import Parameter, Parameters
from simulator.steps import At, Below, Step, Use

DOMAIN_0 = "domain-0"
PLACES = ("hypervisor", "host-kernel", "host-process", DOMAIN_0)
STRUCTURE = {
    "disk_place": PLACES,
    "nic_place": PLACES,
    "disk_cache": ("none", "write-back", "write-through"),
}
"""Where the threads of paravirtual devices stand; those of emulated ones stand where the emulator does.
``disk_cache``: what a host process does with the host's page cache: past it, through it, or through to the disk."""

_OWN_DISK, _SYSTEM = "disk_place=hypervisor", "stands_on=system"

PARAMETERS = (
    Parameter("disk_ring_cycles", "cycles", "one request of a ring in the device thread", "device_thread"),
    Parameter("nic_ring_cycles", "cycles", "one unit of a ring in the device thread", "device_thread"),
    Parameter("disk_emulation_cycles", "cycles", "one request of an emulated disk put together", "emulation"),
    Parameter("nic_emulation_cycles", "cycles", "one unit of an emulated card put together", "emulation"),
    Parameter("device_copy_cycles_per_byte", "cycles/byte", "a byte between guest and network, by the device thread",
              "device_copy"),
    Parameter("bridge_cycles", "cycles", "one unit through the virtual network", "host_bridge"),
    Parameter("disk_calls_count", "count", "system calls of a device process for a request, its transfer apart", "",
              "disk_place=host-process"),
    Parameter("nic_calls_count", "count", "system calls of a device process for a unit", "",
              "emulator_place=host-process"),
    Parameter("disk_block_bytes", "bytes", "how much of a virtual disk's file the host moves at a time", "", _SYSTEM),
    Parameter("block_path_cycles", "cycles", "one request through the hypervisor's block path", "device_path",
              _OWN_DISK),
    Parameter("disk_driver_cycles", "cycles", "the hypervisor's disk driver and interrupt, one request", "driver",
              _OWN_DISK),
    Parameter("nic_driver_cycles", "cycles", "the hypervisor's network driver and interrupts, one unit", "driver",
              "nic_place=hypervisor"),
)  # fmt: skip

MECHANISMS = {
    "device_thread": Mechanism("a paravirtual device's request in the thread that serves it"),
    "device_copy": Mechanism("bytes between guest and network, by the device thread"),
    "device_path": Mechanism("the hypervisor's own block path"),
    "driver": Mechanism("the hypervisor's own driver of the hardware"),
    "host_bridge": Mechanism("one packet between virtual card and host network"),
}


class DevicePaths(Priced):
    """The work of device threads.

    Args:
        parameters: numbers of PARAMETERS, as far as the structure needs them.
        structure: choices of the product.
        path: of the hypervisor's node; its virtual disks are named after it.
        page_bytes: the processor's page size.
    """

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], path: str, page_bytes: float) -> None:
        self.parameters, self.structure, self.path, self.page_bytes = parameters, structure, path, page_bytes

    def place(self, device: str, style: str) -> str:
        """Where the thread of a device stands."""
        return self.structure["emulator_place" if style == "emulated" else f"{device}_place"]

    def disk(self, demand: d.TransferBlocks, style: str, requests: float) -> tuple[Step, ...]:
        """Blocks, in so many requests."""
        ends: dict[str, Callable[[d.TransferBlocks, float], tuple[Step, ...]]] = {
            "hypervisor": self._own_blocks,
            "host-kernel": lambda blocks, _: (Below(blocks),),
            "host-process": self._process_blocks,
            DOMAIN_0: lambda blocks, _: (At(DOMAIN_0, blocks),),
        }
        return (self._request("disk", style, requests), *ends[self.place("disk", style)](demand, requests))

    def nic(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        """Units of the network: copied, through the virtual network, to the card or from it.

        What arrives is worked on when it is there, what is sent before it goes.
        """
        work, (last,) = self._nic_work(demand, style), self._nic_end(demand, style)
        return (*work, last) if demand.direction == "send" else (last, *work)

    def _nic_end(self, demand: d.TransferPackets, style: str) -> tuple[Step]:
        return (At(DOMAIN_0, demand),) if self.place("nic", style) == DOMAIN_0 else (Below(demand),)

    def _nic_work(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        place, count = self.place("nic", style), demand.count
        copied = self.parameters.get("sent_copy_ratio", 1.0) if demand.direction == "send" else 1.0
        copied_bytes = demand.size_bytes * count * copied
        copy = Use("device_copy", cycles=self.parameters.device_copy_cycles_per_byte * copied_bytes)
        request = (self._request("nic", style, count), copy, self.use("host_bridge", "bridge_cycles", count))
        if place == "hypervisor":
            return (*request, self.use("driver", "nic_driver_cycles", count))
        if place == "host-process":
            return (*request, Below(d.SystemCall("null_io", count=self.parameters.nic_calls_count * count)))
        return request

    def _request(self, device: str, style: str, count: float) -> Use:
        if style == "emulated":
            return self.use("emulation", f"{device}_emulation_cycles", count)
        return self.use("device_thread", f"{device}_ring_cycles", count)

    def _own_blocks(self, demand: d.TransferBlocks, requests: float) -> tuple[Step, ...]:
        path = self.use("device_path", "block_path_cycles", requests)
        return (path, self.use("driver", "disk_driver_cycles", requests), Below(demand))

    def _process_blocks(self, demand: d.TransferBlocks, requests: float) -> tuple[Step, ...]:
        """System calls on the file that holds the virtual disk."""
        calls = d.SystemCall("null_io", count=self.parameters.disk_calls_count * requests)
        return (Below(calls), Below(self._of_file(demand)))

    def _of_file(self, demand: d.TransferBlocks) -> d.Demand:
        """One request on the file; small ones are not read ahead of, and find again what others of their size read."""
        cache, position, size_bytes = self.structure["disk_cache"], demand.position_bytes, demand.size_bytes
        unit_bytes = min(int(self.parameters.disk_block_bytes), int(size_bytes))
        disk = d.File(f"{self.path}:virtual-disk, {unit_bytes} at a time", 0, unit_bytes)
        if cache == "none":
            return d.DirectTransfer(disk, position, size_bytes, demand.write, demand.stream)
        if not demand.write:
            return d.Read(disk, position, size_bytes)
        if cache == "write-through":
            return d.WriteThrough(disk, size_bytes)
        return d.Write(size_bytes, new_pages=size_bytes / self.page_bytes)
