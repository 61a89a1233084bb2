"""A unikernel: one program linked with the parts of a kernel that it needs, in one address space (Unikraft).

Scope and limits: one program, one process, one processor; processes are not offered at all. No page cache: each write
goes to the device, and each read unless its files lie in memory (``files=memory``: they came with the image). No timer
of its own. Its memory is mapped when it boots, so there are no first touches. ``card=polled``: no interrupts of a card.

Mechanism (counted unless said otherwise, paid by the calling thread):
    function_call   a system call is a call of a function (calls=linked), or, for a program built for Linux, a trap in
                    the same privilege level (calls=binary)
    library         what the library does for it: a file looked up, made or removed; a message; memory from its heap
    copy            bytes between the program's and the library's buffers: none is checked, but they are copied
    block_stack     one request to the disk
    network_stack   one packet through the small TCP and IP of the library; acknowledgements are packets
    driver          the driver of the device there is, by registers where it is emulated
    thread_switch   emergent: a thread that had blocked goes on, in the same address space

Parameters: see ``PARAMETERS``; structure ``calls``, ``files``, ``card``.

Validation: none.

References: kuenzer2021.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from simulator import demands as d
from simulator.failure import Part
from simulator.layers import _transfers
from simulator.layers._transfers import Direction, Payload
from simulator.layers.base import Mechanism, Place, TableLayer, Transition
from simulator.parameters import Parameter
from simulator.steps import Below, Hold, Signal, Step, Use, Wait

_FILE_CALLS = ("stat", "open", "open_close")


class Unikernel(TableLayer):
    """A program's kernel as a library."""

    OFFERS = "system"
    NEEDS = "machine"
    HOLDS = "program"
    STRUCTURE = {"calls": ("linked", "binary"), "files": ("disk", "memory"), "card": ("interrupts", "polled")}
    PARAMETERS = (
        Parameter("linked_cycles", "cycles", "a system call as a call of a function", "function_call", "calls=linked"),
        Parameter("binary_cycles", "cycles", "a system call as a trap, no more", "function_call", "calls=binary"),
        Parameter("call_work_cycles", "cycles", "the work of a call that does little", "library"),
        Parameter("file_cycles", "cycles", "a file looked up, made or removed", "library"),
        Parameter("message_cycles", "cycles", "a message between threads, one side", "library"),
        Parameter("copy_cycles_per_byte", "cycles/byte", "a byte between two buffers", "copy"),
        Parameter("block_stack_cycles", "cycles", "one request to the disk, driver apart", "block_stack"),
        Parameter("packet_cycles", "cycles", "one packet through TCP and IP, driver apart", "network_stack"),
        Parameter("driver_cycles", "cycles", "a hardware driver for one request or packet", "driver"),
        Parameter("header_bytes", "bytes", "TCP and IP headers", "network_stack"),
        Parameter("acknowledgement_ratio", "ratio", "acknowledgements for one data packet", "network_stack"),
        Parameter("socket_window_bytes", "bytes", "data of a connection under way at most", "network_stack"),
        Parameter("switch_cycles", "cycles", "another thread of the same address space", "thread_switch"),
        Parameter("data_page_bytes", "bytes", "pages that its memory is mapped with"),
        Parameter("kernel_bytes", "bytes", "memory of the library, without the program"),
    )  # fmt: skip
    MECHANISMS = {
        "function_call": Mechanism("a system call as a call of a function"),
        "library": Mechanism("what the library does for a call"),
        "copy": Mechanism("bytes between the program's and the library's buffers"),
        "block_stack": Mechanism("one request through the block layer"),
        "network_stack": Mechanism("one packet through TCP and IP"),
        "lock_spin": Mechanism("a thread looks again and again whether a lock is free", "emergent"),
        "driver": Mechanism("the driver of the device there is"),
        "thread_switch": Mechanism("a thread that had blocked goes on in the same address space", "emergent"),
    }

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        self._lowering = {
            d.Compute: lambda demand: (Below(demand),),
            d.AccessMemory: lambda demand: (Below(self._mapped(demand)),),
            d.SystemCall: self._system_call,
            d.Fault: lambda demand: (),
            d.Touch: lambda demand: (),
            d.Allocate: lambda demand: (*self._call(), Hold(demand.size_bytes)),
            d.Free: lambda demand: (*self._call(), Hold(-demand.size_bytes)),
            d.Rename: lambda demand: (*self._call(), self.use("library", "file_cycles")),
            d.Create: lambda demand: (*self._call(d.CALLS["create"]), self.use("library", "file_cycles")),
            d.Delete: lambda demand: (*self._call(), self.use("library", "file_cycles")),
            d.Read: self._read,
            d.Write: lambda demand: self._written("files", demand.size_bytes, demand.calls),
            d.WriteThrough: lambda demand: self._written(demand.file.name, demand.size_bytes, 2.0),
            d.DirectTransfer: self._direct,
            d.SendData: self._send,
            d.ReceiveData: self._receive,
            d.UseShare: self._use_share,
            d.DriveCard: lambda demand: (Below(_transfers.driven(demand)),),
            d.ReceiveRequest: self._receive,
            d.Post: lambda demand: (*self._message(demand), Signal("message", demand.mailbox)),
            d.Fetch: lambda demand: (Wait("message", demand.mailbox), *self._message(demand)),
            d.Lock: lambda demand: (Wait("lock", demand.name, spin_s=demand.spin_s),),
            d.Unlock: lambda demand: (Signal("lock", demand.name),),
            d.Sleep: lambda demand: (*self._call(), Wait("time", time_s=demand.time_s)),
        }

    def parts(self) -> tuple[Part, ...]:
        """Program and kernel are one: nothing is between them."""
        return (Part("kernel", code="code_lines_count"),)

    def react(self, transition: Transition) -> Iterable[Step]:
        """Threads take turns without another address space."""
        return (self.use("thread_switch", "switch_cycles"),) if transition.kind == "switch" else ()

    def width(self) -> float:
        """One processor."""
        return 1.0

    def _load(self, image: d.File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """The program's image, read by its own driver."""
        return self._blocks(start_bytes, size_bytes, write=False)

    def _call(self, count: float = 1.0) -> tuple[Step, ...]:
        calls = self.use("function_call", f"{self.structure['calls']}_cycles", count)
        return (calls, self.use("library", "call_work_cycles", count))

    def _copy(self, size_bytes: float) -> Use:
        return Use("copy", cycles=self.parameters.copy_cycles_per_byte * size_bytes)

    def _mapped(self, demand: d.AccessMemory) -> d.AccessMemory:
        size_bytes = self.parameters.data_page_bytes
        return demand if demand.page_bytes else replace(demand, page_bytes=size_bytes)

    def _system_call(self, demand: d.SystemCall) -> tuple[Step, ...]:
        call = self._call(d.CALLS.get(demand.name, 1.0))
        return (*call, self.use("library", "file_cycles")) if demand.name in _FILE_CALLS else call

    def _message(self, demand: d.Post | d.Fetch) -> tuple[Step, ...]:
        message = self.use("library", "message_cycles", demand.messages)
        return (*self._call(demand.messages), message, self._copy(demand.size_bytes))

    # ---- devices

    def _driver(self, device: str, count: float = 1.0) -> tuple[Step, ...]:
        if self.place.presents[device] in ("physical", "passthrough"):
            return (self.use("driver", "driver_cycles", count),)
        figures = self.place.devices.get(device, {})
        code = Use("driver", cycles=figures.get("driver_cycles", 0.0) * count, operations=count)
        registers = figures.get("registers_count", 0.0)
        return (code, Below(d.AccessRegister(count=registers * count))) if registers else (code,)

    def _blocks(
        self, position_bytes: int, size_bytes: int, write: bool, stream: str = "", *, flush: bool = False
    ) -> tuple[Step, ...]:
        blocks = d.TransferBlocks(position_bytes, size_bytes, write, stream, flush)
        return (self.use("block_stack", "block_stack_cycles"), *self._driver("disk"), Below(blocks))

    def _read(self, demand: d.Read) -> Iterable[Step]:
        """Every unit that the data lie in is fetched, each time; files in memory are only copied."""
        file = demand.file
        if self.structure.get("files") == "memory":
            return (*self._call(), self._copy(demand.size_bytes))
        return self._fetched(demand, file)

    def _fetched(self, demand: d.Read, file: d.File) -> Iterator[Step]:
        end_bytes = demand.offset_bytes + demand.size_bytes
        for index in range(demand.offset_bytes // file.unit_bytes, -(-end_bytes // file.unit_bytes)):
            yield from self._blocks(file.start_bytes + index * file.unit_bytes, file.unit_bytes, write=False)
        yield from (*self._call(demand.calls), self._copy(demand.size_bytes))

    def _use_share(self, demand: d.UseShare) -> Iterable[Step]:
        """A message for each unit to the holder of a mounted folder, and its answer."""
        yield from self._call()
        for _ in range(-(-demand.size_bytes // demand.unit_bytes) if self.place.mounts else 0):
            yield self.use("library", "message_cycles", 2.0)
            yield Below(d.AskShare(min(demand.unit_bytes, demand.size_bytes), demand.write))
        yield self._copy(demand.size_bytes)

    def _direct(self, demand: d.DirectTransfer) -> tuple[Step, ...]:
        position_bytes = demand.file.start_bytes + demand.offset_bytes
        return (*self._call(), *self._blocks(position_bytes, demand.size_bytes, demand.write, flush=demand.flush))

    def _written(self, name: str, size_bytes: float, calls: float) -> tuple[Step, ...]:
        blocks = self._blocks(0, int(size_bytes), write=True, stream=f"{self.place.path}:{name}")
        return (*self._call(calls), self._copy(size_bytes), *blocks)

    def _send(self, demand: d.SendData) -> tuple[Step, ...]:
        data, answers = self._packets("send", "receive", demand)
        return (*self._call(), self._copy(demand.size_bytes), *data, *answers)

    def _receive(self, demand: d.ReceiveData | d.ReceiveRequest) -> tuple[Step, ...]:
        data, answers = self._packets("receive", "send", demand)
        thinking = (Wait("network", time_s=demand.think_s),) if isinstance(demand, d.ReceiveRequest) else ()
        return (*thinking, *data, *answers, *self._call(), self._copy(demand.size_bytes))

    def _packets(self, there: Direction, back: Direction, demand: Payload) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Data one way, acknowledgements the other; packet by packet, the card is not asked to cut."""
        parameters = self.parameters
        packets = max(1.0, demand.size_bytes / demand.payload_bytes)
        size_bytes = demand.size_bytes / packets + parameters.header_bytes
        window_bytes = 0.0 if isinstance(demand, d.ReceiveRequest) else parameters.socket_window_bytes
        data = d.TransferPackets(there, size_bytes, window_bytes, peer=demand.peer, count=packets)
        if demand.answered:
            return self._packet(data), ()
        return self._packet(data), self._packet(_transfers.acknowledgements(back, parameters, packets))

    def _packet(self, transfer: d.TransferPackets) -> tuple[Step, ...]:
        transfer = replace(transfer, polled=self.structure.get("card") == "polled")
        stack, driver = self.use("network_stack", "packet_cycles", transfer.count), self._driver("nic", transfer.count)
        send = transfer.direction == "send"
        return (stack, *driver, Below(transfer)) if send else (Below(transfer), *driver, stack)


LAYER = Unikernel
