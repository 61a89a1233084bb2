"""What an operating system's layer needs to know, and the reasons for its costs: declarations only."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.layers._hosted_memory import HOSTED_MECHANISMS, HOSTED_PARAMETERS, HOSTED_STRUCTURE
from simulator.layers._mitigations import KERNEL_MECHANISMS, KERNEL_PARAMETERS, KERNEL_STRUCTURE
from simulator.layers._reclaim import RECLAIM_MECHANISMS, RECLAIM_PARAMETERS, RECLAIM_STRUCTURE
from simulator.layers._swap import SWAP_MECHANISMS, SWAP_PARAMETERS, SWAP_STRUCTURE
from simulator.layers.base import Mechanism
from simulator.parameters import Parameter

SYSTEM_CALLS = ("null", "null_io", "stat", "open_close", "select", "signal_install", "signal_handle")
PROCESSES = ("fork", "exec", "shell")
_APART = "interrupts=apart"


def _calls() -> Iterator[Parameter]:
    for name in SYSTEM_CALLS:
        yield Parameter(f"{name}_cycles", "cycles", f"lmbench's {name.replace('_', ' ')} call", "system_call")
        yield Parameter(
            f"{name}_sensitive_count", "count", "sensitive instructions in that call's kernel code", "system_call"
        )


def _processes() -> Iterator[Parameter]:
    for name in PROCESSES:
        yield Parameter(f"{name}_cycles", "cycles", f"lmbench's {name} process, faults included", "process")
        yield Parameter(f"{name}_faults_count", "count", "page faults contained in it", "process")
    yield Parameter("process_entries_count", "count", "page-table entries copied to a child, in one batch", "process")


STRUCTURE: dict[str, tuple[str, ...]] = {
    "interrupts": ("here", "apart"),
    "packet_work": ("uncharged", "charged"),
    **SWAP_STRUCTURE,
    **HOSTED_STRUCTURE,
    **RECLAIM_STRUCTURE,
    **KERNEL_STRUCTURE,
}
PARAMETERS = (
    Parameter("entry_cycles", "cycles", "of a call or exception: taken by the processor to enter and leave", ""),
    *_calls(),
    *_processes(),
    Parameter("protection_fault_cycles", "cycles", "a write to a protected page", "page_fault"),
    Parameter("page_fault_cycles", "cycles", "a first touch of a page", "page_fault"),
    Parameter("map_cycles", "cycles", "a file mapped, touched and unmapped, faults included", "process"),
    Parameter("map_faults_count", "count", "page faults contained in it", "process"),
    Parameter("create_cycles", "cycles", "an empty file made", "system_call"),
    Parameter("create_sensitive_count", "count", "sensitive instructions in it", "system_call"),
    Parameter("delete_cycles", "cycles", "an empty file removed", "system_call"),
    Parameter("delete_sensitive_count", "count", "sensitive instructions in it", "system_call"),
    Parameter("page_write_cycles", "cycles", "a page of new file data made and filled", "page_cache"),
    Parameter("page_drop_cycles", "cycles", "a page of file data dropped with its file", "page_cache"),
    Parameter("page_drop_touch_count", "count", "kernel page touches of a drop, a write being one", "page_cache"),
    Parameter("copy_cycles_per_byte", "cycles/byte", "a byte between user and kernel, cache warm", "copy"),
    Parameter("block_stack_cycles", "cycles", "one request through the block layer", "block_stack"),
    Parameter("disk_driver_cycles", "cycles", "the hardware's driver and interrupt for one request", "driver"),
    Parameter("packet_send_cycles", "cycles", "one packet down the TCP stack, driver apart", "network_stack"),
    Parameter("packet_receive_cycles", "cycles", "one packet up the TCP stack, driver apart", "network_stack"),
    Parameter("nic_driver_cycles", "cycles", "the hardware's driver and interrupts for one packet", "driver"),
    Parameter("frame_send_cycles", "cycles", "each further packet that the card makes of a unit", "driver"),
    Parameter("frame_receive_cycles", "cycles", "each further packet that is put together to a unit", "driver"),
    Parameter("header_bytes", "bytes", "TCP and IP headers with the time-stamp option", "network_stack"),
    Parameter("acknowledgement_ratio", "ratio", "acknowledgements for one packet received, one for a unit at most",
              "network_stack"),
    Parameter("answers_s", "s", "time between two acknowledgements of a far end that is sent to at full rate",
              "network_stack"),
    Parameter("merge_s", "s", "how long received packets are put together to one unit: a round of the driver",
              "network_stack"),
    Parameter("interrupt_cycles", "cycles", "an interrupt of the card taken, its deferred work begun", "interrupt",
              _APART),
    Parameter("softirq_budget_s", "s", "how long interrupt work may come before all threads at a time", "", _APART),
    Parameter("wake_cycles", "cycles", "a sleeping thread made runnable on another processor", "wake_up", _APART),
    Parameter("socket_window_bytes", "bytes", "data of a connection under way at most", "network_stack"),
    Parameter("message_cycles", "cycles", "one message through a local socket, one side", "socket"),
    Parameter("context_switch_cycles", "cycles", "one switch between two processes, cache warm", "context_switch"),
    Parameter("wake_interrupt_cycles", "cycles", "another processor of the system told to wake", "wake_interrupt"),
    Parameter("tick_cycles", "cycles", "one timer interrupt", "tick"),
    Parameter("tick_hz", "hz", "timer interrupts a second", "tick"),
    Parameter("process_table_count", "count", "processes that the kernel has room for"),
    Parameter("data_page_bytes", "bytes", "pages that large data are mapped with"),
    Parameter("segment_bytes", "bytes", "largest unit that passes the TCP stack at once, if the card cuts it", ""),
    Parameter("processors_count", "count", "processors the kernel can use"),
    Parameter("kernel_bytes", "bytes", "memory of the kernel and its daemons"),
    Parameter("dirty_ratio", "ratio", "part of the page cache that may be dirty before writers must wait"),
    Parameter("write_back_s", "s", "time between two looks for dirty pages"),
    Parameter("write_back_bytes", "bytes", "dirty data written in one request"),
    Parameter("write_back_queue_bytes", "bytes", "dirty data of its own that the kernel has under way at a time; one "
              "request if not said", "", optional=True),
    *RECLAIM_PARAMETERS,
    *SWAP_PARAMETERS,
    *HOSTED_PARAMETERS,
    *KERNEL_PARAMETERS,
)  # fmt: skip
MECHANISMS = {
    "system_call": Mechanism("entry, work and exit of a call"),
    "page_fault": Mechanism("exception, new page, table entry"),
    "process": Mechanism("fork, exec and exit, less the faults they contain"),
    "page_cache": Mechanism("a page of file data made or dropped"),
    "copy": Mechanism("bytes between user and kernel"),
    "block_stack": Mechanism("one request through the block layer"),
    "network_stack": Mechanism("one packet through TCP and IP"),
    "shared_folder": Mechanism("a message to the holder of a mounted folder, and its answer"),
    "driver": Mechanism("the hardware's driver with its share of interrupts"),
    "socket": Mechanism("one message over a local socket"),
    "interrupt": Mechanism("the card interrupts, once for what has gathered", "emergent"),
    "wake_up": Mechanism("a sleeping program at the other end is woken", "emergent"),
    "context_switch": Mechanism("a thread that had blocked goes on", "emergent"),
    "wake_interrupt": Mechanism("a thread is woken on another processor, which was idle", "emergent"),
    "lock_spin": Mechanism("a thread looks again and again whether a lock is free", "emergent"),
    "tick": Mechanism("the timer while the system runs", "emergent"),
    "slice_switch": Mechanism("a thread goes on that had been stopped for another", "emergent", needs_slices=True),
    **RECLAIM_MECHANISMS,
    **SWAP_MECHANISMS,
    **HOSTED_MECHANISMS,
    **KERNEL_MECHANISMS,
}
