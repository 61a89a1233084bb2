"""What a device thread does with one request of a guest, by the place where it stands.

``hypervisor``: a thread of the hypervisor, which has its own block path, virtual switch and drivers.
``host-kernel``: a thread of the host's kernel: the host's block stack or bridge, and its driver.
``host-process``: a thread of a process: system calls of the host, files of the host. Its loop looks for what has come,
once for all that is there (``device_turn``); where requests are asynchronous it is woken again to finish them. With
workers each request is handed on to a thread of a pool that makes the call and waits for it.
``host-poller``: for the network, a process that looks into all rings again and again and drives the card itself
(vhost-user with DPDK): nobody kicks it, nobody is interrupted, and the host's kernel sees nothing of a packet.
``domain-0``: a back end in the driver domain's kernel; for emulated devices a process there, whose calls are part
of what emulation costs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator import demands as d
from simulator.layers._transfers import moved, single
from simulator.layers.base import Mechanism, Priced
from simulator.parameters import Parameter, Parameters
from simulator.steps import At, Below, Send, Step, Use

DOMAIN_0 = "domain-0"
POLLER = "host-poller"
PLACES = ("hypervisor", "host-kernel", "host-process", DOMAIN_0)
STRUCTURE = {
    "disk_place": PLACES,
    "nic_place": (*PLACES, POLLER),
    "network": ("bridged", "user"),
    "disk_cache": ("none", "write-back", "write-through", "unsafe"),
}
"""Where the threads of paravirtual devices stand; those of emulated ones stand where the emulator does.
``disk_cache``: what a host process does with the host's page cache: past it, through it, or through to the disk;
``unsafe``: through it, and the guest's flushes are not carried out."""
WORKERS = "disk-workers"
"""The queue of the pool that makes a process's calls for disk requests."""

_CACHED = "disk_cache=write-back|write-through|unsafe"
_OWN_DISK, _SYSTEM, _PROCESS = "disk_place=hypervisor", "stands_on=system", "disk_place=host-process"

PARAMETERS = (
    Parameter("disk_ring_cycles", "cycles", "one request of a ring in the device thread", "device_thread"),
    Parameter("nic_ring_cycles", "cycles", "one unit of a ring in the device thread", "device_thread"),
    Parameter("disk_emulation_cycles", "cycles", "one request of an emulated disk put together", "emulation"),
    Parameter("nic_emulation_cycles", "cycles", "one unit of an emulated card put together", "emulation"),
    Parameter("device_copy_cycles_per_byte", "cycles/byte", "a byte between guest and network, by the device thread",
              "device_copy"),
    Parameter("nic_further_cycles", "cycles", "each further packet of a burst through ring, network and driver",
              "device_thread", "nic_place=host-kernel"),
    Parameter("poller_cycles", "cycles", "one packet from ring to card by a process that polls both", "device_thread",
              f"nic_place={POLLER}"),
    Parameter("bridge_cycles", "cycles", "one unit through the virtual network", "host_bridge"),
    Parameter("disk_calls_count", "count", "system calls of a device process for a request, its transfer apart", "",
              _PROCESS),
    Parameter("disk_turn_cycles", "cycles", "one turn of the loop of a disk's thread, whatever has come", "device_turn",
              _PROCESS),
    Parameter("disk_wake_s", "s", "another core out of its idle state, for a disk's thread or a worker that slept",
              "device_wake", _PROCESS),
    Parameter("disk_finish_cycles", "cycles", "an asynchronous request that the disk is through with, in its thread",
              "device_thread", _PROCESS),
    Parameter("host_read_cycles", "cycles", "a read through the host's page cache, beyond what its pages take",
              "host_cache", _CACHED),
    Parameter("host_page_cycles", "cycles", "a page read in through the host's page cache, its copy apart",
              "host_cache", _CACHED),
    Parameter("worker_wake_cycles", "cycles", "a sleeping thread of the pool woken for a request", "worker_wake",
              "device_threads=workers"),
    Parameter("workers_count", "count", "threads of the pool", "", "device_threads=workers"),
    Parameter("share_cycles", "cycles", "a message of a mounted folder, handed to a thread that calls and back",
              "shared_folder", _PROCESS),
    Parameter("share_calls_count", "count", "system calls for such a message, the file's apart", "", _PROCESS),
    Parameter("user_packet_cycles", "cycles", "one unit through the process's own TCP, a look of its loop included",
              "user_network", "network=user"),
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
    "device_thread": Mechanism("a request in the thread that serves its device"),
    "device_wake": Mechanism("a core leaves its idle state for a device thread that slept", "emergent"),
    "device_turn": Mechanism("one turn of a device thread's loop, for all that has come", "emergent"),
    "worker_wake": Mechanism("a sleeping thread of the pool is woken for a request", "emergent"),
    "shared_folder": Mechanism("a message of a mounted folder in the process that holds it"),
    "device_copy": Mechanism("bytes between guest and network, by the device thread"),
    "host_cache": Mechanism("pages of a virtual disk's file entered in the host's page cache"),
    "device_path": Mechanism("the hypervisor's own block path"),
    "driver": Mechanism("the hypervisor's own driver of the hardware"),
    "user_network": Mechanism("one unit through the network stack of a process of the host"),
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
        work = ends[self.place("disk", style)](demand, requests)
        return work if demand.flush and not work else (self._request("disk", style, requests), *work)

    def share(self, demand: d.AskShare) -> tuple[Step, ...]:
        """A message of a mounted folder: the process makes a call on its file, which lies in the host's page cache."""
        size_bytes = int(demand.size_bytes)
        calls = Below(d.SystemCall("null_io", count=self.parameters.share_calls_count))
        file = d.File(f"{self.path}:shared-folder", size_bytes, size_bytes, in_memory=True)
        call = d.Write(size_bytes, kept=False) if demand.write else d.Read(file, 0, size_bytes)
        return (self.use("shared_folder", "share_cycles"), calls, Below(call))

    def finish(self, style: str, requests: float) -> tuple[Step, ...]:
        """So many asynchronous requests once the disk is through with them; in a process its thread is woken for it."""
        in_process = self.place("disk", style) == "host-process"
        return (self.use("device_thread", "disk_finish_cycles", requests),) if in_process else ()

    def woken(self) -> tuple[Step, ...]:
        """The disk's thread goes on after it has slept, on the core where it slept."""
        in_process = self.structure["disk_place"] == "host-process"
        return (Use("device_wake", stall_s=self.parameters.disk_wake_s),) if in_process else ()

    def turn(self) -> tuple[Step, ...]:
        """One look of the disk's thread for what has come."""
        in_process = self.structure["disk_place"] == "host-process"
        return (self.use("device_turn", "disk_turn_cycles"),) if in_process else ()

    def translated(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        """Units whose connections end in the process: frame by frame, each handed from thread to thread by calls.

        What is in them goes through connections of the host that are the process's own.
        """
        count, frames = demand.count, demand.count * demand.frames
        copy = Use("device_copy", cycles=self.parameters.device_copy_cycles_per_byte * demand.size_bytes * count)
        translation = self.use("address_translation", "translation_cycles", frames)
        calls = Below(d.SystemCall("null_io", count=self.parameters.nic_calls_count * frames))
        work: tuple[Step, ...] = (self._request("nic", style, frames), copy, translation, calls)
        if not demand.data_bytes:
            return work
        ends = d.SendData if demand.direction == "send" else d.ReceiveData
        peer: d.Peer = "neighbour" if demand.peer == "neighbour" else "far"
        return (*work, Below(ends(demand.data_bytes, demand.data_bytes / demand.frames, peer=peer, count=count)))

    def nic(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        """Units of the network, all in one piece: see ``nic_parts``."""
        work, finish = self.nic_parts(demand, style)
        return (*work, *finish)

    def nic_parts(self, demand: d.TransferPackets, style: str) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Units of the network: copied, through the virtual network, to the card or from it.

        What is sent is worked on before it goes; what arrives when it is there, so that its work is the second part.
        Packets that were handed over together are worked on one by one, but where the host's kernel takes them so.
        """
        demand = demand if self._takes_together(style) else single(demand)
        work, end = self._nic_work(demand, style), self._nic_end(demand, style)
        if demand.direction == "send" or not end:
            return (*work, *end), ()
        return end, work

    def _takes_together(self, style: str) -> bool:
        """Whether a further packet of a burst costs less than the first, or is counted by itself."""
        place = self.place("nic", style)
        together = place == "host-kernel" and style == "paravirtual" and "nic_further_cycles" in self.parameters
        return together or place == POLLER

    @property
    def _in_user_network(self) -> bool:
        return self.structure.get("network") == "user"

    def _nic_end(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        if self._in_user_network:
            return self._socket(demand)
        place = self.place("nic", style)
        if place == POLLER:
            return (moved(demand),) if demand.peer != "neighbour" else ()
        return (At(DOMAIN_0, demand),) if place == DOMAIN_0 else (Below(demand),)

    def _socket(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """The process is an end of the guest's connection and has one of its own with the other end."""
        size_bytes, count, peer = demand.size_bytes, demand.count, demand.peer
        if not demand.data:
            return ()
        if demand.direction == "send":
            return (Below(d.SendData(size_bytes, size_bytes, peer=peer, count=count)),)
        if demand.window_bytes:
            return (Below(d.ReceiveData(size_bytes, size_bytes, peer=peer, count=count)),)
        arrives_s = demand.arrives_s
        return (Below(d.ReceiveRequest(size_bytes * count, size_bytes, 0.0, peer=peer, arrives_s=arrives_s)),)

    def _nic_work(self, demand: d.TransferPackets, style: str) -> tuple[Step, ...]:
        place, count = self.place("nic", style), demand.count
        copied = self.parameters.get("sent_copy_ratio", 1.0) if demand.direction == "send" else 1.0
        copied_bytes = demand.size_bytes * count * copied
        copy = Use("device_copy", cycles=self.parameters.device_copy_cycles_per_byte * copied_bytes)
        if place == POLLER:
            return (self.use("device_thread", "poller_cycles", demand.frames * count), copy)
        if self._in_user_network:
            return (self._request("nic", style, count), copy, self.use("user_network", "user_packet_cycles", count))
        bridge = self.use("host_bridge", "bridge_cycles", count)
        request: tuple[Step, ...] = (self._request("nic", style, count), copy, bridge)
        if place == "hypervisor":
            return (*request, self.use("driver", "nic_driver_cycles", count))
        if place == "host-process":
            return (*request, Below(d.SystemCall("null_io", count=self.parameters.nic_calls_count * count)))
        further = (demand.frames - 1.0) * count if demand.burst else 0.0
        return (*request, self.use("device_thread", "nic_further_cycles", further)) if further else request

    def _request(self, device: str, style: str, count: float) -> Use:
        if style == "emulated":
            return self.use("emulation", f"{device}_emulation_cycles", count)
        return self.use("device_thread", f"{device}_ring_cycles", count)

    def _own_blocks(self, demand: d.TransferBlocks, requests: float) -> tuple[Step, ...]:
        path = self.use("device_path", "block_path_cycles", requests)
        return (path, self.use("driver", "disk_driver_cycles", requests), Below(demand))

    def _process_blocks(self, demand: d.TransferBlocks, requests: float) -> tuple[Step, ...]:
        """System calls on the file that holds the virtual disk, by this thread or by one of a pool."""
        if demand.flush and self.structure["disk_cache"] in ("write-through", "unsafe"):
            return ()
        calls = Below(d.SystemCall("null_io", count=self.parameters.disk_calls_count * requests))
        call: tuple[Step, ...] = (*self._entered(demand), Below(self._of_file(demand)))
        if self.structure.get("device_threads") != "workers":
            return (calls, *call)
        return (calls, Send(WORKERS, call, kick=(self.use("worker_wake", "worker_wake_cycles"),)))

    def _entered(self, demand: d.TransferBlocks) -> tuple[Use, ...]:
        """What a read through the host's page cache takes there beside call, copy, block stack and driver."""
        if demand.write or self.structure["disk_cache"] == "none":
            return ()
        pages = max(1.0, demand.size_bytes / self.page_bytes)
        cycles = self.parameters.host_read_cycles + pages * self.parameters.host_page_cycles
        return (Use("host_cache", cycles=cycles, operations=pages),)

    def _of_file(self, demand: d.TransferBlocks) -> d.Demand:
        """One request on the file; small ones are not read ahead of, and find again what others of their size read."""
        cache, position, size_bytes = self.structure["disk_cache"], demand.position_bytes, demand.size_bytes
        unit_bytes = min(int(self.parameters.disk_block_bytes), int(size_bytes))
        disk = d.File(f"{self.path}:virtual-disk, {unit_bytes} at a time", 0, unit_bytes)
        if cache == "none" or demand.flush:
            return d.DirectTransfer(disk, position, size_bytes, demand.write, demand.stream, demand.flush)
        if not demand.write:
            return d.Read(disk, position, size_bytes)
        if cache == "write-through":
            return d.WriteThrough(disk, size_bytes)
        return d.Write(size_bytes, new_pages=size_bytes / self.page_bytes)
