"""What is asked of a layer: the vocabulary of three interfaces.

``system`` is what a program asks of an operating system (compute, read, write, send, receive, allocate, free,
lock, sleep, system calls, processes). ``machine`` is what a kernel asks of a processor and its devices (traps,
page-table updates, address-space switches, transfers); on bare metal these cost what the kernel's own figures
already include, under a hypervisor each is an event with a price. ``bytecode`` is what a portable program asks of a
Java virtual machine beside what it asks of any system.

Every demand has a ``count``: how many of them at once. Counts may be fractional where they stand for a mean;
the cost of a demand is linear in its count, so only demands without waiting may have one other than 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Base of all demands."""

    count: float = 1.0

    def one(self) -> Demand:
        """The same demand, once."""
        return self if self.count == 1.0 else replace(self, count=1.0)


@dataclass(frozen=True, slots=True)
class File:
    """A file of the system that reads it.

    Attributes:
        name: unique within one system.
        size_bytes: its length.
        unit_bytes: how much the system moves at a time: the read-ahead window for files read in order,
            the request size for files read at random.
        start_bytes: where it begins on the disk.
        shipped: whether it came with the program's image and is there before the program first runs.
        pieces: small files that it stands for, all of them asked for together.
        directories: directories of the image in which these lie, and that nothing was changed in yet.
        in_memory: whether it lies in a file system in memory (tmpfs) of the system that the program stands on.
    """

    name: str
    size_bytes: int
    unit_bytes: int
    start_bytes: int = 0
    shipped: bool = False
    pieces: float = 1.0
    directories: float = 0.0
    in_memory: bool = False


# ---------------------------------------------------------------- all interfaces


class Mix(NamedTuple):
    """What one cycle of code consists of: a processor does not care, but an emulator pays for each instruction."""

    instructions: float
    """Retired, of every kind."""
    accesses: float
    """Of these, loads and stores, counted apart where an instruction does both."""
    branches: float
    """Of these, jumps, calls and returns."""
    floats: float
    """Floating-point operations."""
    misses: float = 0.0
    """Of the branches, those that the processor guesses wrongly."""


@dataclass(frozen=True, slots=True)
class Compute(Demand):
    """One cycle of user-mode work on a warm processor; ``count`` is the number of cycles.

    ``mix`` says what the code consists of; None: code like most.
    """

    mix: Mix | None = None


@dataclass(frozen=True, slots=True)
class AccessMemory(Demand):
    """One access of user code to its working set, beyond what its cycles say of a warm processor.

    ``random``: a word anywhere in it; the cache, the translation buffer and the memory answer by their sizes.
    ``stream``: the next cache line of a long row; the memory's bandwidth answers. ``page_bytes`` is the size of the
    pages that the systems on the way map it with; 0 until one of them says.
    """

    pattern: Literal["random", "stream"]
    working_set_bytes: float
    page_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Together(Demand):
    """Demands for processor time whose work is interleaved: a loop that computes on what it reads.

    It takes as long as all of them; what they want of the memory is spread over that time. Layers never see it: each
    part is lowered by itself.
    """

    demands: tuple[Demand, ...]


# ---------------------------------------------------------------- system


CALLS: Mapping[str, float] = {"open_close": 2.0, "signal_handle": 2.0, "create": 2.0}
"""How many system calls one of these names of lmbench's stands for; any other stands for one."""


@dataclass(frozen=True, slots=True)
class SystemCall(Demand):
    """A call into the kernel that neither blocks nor moves data, by its lmbench name (``null``, ``stat``...).

    ``open`` is ``open_close`` without the close. ``components`` are the names on the path that is looked up, where
    there is one.
    """

    name: str
    components: float = 1.0


@dataclass(frozen=True, slots=True)
class Fault(Demand):
    """A page touched for the first time (``page``), or a write to a protected one (``protection``)."""

    kind: Literal["page", "protection"] = "page"


@dataclass(frozen=True, slots=True)
class StartProcess(Demand):
    """A child process, run to its end and waited for: ``fork``, ``exec`` (fork and exec) or ``shell``."""

    kind: Literal["fork", "exec", "shell"] = "fork"


@dataclass(frozen=True, slots=True)
class KeepProcess(Demand):
    """Child processes that are not waited for: they stay, compute ``cycles`` altogether, and end.

    ``processes`` of them are simulated as one thread that weighs as much as all of them. A fork that is refused ends a
    program that insists on it; one that does not goes on without the children. The kernel tells ``counters`` how many
    have come (positive) or ended (negative): layers above it that count them too add theirs on the way down.
    ``threads`` of the program's own process are such children too, but nothing is copied for them.
    """

    cycles: float
    processes: float = 1.0
    insists: bool = True
    counters: tuple[Callable[[float], None], ...] = field(default=(), compare=False)
    threads: bool = False


@dataclass(frozen=True, slots=True)
class Allocate(Demand):
    """Memory taken and touched."""

    size_bytes: float


@dataclass(frozen=True, slots=True)
class Free(Demand):
    """Memory given back."""

    size_bytes: float


@dataclass(frozen=True, slots=True)
class Touch(Demand):
    """Pages of data that the program holds, touched one after the other in a row that is gone through again and again.

    It takes no time where they are in memory: what is read or computed of them is asked for beside it. What a kernel
    had to write out (``swap=disk``) it fetches from the disk. Several threads may go through one row together.

    Attributes:
        size_bytes: touched now.
        extent_bytes: length of the row, from its end on to its beginning again; 0: as much as is touched now.
        start_bytes: where the row begins in what the program holds, in the order in which it was taken.
    """

    size_bytes: float
    extent_bytes: float = 0.0
    start_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Map(Demand):
    """A file mapped, touched and unmapped again (lmbench's ``mmap latency``)."""


@dataclass(frozen=True, slots=True)
class Create(Demand):
    """An empty file made."""


@dataclass(frozen=True, slots=True)
class Rename(Demand):
    """A file moved from one directory to another: the kernel holds a lock of the whole file system meanwhile.

    ``file_system``: which of a kernel's, if it is not the one that all share; layers that have their own say so.
    """

    file_system: str = ""


@dataclass(frozen=True, slots=True)
class Delete(Demand):
    """A file removed, with ``pages`` pages of its data in memory, none of them written back."""

    pages: float = 0.0


@dataclass(frozen=True, slots=True)
class Read(Demand):
    """Data read from a file through the page cache, by so many calls.

    What is ``mapped`` is looked at where it lies and not copied; whoever maps it counts the faults.
    """

    file: File
    offset_bytes: int
    size_bytes: int
    calls: float = 1.0
    mapped: bool = False


@dataclass(frozen=True, slots=True)
class Write(Demand):
    """Data written into the page cache; ``new_pages`` of its pages were not there before."""

    size_bytes: float
    new_pages: float = 0.0
    calls: float = 1.0
    kept: bool = True
    """False for data that is deleted again before it is ever written back."""
    file: File | None = None
    """What it is appended to, where that was there before."""
    in_memory: bool = False
    """Whether the file lies in memory (tmpfs); then it is not kept."""


@dataclass(frozen=True, slots=True)
class DirectTransfer(Demand):
    """Data moved between a file and the program's memory past the page cache (``O_DIRECT``), waited for."""

    file: File
    offset_bytes: int
    size_bytes: int
    write: bool = False
    stream: str = ""
    """Name of the stream of writes that it is appended to; the offset then counts for nothing."""
    flush: bool = False
    """Nothing new: so many bytes, written before, are made safe (``fsync``)."""


@dataclass(frozen=True, slots=True)
class WriteThrough(Demand):
    """Data appended to a file and waited for until the disk has it (``write`` and ``fsync``)."""

    file: File
    size_bytes: int


@dataclass(frozen=True, slots=True)
class WriteBack(Demand):
    """The kernel's own: dirty pages of the cache go to the disk."""

    size_bytes: float


Peer = Literal["far", "machine", "system", "neighbour"]
"""Where the other end of a connection is: on another machine, on the lowest system of this one (the host, or the
driver domain), on the kernel that the program itself runs on, or in another tenant of this machine. Where no system
drives the card, because the hypervisor does so itself, packets for the lowest system leave the machine: their other end
is on another one. To a neighbour they go through what joins the tenants: the kernel's own loop, a bridge, a
hypervisor's switch or that of a card; never over the wire."""


@dataclass(frozen=True, slots=True)
class Hop:
    """What packets pass between a program and its kernel's card, or the other end: a cable, a translation, a tunnel.

    The kernel that carries the packets pays where and as often as they pass.

    Attributes:
        cause: path of the node that has it there.
        mechanism: why it costs something.
        cycles: one pass of a unit or of an acknowledgement.
        cold_cycles: what a request and its answer take beyond that if the way was not used for a while.
        header_bytes: what it puts before each packet on the wire.
        whole_bytes: largest unit that goes through the card with such headers; 0: packet by packet.
    """

    cause: str
    mechanism: str
    cycles: float
    cold_cycles: float = 0.0
    header_bytes: float = 0.0
    whole_bytes: float = float("inf")


@dataclass(frozen=True, slots=True)
class SendData(Demand):
    """Bytes given to a TCP connection; ``payload_bytes`` fit into one packet."""

    size_bytes: float
    payload_bytes: float
    hops: tuple[Hop, ...] = ()
    peer: Peer = "far"
    answered: bool = False
    """Whether the other side answers at once: its next message carries the acknowledgement."""
    datagrams: bool = False
    """Whether it is a row of datagrams instead: each is given by a call of its own, none is acknowledged or merged."""


@dataclass(frozen=True, slots=True)
class ReceiveData(Demand):
    """Bytes taken from a TCP connection whose sender is never short of data."""

    size_bytes: float
    payload_bytes: float
    hops: tuple[Hop, ...] = ()
    peer: Peer = "far"
    answered: bool = False
    """Whether an answer of the program follows at once, which carries the acknowledgement."""
    datagrams: bool = False
    """Whether it is a row of datagrams instead: each is taken by a call of its own, none is acknowledged or merged."""


@dataclass(frozen=True, slots=True)
class ReceiveRequest(Demand):
    """Wait for a client's next request and take it: the client thinks, then its packets arrive.

    ``arrives_s`` is the moment of simulated time at which ``think_s`` is over, if the program says so: whatever is
    got ready meanwhile then delays nothing.
    """

    size_bytes: float
    payload_bytes: float
    think_s: float
    hops: tuple[Hop, ...] = ()
    peer: Peer = "far"
    arrives_s: float = 0.0
    answered: bool = False
    """Whether an answer of the program follows at once, which carries the acknowledgement."""


@dataclass(frozen=True, slots=True)
class UseShare(Demand):
    """Data read from or written to an open file in a folder of the host that the guest mounts (9pfs).

    Nothing of it is kept in the guest: each ``unit_bytes`` are a message to whoever holds the folder, waited for;
    without a host the folder is the system's own.
    """

    size_bytes: int
    unit_bytes: int
    write: bool = False


@dataclass(frozen=True, slots=True)
class DriveCard(Demand):
    """A burst of packets that the program's own driver gives to the card or takes from it, past the kernel (DPDK).

    The program looks into the card's ring itself, so there are no interrupts. ``window_bytes`` may be under way.
    """

    direction: Literal["send", "receive"]
    packet_bytes: float
    packets: float
    window_bytes: float


@dataclass(frozen=True, slots=True)
class Post(Demand):
    """A message for another thread of the tenant, by a local socket or a pipe; or some, of which the first wakes it."""

    mailbox: str
    size_bytes: float = 0.0
    messages: float = 1.0
    pipe: bool = False


@dataclass(frozen=True, slots=True)
class Fetch(Demand):
    """The next message of a mailbox, waited for; or some that were posted together."""

    mailbox: str
    size_bytes: float = 0.0
    messages: float = 1.0
    pipe: bool = False


@dataclass(frozen=True, slots=True)
class Lock(Demand):
    """A lock taken, waited for: the tenant's own, or (``shared``) one of all programs in the same process.

    For ``spin_s`` of processor time whoever waits looks again and again, and keeps its processor, before it sleeps: 0
    for a lock that sleeps at once, infinite for a spin lock, between them for one that spins first (adaptive; in a
    guest's kernel the paravirtual spin lock, whose waiter halts its virtual processor and is kicked).
    """

    name: str
    shared: bool = False
    spin_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Unlock(Demand):
    """A lock given back."""

    name: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class TakeTurn(Demand):
    """A lock of a kernel's own, that whoever changes what it stands for takes, of all tenants one after the other.

    Attributes:
        what: is changed under it: ``control groups``, ``mounts``, ``network``.
        period_s: a grace period, after which all readers know of the change; whoever comes while nobody has changed
            anything for a while waits for it with the lock held.
    """

    what: str
    period_s: float = 0.0


@dataclass(frozen=True, slots=True)
class PassTurn(Demand):
    """That lock given back."""

    what: str


@dataclass(frozen=True, slots=True)
class Sleep(Demand):
    """Nothing wanted for a time."""

    time_s: float


@dataclass(frozen=True, slots=True)
class SendLetter(Demand):
    """A message for another tenant's program, over the network between them; layers see the data that is sent.

    The program goes on when its system has taken it. Nobody says whether it arrives.
    """

    to: str
    """The other tenant."""
    door: str
    """Where its program waits for such messages."""
    size_bytes: float
    payload_bytes: float
    content: object = field(default=None, compare=False)

    def data(self, peer: Peer) -> SendData:
        """What its system is asked for."""
        return SendData(self.size_bytes, self.payload_bytes, peer=peer, answered=True)


@dataclass(frozen=True, slots=True)
class ReceiveLetter(Demand):
    """The next message at a door, waited for until it comes, or for so long: ``Context.heard`` says what came."""

    door: str
    size_bytes: float
    payload_bytes: float
    timeout_s: float = float("inf")

    def request(self, peer: Peer) -> ReceiveRequest:
        """What its system is asked for once it has come."""
        return ReceiveRequest(self.size_bytes, self.payload_bytes, 0.0, peer=peer, answered=True)


# ---------------------------------------------------------------- machine


@dataclass(frozen=True, slots=True)
class NestedWalk(Demand):
    """What one ``AccessMemory`` takes longer where the guest's pages are translated twice.

    An entry of the translation buffer covers the smaller of the guest's page and that of the second translation. Where
    the second one is ``shadowed``, it has been put together with the first: a miss meets one table, of the smaller
    pages.
    """

    pattern: Literal["random", "stream"]
    working_set_bytes: float
    page_bytes: float
    host_page_bytes: float
    shadowed: bool = False


@dataclass(frozen=True, slots=True)
class EnterKernel(Demand):
    """A system call enters the kernel and returns; asked only where the layer below says that it meets them."""


@dataclass(frozen=True, slots=True)
class Trap(Demand):
    """An exception that enters the kernel (page fault, protection fault)."""


@dataclass(frozen=True, slots=True)
class SensitiveInstruction(Demand):
    """A privileged or sensitive instruction of kernel code (``cli``, ``popf``, ``iret``...)."""


@dataclass(frozen=True, slots=True)
class UpdatePageTable(Demand):
    """One page-table entry written; ``batched`` where the kernel knows of many at once."""

    batched: bool = False


@dataclass(frozen=True, slots=True)
class SwitchAddressSpace(Demand):
    """Another page-table base loaded."""


@dataclass(frozen=True, slots=True)
class TouchKernelPage(Demand):
    """A page that the kernel itself takes into use or gives up (page cache, buffers)."""


@dataclass(frozen=True, slots=True)
class TouchGuest(Demand):
    """Pages of a guest's memory used, told to a hypervisor that keeps its guests' memory itself.

    ``new``: pages that the guest's books count since a moment ago, whoever has them. ``row``: data of a program, as in
    ``Touch``. ``cache``: pages of the page cache, read. ``old``: data of programs that the guest itself writes out.
    """

    what: Literal["new", "row", "cache", "old"]
    size_bytes: float = 0.0
    extent_bytes: float = 0.0
    start_bytes: float = 0.0
    file: str = ""
    """Of ``cache`` and of what is ``new`` in it: which file, read at ``start_bytes``."""


@dataclass(frozen=True, slots=True)
class UseGuestPages(Demand):
    """The same as ``TouchGuest``, told to the kernel of a host: a guest's memory is that of one of its processes.

    Beside its kinds there are accesses of a guest's programs to their data: ``random``, ``count`` of them to a set of
    ``extent_bytes``, and ``stream``, so many lines of a row of that length.
    """

    guest: str
    what: Literal["new", "row", "cache", "old", "random", "stream"]
    size_bytes: float = 0.0
    extent_bytes: float = 0.0
    start_bytes: float = 0.0
    file: str = ""


@dataclass(frozen=True, slots=True)
class MergePages(Demand):
    """A kernel's own: it looks for equal pages in its guests' memory."""


@dataclass(frozen=True, slots=True)
class ReleasePages(Demand):
    """A page that a driver in the guest gives to the hypervisor, or takes back; ``count`` is their number."""


@dataclass(frozen=True, slots=True)
class InflateBalloon(Demand):
    """The driver's own: its balloon comes nearer to what the hypervisor wants."""


@dataclass(frozen=True, slots=True)
class BalanceMemory(Demand):
    """A hypervisor's own: it looks at what its guests use, and decides what each ought to have."""


@dataclass(frozen=True, slots=True)
class TimerTick(Demand):
    """A timer interrupt received."""


@dataclass(frozen=True, slots=True)
class AccessRegister(Demand):
    """A register of an emulated device read or written, without starting an operation of the device.

    ``device`` is ``disk`` or ``nic``; empty for one that belongs to neither.
    """

    device: str = ""


@dataclass(frozen=True, slots=True)
class TransferBlocks(Demand):
    """Data moved between memory and a disk: at a position, or appended to a stream of writes."""

    position_bytes: int
    size_bytes: int
    write: bool = False
    stream: str = ""
    """Name of the stream that the data is appended to; the position then counts for nothing."""
    flush: bool = False
    """Nothing new: the disk is asked to make so many bytes safe that it has acknowledged before."""


@dataclass(frozen=True, slots=True)
class AskShare(Demand):
    """One message to the holder of a mounted folder and its answer, with data one way or the other; waited for."""

    size_bytes: float
    write: bool = False


@dataclass(frozen=True, slots=True)
class TransferPackets(Demand):
    """One unit handed to the network card or taken from it, with its share of the interrupts.

    A unit is a packet, or what the card cuts into (or puts together from) ``frames`` packets by itself.
    ``window_bytes`` of one connection may be on their way before its thread must wait; 0 = wait for each.
    What is received does not come before the moment ``arrives_s``. ``data`` is false for acknowledgements.
    """

    direction: Literal["send", "receive"]
    size_bytes: float
    window_bytes: float = 0.0
    frames: float = 1.0
    hops: tuple[Hop, ...] = ()
    peer: Peer = "far"
    arrives_s: float = 0.0
    data: bool = True
    data_bytes: float = 0.0
    """Of it what the program at the other end takes; 0: it only acknowledges."""
    polled: bool = False
    """Whether who asks looks for it himself, so that no interrupt need announce it."""
    burst: bool = False
    """Whether its frames are packets of their own all the way, handed over together; not a unit that a card cuts."""


# ---------------------------------------------------------------- bytecode


@dataclass(frozen=True, slots=True)
class Portable:
    """A program in bytecode, as its class files describe it: the same on every processor and system.

    Attributes:
        name: unique on one machine.
        methods_count: methods that are ever executed.
        skew: exponent of the law by which the hottest methods take most of the execution (Zipf's).
        method_bytecodes: bytecodes that one invocation of a method executes; more than its body has: it loops.
        classes_count: classes loaded at the start, beyond those of the virtual machine itself.
        work_ratio: what a mean bytecode of it takes in C2's code, over what the virtual machine says of one: memory
            that is waited for makes it more, vectors and inlining less.
        c1_ratio: what C1's code takes longer for it, over what the virtual machine says.
        deoptimized_ratio: part of its methods whose C2 code once meets what their profile had not shown.
        library_ratio: part of its classes that are the JDK's own; the others come from its jar.
        body_bytecodes: bytecodes of one method's body, where they are not as many as is common; 0: they are.
    """

    name: str
    methods_count: int
    skew: float
    method_bytecodes: float
    classes_count: int
    work_ratio: float = 1.0
    c1_ratio: float = 1.0
    deoptimized_ratio: float = 0.0
    library_ratio: float = 0.5
    body_bytecodes: float = 0.0


@dataclass(frozen=True, slots=True)
class LoadClasses(Demand):
    """The classes of a program read, checked and linked, before its first bytecode."""

    program: Portable


@dataclass(frozen=True, slots=True)
class Execute(Demand):
    """One bytecode of a program's mix; ``count`` is the number of bytecodes."""

    program: Portable


@dataclass(frozen=True, slots=True)
class NewObjects(Demand):
    """Objects made on the heap.

    Attributes:
        size_bytes: all of them together.
        live_bytes: of everything that the program has made, what it keeps for long, at any one time.
        program: who makes them.
        passing_bytes: short-lived objects in use at any one time (Little's law: their mean life in bytes allocated).
        tenured_ratio: part of the allocated bytes that lives long enough to be promoted, and dies where it got old.
        grain: grain of the simulation: one collection is simulated for so many, as long as all of them.
        finalizable_bytes: allocated bytes for each object that has a finalizer or a cleaner; 0: none has.
    """

    size_bytes: float
    live_bytes: float
    program: str = ""
    passing_bytes: float = 0.0
    tenured_ratio: float = 0.0
    grain: float = 1.0
    finalizable_bytes: float = 0.0


@dataclass(frozen=True, slots=True)
class StartThreads(Demand):
    """Threads made and not waited for: they compute ``cycles`` altogether and end. The program goes on without those
    that are refused.
    """

    cycles: float
    threads: float


@dataclass(frozen=True, slots=True)
class Exit(Demand):
    """The virtual machine that the program runs in is ended, with whatever else runs in it (``System.exit``)."""
