"""An operating system: a kernel that offers programs the system interface and asks a machine for the rest.

Scope and limits: system calls by their measured cost, faults, processes, a page cache with read-ahead and
write-back, a block stack, a TCP stack, local sockets, one timer. One run queue; files do not share
disk tracks with metadata. The kernel runs the same code on any machine below it: what a hypervisor changes is
the price of the machine operations it asks for.

Mechanism (counted unless said otherwise, paid by the calling thread):
    system_call     entry, work and exit of a call; its sensitive instructions are asked of the machine
    page_fault      exception, new page, table entry; one trap and one page-table update
    process         fork, exec, shell: their measured time less the faults they contain, which are charged as
                    faults; the parent's page-table entries copied in one batch; two address-space switches (to the
                child and back)
    (locks)         a file moved to another directory is moved under a lock of the file system, as Linux takes
                    ``s_vfs_rename_mutex``: threads of all tenants on the kernel wait for each other there; whoever
                    sets up something for a container takes the kernel's locks in turn (``_turns``); emergent
    page_cache      a page of file data taken into memory or dropped, user copy included; the kernel page is
                    touched in the machine
    copy            bytes between user and kernel
    block_stack     one request through the block layer; the driver is apart (see below)
    shared_folder   a message to the holder of a mounted folder and its answer, both sides of it
    network_stack   one unit through TCP and IP; acknowledgements are units (see ``_network_stack``)
    interrupt       emergent: the card interrupts a processor whose network work had been done; once for what gathers
    wake_up         emergent: a sleeping program at the other end of a connection is woken
    driver          the hardware's driver with its share of interrupts, only where the device is physical; a
                    paravirtual device has its front end in the hypervisor's layer instead, an emulated one
                    costs register accesses. Where the card cuts a unit into packets, or the driver puts packets
                    together, each beyond the first takes its part here (segmentation and receive offload)
    socket          one message over a local socket; through a pipe it is a system call that reads or writes
    context_switch  emergent: a thread that had blocked goes on
    wake_interrupt  emergent, paid by who wakes: the other thread goes on at once on a processor that was idle, which
                    is interrupted for it
    tick            emergent: the timer while the system runs
    reclaim         emergent: where free memory is short, pages of files go, by the kernel's thread or whoever asks; see
                    ``_reclaim``. Beyond that the process that holds most is killed (out-of-memory=kill), or whoever
                    asks is refused (out-of-memory=refuse)
    swap_in, swap_out
                    swap=disk: pages of programs that do not fit into the memory, see ``_swap``. The default is off, as
                    on most hosts of containers and virtual machines: who holds too much is then ended
    ksm, ksm_break  ksm=on: equal pages of guests merged; with swap=disk their memory is swapped: ``_hosted_memory``
    entry_guard, page_table_isolation, branch_guard, branch_barrier
                    mitigations=on: what speculation must not leak, at each entry by a call, fault or tick, in kernel
                    code, and (emergent) at switches; see ``_mitigations``. Entries inside fork, exec and shell are not
                    told apart

Parameters: see ``PARAMETERS``. ``fork``, ``exec`` and ``shell`` contain the faults named beside them. Structure
``mitigations``, ``tags``, ``swap`` (``off``, ``disk``), ``ksm`` (``off``, ``on``), ``out-of-memory``, and
``interrupts``: whether what arrives is worked off by the program's own processor (``here``) or by any (``apart``), and
whether that is charged to its group (``packet_work``).

Validation: Barham 2003, see docs/barham-2003.md.

References: barham2003, dall2014, felter2014, mcvoy1996.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from simulator import demands as d
from simulator.failure import Part
from simulator.layers import _transfers
from simulator.layers._balloon import Balloon
from simulator.layers._guest_memory import FIGURES
from simulator.layers._hosted_memory import HOSTED_FIGURES, HostedMemory
from simulator.layers._kernel_figures import MECHANISMS, PARAMETERS, STRUCTURE
from simulator.layers._mitigations import KernelGuard
from simulator.layers._network_stack import NetworkStack
from simulator.layers._page_cache import PageCache
from simulator.layers._reclaim import Reclaim
from simulator.layers._similarity import SIMILARITY
from simulator.layers._swap import Swap
from simulator.layers._turns import Turns
from simulator.layers.base import Place, Service, TableLayer, Transition
from simulator.outcomes import NO_FORK
from simulator.steps import Below, Choice, Hold, Require, Signal, Spawn, Step, Use, Wait


def _opens(demand: d.Demand) -> bool:
    """Whether it takes a further entry of the table of open files."""
    return isinstance(demand, d.Create) or (isinstance(demand, d.SystemCall) and demand.name == "open_close")


class OperatingSystem(TableLayer):
    """One kernel."""

    OFFERS = "system"
    NEEDS = "machine"
    EXHAUSTIBLE = ("processes", "descriptors")
    CONTROL = frozenset({"pause", "inspect", "checkpoint"})
    """SIGSTOP, ptrace, CRIU and their like; priorities and limits of one process confine no tenant."""
    STRUCTURE = STRUCTURE
    PARAMETERS = PARAMETERS
    MECHANISMS = MECHANISMS
    SETTINGS = {**FIGURES, **HOSTED_FIGURES}

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        room_bytes = max(0.0, self.place.memory_bytes - self.parameters.kernel_bytes)
        self.cache: PageCache = PageCache(room_bytes, self.parameters.dirty_ratio)
        self.processes = 0.0
        apart = self.structure.get("interrupts") == "apart"
        charged = self.structure.get("packet_work") == "charged"
        self.network = network = NetworkStack(
            self.parameters, apart, self.place, self._call, self._driver, charged=charged
        )
        self._turns = Turns(self.place.path)
        self.guard = KernelGuard(self.parameters, self.structure)
        self.swap = self._swap(room_bytes) if self.structure.get("swap") == "disk" else None
        self.paging = self.swap.pages if self.swap else None
        swaps = self.swap is not None
        self.memory = self._reclaim = Reclaim(self.parameters, self.place, self.cache, self._own_blocks, swaps=swaps)
        self.balloon = self._balloon()
        self.hosted = self._hosted()
        self._lowering = {
            d.Compute: lambda demand: (Below(demand),),
            d.AccessMemory: self._access,
            d.NestedWalk: lambda demand: (Below(demand),),
            d.SystemCall: lambda demand: self._call(demand.name),
            d.Fault: self._fault,
            d.Touch: self._touch,
            d.UseGuestPages: lambda demand: self.hosted.used(demand) if self.hosted else (),
            d.MergePages: lambda demand: self.hosted.looks() if self.hosted else (),
            d.InflateBalloon: lambda demand: self.balloon.looks() if self.balloon else (),
            d.StartProcess: lambda demand: (Require(self._no_room), *self._process(demand.kind)),
            d.KeepProcess: self._keep_process,
            d.Map: lambda demand: self._map(),
            d.Allocate: self._allocate,
            d.Free: lambda demand: (*self._call("null"), Hold(-demand.size_bytes)),
            d.Create: lambda demand: self._call("create"),
            d.Rename: self._rename,
            d.Delete: self._delete,
            d.Read: self._read,
            d.Write: self._write,
            d.WriteThrough: self._write_through,
            d.DirectTransfer: self._direct,
            d.WriteBack: self._write_back,
            d.SendData: network.send,
            d.ReceiveData: network.receive,
            d.ReceiveRequest: network.receive_request,
            d.Post: lambda demand: (*self._message(demand), Signal("message", demand.mailbox)),
            d.Fetch: lambda demand: (Wait("message", demand.mailbox), *self._message(demand)),
            d.Lock: lambda demand: (Wait("lock", demand.name, spin_s=demand.spin_s),),
            d.Unlock: lambda demand: (Signal("lock", demand.name),),
            d.TakeTurn: self._turns.take,
            d.PassTurn: self._turns.give_back,
            d.Sleep: lambda demand: (*self._call("null"), Wait("time", time_s=demand.time_s)),
            d.UseShare: self._use_share,
            d.DriveCard: lambda demand: (Below(_transfers.driven(demand)),),
            d.TransferBlocks: self._blocks,
            d.TransferPackets: network.forwarded,
        }

    def parts(self) -> tuple[Part, ...]:
        """The kernel: programs meet it by its system calls."""
        return (Part("kernel", faces="system calls", width="calls_count", code="code_lines_count"),)

    @classmethod
    def kills(cls, structure: Mapping[str, str]) -> bool:
        """Where memory is promised that may not be there, somebody must go in the end."""
        return structure.get("out-of-memory") == "kill"

    # ---- the three verbs

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """The kernel's work for a demand, its mitigations with it; what needs an entry of a full table is refused."""
        steps = self.guard.code(super().lower(demand))
        if "descriptors" in self.exhausted and _opens(demand):
            return (Require(lambda: "could not open: the table of open files is full"), *steps)
        return steps

    def react(self, transition: Transition) -> Iterable[Step]:
        """A switch loads another address space, whoever wanted it; a tick is a timer interrupt."""
        if transition.kind in ("switch", "slice"):
            mechanism = "context_switch" if transition.kind == "switch" else "slice_switch"
            switch = (self.use(mechanism, "context_switch_cycles"), *self.guard.switch())
            return self.guard.code((*switch, Below(d.SwitchAddressSpace())))
        if transition.kind == "notify":
            return self.guard.code((self.use("wake_interrupt", "wake_interrupt_cycles"),))
        if transition.kind == "tick":
            tick = (self.use("tick", "tick_cycles"), *self.guard.entries(1.0))
            return self.guard.code((*tick, Below(d.TimerTick())))
        return ()

    def services(self) -> tuple[Service, ...]:
        """The write-back daemon, once for each request it has under way, and the thread that writes programs' pages."""
        chunk = d.WriteBack(self.parameters.write_back_bytes)
        wanted = self._is_dirty
        under_way = self.parameters.get("write_back_queue_bytes", 0.0) // self.parameters.write_back_bytes
        back = tuple(
            Service(name, period_s=self.parameters.write_back_s, wanted=wanted, demand=chunk)
            for name in ("write-back", *(f"write-back-{number}" for number in range(2, int(under_way) + 1)))
        )
        own = (*back, self._reclaim.service(), *((self.swap.service(),) if self.swap else ()))
        own = (*own, *self.hosted.services()) if self.hosted else own
        return (*own, self.balloon.service()) if self.balloon else own

    @classmethod
    def hosts_lazily(cls, structure: Mapping[str, str]) -> bool:
        """Where it can take memory back, by its swap or by merging pages."""
        return structure.get("swap") == "disk" or structure.get("ksm") == "on"

    def settings(self) -> Mapping[str, float | str]:
        """What became of its memory, where a hypervisor keeps it."""
        guest = self.place.guest
        if self.hosted is not None:
            return self.hosted.figures()
        return guest.figures() if guest is not None else {}

    def servers(self) -> tuple[Service, ...]:
        """Interrupts of each connection, and the programs at other ends."""
        return self.network.servers()

    def tick_hz(self) -> float:
        """Timer interrupts a second."""
        return self.parameters.tick_hz

    def width(self) -> float:
        """Processors this kernel can use."""
        return self.parameters.processors_count

    def _load(self, image: d.File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """A kernel reads its image by its own drivers, unit by unit."""
        units = range(start_bytes, start_bytes + size_bytes, image.unit_bytes)
        return [step for start in units for step in self._blocks(d.TransferBlocks(start, image.unit_bytes))]

    # ---- processor work

    def _call(self, name: str, count: float = 1.0) -> tuple[Step, ...]:
        figure = "null_io" if name == "open" else name
        sensitive, entries = self.parameters[f"{figure}_sensitive_count"] * count, d.CALLS.get(name, 1.0) * count
        return (
            self._entered(name, count),
            *self.guard.entries(entries),
            *((Below(d.EnterKernel(count=entries)),) if self.place.meets_calls else ()),
            Below(d.SensitiveInstruction(count=sensitive)),
        )

    def _entered(self, name: str, count: float) -> Use:
        """What a call takes; an open alone is the pair less a call that does little."""
        if name != "open":
            return self.entered("system_call", f"{name}_cycles", count, d.CALLS.get(name, 1.0))
        pair = self.entered("system_call", "open_close_cycles", count)
        return replace(pair, cycles=pair.cycles - self.parameters.null_io_cycles * count)

    def _copy(self, size_bytes: float) -> Use:
        return Use("copy", cycles=self.parameters.copy_cycles_per_byte * size_bytes)

    def _fault(self, demand: d.Fault) -> tuple[Step, ...]:
        use = self.entered("page_fault", f"{demand.kind}_fault_cycles")
        fault: tuple[Step, ...] = (use, *self.guard.entries(1.0), Below(d.Trap()))
        return fault if demand.kind == "protection" else (*fault, Below(d.UpdatePageTable()), *self._pushed_out())

    def _faults(self, count: float) -> tuple[Step, ...]:
        """``count`` page faults at once."""
        use = (self.entered("page_fault", "page_fault_cycles", count), *self.guard.entries(count))
        return (*use, Below(d.Trap(count=count)), Below(d.UpdatePageTable(count=count)))

    def _with_faults(self, name: str, count: float) -> tuple[Step, ...]:
        """A composite figure: what it contains is charged as what it is, the rest as the composite."""
        faults = self.parameters[f"{name}_faults_count"]
        cycles = self.parameters[f"{name}_cycles"] - faults * self.parameters.page_fault_cycles
        return (Use("process", cycles=cycles * count, operations=count), *self._faults(faults * count))

    def _map(self) -> tuple[Step, ...]:
        """Faults on cached pages are cheaper than first touches: what they cost natively stays in the figure."""
        faults = self.parameters.map_faults_count
        use = (self.use("process", "map_cycles"), *self.guard.entries(faults))
        return (*use, Below(d.Trap(count=faults)), Below(d.UpdatePageTable(count=faults)))

    def _process(self, kind: str, count: float = 1.0) -> tuple[Step, ...]:
        copied = Below(d.UpdatePageTable(batched=True, count=self.parameters.process_entries_count * count))
        return (*self._with_faults(kind, count), copied, Below(d.SwitchAddressSpace(count=2.0 * count)))

    def _no_room(self, processes: float = 1.0) -> str:
        """Why that many processes more cannot be made, empty if they can."""
        room = self.parameters.process_table_count - self.processes
        return NO_FORK if "processes" in self.exhausted or processes > room else ""

    def _keep_process(self, demand: d.KeepProcess) -> tuple[Step, ...]:
        """A child in the process table until its work is done; a refused call costs the call."""
        life = (Below(d.Compute(count=demand.cycles)), Require(lambda: self._enter(demand, -1.0)))
        new_threads = self._call("null", 2.0 * demand.processes)  # one for the stack, one for the thread
        forks = new_threads if demand.threads else self._process("fork", demand.processes)
        made = (*forks, Require(lambda: self._enter(demand, 1.0)), Spawn(life, demand.processes))
        if demand.insists:
            return (Require(lambda: self._no_room(demand.processes)), *made)
        refused = self._call("null")
        return (Choice(lambda: int(bool(self._no_room(demand.processes))), (made, refused), ("made", "refused")),)

    def _enter(self, demand: d.KeepProcess, sign: float) -> str:
        """Processes come into the table, or leave it; nobody is refused any more."""
        self.processes += sign * demand.processes
        for counter in demand.counters:
            counter(sign * demand.processes)
        return ""

    def _mapped(self, demand: d.AccessMemory) -> d.AccessMemory:
        """With the pages of this system; those of a guest are the guest's own affair."""
        return demand if demand.page_bytes else replace(demand, page_bytes=self.parameters.data_page_bytes)

    def _message(self, demand: d.Post | d.Fetch) -> tuple[Step, ...]:
        """A pipe is a small file: a call that reads or writes it; a socket takes longer."""
        count = demand.messages
        passed = self._call("null_io", count) if demand.pipe else (self.use("socket", "message_cycles", count),)
        return (*passed, self._copy(demand.size_bytes))

    def _allocate(self, demand: d.Allocate) -> tuple[Step, ...]:
        pages = demand.size_bytes / self.place.page_bytes
        taken = (self._reclaim.taken(demand.size_bytes), Hold(demand.size_bytes))
        return (*self._call("null"), *taken, *self._faults(pages), *self._pushed_out())

    # ---- memory that may lie on the disk

    def _swap(self, room_bytes: float) -> Swap:
        def taken_in(pages: float) -> tuple[Step, ...]:
            traps = (Below(d.Trap(count=pages)), Below(d.UpdatePageTable(count=pages)))
            return (*self.guard.entries(pages), *traps)

        return Swap(self.parameters, self.place, room_bytes, taken_in, self._own_blocks)

    def _own_blocks(self, demand: d.TransferBlocks) -> tuple[Step, ...]:
        """A request of the kernel's own."""
        return self._blocks(demand, own=True)

    def _access(self, demand: d.AccessMemory) -> tuple[Step, ...]:
        away = self.swap.accessed(demand) if self.swap else ()
        return (Below(self._mapped(demand)), *away)

    def _pushed_out(self) -> tuple[Step, ...]:
        """New pages may have taken the place of others."""
        return ((self.swap.fresh(),) if self.swap else ()) + self._told("new")

    # ---- memory that a hypervisor keeps

    def _balloon(self) -> Balloon | None:
        guest = self.place.guest
        if guest is None:
            return None
        guest.cache, guest.paging = self.cache, self.swap.pages if self.swap else None
        guest.image = self.place.product_path
        guest.alike = {each.name: self.parameters[each.name] for each in SIMILARITY if each.name in self.parameters}
        drop = lambda pages: self.use("page_cache", "page_drop_cycles", pages)  # noqa: E731
        return Balloon(guest, self.cache, self.swap, drop) if guest.balloon_s else None

    def _hosted(self) -> HostedMemory | None:
        if self.place.host is None:
            return None
        self.place.host.cache = self.cache
        return HostedMemory(self.parameters, self.place, self.swap, merges=self.structure.get("ksm") == "on")

    def _told(
        self, what: Literal["new", "cache"], size_bytes: float = 0.0, file: str = "", start_bytes: float = 0.0
    ) -> tuple[Step, ...]:
        """The hypervisor meets each use of a page that it has taken away."""
        if self.place.guest is None:
            return ()
        return (Below(d.TouchGuest(what, size_bytes, start_bytes=start_bytes, file=file)),)

    def _touch(self, demand: d.Touch) -> tuple[Step, ...]:
        away = self.swap.touched(demand) if self.swap else ()
        if self.place.guest is None:
            return away
        return (*away, Below(d.TouchGuest("row", demand.size_bytes, demand.extent_bytes, demand.start_bytes)))

    # ---- files

    def _rename(self, demand: d.Rename) -> tuple[Step, ...]:
        """A name goes, another comes, under one lock of the file system that all who share the kernel take turns at.

        Each of the two changes is taken to be as dear as a removal. Who is stopped meanwhile gives the lock back.
        """
        lock = f"directories of {demand.file_system or self.place.path}"
        moved = self._call("delete", 2.0)
        return (Wait("turn", lock), *moved, Signal("turn", lock))

    def _delete(self, demand: d.Delete) -> tuple[Step, ...]:
        touches = demand.pages * self.parameters.page_drop_touch_count
        return (
            *self._call("delete"),
            self.use("page_cache", "page_drop_cycles", demand.pages),
            Below(d.TouchKernelPage(count=touches)),
        )

    def _read(self, demand: d.Read) -> Iterator[Step]:
        yield from self._call("null_io", demand.calls)
        file = demand.file
        first, last = (
            demand.offset_bytes // file.unit_bytes,
            (demand.offset_bytes + demand.size_bytes - 1) // file.unit_bytes,
        )
        for index in range(first, last + 1):
            position = file.start_bytes + index * file.unit_bytes
            miss = (
                self._reclaim.came_in(file, index),
                *self._blocks(d.TransferBlocks(position, file.unit_bytes)),
                Below(d.TouchKernelPage(count=file.unit_bytes / self.place.page_bytes)),
                *self._told("new", file.unit_bytes, file.name, index * file.unit_bytes),
            )
            yield Choice(
                self._finds(file, index),
                (self._told("cache", file.unit_bytes, file.name, index * file.unit_bytes), miss),
                ("in the page cache", "not in the page cache"),
            )
        if not demand.mapped:
            yield self._copy(demand.size_bytes)

    def _finds(self, file: d.File, index: int) -> Callable[[], int]:
        return lambda: 0 if file.in_memory or self.cache.find(file, index) else 1

    def _write(self, demand: d.Write) -> Iterator[Step]:
        """Into the page cache; a new page of a file in memory is made as at a first touch, with no blocks behind it."""
        yield from self._call("null_io", demand.calls)
        if demand.in_memory:
            yield self.use("page_cache", "page_fault_cycles", demand.new_pages)
            yield self._copy(demand.size_bytes)
            yield Below(d.TouchKernelPage(count=demand.new_pages))
            return
        yield self.use("page_cache", "page_write_cycles", demand.new_pages)
        yield self._copy(max(0.0, demand.size_bytes - demand.new_pages * self.place.page_bytes))
        yield Below(d.TouchKernelPage(count=demand.new_pages))
        if demand.kept:
            must_wait = tuple(self._write_back(d.WriteBack(demand.size_bytes)))
            labels = ("left dirty", "too much is dirty")
            yield Choice(lambda: int(self.cache.write(demand.size_bytes)), ((), must_wait), labels)
            yield self._reclaim.written(demand.size_bytes)
            yield from self._told("new")

    def _write_through(self, demand: d.WriteThrough) -> tuple[Step, ...]:
        size_bytes, page_bytes = demand.size_bytes, self.place.page_bytes
        return (
            *self._call("null_io"),
            *self._call("null"),
            self._copy(size_bytes),
            Below(d.TouchKernelPage(count=size_bytes / page_bytes)),
            *self._blocks(d.TransferBlocks(0, size_bytes, write=True, stream=self._stream(demand.file.name))),
        )

    def _direct(self, demand: d.DirectTransfer) -> tuple[Step, ...]:
        """A request past the page cache: call, block stack, driver, transfer."""
        if demand.flush:
            return self._flush(demand)
        start_bytes = demand.file.start_bytes + demand.offset_bytes
        blocks = d.TransferBlocks(start_bytes, demand.size_bytes, demand.write, demand.stream)
        return (*self._call("null_io"), *self._blocks(blocks))

    def _flush(self, demand: d.DirectTransfer) -> tuple[Step, ...]:
        """What is still dirty of the file is written, in requests of its own size; then the disk is asked to flush."""
        size_bytes, stream = demand.size_bytes, self._stream(demand.file.name)
        requests = max(1.0, size_bytes / demand.file.unit_bytes)
        written = (
            self.use("block_stack", "block_stack_cycles", requests),
            *self._driver("disk", requests),
            Below(d.TransferBlocks(0, size_bytes, write=True, stream=stream)),
        )
        dirty = Choice(lambda: int(self.cache.clean(size_bytes) > 0.0), ((), written), ("clean", "written"))
        return (*self._call("null"), dirty, *self._blocks(d.TransferBlocks(0, size_bytes, write=True, flush=True)))

    def _stream(self, name: str) -> str:
        return f"{self.place.path}:{name}"

    def _use_share(self, demand: d.UseShare) -> Iterator[Step]:
        """A message for each unit, put together and taken apart as one over a local socket.

        Where there is nobody to ask, the folder is one of this system's own, in memory.
        """
        yield from self._call("null_io")
        for _ in range(-(-demand.size_bytes // demand.unit_bytes) if self.place.mounts else 0):
            yield self.use("shared_folder", "message_cycles", 2.0)
            yield Below(d.AskShare(min(demand.unit_bytes, demand.size_bytes), demand.write))
        yield self._copy(demand.size_bytes)

    def _is_dirty(self) -> bool:
        return self.cache.dirty_bytes >= self.parameters.write_back_bytes

    def _write_back(self, demand: d.WriteBack) -> tuple[Step, ...]:
        stream = self._stream("write-back")
        blocks = self._blocks(d.TransferBlocks(0, int(demand.size_bytes), write=True, stream=stream))
        return (Choice(lambda: int(self.cache.clean(demand.size_bytes) > 0.0), ((), blocks), ("clean", "written")),)

    def _blocks(self, demand: d.TransferBlocks, *, own: bool = False) -> tuple[Step, ...]:
        """One request: stack, then the driver of the kind of disk there is; the kernel's own is no program's."""
        stack = self.use("block_stack", "block_stack_cycles")
        return (stack, *self._driver("disk", 1.0), Below(demand, own))

    def _driver(self, device: str, count: float) -> tuple[Step, ...]:
        """The hardware's own driver, or that of the virtual device; each register of an emulated one is an event."""
        if self.place.presents[device] in ("physical", "passthrough"):
            return (self.use("driver", f"{device}_driver_cycles", count),)
        figures = self.place.devices.get(device, {})
        cycles, registers = figures.get("driver_cycles", 0.0), figures.get("registers_count", 0.0)
        code = (Use("driver", cycles=cycles * count, operations=count),) if cycles else ()
        return (*code, Below(d.AccessRegister(device, count=registers * count))) if registers else code


LAYER = OperatingSystem
