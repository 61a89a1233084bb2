"""The process of a hosted product: its threads carry out what one guest asks of its virtual devices.

It opens the virtual disk as a file of the host and hands packets to the host's virtual network, by system calls like
any program. A request is put into the queue of its device; the thread that drains it is woken only if it sleeps, and
one interrupt tells the guest of all that a batch completed. Shared by the kinds of monitors that have such threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulator import demands as d
from simulator.layers import _device_paths, _transfers
from simulator.layers._device_paths import DevicePaths
from simulator.layers.base import Mechanism, Place, Service
from simulator.parameters import Parameter, Parameters
from simulator.steps import Send, Step, Use

ONLY = "processor=assist|emulation"
_OF_ANY = ("disk_emulation_cycles", "nic_emulation_cycles", "bridge_cycles", "user_packet_cycles", "disk_block_bytes")
_OF_THREADS = (
    "disk_ring_cycles", "nic_ring_cycles", "device_copy_cycles_per_byte", "disk_calls_count", "nic_calls_count",
    "disk_wake_s", "disk_turn_cycles", "disk_finish_cycles", "host_read_cycles", "host_page_cycles",
)  # fmt: skip
PARAMETERS = (
    *(
        replace(each, only=each.only if each.name == "user_packet_cycles" else "")
        for each in _device_paths.PARAMETERS
        if each.name in _OF_ANY
    ),
    *(replace(each, only=ONLY) for each in _device_paths.PARAMETERS if each.name in _OF_THREADS),
    Parameter("wake_cycles", "cycles", "a thread of the process woken for a request", "thread_wake", ONLY),
    Parameter("requests_count", "count", "requests under way where no device says how many fit", "", ONLY),
    Parameter(
        "translation_cycles",
        "cycles",
        "a frame through the process's own TCP, which ends the guest's connections",
        "address_translation",
        "network=nat",
    ),
    Parameter("receive_batch_count", "count", "packets the host hands over at once; they share an interrupt"),
)
"""Those of a device thread in a host process, under the choices of this family."""
MECHANISMS = {
    **{
        name: _device_paths.MECHANISMS[name]
        for name in ("device_thread", "device_wake", "device_turn", "device_copy", "host_bridge", "host_cache")
    },
    "address_translation": Mechanism("a frame through the TCP of the process, where the guest's connections end"),
    "thread_wake": Mechanism("a sleeping thread of the process is woken for a request", "emergent"),
}
_DEVICES = ("disk", "nic")


def paths(parameters: Parameters, structure: Mapping[str, str], place: Place, where: str) -> DevicePaths:
    """What a request takes whose device stands in the host's process or kernel."""
    standing = {"emulator_place": where, "disk_place": where, "nic_place": where, "device_threads": "asynchronous"}
    return DevicePaths(parameters, {**structure, **standing}, place.path, place.page_bytes)


class DeviceProcess:
    """The devices of one guest.

    Args:
        parameters: numbers of PARAMETERS.
        structure: ``disk_cache``, ``disk_requests`` and ``network``.
        place: where the product stands, and what it shows to this guest.
        doorbell: the guest's register access that starts an operation of a device.
        interrupt: so many interrupts delivered to the guest.
        registers: register accesses in a row, so many times: of a device, how many in a row, how often.
    """

    def __init__(
        self,
        parameters: Parameters,
        structure: Mapping[str, str],
        place: Place,
        doorbell: Callable[[str], tuple[Step, ...]],
        interrupt: Callable[[float], tuple[Step, ...]],
        registers: Callable[[str, float, float], tuple[Step, ...]],
    ) -> None:
        self.parameters, self.structure, self.place = parameters, structure, place
        self.doorbell, self.interrupt, self.registers = doorbell, interrupt, registers
        self._paths = paths(parameters, structure, place, "host-process")

    def services(self) -> tuple[Service, ...]:
        """A thread for each device; that of the disk may wait for one request before it takes the next."""
        rooms = {
            device: int(self._figure(device, "queue_count") or self.parameters.requests_count) for device in _DEVICES
        }
        disk, nic = rooms["disk"], rooms["nic"]
        woken, turn, serial = self._paths.woken(), self._paths.turn(), disk == 1 or self._waits()
        return (
            Service("disk-thread", "disk", disk, disk, serial=serial, woken=woken, turn=turn),
            Service("nic-thread", "nic", nic, nic, serial=nic == 1),
        )

    def _waits(self) -> bool:
        """Whether the disk's thread waits for each request."""
        return self.structure["disk_requests"] == "serial"

    def style(self, device: str) -> str:
        """How the guest's device is shown; an old and simple one where nobody says which."""
        return self.place.guest_devices[device].style if device in self.place.guest_devices else "emulated"

    def disk(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """One transfer, in as many requests as the controller needs for it, by the disk's thread."""
        largest_bytes = 0.0 if demand.flush else self._figure("disk", "request_bytes")
        requests = max(1.0, demand.size_bytes / largest_bytes) if largest_bytes else 1.0
        style = self.style("disk")
        work = self._paths.disk(demand, style, requests)
        finish = () if self._waits() else self._paths.finish(style, requests)
        return self._handed_over("disk", work, demand.size_bytes, finish=finish) if work else ()

    def packets(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """Units in one direction, by the card's thread; those that arrive in a stream share interrupts."""
        style, sends, nat = self.style("nic"), demand.direction == "send", self.structure["network"] == "nat"
        whole = self._paths.translated(demand, style) if nat else ()
        work, finish = (whole, ()) if nat else self._paths.nic_parts(self.handed(demand), style)
        handed = self._handed_over("nic", work, demand.size_bytes, demand.window_bytes, starts=sends, finish=finish)
        told = bool(demand.window_bytes) and not (sends and style == "paravirtual")
        return (*handed, *self.told("nic", self._interrupts(demand, nat))) if told else handed

    def _interrupts(self, demand: d.TransferPackets, nat: bool) -> float:
        """A unit sent is confirmed by its own; what arrives shares them, with translation frame by frame."""
        if demand.direction == "send":
            return 1.0
        return (demand.frames if nat else 1.0) / self.parameters.receive_batch_count

    def told(self, device: str, count: float = 1.0) -> tuple[Step, ...]:
        """So many interrupts of a device; at each the driver of an emulated card touches registers."""
        registers = self._figure(device, "interrupt_registers_count")
        return (*self.interrupt(count), *(self.registers(device, registers, count) if registers else ()))

    def handed(self, demand: d.TransferPackets) -> d.TransferPackets:
        """Units as the card's model hands them on to the host, or gets them from there."""
        return _transfers.cut(demand, self._figure("nic", "handed_bytes")) if self.place.guest_devices else demand

    def _handed_over(
        self, device: str, work: tuple[Step, ...], size_bytes: float, window_bytes: float = 0.0, starts: bool = True,
        finish: tuple[Step, ...] = (),
    ) -> tuple[Step, ...]:  # fmt: skip
        """What the guest starts, an emulated device is told each time, a paravirtual one only if its thread sleeps."""
        told = self.doorbell(device) if starts else ()
        wake = (Use("thread_wake", cycles=self.parameters.wake_cycles),) if starts else ()
        paravirtual = self.style(device) == "paravirtual"
        send = Send(
            device,
            work,
            kick=(*told, *wake) if paravirtual else wake,
            notice=self.told(device),
            wait=not window_bytes,
            size_bytes=size_bytes,
            window_bytes=window_bytes,
            finish=finish,
        )
        return (send,) if paravirtual else (*told, send)

    def _figure(self, device: str, name: str) -> float:
        shown = self.place.guest_devices
        return shown[device].parameters.get(name, 0.0) if device in shown else 0.0
