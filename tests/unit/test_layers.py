"""Layers alone: what one demand becomes, step by step, with numbers that can be checked in the head.

No machine, no clock: ``list(layer.lower(demand))`` is the whole experiment.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from simulator import demands as d
from simulator.layers.base import Layer, Place, Transition
from simulator.layers.hardware import Hardware
from simulator.layers.hosted_hypervisor import HostedHypervisor
from simulator.layers.operating_system import OperatingSystem
from simulator.layers.paravirtual_hypervisor import ParavirtualHypervisor
from simulator.steps import At, Below, Choice, Hold, Repeat, Require, Send, Signal, Step, Transfer, Use, Wait

KIB, MIB = 1024, 1024**2
PAGE = 4 * KIB

KERNEL = {
    "null_cycles": 1_000, "null_sensitive_count": 2, "null_io_cycles": 1_200, "null_io_sensitive_count": 3,
    "stat_cycles": 3_000, "stat_sensitive_count": 4, "open_close_cycles": 4_600, "open_close_sensitive_count": 8,
    "select_cycles": 13_000, "select_sensitive_count": 40, "signal_install_cycles": 1_600,
    "signal_install_sensitive_count": 2.5, "signal_handle_cycles": 6_000, "signal_handle_sensitive_count": 15,
    "fork_cycles": 264_000, "fork_faults_count": 60, "exec_cycles": 1_272_000, "exec_faults_count": 180,
    "shell_cycles": 9_600_000, "shell_faults_count": 600, "map_cycles": 163_000, "map_faults_count": 40,
    "process_entries_count": 50,
    "protection_fault_cycles": 2_500, "page_fault_cycles": 3_400,
    "create_cycles": 77_000, "create_sensitive_count": 23, "delete_cycles": 14_600, "delete_sensitive_count": 22,
    "page_write_cycles": 27_000, "page_drop_cycles": 5_000, "page_drop_touch_count": 0.75, "copy_cycles_per_byte": 2.5,
    "block_stack_cycles": 12_000, "disk_driver_cycles": 9_600,
    "packet_send_cycles": 7_000, "packet_receive_cycles": 9_000, "nic_driver_cycles": 2_400,
    "process_table_count": 100, "data_page_bytes": PAGE, "segment_bytes": 0,
    "header_bytes": 52, "acknowledgement_ratio": 0.5, "answers_s": 0, "merge_s": 0,
    "socket_window_bytes": 128 * KIB,
    "message_cycles": 4_800, "context_switch_cycles": 1_850, "tick_cycles": 4_800, "tick_hz": 100,
    "processors_count": 1, "kernel_bytes": 24 * MIB, "dirty_ratio": 0.5,
    "write_back_s": 5, "write_back_bytes": 128 * KIB,
    "reserve_root_bytes": 16 * KIB, "reserve_most_bytes": 64 * MIB, "mark_gap_ratio": 0.001, "reclaim_cycles": 1_000,
    "charge_batch_count": 64, "high_full_s": 64, "high_most_s": 2, "high_least_s": 0.01,
}  # fmt: skip

XEN = {
    "trap_cycles": 800, "update_cycles": 2_300, "batched_update_cycles": 240, "address_space_cycles": 2_900,
    "kernel_page_cycles": 1_400, "packet_send_ring_cycles": 1_500, "packet_receive_ring_cycles": 1_700,
    "block_ring_cycles": 1_440, "nic_driver_cycles": 2_400, "disk_driver_cycles": 9_600, "hypercall_cycles": 2_000,
    "event_cycles": 900, "packet_back_end_cycles": 7_200, "block_back_end_cycles": 4_700, "ring_count": 32,
    "domain_switch_cycles": 2_800, "hypervisor_bytes": 16 * MIB, "domain_bytes": 64 * KIB,
    "driver_domain_bytes": 256 * MIB, "batch_count": 100, "table_entries_count": 16, "table_cycles": 2_400,
}  # fmt: skip

MONITOR = {
    "sensitive_cycles": 340, "trap_cycles": 15_500, "traced_write_cycles": 1_200, "shadow_fill_cycles": 9_700,
    "address_space_cycles": 41_000, "register_cycles": 670, "disk_emulation_cycles": 2_250,
    "nic_emulation_cycles": 2_100, "interrupt_cycles": 1_480, "world_switch_cycles": 16_000, "bridge_cycles": 5_000,
    "receive_batch_count": 16, "disk_block_bytes": 64 * KIB, "monitor_bytes": 32 * MIB,
    "process_registers_ratio": 0, "sent_batch_count": 1, "receive_calls_count": 1,
}  # fmt: skip


def kernel(devices: str = "physical", memory_bytes: float = 64 * MIB) -> OperatingSystem:
    """A kernel on devices of one kind, with 40 MiB for its page cache."""
    registers = {"disk": {"registers_count": 12}, "nic": {"registers_count": 3}} if devices == "emulated" else {}
    place = Place("linux", memory_bytes, {"disk": devices, "nic": devices}, devices=registers)
    return OperatingSystem(KERNEL, place=place)


def long_term(steps: Iterable[Step]) -> list[Step]:
    """Without what there is to do only where memory is short."""
    return [step for step in steps if not (isinstance(step, Repeat) and step.short)]


def xen(driver_place: str = "domain-0", page_tables: str = "hypercalls") -> ParavirtualHypervisor:
    return ParavirtualHypervisor(XEN, {"driver_place": driver_place, "page_tables": page_tables}, Place("xen"))


def monitor(disk_cache: str = "write-back") -> HostedHypervisor:
    structure = {"processor": "translation", "paging": "shadow", "disk_cache": disk_cache}
    return HostedHypervisor(MONITOR, structure, Place("monitor"))


def lowered(layer: Layer, demand: d.Demand) -> list[Step]:
    return list(layer.lower(demand))


def reacted(layer: Layer, kind: Any) -> list[Step]:
    return list(layer.react(Transition(kind)))


def call(cycles: float, sensitive: float, count: float = 1.0) -> list[Step]:
    """What every system call is made of."""
    return [
        Use("system_call", cycles=cycles * count, operations=count),
        Below(d.SensitiveInstruction(count=sensitive * count)),
    ]


def cycles(steps: Iterable[Step]) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use))


def the_choice(steps: Iterable[Step]) -> Choice:
    (choice,) = (step for step in steps if isinstance(step, Choice))
    return choice


# ---------------------------------------------------------------- the machine


def test_the_machine_computes_for_the_program() -> None:
    assert lowered(Hardware({}), d.Compute()) == [Use("compute", cycles=1.0, program=True)]


def test_the_machine_moves_bytes() -> None:
    blocks = d.TransferBlocks(8192, 4096, write=True, stream="log")
    assert lowered(Hardware({}), blocks) == [Transfer("disk", "transfer", 4096, 8192, True, "log")]
    packets = d.TransferPackets("receive", 1500, window_bytes=9000)
    assert lowered(Hardware({}), packets) == [Transfer("nic-receive", "transfer", 1500, window_bytes=9000)]


@pytest.mark.parametrize("demand", [d.Trap(), d.UpdatePageTable(), d.SwitchAddressSpace(), d.SensitiveInstruction()])
def test_what_a_native_kernels_figures_include_is_free_on_the_machine(demand: d.Demand) -> None:
    assert lowered(Hardware({}), demand) == []


# ---------------------------------------------------------------- a kernel: calls, faults, processes


def test_a_system_call() -> None:
    assert lowered(kernel(), d.SystemCall("stat")) == call(3_000, 4)


def test_a_page_fault_is_a_trap_and_an_update() -> None:
    fault = [Use("page_fault", cycles=3_400), Below(d.Trap()), Below(d.UpdatePageTable())]
    assert lowered(kernel(), d.Fault()) == fault


def test_a_protection_fault_updates_nothing() -> None:
    assert lowered(kernel(), d.Fault("protection")) == [Use("page_fault", cycles=2_500), Below(d.Trap())]


def test_a_process_is_charged_without_the_faults_it_contains() -> None:
    """fork: 264,000 cycles measured, 60 faults of 3,400 in it: 60,000 remain; to the child and back."""
    table, *steps = lowered(kernel(), d.StartProcess("fork"))
    assert isinstance(table, Require) and table.refusal() == ""
    assert steps == [
        Use("process", cycles=60_000),
        Use("page_fault", cycles=204_000, operations=60),
        Below(d.Trap(count=60)),
        Below(d.UpdatePageTable(count=60)),
        Below(d.UpdatePageTable(batched=True, count=50)),
        Below(d.SwitchAddressSpace(count=2)),
    ]
    assert cycles(steps) == KERNEL["fork_cycles"]


@pytest.mark.parametrize(
    ("demand", "name"),
    [(d.StartProcess("exec"), "exec"), (d.StartProcess("shell"), "shell")],
)
def test_composites_add_up_to_what_was_measured(demand: d.Demand, name: str) -> None:
    steps = lowered(kernel(), demand)
    assert cycles(steps) == KERNEL[f"{name}_cycles"]
    assert Below(d.Trap(count=KERNEL[f"{name}_faults_count"])) in steps


def test_a_mapped_file_asks_for_its_faults_and_keeps_its_own_figure() -> None:
    """Its faults find their pages in the cache and cost less than first touches: only the machine is asked for them."""
    assert lowered(kernel(), d.Map()) == [
        Use("process", cycles=163_000),
        Below(d.Trap(count=40)),
        Below(d.UpdatePageTable(count=40)),
    ]


def test_memory_is_taken_with_a_fault_for_each_page_and_given_back_with_none() -> None:
    assert long_term(lowered(kernel(), d.Allocate(2 * PAGE))) == [
        *call(1_000, 2),
        Hold(2 * PAGE),
        Use("page_fault", cycles=6_800, operations=2),
        Below(d.Trap(count=2)),
        Below(d.UpdatePageTable(count=2)),
    ]
    assert lowered(kernel(), d.Free(2 * PAGE)) == [*call(1_000, 2), Hold(-2 * PAGE)]


def test_waiting() -> None:
    assert lowered(kernel(), d.Sleep(0.25)) == [*call(1_000, 2), Wait("time", time_s=0.25)]
    assert lowered(kernel(), d.Lock("table")) == [Wait("lock", "table")]
    assert lowered(kernel(), d.Unlock("table")) == [Signal("lock", "table")]


def test_a_message_is_paid_on_both_sides() -> None:
    """4,800 cycles a side and 2.5 a byte; the reader waits first, the writer signals last."""
    work = [Use("socket", cycles=4_800), Use("copy", cycles=250)]
    assert lowered(kernel(), d.Post("box", 100)) == [*work, Signal("message", "box")]
    assert lowered(kernel(), d.Fetch("box", 100)) == [Wait("message", "box"), *work]


# ---------------------------------------------------------------- a kernel: files

HEADER = d.File("header", 100 * KIB, unit_bytes=16 * KIB, start_bytes=1 * MIB)
MISS = (
    Use("block_stack", cycles=12_000),
    Use("driver", cycles=9_600),
    Below(d.TransferBlocks(1 * MIB + 16 * KIB, 16 * KIB)),
    Below(d.TouchKernelPage(count=4)),
)


def test_a_read_is_a_call_a_look_and_a_copy() -> None:
    """4 KiB at 20 KiB lie in the second read-ahead window: on a miss the whole window of four pages is fetched."""
    steps = lowered(kernel(), d.Read(HEADER, 20 * KIB, 4 * KIB))
    choice = the_choice(steps)
    assert steps == [*call(1_200, 3), choice, Use("copy", cycles=10_240)]
    assert [long_term(option) for option in choice.options] == [[], list(MISS)]
    assert choice.labels == ("in the page cache", "not in the page cache")


def test_the_second_read_of_a_window_finds_it() -> None:
    linux = kernel()
    found = [the_choice(lowered(linux, d.Read(HEADER, offset, 4 * KIB))).decide() for offset in (0, 4 * KIB, 16 * KIB)]
    assert found == [1, 0, 1]


def test_looking_at_a_plan_does_not_fetch_anything() -> None:
    """Lowering is pure: only the decision, taken when it is reached, changes the cache."""
    linux = kernel()
    first, second = (the_choice(lowered(linux, d.Read(HEADER, 0, 4 * KIB))) for _ in range(2))
    assert (first.decide(), second.decide()) == (1, 0)


def test_a_read_over_two_windows_looks_twice() -> None:
    steps = lowered(kernel(), d.Read(HEADER, 15 * KIB, 2 * KIB))
    places = [long_term(step.options[1])[2] for step in steps if isinstance(step, Choice)]
    assert places == [Below(d.TransferBlocks(1 * MIB + offset, 16 * KIB)) for offset in (0, 16 * KIB)]


def test_a_read_up_to_the_end_of_a_window_does_not_touch_the_next() -> None:
    choice = the_choice(lowered(kernel(), d.Read(HEADER, 12 * KIB, 4 * KIB)))
    assert long_term(choice.options[1])[2] == Below(d.TransferBlocks(1 * MIB, 16 * KIB))


def read(linux: OperatingSystem, window: int) -> int:
    """0 if a window is in the page cache, 1 if it had to be fetched."""
    return the_choice(lowered(linux, d.Read(HEADER, window * 16 * KIB, 1))).decide()


def test_what_was_not_used_for_longest_makes_room() -> None:
    """A cache of 32 KiB holds two windows: the third pushes out the second, not the first, which was read again."""
    linux = kernel(memory_bytes=24 * MIB + 32 * KIB)
    assert [read(linux, window) for window in (0, 1, 0, 2, 0, 1)] == [1, 1, 0, 1, 0, 1]


def test_what_programs_take_the_cache_must_give() -> None:
    """Two windows are in memory; half of the memory is taken: only the one that was read last is left."""
    linux = kernel(memory_bytes=24 * MIB + 32 * KIB)
    assert [read(linux, window) for window in (0, 1)] == [1, 1]
    linux.cache.resize(16 * KIB)
    assert [read(linux, window) for window in (1, 0)] == [0, 1]
    linux.cache.resize(-1.0)  # more taken than there is for it: nothing stays
    assert [read(linux, window) for window in (0, 0)] == [1, 1]


def test_dirty_pages_take_room_from_clean_ones() -> None:
    """32 KiB: 20 KiB of them dirty leave no room for a window of 16."""
    linux = kernel(memory_bytes=24 * MIB + 32 * KIB)
    the_choice(lowered(linux, d.Write(20 * KIB))).decide()
    assert [read(linux, 0), read(linux, 0)] == [1, 1]


def test_a_warm_file_is_found_from_the_first_read_on() -> None:
    linux = kernel()
    linux.cache.warm(HEADER)
    assert [read(linux, window) for window in range(6)] == [0] * 6


def test_a_write_stays_in_the_page_cache() -> None:
    """10 KiB in three new pages: their copy is in the page's figure, so that no byte is copied twice."""
    steps = lowered(kernel(), d.Write(10 * KIB, new_pages=3, calls=2, kept=False))
    assert steps == [
        *call(1_200, 3, count=2),
        Use("page_cache", cycles=81_000, operations=3),
        Use("copy", cycles=0),
        Below(d.TouchKernelPage(count=3)),
    ]


def test_a_write_over_pages_that_are_there_is_copied() -> None:
    """100 kB with 3 new pages: 100,000 - 12,288 = 87,712 bytes at 2.5 cycles."""
    assert Use("copy", cycles=219_280) in lowered(kernel(), d.Write(100_000, new_pages=3))


def test_a_writer_waits_when_too_much_is_dirty() -> None:
    """Half of 40 MiB may be dirty: 15 MiB are, 30 MiB are not; then the writer's own bytes go to the disk first."""
    linux = kernel()
    choice = the_choice(lowered(linux, d.Write(15 * MIB)))
    assert [choice.decide(), choice.decide()] == [0, 1]
    assert choice.options[0] == ()
    written = the_choice(choice.options[1])
    assert written.options == (
        (),
        (
            Use("block_stack", cycles=12_000),
            Use("driver", cycles=9_600),
            Below(d.TransferBlocks(0, 15 * MIB, write=True, stream="linux:write-back")),
        ),
    )
    assert [written.decide() for _ in range(3)] == [1, 1, 0]  # 30 MiB, then 15, then nothing dirty


def test_the_write_back_daemon_cleans_in_chunks() -> None:
    linux = kernel()
    daemon, reclaimer = linux.services()
    assert reclaimer.name == "kswapd"
    assert daemon.wanted is not None and daemon.demand == d.WriteBack(128 * KIB) and daemon.period_s == 5
    looks = []
    for written_bytes in (127 * KIB, 1 * KIB, 2 * KIB):
        the_choice(lowered(linux, d.Write(written_bytes))).decide()
        looks.append(daemon.wanted())
    the_choice(lowered(linux, daemon.demand)).decide()
    looks.append(daemon.wanted())
    assert looks == [False, True, True, False]  # 127, 128, 130 and 2 KiB dirty


def test_a_write_through_is_waited_for_by_the_device() -> None:
    log = d.File("log", 0, 8 * KIB)
    assert lowered(kernel(), d.WriteThrough(log, 8 * KIB)) == [
        *call(1_200, 3),
        *call(1_000, 2),
        Use("copy", cycles=20_480),
        Below(d.TouchKernelPage(count=2)),
        Use("block_stack", cycles=12_000),
        Use("driver", cycles=9_600),
        Below(d.TransferBlocks(0, 8 * KIB, write=True, stream="linux:log")),
    ]


def test_a_deleted_file_drops_its_pages() -> None:
    """A drop touches three quarters of what a write touches."""
    assert lowered(kernel(), d.Delete(pages=4)) == [
        *call(14_600, 22),
        Use("page_cache", cycles=20_000, operations=4),
        Below(d.TouchKernelPage(count=3)),
    ]


# ---------------------------------------------------------------- a kernel: drivers

BLOCKS = d.TransferBlocks(0, 4096)
PACKETS = d.TransferPackets("send", 1500, count=10)


@pytest.mark.parametrize(
    ("devices", "disk", "nic"),
    [
        ("physical", [Use("driver", cycles=9_600)], [Use("driver", cycles=24_000, operations=10)]),
        ("paravirtual", [], []),
        ("emulated", [Below(d.AccessRegister("disk", count=12))], [Below(d.AccessRegister("nic", count=30))]),
    ],
)
def test_the_driver_is_that_of_the_device_there_is(devices: str, disk: list[Step], nic: list[Step]) -> None:
    """The stack is the same on every device; a split driver's cost stands in the hypervisor's layer instead."""
    assert lowered(kernel(devices), BLOCKS) == [Use("block_stack", cycles=12_000), *disk, Below(BLOCKS)]
    assert lowered(kernel(devices), PACKETS) == [*nic, Below(PACKETS)]


def test_what_arrives_is_transferred_before_its_driver_runs() -> None:
    packets = d.TransferPackets("receive", 1500, count=10)
    assert lowered(kernel(), packets) == [Below(packets), Use("driver", cycles=24_000, operations=10)]


# ---------------------------------------------------------------- a kernel: the network

WINDOW = 128 * KIB


def test_sending() -> None:
    """14,480 bytes are ten packets of 1,448 bytes and 52 of headers; five acknowledgements come back."""
    acknowledgements = d.TransferPackets("receive", 52, WINDOW, data=False, count=5)
    assert lowered(kernel(), d.SendData(14_480, 1_448)) == [
        *call(1_200, 3),
        Use("copy", cycles=36_200),
        Use("network_stack", cycles=70_000, operations=10),
        Use("driver", cycles=24_000, operations=10),
        Below(d.TransferPackets("send", 1_500, WINDOW, data_bytes=1_448, count=10)),
        Use("network_stack", cycles=45_000, operations=5),
        Below(acknowledgements),
        Use("driver", cycles=12_000, operations=5),
    ]


def test_receiving() -> None:
    acknowledgements = d.TransferPackets("send", 52, WINDOW, data=False, count=5)
    assert lowered(kernel(), d.ReceiveData(14_480, 1_448)) == [
        Below(d.TransferPackets("receive", 1_500, WINDOW, data_bytes=1_448, count=10)),
        Use("driver", cycles=24_000, operations=10),
        Use("network_stack", cycles=90_000, operations=10),
        Use("network_stack", cycles=35_000, operations=5),
        Use("driver", cycles=12_000, operations=5),
        Below(acknowledgements),
        *call(1_200, 3),
        Use("copy", cycles=36_200),
    ]


def test_a_single_byte_takes_a_whole_packet() -> None:
    assert Below(d.TransferPackets("send", 53, WINDOW, data_bytes=1, count=1)) in lowered(
        kernel(), d.SendData(1, 1_448)
    )


def test_a_request_is_thought_about_and_then_waited_for() -> None:
    steps = lowered(kernel(), d.ReceiveRequest(300, 1_448, think_s=0.001))
    assert steps[:2] == [
        Wait("network", time_s=0.001),
        Below(d.TransferPackets("receive", 352, data_bytes=300, count=1)),
    ]
    assert steps[2] == Use("driver", cycles=2_400)


# ---------------------------------------------------------------- a kernel: transitions


def test_a_kernel_switches_and_ticks() -> None:
    linux = kernel()
    assert reacted(linux, "switch") == [Use("context_switch", cycles=1_850), Below(d.SwitchAddressSpace())]
    assert reacted(linux, "tick") == [Use("tick", cycles=4_800), Below(d.TimerTick())]
    assert reacted(linux, "resume") == reacted(linux, "interrupted") == []
    assert (linux.tick_hz(), linux.width()) == (100, 1)


# ---------------------------------------------------------------- a paravirtualizing hypervisor


def test_a_table_that_a_guest_writes_itself_is_gone_through_once_for_all_its_entries() -> None:
    """A fault of 800 and 2,400 for the table, by 16 entries, beside 240 for each; one alone is what it was."""
    hypervisor = xen(page_tables="writable")
    assert lowered(hypervisor, d.UpdatePageTable(batched=True)) == [Use("page_table", cycles=440)]
    assert lowered(hypervisor, d.UpdatePageTable()) == [Use("page_table", cycles=2_300)]


@pytest.mark.parametrize(
    ("demand", "steps"),
    [
        (d.Compute(), [Below(d.Compute())]),
        (d.SensitiveInstruction(), [Below(d.SensitiveInstruction())]),
        (d.Trap(), [Use("trap", cycles=800)]),
        (d.UpdatePageTable(), [Use("page_table", cycles=2_300)]),
        (d.UpdatePageTable(batched=True), [Use("page_table", cycles=260)]),
        (d.SwitchAddressSpace(), [Use("address_space", cycles=2_900)]),
        (d.TouchKernelPage(), [Use("kernel_page", cycles=1_400)]),
        (d.TimerTick(), [Use("timer_event", cycles=900)]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, d.Demand) else "",
)
def test_what_a_guest_of_xen_pays_for(demand: d.Demand, steps: list[Step]) -> None:
    """System calls do not pass through it, so neither do sensitive instructions cost anything."""
    assert lowered(xen(), demand) == steps


@pytest.mark.parametrize(
    ("demand", "ring", "driver"),
    [
        (BLOCKS, 1_440, 9_600),
        (d.TransferPackets("send", 1500), 1_500, 2_400),
        (d.TransferPackets("receive", 1500), 1_700, 2_400),
    ],
    ids=["blocks", "send", "receive"],
)
def test_drivers_in_the_hypervisor(demand: d.Demand, ring: float, driver: float) -> None:
    """Xen 1: no other domain is asked; nobody's thread but the guest's works."""
    hypervisor = xen("hypervisor")
    assert lowered(hypervisor, demand) == [Use("ring", cycles=ring), Use("driver", cycles=driver), Below(demand)]
    assert hypervisor.guest_services() == ()


def test_a_request_through_domain_0() -> None:
    """Xen 2: the kick is paid by the sender if the back end sleeps, the notice once the work is done."""
    assert lowered(xen(), BLOCKS) == [
        Use("ring", cycles=1_440),
        Send(
            "block-ring",
            work=(Use("back_end", cycles=4_700), At("domain-0", BLOCKS)),
            kick=(Use("event_channel", cycles=2_000),),
            notice=(Use("event_channel", cycles=900),),
            wait=True,
            size_bytes=4096,
        ),
    ]


@pytest.mark.parametrize("window_bytes", [0, 9000])
def test_a_connection_with_a_window_does_not_wait_for_each_packet(window_bytes: float) -> None:
    ring, send = lowered(xen(), d.TransferPackets("receive", 1500, window_bytes))
    assert isinstance(send, Send) and ring == Use("ring", cycles=1_700)
    assert (send.queue, send.size_bytes, send.window_bytes) == ("packet-ring", 1500, window_bytes)
    assert send.wait is (window_bytes == 0)
    assert send.work[0] == Use("back_end", cycles=7_200)


def test_the_back_ends_drain_their_rings() -> None:
    services = {service.queue: service for service in xen().guest_services()}
    assert sorted(services) == ["block-ring", "packet-ring"]
    assert {(service.capacity, service.batch) for service in services.values()} == {(32, 32)}


def test_guests_of_xen_see_front_ends_and_domain_0_the_devices() -> None:
    hypervisor = xen()
    port = hypervisor.for_child("domain-0")
    assert hypervisor.for_child("guest") is hypervisor
    assert hypervisor.presents() == {"disk": "paravirtual", "nic": "paravirtual"}
    assert port.presents() == {"disk": "physical", "nic": "physical"}


def test_domain_0_drives_the_devices_itself_but_is_a_guest_in_everything_else() -> None:
    port = xen().for_child("domain-0")
    assert lowered(port, BLOCKS) == [Below(BLOCKS)]
    assert lowered(port, PACKETS) == [Below(PACKETS)]
    assert lowered(port, d.Trap()) == [Use("trap", cycles=800)]
    assert port.guest_services() == ()


def test_a_domain_that_was_idle_is_switched_to_and_pays_once_for_the_event_that_wakes_it() -> None:
    """Its own drivers: here. Split drivers: a guest pays with the back end's notice, domain 0 with the kick here."""
    switch, event = Use("domain_switch", cycles=2_800), Use("event_channel", cycles=900)
    assert reacted(xen("hypervisor"), "resume") == [switch, event]
    assert reacted(xen("domain-0"), "resume") == [switch]
    assert reacted(xen("domain-0").for_child("domain-0"), "resume") == [switch, event]
    hypervisor = xen("domain-0")
    assert reacted(hypervisor, "switch") == reacted(hypervisor, "interrupted") == []


def test_a_hypervisor_needs_memory_for_itself_and_for_each_domain() -> None:
    assert ParavirtualHypervisor.own_bytes(XEN, 3) == 16 * MIB + 3 * 64 * KIB
    assert HostedHypervisor.own_bytes(MONITOR, 1) == 32 * MIB


# ---------------------------------------------------------------- a hosted hypervisor

INTERRUPT = Use("emulation", cycles=1_480)
ROUND_TRIP = Use("world_switch", cycles=32_000, operations=2)


@pytest.mark.parametrize(
    ("demand", "steps"),
    [
        (d.Compute(), [Below(d.Compute())]),
        (d.SensitiveInstruction(), [Use("translation", cycles=340)]),
        (d.Trap(), [Use("trap", cycles=15_500)]),
        (d.UpdatePageTable(), [Use("shadow_paging", cycles=1_200), Use("shadow_paging", cycles=9_700)]),
        (d.UpdatePageTable(batched=True), [Use("shadow_paging", cycles=1_200)]),
        (d.SwitchAddressSpace(), [Use("address_space", cycles=41_000)]),
        (d.TouchKernelPage(), [Use("shadow_paging", cycles=9_700)]),
        (d.AccessRegister(), [Use("emulation", cycles=670)]),
        (d.TimerTick(), [ROUND_TRIP, INTERRUPT]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, d.Demand) else "",
)
def test_what_a_guest_of_workstation_pays_for(demand: d.Demand, steps: list[Step]) -> None:
    assert lowered(monitor(), demand) == steps


def hosted_disk(host: d.Demand) -> list[Step]:
    """To the device process and back, whatever the host has to do between."""
    return [ROUND_TRIP, Use("emulation", cycles=2_250), Below(host), INTERRUPT]


def test_a_virtual_disk_is_a_file_of_the_host() -> None:
    """The guest's position is the offset in the file, which the host reads by its own unit."""
    file = d.File("monitor:virtual-disk", 0, 64 * KIB)
    assert lowered(monitor(), d.TransferBlocks(40_960, 4096)) == hosted_disk(d.Read(file, 40_960, 4096))


@pytest.mark.parametrize(
    ("disk_cache", "host"),
    [
        ("write-back", d.Write(8192, new_pages=2)),
        ("write-through", d.WriteThrough(d.File("monitor:virtual-disk", 0, 64 * KIB), 8192)),
    ],
)
def test_the_host_acknowledges_a_write_when_it_is_told_to(disk_cache: str, host: d.Demand) -> None:
    blocks = d.TransferBlocks(0, 8192, write=True)
    assert lowered(monitor(disk_cache), blocks) == hosted_disk(host)


def test_packets_are_sent_one_by_one() -> None:
    """Ten packets: ten ways to the device process and back, ten system calls, ten interrupts."""
    assert lowered(monitor(), PACKETS) == [
        Use("world_switch", cycles=320_000, operations=20),
        Use("emulation", cycles=21_000, operations=10),
        Below(d.SystemCall("null_io", count=10)),
        Use("host_bridge", cycles=50_000, operations=10),
        Below(PACKETS),
        Use("emulation", cycles=14_800, operations=10),
    ]


def test_packets_are_received_in_batches() -> None:
    """48 packets in batches of 16: three ways there and back, but every packet is put together and bridged."""
    packets = d.TransferPackets("receive", 1500, count=48)
    assert lowered(monitor(), packets) == [
        Below(packets),
        Use("world_switch", cycles=96_000, operations=6),
        Use("emulation", cycles=100_800, operations=48),
        Below(d.SystemCall("null_io", count=3)),
        Use("host_bridge", cycles=240_000, operations=48),
        Use("emulation", cycles=4_440, operations=3),
    ]


def test_registers_that_only_the_process_knows_switch_worlds() -> None:
    """Two of three: each access takes two thirds of a way there and back in the mean."""
    found = HostedHypervisor({**MONITOR, "process_registers_ratio": 2 / 3}, monitor().structure, Place("monitor"))
    there_and_back = Use("world_switch", cycles=pytest.approx(32_000 * 2 / 3), operations=pytest.approx(4 / 3))
    assert lowered(found, d.AccessRegister()) == [Use("emulation", cycles=670), there_and_back]


def test_packets_sent_together_share_a_switch_and_an_interrupt_but_not_the_host_s_work() -> None:
    """Ten packets by fives: two ways there and back, two interrupts; ten calls, ten times through the bridge."""
    found = HostedHypervisor({**MONITOR, "sent_batch_count": 5}, monitor().structure, Place("monitor"))
    assert lowered(found, PACKETS) == [
        Use("world_switch", cycles=64_000, operations=4),
        Use("emulation", cycles=21_000, operations=10),
        Below(d.SystemCall("null_io", count=10)),
        Use("host_bridge", cycles=50_000, operations=10),
        Below(PACKETS),
        Use("emulation", cycles=2_960, operations=2),
    ]


def test_a_process_that_waits_in_select_makes_two_calls_for_a_batch() -> None:
    """48 packets in batches of 16."""
    found = HostedHypervisor({**MONITOR, "receive_calls_count": 2}, monitor().structure, Place("monitor"))
    assert Below(d.SystemCall("null_io", count=6)) in lowered(found, d.TransferPackets("receive", 1500, count=48))


def test_halting_and_the_hosts_timer_switch_worlds() -> None:
    assert reacted(monitor(), "resume") == [ROUND_TRIP, INTERRUPT]
    assert reacted(monitor(), "interrupted") == [ROUND_TRIP]
    assert reacted(monitor(), "switch") == reacted(monitor(), "tick") == []
