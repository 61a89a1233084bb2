"""A hypervisor for processors with hardware assist: guests run as they are and leave only by exits.

Scope and limits: on the machine itself (ESX, Xen) or as a part of a host system (KVM, Firecracker), with emulated,
paravirtual and passthrough devices. A guest's memory is there from the start, unless ``overcommit=on`` and the guests'
full sizes do not fit (``_memory_reclaim``); there are no second-level faults. Interrupts that a halted processor wakes
by are charged where they come from: to a device's request, or to the virtual processor that sends one. Transmit
completions of paravirtual devices raise no interrupts. The driver domain is priced as an assisted guest. A host that
polls for a while before it lets a virtual processor sleep is left out; so is what an exit costs later in caches.

Mechanism (paid by the guest's thread unless said otherwise):
    nested_refill   nested paging: longer walks after traps, new pages and switches (random and streamed accesses
                    have theirs from the machine, see ``NestedWalk``)
    trap, shadow_paging, address_space
                    shadow paging: traps looked up, table writes traced, hidden faults, table bases loaded
    translation     without assist: sensitive instructions by translated code
    register_exit   an exit for each register of an emulated device, and for the doorbell that starts a request
    emulation       what the register means, and the request put together, at the emulator's place
    kick            emergent: the exit of a notification, only if the device thread sleeps; notifications=every: for
                    each request and unit (a device that cannot say that it is awake), and an interrupt for each unit
    hand_over       emergent: until a network thread that slept has its core
    register_exit, emulation
                    transport=registers: also the reason of each interrupt and its acknowledgement (virtio over
                    memory-mapped registers; over PCI a message says it all)
    exit_guard, cache_flush
                    mitigations=on: at each exit, see ``_mitigations``
    injection       emergent: an interrupt once for all that one batch completes, with the exit that ends it unless
                    interrupts are posted; streams share interrupts
    wake_interrupt  emergent, paid by who wakes: an interrupt to another virtual processor that sleeps, by accesses to
                    an interrupt controller that are exits
    timer_exit      emergent: the guest's tick is set and fired; the tick stopped before an idle time, started after it
    halt_exit       emergent: an idle virtual processor exits, sleeps, is woken
    host_interrupt  emergent: the timer of the system below makes the guest exit
    slice_exit      emergent: on a machine of its own, a guest is stopped for another and entered again
    shared_folder   paid by the device thread: a message of a mounted folder decoded, handed to a thread that makes the
                    call on the host's file, and back
    device_thread, device_copy, host_bridge
                    paid by the device thread: a request taken from its ring and, where requests are asynchronous in a
                    process, finished; the bytes of a packet; the virtual network
    device_wake     emergent: in a process, the core of a disk's thread that slept leaves its idle state
    device_turn     emergent: one turn of the loop of a disk's thread in a process, for all that has come
    host_cache      a read of a process through the host's page cache: pages entered there
    worker_wake     emergent: device_threads=workers: a sleeping thread of the pool is woken for a request
    device_path, driver
                    paid by a thread of a hypervisor on the machine: its own block path and drivers
    transfer        a passthrough device moves the guest's bytes itself, past the host system
    host_swap_in, host_swap_out, compression, decompression, balloon
                    overcommit=on: see ``_memory_reclaim``

Device threads stand in the hypervisor, in the host's kernel, in a host process, or in domain 0, and pay there what
that system asks; ``_device_threads`` says how many there are and whether they wait. A guest asks for a flush of its
disk by a request of its own, which the host carries out on the file unless ``disk_cache`` says that there is none.

Parameters: see ``PARAMETERS`` here, in ``_assist`` and in ``_device_paths``.

Validation: single requests by hand in tests/unit/test_hardware_hypervisor.py, one hand-over between two virtual
processors in tests/published/test_dall_2014.py.

References: dall2014, agache2020, landau2011.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from simulator import demands as d
from simulator.failure import Part
from simulator.layers import _assist, _device_paths, _device_threads, _transfers
from simulator.layers._guest_memory import GuestMemory
from simulator.layers._hosted_memory import told
from simulator.layers._memory_reclaim import RECLAIM_MECHANISMS, RECLAIM_PARAMETERS, RECLAIM_STRUCTURE, Reclaim
from simulator.layers._mitigations import HYPERVISOR_MECHANISMS, HYPERVISOR_PARAMETERS, HYPERVISOR_STRUCTURE
from simulator.layers.base import GuestDevice, Layer, Mechanism, Place, Service, Transition
from simulator.parameters import Parameter
from simulator.steps import Below, Send, Step, Use

_MACHINE = "stands_on=machine"
_DEVICES = ("disk", "nic")


_ON_SYSTEM = ("host-kernel", "host-process", _device_paths.POLLER)
_ON_MACHINE = ("hypervisor", _device_paths.DOMAIN_0)


_HYPERVISOR = Part("hypervisor", faces="exits and hypercalls", width="hypercalls_count", code="code_lines_count")
_MODULE = Part("module", inside=True, faces="exits", width="exits_count", code="module_lines_count")
_PROCESS = Part("process", each="guest", code="process_lines_count", own="host_calls_count")
"""A process that serves no device of the guest is no way into anything; the guest lives in it all the same."""
_SERVERS = {
    "host-process": replace(_PROCESS, faces="virtual devices"),
    "host-kernel": Part("device threads", each="guest", inside=True, takes="devices", faces="rings"),
    _device_paths.DOMAIN_0: Part(
        "back ends", each="guest", inside=True, at=_device_paths.DOMAIN_0, takes="devices", faces="rings"
    ),
}
"""What serves a guest's devices, by its place; the hypervisor itself, and a core that polls, are met as the hypervisor
is."""


class HardwareHypervisor(Layer):
    """The hypervisor as its guests meet it."""

    OFFERS = "machine"
    NEEDS = "machine"
    CONFINES_MEMORY = True
    CONTROL = frozenset({
        "limit-processor", "limit-memory", "limit-disk", "pause", "inspect", "debug-system", "save", "snapshot",
        "roll-back", "clone", "fork", "migrate", "own-kernel", "other-system", "package",
    })  # fmt: skip
    HOLDS = "virtual machine"
    BARS = frozenset({"checkpoint"})
    STRUCTURE = {
        "stands_on": ("machine", "system"),
        **_assist.STRUCTURE,
        **_device_paths.STRUCTURE,
        **_device_threads.STRUCTURE,
        "notifications": ("suppressed", "every"),
        "transport": ("messages", "registers"),
        **RECLAIM_STRUCTURE,
        **HYPERVISOR_STRUCTURE,
    }
    PARAMETERS = (
        *_assist.PARAMETERS,
        *_device_paths.PARAMETERS,
        *HYPERVISOR_PARAMETERS,
        *RECLAIM_PARAMETERS,
        Parameter("kick_cycles", "cycles", "a sleeping device thread notified, exit included", "kick"),
        Parameter("sent_copy_ratio", "ratio", "part of what a guest sends that is copied for it", "device_copy"),
        Parameter(
            "hand_over_s",
            "s",
            "a sleeping network thread, or the guest it serves, woken on another core, beyond the switch",
            "hand_over",
        ),
        Parameter("interrupt_batch_count", "count", "units of a stream that share an interrupt", "injection"),
        Parameter(
            "interrupt_registers_count",
            "count",
            "registers that an interrupt takes",
            "register_exit",
            "transport=registers",
        ),
        Parameter("ring_count", "count", "requests that wait for a device thread, where no device says how many"),
        Parameter("tick_hz", "hz", "timer interrupts a second of the hypervisor itself", "host_interrupt", _MACHINE),
        Parameter("monitor_bytes", "bytes", "memory of the hypervisor for each guest"),
        Parameter("hypervisor_bytes", "bytes", "memory of the hypervisor itself", "", _MACHINE),
        Parameter("driver_domain_bytes", "bytes", "memory given to domain 0", "", "disk_place=domain-0"),
    )
    MECHANISMS = {
        **_assist.MECHANISMS,
        **_device_paths.MECHANISMS,
        **HYPERVISOR_MECHANISMS,
        **RECLAIM_MECHANISMS,
        "kick": Mechanism("the exit that wakes a sleeping device thread", "emergent"),
        "hand_over": Mechanism("a sleeping network thread waits for its core, or the guest for its", "emergent"),
        "transfer": Mechanism("bytes moved by a device"),
        "slice_exit": Mechanism("a guest is stopped for another and entered again", "emergent", needs_slices=True),
    }

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        page_bytes = self.place.page_bytes
        self.assist = _assist.Assist(self.parameters, self.structure, page_bytes)
        self.paths = _device_paths.DevicePaths(self.parameters, self.structure, self.place.path, page_bytes)
        self.reclaim: Reclaim | None = None
        if self.place.host is not None:
            self.reclaim = Reclaim(self.parameters, self.structure, self.place, self._own_disk)

    @classmethod
    def needs(cls, structure: Mapping[str, str]) -> str:
        """The bare machine, or a host system."""
        return structure["stands_on"]

    @classmethod
    def nonsense(cls, structure: Mapping[str, str]) -> str:
        """Devices are served where there is somebody to serve them."""
        there = _ON_SYSTEM if structure["stands_on"] == "system" else _ON_MACHINE
        for key in ("emulator_place", "disk_place", "nic_place"):
            if structure[key] not in there:
                return f"nothing of the kind is at {key}={structure[key]}: take one of {', '.join(there)}"
        if structure["overcommit"] == "on" and structure["stands_on"] == "system":
            return "guests' memory is the host system's there, and no hypervisor takes it: take overcommit=off"
        return ""

    @classmethod
    def overcommits(cls, structure: Mapping[str, str]) -> bool:
        """Only where it keeps its guests' memory itself."""
        return structure["overcommit"] == "on"

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """The hypervisor, and its tables and device models for each guest."""
        return parameters.get("hypervisor_bytes", 0.0) + children * parameters["monitor_bytes"]

    def parts(self) -> tuple[Part, ...]:
        """On a machine the hypervisor; on a system a module of its kernel and a process for each guest.

        What serves a guest's devices is met by what the guest puts into their rings and registers.
        """
        styles = self.presents()
        places = {self._place_of(device, style) for device, style in styles.items() if style != "passthrough"}
        parts = [_SERVERS[place] for place in sorted(places) if place in _SERVERS]
        if self.structure["stands_on"] == "machine":
            return (_HYPERVISOR, *parts)
        process = () if _SERVERS["host-process"] in parts else (_PROCESS,)
        return (_MODULE, *parts, *process)

    def driven_by(self) -> Mapping[str, str]:
        """Devices that go through domain 0; what is passed through is the guest's own."""
        places = {device: self._place_of(device, style) for device, style in self.presents().items()}
        return {device: place for device, place in places.items() if place == _device_paths.DOMAIN_0}

    def _place_of(self, device: str, style: str) -> str:
        """Who serves a guest's device."""
        if style == "passthrough":
            return "hardware"
        return self.structure["emulator_place" if style == "emulated" else f"{device}_place"]

    # ---- the three verbs

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """A guest's machine operation: nothing, an exit, or a device's work."""
        steps = self.assist.lower(demand)
        if steps is not None:
            backed = self.reclaim is not None and isinstance(demand, d.AccessMemory)
            if self.reclaim is None and self.place.guest is not None:
                return (*steps, *told(demand, self.place.guest))
            return (*steps, *self._backed(demand)) if backed else steps
        if self.reclaim is None and isinstance(demand, d.TouchGuest):
            return told(demand, self.place.guest)
        if self.reclaim is not None and isinstance(demand, (d.TouchGuest, d.ReleasePages, d.BalanceMemory)):
            return self._backed(demand)
        if isinstance(demand, d.TransferBlocks):
            return self._disk(demand)
        if isinstance(demand, d.TransferPackets):
            return self._nic(demand)
        if isinstance(demand, d.AskShare) and self.mounts():
            return (self._send("disk", demand, self.paths.share(demand), kicks=True),)
        raise self.not_offered(demand)

    def _backed(self, demand: d.Demand) -> tuple[Step, ...]:
        """What a guest does with memory that is the hypervisor's to give and to take."""
        assert self.reclaim is not None
        if isinstance(demand, d.AccessMemory):
            return self.reclaim.accessed(demand)
        if isinstance(demand, d.TouchGuest):
            return self.reclaim.touched(demand)
        if isinstance(demand, d.ReleasePages):
            return (
                Use("balloon", cycles=self.parameters.exit_cycles),
                *self.reclaim.released(),
                *self.assist.guard(1.0),
            )
        return self.reclaim.balanced()

    def _own_disk(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """A transfer of the hypervisor's own: by its file system and driver to the machine's disk."""
        path = self.use("device_path", "block_path_cycles")
        return (path, self.use("driver", "disk_driver_cycles"), Below(demand, own=True))

    def react(self, transition: Transition) -> Iterable[Step]:
        """Halting, waking, and the timer of the system below; on a machine of its own also the ends of slices.

        On a system it is that system's kernel that switches, after the exit of its tick.
        """
        if transition.kind == "slice":
            on_machine = self.structure["stands_on"] == "machine"
            return (self.use("slice_exit", "exit_cycles"),) if on_machine else ()
        return self.assist.react(transition)

    def guest_services(self) -> tuple[Service, ...]:
        """The device threads of one guest."""
        rooms = {device: self._room(device) for device in _DEVICES}
        services = _device_threads.services(self.structure, self.parameters, self.paths, rooms)
        woken = (Use("hand_over", stall_s=self.parameters.hand_over_s),)
        devices = tuple(replace(each, woken=woken) if each.queue == "nic" else each for each in services)
        return (*devices, *self.reclaim.guest_services()) if self.reclaim else devices

    def services(self) -> tuple[Service, ...]:
        """The thread that looks after its guests' memory, where it keeps that."""
        return self.reclaim.services() if self.reclaim else ()

    def for_guest(self, guest: GuestMemory) -> Layer:
        """The port of a guest whose memory it keeps; the balloon's driver comes with it."""
        if self.structure["balloon"] == "on":
            parameters = self.parameters
            guest.balloon_s = parameters.balloon_s
            guest.balloon_free_bytes = parameters.balloon_free_count * guest.page_bytes
            guest.balloon_reclaim_bytes = parameters.balloon_reclaim_count * guest.page_bytes
        guest.compressed_ratio = self.parameters.get("compressed_ratio", 1.0)
        return super().for_guest(guest)

    def tick_hz(self) -> float:
        """A hypervisor on a host system is interrupted by that system's timer instead."""
        return self.parameters.tick_hz if self.structure["stands_on"] == "machine" else 0.0

    def presents(self) -> Mapping[str, str]:
        """The guest's own devices; paravirtual ones where nobody says which."""
        shown = self.place.guest_devices
        return {device: shown[device].style if device in shown else "paravirtual" for device in _DEVICES}

    def mounts(self) -> bool:
        """A device process can open folders of the host for its guest."""
        return self.structure["disk_place"] == "host-process"

    def for_child(self, role: str, devices: Mapping[str, GuestDevice] | None = None) -> Layer:
        """Domain 0 drives the devices itself."""
        return DriverDomainPort(self) if role == _device_paths.DOMAIN_0 else super().for_child(role, devices)

    def _load(self, image: d.File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """Firmware and loader come from the host's files, or from a disk that the hypervisor drives."""
        if self.structure["stands_on"] == "system":
            return super()._load(image, start_bytes, size_bytes)
        units = range(start_bytes, start_bytes + size_bytes, image.unit_bytes)
        return [Below(d.TransferBlocks(start, image.unit_bytes)) for start in units]

    # ---- devices

    def _figure(self, device: str, name: str) -> float:
        """A number of the guest's device, 0 where no device says it."""
        shown = self.place.guest_devices
        return shown[device].parameters.get(name, 0.0) if device in shown else 0.0

    def _handed(self, demand: d.TransferPackets) -> d.TransferPackets:
        """Units as the card's model hands them on; whole where no device says otherwise."""
        if demand.burst or not self.place.guest_devices:
            return demand
        return _transfers.cut(demand, self._figure("nic", "handed_bytes"))

    def _room(self, device: str) -> int:
        return int(self._figure(device, "queue_count") or self.parameters.ring_count)

    def _disk(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """One transfer, in as many requests as the controller needs for it."""
        style = self.presents()["disk"]
        if style == "passthrough":
            return (self._through("disk", demand), *self.assist.interrupt(arrives=True))
        request_bytes = 0.0 if demand.flush else self._figure("disk", "request_bytes")
        requests = max(1.0, demand.size_bytes / request_bytes) if request_bytes else 1.0
        work = self.paths.disk(demand, style, requests)
        if not work:
            return ()
        doorbell = self.assist.register(requests) if style == "emulated" else ()
        kicks = style == "paravirtual"
        finish = () if _device_threads.waits(self.structure) else self.paths.finish(style, requests)
        return (*doorbell, *self._always(kicks, 1.0), self._send("disk", demand, work, kicks=kicks, finish=finish))

    def _nic(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """Units in one direction: those of a stream share interrupts, one that is waited for has its own."""
        style, sends = self.presents()["nic"], demand.direction == "send"
        every = self.structure["notifications"] == "every" and not demand.polled
        part = demand.count / self.parameters.interrupt_batch_count
        if style == "passthrough":
            return (self._through("nic", demand), *self.assist.interrupt(part, arrives=True))
        window_bytes = demand.window_bytes
        poller = self.structure["nic_place"] == _device_paths.POLLER
        kicks, polled = sends and style == "paravirtual" and not poller, demand.polled or poller
        work, finish = self.paths.nic_parts(self._handed(demand), style)
        send = self._send("nic", demand, work, kicks=kicks, window_bytes=window_bytes, silent=polled)
        send = replace(send, finish=finish)
        doorbell = self.assist.register(demand.count) if sends and style == "emulated" else ()
        silent = polled or (sends and style == "paravirtual" and not every)
        shared = self._announced("nic", part) if window_bytes and not silent else ()
        return (*doorbell, *self._always(kicks, demand.count), send, *shared)

    def _announced(self, device: str, count: float = 1.0) -> tuple[Step, ...]:
        """Interrupts of a device, which the guest may have to ask for their reason and acknowledge by registers."""
        transport = self.parameters.get("interrupt_registers_count", 0.0)
        registers = transport if self.structure["transport"] == "registers" else 0.0
        registers += self._figure(device, "interrupt_registers_count")
        asked = self.assist.register(registers * count) if registers else ()
        return (*self.assist.interrupt(count), *asked)

    def _kick(self, count: float) -> tuple[Step, ...]:
        return (self.assist.use("kick", "kick_cycles", count), *self.assist.guard(count))

    def _always(self, kicks: bool, count: float) -> tuple[Step, ...]:
        """Notifications where the device has no means to say that it is awake and needs none."""
        return self._kick(count) if kicks and self.structure["notifications"] == "every" else ()

    def _send(
        self, device: str, demand: d.TransferBlocks | d.TransferPackets | d.AskShare, work: tuple[Step, ...], *,
        kicks: bool, window_bytes: float = 0.0, silent: bool = False, finish: tuple[Step, ...] = (),
    ) -> Send:  # fmt: skip
        """Work for the device thread; only a ring needs a kick, an emulated device was started by its register."""
        asks = kicks and self.structure["notifications"] == "suppressed"
        return Send(
            _device_threads.queue(self.structure, device),
            work=work,
            kick=self._kick(1.0) if asks else (),
            notice=() if silent else self._announced(device),
            wait=not window_bytes,
            size_bytes=demand.size_bytes,
            window_bytes=window_bytes,
            finish=finish,
        )

    def _through(self, device: str, demand: d.TransferBlocks | d.TransferPackets) -> Step:
        """The machine's own device, past a host system; through it where the host's device is a virtual one itself."""
        owned = self.place.presents[device] in ("physical", "passthrough")
        return _transfers.moved(demand) if owned else Below(demand)


class DriverDomainPort(HardwareHypervisor):
    """The hypervisor as its driver domain meets it: devices are its own, everything else as for any guest."""

    def __init__(self, hypervisor: HardwareHypervisor) -> None:
        place = replace(hypervisor.place, guest_devices={})
        super().__init__(hypervisor.parameters, hypervisor.structure, place)

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """Devices directly."""
        if isinstance(demand, (d.TransferBlocks, d.TransferPackets)):
            return (Below(demand),)
        return super().lower(demand)

    def guest_services(self) -> tuple[Service, ...]:
        """None: its back ends belong to the guests that they serve."""
        return ()

    def parts(self) -> tuple[Part, ...]:
        """The hypervisor alone."""
        return (_HYPERVISOR,)

    def driven_by(self) -> Mapping[str, str]:
        """None of its devices: it drives them itself."""
        return {}

    def mounts(self) -> bool:
        """There is no host whose folders it could mount."""
        return False

    def presents(self) -> Mapping[str, str]:
        """The real devices."""
        return self.place.presents


LAYER = HardwareHypervisor
