"""A kernel as a process: a host's kernel carries a guest's, which traces its own programs (User-Mode Linux).

Scope and limits: one virtual processor; the guest's programs run in processes of the host that the guest kernel traces;
its memory is a file of the host that it maps page by page. The guest kernel turns interrupts off with a variable:
sensitive instructions cost nothing.

Mechanism (counted unless said otherwise, paid by the guest's thread):
    kernel_entry    a system call stops the traced process, the host switches to the guest kernel, and back again
    trap            a fault likewise, as a signal with the address that is read out of the traced process
    page_table      a page-table entry is a mapping of the host: one call each; a fork makes all of the child's anew
    address_space   another guest process: another memory map of the host
    kernel_page     data between a program and the guest kernel lie in two address spaces of the host
    emulation       a disk request or a packet put together, beside the host's system calls for it
    host_bridge     one packet between the virtual card and the host's network
    timer_signal    emergent: a tick of the guest, and whatever wakes it, is a signal to a process

Then the host pays what any process makes it pay: system calls, its page cache (data is cached twice), its block stack.

Parameters: see ``PARAMETERS``.

Validation: lmbench's rows of Barham et al. that are no parameters here, see tests/unit/test_user_mode_kernel.py.

References: barham2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator import demands as d
from simulator.failure import Part
from simulator.layers.base import Layer, Mechanism, Transition
from simulator.parameters import Parameter
from simulator.steps import Below, Step

_INSIDE = {
    d.EnterKernel: ("kernel_entry", "kernel_entry_cycles"),
    d.Trap: ("trap", "trap_cycles"),
    d.SwitchAddressSpace: ("address_space", "address_space_cycles"),
    d.TouchKernelPage: ("kernel_page", "kernel_page_cycles"),
    d.TimerTick: ("timer_signal", "signal_cycles"),
}
"""Operations that take the host's kernel and no device: mechanism and cost of each."""
_PASSED = (d.Compute, d.AccessMemory)
_FREE = (d.SensitiveInstruction, d.AccessRegister)


class UserModeKernel(Layer):
    """The host's process that the guest's kernel runs in."""

    OFFERS = "machine"
    NEEDS = "system"
    CONFINES_MEMORY = True
    MEETS_CALLS = True
    CONTROL = frozenset({"limit-memory", "pause", "inspect", "own-kernel", "debug-system"})
    HOLDS = "virtual machine"
    BARS = frozenset({"checkpoint"})
    PARAMETERS = (
        Parameter("kernel_entry_cycles", "cycles", "a guest's system call, to its kernel and back", "kernel_entry"),
        Parameter("trap_cycles", "cycles", "a guest's fault, to its kernel and back", "trap"),
        Parameter("update_cycles", "cycles", "one page mapped by a call of the host", "page_table"),
        Parameter("copied_update_cycles", "cycles", "one page of a new process mapped again", "page_table"),
        Parameter("address_space_cycles", "cycles", "another memory map of the host", "address_space"),
        Parameter("kernel_page_cycles", "cycles", "a page of data between two address spaces", "kernel_page"),
        Parameter("signal_cycles", "cycles", "a signal to the guest kernel", "timer_signal"),
        Parameter("disk_emulation_cycles", "cycles", "one disk request, to the thread that asks", "emulation"),
        Parameter("packet_send_cycles", "cycles", "one packet put together and given to the host", "emulation"),
        Parameter("packet_receive_cycles", "cycles", "one packet taken from the host, signal included", "emulation"),
        Parameter("bridge_cycles", "cycles", "one packet through the host's virtual network", "host_bridge"),
        Parameter("disk_block_bytes", "bytes", "how much of the virtual disk's file the host moves at a time"),
        Parameter("monitor_bytes", "bytes", "memory of the processes beside the guest's"),
    )  # fmt: skip
    MECHANISMS = {
        "kernel_entry": Mechanism("a system call stops the traced process and goes to the guest kernel"),
        "trap": Mechanism("a fault of a traced process goes to the guest kernel"),
        "page_table": Mechanism("a page-table entry is a mapping of the host"),
        "address_space": Mechanism("another guest process is another memory map"),
        "kernel_page": Mechanism("data between the address spaces of program and kernel"),
        "emulation": Mechanism("virtual devices, by request and packet"),
        "host_bridge": Mechanism("one packet between virtual card and host network"),
        "timer_signal": Mechanism("a tick or a wake-up is a signal to a process", "emergent"),
    }

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """Beside the guest's memory."""
        return parameters["monitor_bytes"]

    def parts(self) -> tuple[Part, ...]:
        """The process whose code is the guest's kernel: to break into one is to be in the other."""
        return (Part("process", each="guest", own="host_calls_count"),)

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        """A guest kernel's machine operation, as what its process asks of the host."""
        if type(demand) in _INSIDE:
            return (self.use(*_INSIDE[type(demand)]),)
        if isinstance(demand, _PASSED):
            return (Below(demand),)
        if isinstance(demand, _FREE):
            return ()
        if isinstance(demand, d.UpdatePageTable):
            return (self.use("page_table", "copied_update_cycles" if demand.batched else "update_cycles"),)
        if isinstance(demand, d.TransferBlocks):
            return (self.use("emulation", "disk_emulation_cycles"), Below(self._file_access(demand)))
        if isinstance(demand, d.TransferPackets):
            return self._packets(demand)
        raise self.not_offered(demand)

    def react(self, transition: Transition) -> Iterable[Step]:
        """The idle guest kernel sleeps in the host until a signal comes."""
        return (self.use("timer_signal", "signal_cycles"),) if transition.kind == "resume" else ()

    def presents(self) -> Mapping[str, str]:
        """Devices that only such a kernel has drivers for."""
        return {"disk": "paravirtual", "nic": "paravirtual"}

    def _file_access(self, demand: d.TransferBlocks) -> d.Demand:
        """The virtual disk is a file, read and written through the host's page cache."""
        disk = d.File(f"{self.place.path}:virtual-disk", 0, int(self.parameters.disk_block_bytes))
        if demand.flush:
            return d.DirectTransfer(disk, 0, demand.size_bytes, write=True, flush=True)
        if demand.write:
            return d.Write(demand.size_bytes, new_pages=demand.size_bytes / self.place.page_bytes)
        return d.Read(disk, demand.position_bytes, demand.size_bytes)

    def _packets(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        work = (
            self.use("emulation", f"packet_{demand.direction}_cycles"),
            Below(d.SystemCall("null_io")),
            self.use("host_bridge", "bridge_cycles"),
        )
        return (*work, Below(demand)) if demand.direction == "send" else (Below(demand), *work)


LAYER = UserModeKernel
