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
_OF_ANY = ("disk_emulation_cycles", "nic_emulation_cycles", "bridge_cycles", "disk_block_bytes")
_OF_THREADS = (
    "disk_ring_cycles", "nic_ring_cycles", "device_copy_cycles_per_byte", "disk_calls_count", "nic_calls_count",
    "disk_wake_s", "disk_turn_cycles", "disk_finish_cycles", "host_read_cycles", "host_page_cycles",
)  # fmt: skip
PARAMETERS = (
    *(replace(each, only="") for each in _device_paths.PARAMETERS if each.name in _OF_ANY),
    *(replace(each, only=ONLY) for each in _device_paths.PARAMETERS if each.name in _OF_THREADS),
    Parameter("wake_cycles", "cycles", "a thread of the process woken for a request", "thread_wake", ONLY),
    Parameter("requests_count", "count", "requests under way where no device says how many fit", "", ONLY),
    Parameter("receive_batch_count", "count", "packets the host hands over at once; they share an interrupt"),
)
"""Those of a device thread in a host process, under the choices of this family."""
MECHANISMS = {
    **{
        name: _device_paths.MECHANISMS[name]
        for name in ("device_thread", "device_wake", "device_turn", "device_copy", "host_bridge", "host_cache")
    },
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
        structure: ``disk_cache`` and ``disk_requests``.
        place: where the product stands, and what it shows to this guest.
        doorbell: the guest's register access that starts an operation of a device.
        interrupt: so many interrupts delivered to the guest.
    """

    def __init__(
        self,
        parameters: Parameters,
        structure: Mapping[str, str],
        place: Place,
        doorbell: Callable[[str], tuple[Step, ...]],
        interrupt: Callable[[float], tuple[Step, ...]],
    ) -> None:
        self.parameters, self.structure, self.place = parameters, structure, place
        self.doorbell, self.interrupt = doorbell, interrupt
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
        """Units in one direction, by the card's thread; those of a stream share interrupts."""
        style, sends = self.style("nic"), demand.direction == "send"
        steps = self._paths.nic(self.handed(demand), style)
        work, finish = (steps, ()) if sends else (steps[:1], steps[1:])
        handed = self._handed_over("nic", work, demand.size_bytes, demand.window_bytes, starts=sends, finish=finish)
        told = bool(demand.window_bytes) and not (sends and style == "paravirtual")
        return (*handed, *self.interrupt(1.0 / self.parameters.receive_batch_count)) if told else handed

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
            notice=self.interrupt(1.0),
            wait=not window_bytes,
            size_bytes=size_bytes,
            window_bytes=window_bytes,
            finish=finish,
        )
        return (send,) if paravirtual else (*told, send)

    def _figure(self, device: str, name: str) -> float:
        shown = self.place.guest_devices
        return shown[device].parameters.get(name, 0.0) if device in shown else 0.0
