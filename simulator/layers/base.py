"""A layer: software that turns a demand into steps for what lies below it.

Three verbs, all pure: ``lower`` (one demand), ``react`` (a transition of the sharing tree), ``services`` (the
threads a layer runs); and ``carry`` where the code of the layers above does not run as it is. Layers know nothing of
simulated time: ``list(layer.lower(demand))`` is a complete test.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from simulator.control import Grip
from simulator.demands import Demand, File, Read
from simulator.effort import START_IN_TURN
from simulator.failure import Part
from simulator.layers._guest_memory import GuestMemory, HostMemory
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Signal, Step, Use, Wait

WHOLE = ((1.0, 1.0),)
"""All of the computing at once, then all of the reading."""
_WHOSE = re.compile(r"\[[^]]*\]")
"""The part of a path that says whose node it is."""


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One reason for a cost inside a layer.

    Attributes:
        meaning: what is paid, by whom, when.
        kind: ``counted`` where the workload says how often, ``emergent`` where the schedule decides.
        needs_slices: whether it needs real time slices, and so is left out by the fluid fidelity.
    """

    meaning: str
    kind: Literal["counted", "emergent"] = "counted"
    needs_slices: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """Something the schedule did.

    ``switch``: a kernel resumes a thread that had blocked. ``resume``: a runnable thread wakes an idle virtual or
    physical processor. ``notify``: a thread that runs has made another one runnable for which a further processor is
    idle, and interrupts that one; who wakes pays for it. ``notified``: the thread that is woken so takes the
    interrupt. ``tick``: the kernel's own timer while it runs. ``interrupted``: the timer of
    the system below, met by what runs on it. ``slice``: a kernel or hypervisor goes on with a thread or virtual
    processor that it had stopped at the end of a slice, or for another one; the timer that ended the slice is a
    ``tick`` of its own.
    """

    kind: Literal["switch", "resume", "notify", "notified", "tick", "interrupted", "slice"]


@dataclass(frozen=True, slots=True)
class Service:
    """A thread that a layer runs: it drains a queue in batches, or looks for work of its own now and then.

    Attributes:
        name: of the thread.
        queue: name of the queue it drains, alone or with others; the items bring their work along.
        capacity: most items in the queue; a full queue makes senders wait.
        batch: most items taken at once.
        period_s: time between two looks; 0 for a queue.
        wanted: whether there is work of its own.
        demand: that work, asked of its own node.
        serial: whether it waits for the disk's part of one item, and for what it hands on to other services, before it
            takes the next.
        woken: what it takes to go on after it has slept, beside what the systems below and the machine take for it.
        turn: what each of its looks into the queue takes, whatever it finds there.
        tells_at_the_end: whether its senders are told only once the queue is empty, all together.
    """

    name: str
    queue: str = ""
    capacity: int = 0
    batch: int = 1
    period_s: float = 0.0
    wanted: Callable[[], bool] | None = None
    demand: Demand | None = None
    serial: bool = False
    woken: tuple[Step, ...] = ()
    turn: tuple[Step, ...] = ()
    tells_at_the_end: bool = False
    budget_s: float = 0.0
    """Longer than 0: it is no thread, but runs in whatever it interrupts, before all threads; only what lasts longer
    than this at a time goes on in a thread like others."""
    charged: bool = False
    """Whether its time is that of whom it works for, of his weight and under his cap, and not the layer's own."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The few threads of the system below that carry all threads of a layer's programs, where it schedules them itself.

    A thread runs on one of them until it ends or waits; nothing takes it away before. Whoever waits for one is ready,
    first come, first served.

    Attributes:
        count: how many there are.
        yields: demands in which a thread that waits gives its carrier to another one; in all others it keeps it.
        replaced: of these others, those in which one more carrier runs while it waits.
        switch: what it takes to give a carrier up and to go on on one, paid by the thread that goes on.
    """

    count: float
    yields: tuple[type[Demand], ...]
    replaced: tuple[type[Demand], ...] = ()
    switch: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class GuestDevice:
    """A device that a hypervisor shows to one of its guests.

    Attributes:
        name: catalog name (``e1000``).
        style: ``emulated`` (registers that trap), ``paravirtual`` (a ring shared with the hypervisor) or
            ``passthrough`` (the hardware itself).
        parameters: its numbers, see ``simulator.virtual_hardware``.
    """

    name: str
    style: str
    parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Place:
    """Where a layer stands: what it may know of its surroundings.

    Attributes:
        path: identity of the node.
        memory_bytes: memory that this node manages, 0 where it manages none.
        presents: kind of each device that the layer below presents (``physical``, ``paravirtual``, ``emulated``,
            ``passthrough``).
        page_bytes: the processor's page size.
        devices: numbers of each device that the layer below presents.
        guest_devices: what a hypervisor shows to the guest that this is the port of; empty: what it shows to any.
        processors_count: processors that the layer sees, 0 where nothing says.
        limits: what its tenant asks of it, by the names of ``LIMITS``.
        meets_calls: whether the layer below wants to know of each system call.
        mounts: whether the layer below lets it mount folders of the host.
        line_bytes: a line of the processor's caches.
        guest: the memory of the guest that this is the kernel of, or a hypervisor's port for, where a hypervisor
            keeps its guests' memory itself.
        host: the memory of all of them, for such a hypervisor.
    """

    path: str = "layer"
    memory_bytes: float = 0.0
    presents: Mapping[str, str] = field(default_factory=lambda: {"disk": "physical", "nic": "physical"})
    page_bytes: float = 4096.0
    devices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    guest_devices: Mapping[str, GuestDevice] = field(default_factory=dict)
    processors_count: float = 0.0
    limits: Mapping[str, float] = field(default_factory=dict)
    meets_calls: bool = False
    mounts: bool = False
    line_bytes: float = 64.0
    guest: GuestMemory | None = None
    host: HostMemory | None = None

    @property
    def product_path(self) -> str:
        """The path without whose node it is: the name of what all instances of a product on one system share."""
        return _WHOSE.sub("", self.path)


MemoryRule = Literal["hard", "refused", "soft", ""]
"""A limit at which the kernel kills, at which it refuses, at which it holds up; no limit."""


class Limit(NamedTuple):
    """What a layer without a kernel of its own lets its programs have of its kernel's memory.

    Attributes:
        name: path of its node.
        most_bytes: a hard limit.
        high_bytes: a soft one, which holds up whoever goes over it.
        low_bytes: what it is to keep when memory is short.
    """

    name: str
    most_bytes: float = inf
    high_bytes: float = inf
    low_bytes: float = 0.0


class Cache(Protocol):
    """What the house may do with a kernel's page cache."""

    entered_bytes: float
    """All that has come in so far, read or written."""

    @property
    def resident_bytes(self) -> float:
        """What of files is in memory as on the disk."""

    @property
    def dirty_bytes(self) -> float:
        """What has been written and not yet to the disk."""

    def resize(self, capacity_bytes: float) -> None:
        """Another amount of memory is left for it."""

    def find(self, file: File, index: int) -> bool:
        """Whether one unit of a file is resident; it becomes so."""

    def holds(self, file: File) -> bool:
        """Whether the last unit of a file is resident; nothing changes."""


class Groups(Protocol):
    """What the house tells a kernel that divides its memory among groups."""

    def enroll(self, owner: str, limits: Sequence[Limit]) -> None:
        """A tenant, and what confines it, from the inside."""

    def hold(self, owner: str, size_bytes: float) -> None:
        """A tenant's programs have so much more, or less."""

    def warm(self, owner: str, file: File) -> None:
        """Make a whole file resident, as after an earlier run of a tenant."""


class Paging(Protocol):
    """What the house tells a kernel that swaps."""

    def enroll(self, owner: str, limits: Sequence[tuple[str, float]]) -> object:
        """A tenant, and the limits that confine it: each by its name with its size."""

    def hold(self, owner: str, size_bytes: float) -> None:
        """A tenant takes memory, or gives some back."""

    def swapped_bytes(self, owner: str) -> float:
        """The most of its data that lay on the disk at any one time."""


class NotOffered(LookupError):
    """A layer was asked for something that it does not offer; names the layer and the demand."""


class Priced:
    """What pays in numbers of its own: a layer, or the part of one that several share."""

    __slots__ = ()
    parameters: Parameters

    def use(self, mechanism: str, name: str, count: float = 1.0) -> Use:
        """Processor time of one parameter, so many times."""
        return Use(mechanism, cycles=self.parameters[name] * count, operations=count)

    def entered(self, mechanism: str, name: str, count: float = 1.0, entries: float = 1.0) -> Use:
        """The same of a kernel that was entered ``entries`` times for each: a part of it is the processor's own."""
        own = min(self.parameters.get("entry_cycles", 0.0) * entries, self.parameters[name]) * count
        return replace(self.use(mechanism, name, count), processor_cycles=own)


class Layer(Priced, ABC):
    """Base of all layers. Constructors only store; state lives in small objects made here."""

    OFFERS: ClassVar[str]
    NEEDS: ClassVar[str]
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    STRUCTURE: ClassVar[dict[str, tuple[str, ...]]] = {}
    MECHANISMS: ClassVar[dict[str, Mechanism]] = {}
    CONFINES_MEMORY: ClassVar[bool] = False
    """Whether a tenant's memory limit binds here."""
    MEETS_CALLS: ClassVar[bool] = False
    """Whether system calls of a guest's programs pass through it, so that the guest's kernel asks for each."""
    FREEZES: ClassVar[bool] = False
    """Whether the layer stops its programs now and then while its own threads go on."""
    SETTINGS: ClassVar[dict[str, tuple[str, str]]] = {}
    """What the layer sets for itself by what it sees around it: unit (empty for a word) and meaning, by name."""
    ONE_PROCESS: ClassVar[bool] = False
    """Whether all programs on it are one process of the system below: what ends that ends all of them."""
    LIMITS: ClassVar[dict[str, str]] = {}
    """Limits that the layer keeps for a tenant (``limits`` of a scenario), with their units."""
    CONTROL: ClassVar[frozenset[str]] = frozenset()
    """What may be done to what stands on this layer, in the words of ``simulator.control``."""
    HOLDS: ClassVar[str] = "process"
    """What stands on it is to those who control it, in a word: a process, a container, a virtual machine."""
    BARS: ClassVar[frozenset[str]] = frozenset()
    """Words that those below it can no longer do, because a part of its state is where they do not look."""
    EXHAUSTIBLE: ClassVar[tuple[str, ...]] = ()
    """Tables of its own that a fault may fill, so that it refuses whoever asks for more."""

    exhausted: frozenset[str] = frozenset()
    """Those that are full now because of a fault."""

    cache: Cache | None = None
    """The page cache, in a kernel that has one."""
    paging: Paging | None = None
    """Where the pages of programs are, in a kernel that swaps."""
    memory: Groups | None = None
    """Who has what of its memory, in a kernel that reclaims."""

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        self.parameters = Parameters(parameters)
        self.structure = dict(structure or {})
        self.place = place or Place()

    @classmethod
    def needs(cls, structure: Mapping[str, str]) -> str:
        """The interface that a product with these choices stands on."""
        return cls.NEEDS

    @classmethod
    def nonsense(cls, structure: Mapping[str, str]) -> str:
        """Why these choices cannot stand together, with what to do; empty if they can."""
        return ""

    @classmethod
    def grip(
        cls, product: str, *, own: bool, private: bool = True, lacks: Collection[str] = (), adds: Collection[str] = ()
    ) -> Grip:
        """What a product of this family lets one do to what stands on it, on the way to one tenant.

        Args:
            product: its name in the catalog.
            own: whether what stands on it there is the tenant's alone.
            private: whether it is the tenant's alone itself; what is one process is only treated as a whole.
            lacks: words of the family that the product does not have.
            adds: words that it has beyond its family.
        """
        whole = private or not cls.ONE_PROCESS
        return Grip(cls.CONTROL | frozenset(adds), lacks, own and whole, product, cls.HOLDS, cls.BARS)

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """Memory that the layer holds itself, with ``children`` systems on it."""
        return 0.0

    def grows_bytes(self) -> float:
        """Memory that it may still come to hold, of what its own limits allow: the rest of a heap."""
        return 0.0

    @classmethod
    def swap_bytes(cls, structure: Mapping[str, str], limit_bytes: float) -> float:
        """Swap of the kernel below that a tenant may use beyond a memory limit of this layer."""
        return float("inf")

    def grouped(self) -> bool:
        """Whether what runs on it has one part of the processors together; if not, each of its threads has one."""
        return True

    def disk_window_bytes(self) -> float:
        """Data of a guest's disk requests that the layer takes over at a time; the others wait in the guest."""
        return float("inf")

    @classmethod
    def kills(cls, structure: Mapping[str, str]) -> bool:
        """Whether a kernel ends a process of its choice when its memory runs out; else it refuses whoever asks."""
        return False

    @classmethod
    def limits_memory(cls, structure: Mapping[str, str]) -> MemoryRule:
        """What a tenant's memory is here, in a layer that confines memory without a machine of its own."""
        return "hard"

    @abstractmethod
    def lower(self, demand: Demand) -> Iterable[Step]:
        """Steps for one demand.

        Raises:
            LookupError: the layer does not offer this demand.
        """

    def carry(self, cycles: float, kernel: bool) -> Iterable[Use]:
        """What code of the layers above takes here beyond its own cycles: an emulator translates every instruction.

        Args:
            cycles: of their code.
            kernel: whether it is a kernel's; the program's own cycles come as ``Compute``.
        """
        return ()

    def react(self, transition: Transition) -> Iterable[Step]:
        """Steps that a transition costs here, paid by the thread that goes on."""
        return ()

    def services(self) -> tuple[Service, ...]:
        """Threads this layer runs."""
        return ()

    def servers(self) -> tuple[Service, ...]:
        """Services that every thread has for itself that sends to such a queue of this layer (``Send.apart``)."""
        return ()

    def carriers(self) -> Carriers | None:
        """What carries the threads of its programs; None where each is a thread of the system below."""
        return None

    def thread_start(self) -> Iterable[Step]:
        """Steps with which each thread of a program begins here."""
        return ()

    def guest_services(self) -> tuple[Service, ...]:
        """Threads that a hypervisor runs for each of its guests; their queues are that guest's own."""
        return ()

    def start(self, figures: Mapping[str, float], bursts: Sequence[tuple[float, float]] = WHOLE) -> Iterable[Step]:
        """Steps from nothing to ready, on what lies below; ``figures`` are those of ``simulator.effort.START``.

        All instances of a product on one system come from one image, which that system may find in its page cache.

        Args:
            figures: what it reads, computes and waits.
            bursts: what part of the reading, and of the computing before that, each turn of the two has.
        """
        unit_bytes = int(figures["start_unit_bytes"])
        image = File(f"{self.place.product_path}:image", int(figures["start_read_bytes"]), unit_bytes)
        whole, done = image.size_bytes, 0
        for number, (read, computed) in enumerate(bursts, 1):
            end = whole if number == len(bursts) else min(whole, done + round(whole * read / unit_bytes) * unit_bytes)
            if figures["start_cycles"]:
                yield Use("start", cycles=figures["start_cycles"] * computed)
            if end > done:
                yield from self._load(image, done, end - done)
            done = end
        if firmware_cycles := figures.get("firmware_cycles"):
            yield Use("firmware", cycles=firmware_cycles)
        yield Wait("time", time_s=figures["start_wait_s"])

    def start_in_turn(self, figures: Mapping[str, float], peers: int, place: str) -> Iterable[Step]:
        """Steps that all starts of the product go through one by one, before its others.

        Args:
            figures: those of ``simulator.effort.START_QUEUE``.
            peers: instances of the product that are up there already.
            place: where they take turns.
        """
        cycles = figures["serial_cycles"] + figures["peer_cycles"] * peers
        waits = Wait("time", time_s=figures["serial_wait_s"])
        return (Wait("turn", place), Use(START_IN_TURN, cycles=cycles), waits, Signal("turn", place))

    def _load(self, image: File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """A part of an image read in from below: by default a file of the system below."""
        return (Below(Read(image, start_bytes, size_bytes)),)

    def parts(self) -> tuple[Part, ...]:
        """What of it fails, and is broken into, as a whole."""
        return ()

    def driven_by(self) -> Mapping[str, str]:
        """Devices of its guests that the system of a role drives (``{"disk": "domain-0"}``)."""
        return {}

    def settings(self) -> Mapping[str, float | str]:
        """What it has set for itself, by the names of ``SETTINGS``."""
        return {}

    def written(self) -> tuple[float, float]:
        """What it has written so far of its programs' memory, in a row that it goes round in, and how long that is."""
        return (0.0, 0.0)

    def tick_hz(self) -> float:
        """Timer interrupts a second while this layer's processors run."""
        return 0.0

    def presents(self) -> Mapping[str, str]:
        """Kind of each device this layer shows to the layer above; by default what it is shown itself."""
        return self.place.presents

    def for_child(self, role: str, devices: Mapping[str, GuestDevice] | None = None) -> Layer:
        """The layer as the child in this role meets it (a driver domain has rights that guests have not).

        Args:
            role: its part, ``guest`` for any other.
            devices: what a hypervisor shows to this guest.
        """
        if not devices:
            return self
        return type(self)(self.parameters, self.structure, replace(self.place, guest_devices=devices))

    def for_guest(self, guest: GuestMemory) -> Layer:
        """The layer as a guest meets it whose memory it keeps."""
        return type(self)(self.parameters, self.structure, replace(self.place, guest=guest))

    @classmethod
    def overcommits(cls, structure: Mapping[str, str]) -> bool:
        """Whether guests may have more memory than there is: it is theirs only when they touch it."""
        return False

    @classmethod
    def hosts_lazily(cls, structure: Mapping[str, str]) -> bool:
        """Whether a kernel gives memory to guests of a hypervisor on it as they touch it, if that may not suffice."""
        return False

    def mounts(self) -> bool:
        """Whether a guest of this layer may mount folders of the host (9pfs)."""
        return False

    def width(self) -> float:
        """How many processors this layer can keep busy at once."""
        return float("inf")

    def not_offered(self, demand: Demand) -> NotOffered:
        """The error for a demand that this layer does not know."""
        return NotOffered(f"{self.place.path} ({type(self).__name__}) has no {type(demand).__name__}")


class TableLayer(Layer):
    """A layer that keeps a table of what it does for each kind of demand; its constructor fills it."""

    _lowering: dict[type[Demand], Callable[[Any], Iterable[Step]]]

    def lower(self, demand: Demand) -> Iterable[Step]:
        """The steps that the table has for this kind.

        Raises:
            NotOffered: it has none.
        """
        lowering = self._lowering.get(type(demand))
        if lowering is None:
            raise self.not_offered(demand)
        return lowering(demand)
