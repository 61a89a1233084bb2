"""An application kernel: a process of the host answers a program's system calls itself (gVisor).

Scope and limits: one sandbox, one such kernel (the Sentry); its own page cache and its garbage collection are left out;
programs inside see its Linux interface only. Reads and writes of open files are its own calls of the host,
those of files in memory (tmpfs) its own affair.

Mechanism (counted unless said otherwise, paid by the calling thread, which waits for the Sentry and the gofer):
    interception    a system call or fault leaves the program and comes back, by the platform: a signal and two
                    handovers (systrap), a virtual machine's ring without a switch of the host (kvm), or two stops of a
                    traced process (ptrace)
    sentry          what the Sentry does for a call that the host's kernel would have done otherwise: the host's own
                    figure for the call is not paid
    gofer           a file is opened, made or removed: a message to the process that holds the files, and the host's
                    call there
    sentry_memory   a fault is resolved by mapping a piece of the Sentry's memory file; the host then pays its faults
    sentry_process  fork and exec in the Sentry's own tables, and the pieces of memory that a new program maps on its
                    way, each by a fault; the host then pays what a new address space and its touches take
    sentry_network  network=sandbox: its own TCP and IP, one unit; the host only moves whole packets (one call and its
                    driver each); network=host: sockets of the host
    sentry_wake     emergent: a thread that had blocked is woken by the Sentry's scheduler

Parameters: see ``PARAMETERS``; structure ``platform``, ``network``.

Validation: none.

References: gvisor7370, gvisorperf.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator import demands as d
from simulator.failure import Part
from simulator.layers import _transfers
from simulator.layers._transfers import Direction, Payload
from simulator.layers.base import Mechanism, Place, TableLayer, Transition
from simulator.parameters import Parameter
from simulator.steps import Below, Signal, Step, Use, Wait

_SANDBOX = "network=sandbox"


class ApplicationKernel(TableLayer):
    """The Sentry with its gofer."""

    OFFERS = "system"
    NEEDS = "system"
    CONFINES_MEMORY = True
    STRUCTURE = {"platform": ("systrap", "kvm", "ptrace"), "network": ("sandbox", "host")}
    PARAMETERS = (
        *(Parameter(f"{name}_cycles", "cycles", "out of the program and back", "interception", f"platform={name}")
          for name in STRUCTURE["platform"]),
        Parameter("sentry_call_cycles", "cycles", "a call's work in the Sentry", "sentry"),
        Parameter("gofer_cycles", "cycles", "a message to the gofer and its answer", "gofer"),
        Parameter("gofer_messages_count", "count", "messages to open and close a file, or to make one", "gofer"),
        Parameter("sentry_fault_cycles", "cycles", "a piece of memory found and mapped", "sentry_memory"),
        Parameter("map_unit_bytes", "bytes", "memory that is mapped at once", "sentry_memory"),
        Parameter("sentry_process_cycles", "cycles", "a process in the Sentry's tables", "sentry_process"),
        Parameter("fork_calls_count", "count", "system calls of a fork, its exit and the wait", "interception"),
        Parameter("fork_pieces_count", "count", "pieces of memory mapped after a fork", "sentry_memory"),
        Parameter("exec_calls_count", "count", "system calls of fork, exec, loading and exit", "interception"),
        Parameter("exec_pieces_count", "count", "pieces of memory mapped by a new program", "sentry_memory"),
        Parameter("shell_calls_count", "count", "system calls of a shell that runs a program", "interception"),
        Parameter("shell_pieces_count", "count", "pieces of memory mapped by a shell and a program", "sentry_memory"),
        Parameter("message_cycles", "cycles", "one message through the Sentry, one side", "sentry"),
        Parameter("copy_cycles_per_byte", "cycles/byte", "a byte between program and Sentry", "sentry"),
        Parameter("sentry_packet_cycles", "cycles", "one unit through its TCP and IP", "sentry_network", _SANDBOX),
        Parameter("header_bytes", "bytes", "TCP and IP headers", "sentry_network", _SANDBOX),
        Parameter("acknowledgement_ratio", "ratio", "acknowledgements for one unit", "sentry_network", _SANDBOX),
        Parameter("socket_window_bytes", "bytes", "data of a connection under way at most", "sentry_network", _SANDBOX),
        Parameter("segment_bytes", "bytes", "largest unit, if the card cuts it", "sentry_network", _SANDBOX),
        Parameter("wake_cycles", "cycles", "a blocked thread woken by the Sentry", "sentry_wake"),
        Parameter("sandbox_bytes", "bytes", "memory of Sentry and gofer beside the program's"),
    )  # fmt: skip
    MECHANISMS = {
        "interception": Mechanism("a system call or fault leaves the program and comes back"),
        "sentry": Mechanism("a call's work in the application kernel"),
        "gofer": Mechanism("a message to the process that holds the files"),
        "sentry_memory": Mechanism("a piece of the memory file found and mapped"),
        "sentry_process": Mechanism("fork and exec in the application kernel's tables"),
        "sentry_network": Mechanism("a unit through the application kernel's TCP and IP"),
        "sentry_wake": Mechanism("a blocked thread is woken by the application kernel", "emergent"),
    }
    CONTROL = frozenset({
        "limit-processor", "limit-memory", "limit-disk", "pause", "inspect", "save", "snapshot", "roll-back",
        "checkpoint", "package",
    })  # fmt: skip
    HOLDS = "sandbox"
    BARS = frozenset({"checkpoint"})

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        self._lowering = {
            **{kind: lambda demand: (Below(demand),) for kind in (d.Compute, d.AccessMemory, d.NestedWalk, d.Touch)},
            d.SystemCall: self._system_call,
            d.Fault: self._fault,
            d.StartProcess: self._process,
            d.KeepProcess: self._keep_process,
            d.Allocate: lambda demand: (*self._call(), *self._faults(demand.size_bytes), Below(demand)),
            d.Free: self._and_host,
            d.Map: lambda demand: (*self._call(2.0), *self._faults(self.parameters.map_unit_bytes), Below(demand)),
            d.Rename: lambda demand: (*self._call(), *self._gofer(demand)),
            d.Create: lambda demand: (*self._call(d.CALLS["create"]), *self._gofer(demand)),
            d.Delete: lambda demand: (*self._call(), *self._gofer(demand)),
            d.Read: self._read,
            d.Write: self._write,
            d.WriteThrough: lambda demand: (*self._call(2.0), Below(demand)),
            d.DirectTransfer: self._and_host,
            d.SendData: self._send,
            d.ReceiveData: self._receive,
            d.ReceiveRequest: self._receive,
            d.Post: lambda demand: (*self._message(demand), Signal("message", demand.mailbox)),
            d.Fetch: lambda demand: (Wait("message", demand.mailbox), *self._message(demand)),
            d.Lock: lambda demand: (Below(demand),),
            d.Unlock: lambda demand: (Below(demand),),
            d.Sleep: self._and_host,
        }

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """Sentry and gofer."""
        return parameters["sandbox_bytes"]

    def parts(self) -> tuple[Part, ...]:
        """The Sentry: a process that is the kernel of the programs in it, and makes few calls itself."""
        return (
            Part(
                "process", faces="system calls", width="calls_count", code="process_lines_count", own="host_calls_count"
            ),
        )

    def react(self, transition: Transition) -> Iterable[Step]:
        """The Sentry hands the thread on once its host has woken it."""
        return (self.use("sentry_wake", "wake_cycles"),) if transition.kind == "switch" else ()

    def _intercept(self, count: float = 1.0) -> Use:
        return self.use("interception", f"{self.structure['platform']}_cycles", count)

    def _call(self, count: float = 1.0) -> tuple[Step, ...]:
        return (self._intercept(count), self.use("sentry", "sentry_call_cycles", count))

    def _and_host(self, demand: d.Demand) -> tuple[Step, ...]:
        """A call that the Sentry answers by one of the host."""
        return (*self._call(), Below(demand))

    def _read(self, demand: d.Read) -> tuple[Step, ...]:
        """From the host's file; what lies in the Sentry's own memory is only copied."""
        return (*self._call(), self._copy(demand.size_bytes)) if demand.file.in_memory else self._and_host(demand)

    def _write(self, demand: d.Write) -> tuple[Step, ...]:
        """As for reading; new pages of a file in memory are mapped as others are."""
        if not demand.in_memory:
            return (*self._call(demand.calls), Below(demand))
        new_bytes = demand.new_pages * self.place.page_bytes
        faults = (*self._faults(new_bytes), Below(d.Fault(count=demand.new_pages))) if demand.new_pages else ()
        return (*self._call(demand.calls), self._copy(demand.size_bytes), *faults)

    def _gofer(self, demand: d.Demand) -> tuple[Step, ...]:
        """What the gofer asks of the host for it."""
        return (self.use("gofer", "gofer_cycles", self.parameters.gofer_messages_count), Below(demand))

    def _system_call(self, demand: d.SystemCall) -> tuple[Step, ...]:
        """Answered inside; only a file to be opened goes on to the gofer and the host."""
        call = self._call(d.CALLS.get(demand.name, 1.0))
        return (*call, *self._gofer(demand)) if demand.name in ("open", "open_close") else call

    def _faults(self, size_bytes: float) -> tuple[Step, ...]:
        """First touches: one exception for all that is mapped at once."""
        return self._mapped(size_bytes / self.parameters.map_unit_bytes)

    def _mapped(self, pieces: float) -> tuple[Step, ...]:
        return (self._intercept(pieces), self.use("sentry_memory", "sentry_fault_cycles", pieces))

    def _fault(self, demand: d.Fault) -> tuple[Step, ...]:
        if demand.kind == "page":
            return (*self._faults(self.place.page_bytes), Below(demand))
        return (self._intercept(), self.use("sentry_memory", "sentry_fault_cycles"), Below(d.SystemCall("null")))

    def _process(self, demand: d.StartProcess) -> tuple[Step, ...]:
        opened = () if demand.kind == "fork" else self._gofer(d.SystemCall("open_close"))
        return (*self._new_process(demand.kind), *opened, Below(demand))

    def _new_process(self, kind: str, count: float = 1.0) -> tuple[Step, ...]:
        """What processes take in the Sentry: calls, its tables, and memory that faults piece by piece."""
        pieces = self.parameters[f"{kind}_pieces_count"] * count
        return (
            *self._call(self.parameters[f"{kind}_calls_count"] * count),
            self.use("sentry_process", "sentry_process_cycles", count),
            *self._mapped(pieces),
        )

    def _keep_process(self, demand: d.KeepProcess) -> tuple[Step, ...]:
        """Children that stay."""
        if demand.threads:
            return (*self._call(2.0 * demand.processes), Below(demand))
        return (*self._new_process("fork", demand.processes), Below(demand))

    def _message(self, demand: d.Post | d.Fetch) -> tuple[Step, ...]:
        messages = demand.messages
        return (
            *self._call(messages), self.use("sentry", "message_cycles", messages), self._copy(demand.size_bytes)
        )  # fmt: skip

    def _copy(self, size_bytes: float) -> Use:
        return Use("sentry", cycles=self.parameters.copy_cycles_per_byte * size_bytes)

    # ---- the network

    def _send(self, demand: d.SendData) -> tuple[Step, ...]:
        if self.structure["network"] == "host":
            return self._and_host(demand)
        data, acknowledgements = self._packets("send", "receive", demand)
        return (*self._call(), self._copy(demand.size_bytes), *data, *acknowledgements)

    def _receive(self, demand: d.ReceiveData | d.ReceiveRequest) -> tuple[Step, ...]:
        if self.structure["network"] == "host":
            return self._and_host(demand)
        data, acknowledgements = self._packets("receive", "send", demand)
        thinking = (Wait("network", time_s=demand.think_s),) if isinstance(demand, d.ReceiveRequest) else ()
        return (*thinking, *data, *acknowledgements, *self._call(), self._copy(demand.size_bytes))

    def _packets(self, there: Direction, back: Direction, demand: Payload) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
        """Data one way and acknowledgements the other, each unit a call of the host with a whole packet."""
        parameters = self.parameters
        units = _transfers.units(demand, parameters.segment_bytes, self.place)
        window_bytes = 0.0 if isinstance(demand, d.ReceiveRequest) else parameters.socket_window_bytes
        data = _transfers.data(there, demand, units, parameters.header_bytes, window_bytes)
        if demand.answered:
            return self._packet(data), ()
        return self._packet(data), self._packet(_transfers.acknowledgements(back, parameters, units))

    def _packet(self, transfer: d.TransferPackets) -> tuple[Step, ...]:
        stack = self.use("sentry_network", "sentry_packet_cycles", transfer.count)
        host = (Below(d.SystemCall("null_io", count=transfer.count)), Below(transfer))
        return (stack, *host) if transfer.direction == "send" else (*reversed(host), stack)


LAYER = ApplicationKernel
