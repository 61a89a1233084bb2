"""A hosted hypervisor: an application of a host system, which owns all devices.

Scope and limits: processors without assist, whose guest kernels are translated (Workstation 3.2); processors with
assist, where the monitor is code in the host's kernel; and emulation without either, which translates every
instruction. Shared folders are left out, and so is what a virtual network does for packets between two guests.

Mechanism (paid by the guest's thread unless said otherwise):
    translation     a sensitive instruction of guest kernel code, carried out by translated code
    trap            shadow paging: an exception taken by the monitor, looked up in the guest's tables and handed on
    shadow_paging   a guest's write to its own page table is traced; the shadow entry is filled by a hidden
                    fault; a new page of the guest kernel needs its shadow entry filled as well
    address_space   shadow paging: another page-table base: the shadow of it is found and loaded
    nested_refill   nested paging: longer walks after traps, new pages and switches
    register_exit   assist: the exit for a register of a virtual device
    emulation       a register of a virtual device worked out at its place: in the monitor, in the host's kernel, or in
                    the product's process; a request or packet put together, with assist and emulation by a
                    thread of the process (packets sent by a card in the host's kernel excepted)
    exception       emulation: an exception or interrupt leaves translated code
    code_translation, software_walk
                    emulation: what code above takes beyond its cycles, by its instructions, branches and
                    floating-point operations; memory accesses looked up by code
    world_switch    translation: the processor's whole state is exchanged between monitor and host: to the device
                    process and back for each disk request, each batch of packets, and each register that only the
                    process knows; emergent: to and fro when the virtual
                    processor halts and is woken, for each tick of the host and each tick of the guest
    device_thread, device_copy
                    assist and emulation, paid by a thread of the process: a request of a paravirtual device, any
                    asynchronous one that comes back from the disk, the bytes of a packet between guest and network
    device_wake     assist and emulation, emergent: the core of the disk's thread leaves its idle state
    device_turn     assist and emulation, emergent: one turn of the loop of the disk's thread, for all that has come
    host_cache      assist and emulation: pages of the virtual disk's file entered in the host's page cache for a read,
                    paid by a thread of the process
    host_bridge     one packet between the virtual card and the host's network
    injection, wake_interrupt, timer_exit, halt_exit, host_interrupt
                    assist, emergent: interrupts handed to the guest, or sent from one of its processors to another;
                    the guest's timer; its idling; the host's timer
    user_network    network=user, by a thread of the process: a unit through its own network stack, which has
                    connections of the host's with the other end
    address_translation
                    network=nat, assist and emulation, by a thread of the process: a frame through its own TCP, where
                    the guest's connections end; beyond it they are connections of the host
    thread_wake     emergent: a device thread of the process slept when a request came

Then the host pays what any process makes it pay: system calls, its page cache (the guest's data is cached
twice, unless ``disk_cache`` is ``none``), its block stack and driver, its network driver.

Parameters: see ``PARAMETERS``. Structure:
    processor       ``translation``, ``assist`` or ``emulation``
    paging          whose tables the processor walks: ``shadow`` ones of the monitor (translation, assist), ``nested``:
                    the guest's own within the monitor's (assist), or none of the guest's: ``software`` (emulation)
    disk_cache      whether the host acknowledges a guest's write once it is in the host's page cache
                    (``write-back``) or once the disk has it (``write-through``); ``none``: past the host's page cache;
                    ``unsafe``: as ``write-back``, and the guest's flushes are acknowledged and forgotten
    disk_requests   whether the disk's thread waits for a request before it takes the next (assist, emulation)
    disk_place, nic_place
                    where the registers of these devices are worked out, and where the card sends (assist; the others
                    have their devices in the process)
    network         ``bridged``: packets go to the host's virtual network; ``nat``: the process ends the connections
    exit_history    assist: whether a register written and read back at once is worked out in one exit (``kept``)

Validation: Barham 2003, see docs/barham-2003.md; assist and emulation: none.

References: sugerman2001, barham2003, virtualbox2018, measured2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from simulator import demands as d
from simulator.failure import Part
from simulator.layers import (
    _assist,
    _assisted_monitor,
    _device_paths,
    _device_process,
    _emulated_monitor,
    _translated_monitor,
)
from simulator.layers._assisted_monitor import PLACES, AssistedMonitor
from simulator.layers._emulated_monitor import EmulatedMonitor
from simulator.layers._hosted_memory import told
from simulator.layers._translated_monitor import TranslatedMonitor
from simulator.layers.base import Layer, Place, Service, Transition
from simulator.parameters import Parameter, Parameters
from simulator.steps import Step, Use


class Monitor(Protocol):
    """What runs the guests of a product; made of its numbers, its choices and its place."""

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], place: Place) -> None: ...

    def lower(self, demand: d.Demand) -> tuple[Step, ...] | None:
        """Steps for one demand; None for an unknown one."""

    def carry(self, cycles: float, kernel: bool) -> tuple[Use, ...]:
        """What the guest's own code takes beyond its cycles."""

    def react(self, transition: Transition) -> tuple[Step, ...]:
        """Steps that a transition costs."""

    def services(self) -> tuple[Service, ...]:
        """Threads for one guest."""


_MONITORS: Mapping[str, type[Monitor]] = {
    "translation": TranslatedMonitor,
    "assist": AssistedMonitor,
    "emulation": EmulatedMonitor,
}
"""What runs the guest, by what the processor does for it."""


class HostedHypervisor(Layer):
    """The monitor and the product's process."""

    OFFERS = "machine"
    NEEDS = "system"
    CONFINES_MEMORY = True
    CONTROL = frozenset({
        "limit-processor", "limit-memory", "pause", "inspect", "debug-system", "save", "snapshot", "roll-back",
        "clone", "own-kernel", "other-system",
    })  # fmt: skip
    HOLDS = "virtual machine"
    BARS = frozenset({"checkpoint"})
    STRUCTURE = {
        "processor": tuple(_MONITORS),
        "paging": (*_assist.STRUCTURE["paging"], "software"),
        "disk_cache": ("write-back", "write-through", "none", "unsafe"),
        "disk_requests": ("serial", "concurrent"),
        "disk_place": PLACES,
        "nic_place": PLACES,
        "network": (*_device_paths.STRUCTURE["network"], "nat"),
        "exit_history": ("none", "kept"),
    }
    PARAMETERS = (
        *_device_process.PARAMETERS,
        *_translated_monitor.PARAMETERS,
        *_assisted_monitor.PARAMETERS,
        *_emulated_monitor.PARAMETERS,
        Parameter("monitor_bytes", "bytes", "memory of the monitor beside the guest's"),
    )
    MECHANISMS = {
        **_assist.MECHANISMS,
        **_device_process.MECHANISMS,
        **_translated_monitor.MECHANISMS,
        **_emulated_monitor.MECHANISMS,
        "user_network": _device_paths.MECHANISMS["user_network"],
    }

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        self._monitor = _MONITORS[self.structure["processor"]](self.parameters, self.structure, self.place)

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """The monitor, beside the guest's memory."""
        return parameters["monitor_bytes"]

    def parts(self) -> tuple[Part, ...]:
        """A process for each guest, which serves its devices; what runs guests is in the host's kernel.

        An emulator needs no such module.
        """
        process = Part(
            "process", each="guest", faces="virtual devices", code="process_lines_count", own="host_calls_count"
        )
        module = Part("module", inside=True, faces="exits", width="exits_count", code="module_lines_count")
        return (process,) if self.structure["processor"] == "emulation" else (module, process)

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """A guest's machine operation, in the end as system calls of a host process."""
        if isinstance(demand, d.TouchGuest):
            return told(demand, self.place.guest)
        steps = self._monitor.lower(demand)
        if steps is None:
            raise self.not_offered(demand)
        if isinstance(demand, d.AccessMemory) and self.place.guest is not None:
            return (*steps, *told(demand, self.place.guest))
        return steps

    def carry(self, cycles: float, kernel: bool) -> Iterable[Use]:
        """What the guest's own code takes beyond its cycles."""
        return self._monitor.carry(cycles, kernel)

    def react(self, transition: Transition) -> Iterable[Step]:
        """Halting gives the processor to the host, waking takes it back; the host's timer interrupts the guest."""
        return self._monitor.react(transition)

    def width(self) -> float:
        """Translated code of all virtual processors may run in one thread of the host; else each has its own."""
        emulated = self.structure["processor"] == "emulation"
        return self.parameters["code_threads_count"] if emulated else float("inf")

    def guest_services(self) -> tuple[Service, ...]:
        """The process's threads for the devices of one guest."""
        return self._monitor.services()

    def presents(self) -> Mapping[str, str]:
        """The guest's own devices; of old and simple kinds where nobody says which."""
        shown = self.place.guest_devices
        return {kind: shown[kind].style if kind in shown else "emulated" for kind in ("disk", "nic")}


LAYER = HostedHypervisor
