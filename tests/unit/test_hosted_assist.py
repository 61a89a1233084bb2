"""Hosted hypervisors on processors with assist and without any, event by event, reckoned by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.control import WORDS
from simulator.demands import (
    AccessMemory,
    AccessRegister,
    Compute,
    DirectTransfer,
    Mix,
    Read,
    ReceiveData,
    SwitchAddressSpace,
    SystemCall,
    TransferBlocks,
    TransferPackets,
    Trap,
    UpdatePageTable,
)
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.explain.explanation import explain
from simulator.layers.base import GuestDevice, Layer, Place, Transition
from simulator.layers.hardware import Hardware
from simulator.layers.hosted_hypervisor import HostedHypervisor
from simulator.plans import Node, Work, compile_steps
from simulator.records import names
from simulator.scenario import Scenario, load
from simulator.steps import Below, Send, Step, Use

MIB = 1024 * 1024
LAPTOP = "laptop-2025"
PROCESS = {
    "disk_emulation_cycles": 6_000, "nic_emulation_cycles": 3_000, "disk_ring_cycles": 4_000, "nic_ring_cycles": 2_000,
    "device_copy_cycles_per_byte": 0.5, "bridge_cycles": 2_500, "disk_calls_count": 1, "nic_calls_count": 1,
    "disk_block_bytes": 131_072, "wake_cycles": 3_000, "requests_count": 32, "receive_batch_count": 10,
    "monitor_bytes": 100 * MIB, "disk_wake_s": 2e-6, "disk_turn_cycles": 3_000, "disk_finish_cycles": 2_500,
    "host_read_cycles": 3_000, "host_page_cycles": 2_000,
}  # fmt: skip
ASSIST = {
    **PROCESS, "exit_cycles": 2_000, "injection_cycles": 500, "interrupt_end_cycles": 3_500, "timer_cycles": 4_000,
    "interrupt_send_cycles": 0, "timer_exits_count": 2, "idle_timers_count": 0,
    "halt_cycles": 5_000, "host_kernel_register_cycles": 1_000, "host_process_register_cycles": 14_000,
    "host_page_bytes": 4096, "nested_trap_cycles": 60, "nested_fill_cycles": 80, "nested_switch_cycles": 340,
}  # fmt: skip
EMULATION = {
    **PROCESS, "instruction_cycles": 0.5, "branch_cycles": 8.0, "float_cycles": 20.0,
    "miss_cycles": 20.0, "instructions_ratio": 1.5, "branches_ratio": 0.25, "accesses_ratio": 0.5,
    "kernel_code_ratio": 6.0, "lookup_cycles": 4.0,
    "software_walk_cycles": 600, "software_entries_count": 256, "line_bytes": 64, "word_bytes": 8,
    "exception_cycles": 8_000, "base_load_cycles": 100_000, "device_register_cycles": 1_500,
}  # fmt: skip
CHOICES = {
    "processor": "assist", "paging": "nested", "disk_cache": "write-back", "disk_requests": "concurrent",
    "disk_place": "host-kernel", "nic_place": "host-process", "network": "bridged", "exit_history": "none",
}  # fmt: skip
INTERRUPT = Use("injection", cycles=4_000)
"""500 to hand it over, 3,500 for the guest's end of it."""
WAKE = Use("thread_wake", cycles=3_000)


def product(devices: dict[str, GuestDevice] | None = None, **choices: str) -> HostedHypervisor:
    """A product with assist."""
    return HostedHypervisor(ASSIST, {**CHOICES, **choices}, Place("monitor", guest_devices=devices or {}))


def emulator(**choices: str) -> HostedHypervisor:
    structure = {**CHOICES, "processor": "emulation", "paging": "software", **choices}
    return HostedHypervisor(EMULATION, structure, Place("emulator"))


def lowered(layer: Layer, demand: Any) -> list[Step]:
    return list(layer.lower(demand))


def cycles(steps: Iterable[Step]) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use))


def queued(steps: Iterable[Step]) -> Send:
    (send,) = (step for step in steps if isinstance(step, Send))
    return send


# ---------------------------------------------------------------- assist: registers


def test_a_register_costs_by_the_place_that_works_it_out() -> None:
    """In ring 0: exit 2,000 + register 1,000. In the process: exit 2,000 + out of the kernel and back 14,000."""
    disk, nic = AccessRegister("disk"), AccessRegister("nic")
    assert lowered(product(), disk) == [Use("register_exit", cycles=2_000), Use("emulation", cycles=1_000)]
    assert lowered(product(), nic) == [Use("register_exit", cycles=2_000), Use("emulation", cycles=14_000)]
    assert cycles(lowered(product(disk_place="host-process"), disk)) == 16_000


def test_a_register_of_no_device_is_the_monitors_own() -> None:
    assert cycles(lowered(product(disk_place="host-process"), AccessRegister())) == 3_000


@pytest.mark.parametrize(("place", "ns"), [("host-kernel", (1634 + 1614) / 2), ("host-process", (6582 + 5928) / 2)])
def test_virtualbox_takes_as_long_as_its_developers_measured(place: str, ns: float) -> None:
    """Memory-mapped registers, mean of read and write, Threadripper 1950X at 3.4 GHz."""
    found = Catalog().layer("virtualbox-5.2", "threadripper-1950x")
    layer = HostedHypervisor(found.values(), {**found.structure, "disk_place": place}, Place("virtualbox"))
    assert cycles(lowered(layer, AccessRegister("disk"))) / 3.4 == pytest.approx(ns)


def test_the_guests_kernel_runs_as_it_is() -> None:
    """Nested paging: no exits for its own page tables, only longer walks."""
    assert lowered(product(), Trap()) == [Use("nested_refill", cycles=60)]
    assert lowered(product(), SwitchAddressSpace()) == [Use("nested_refill", cycles=340)]
    assert lowered(product(), UpdatePageTable(batched=True)) == []
    assert not list(product().carry(1_000, kernel=True))


# ---------------------------------------------------------------- assist: the disk


def test_a_read_goes_through_the_process_and_the_hosts_cache() -> None:
    """The guest: doorbell in ring 0 (3,000), a wake-up only if the thread sleeps (3,000), one interrupt (4,000).

    The thread: request 6,000, one call beside the read; a file of the host, found in its cache or not, with 3,000 for
    the read and 2,000 for its page; 2,500 to finish it.
    """
    steps = lowered(product(), TransferBlocks(40_960, 4096))
    assert cycles(steps) == 3_000
    send = queued(steps)
    assert (send.queue, send.wait, send.kick, send.notice) == ("disk", True, (WAKE,), (INTERRUPT,))
    emulation, calls, entered, read = send.work
    assert emulation == Use("emulation", cycles=6_000)
    assert calls == Below(SystemCall("null_io", count=1))
    assert entered == Use("host_cache", cycles=3_000 + 2_000)
    assert send.finish == (Use("device_thread", cycles=2_500),)
    assert isinstance(read, Below) and isinstance(read.demand, Read)
    assert (read.demand.offset_bytes, read.demand.size_bytes) == (40_960, 4096)


def test_the_loop_of_the_disk_s_thread_has_its_price() -> None:
    disk, _ = product().guest_services()
    assert disk.woken == (Use("device_wake", stall_s=2e-6),)
    assert disk.turn == (Use("device_turn", cycles=3_000),)


@pytest.mark.parametrize(("disk_cache", "carried_out"), [("none", True), ("write-back", True), ("unsafe", False)])
def test_a_flush_is_one_of_the_file_or_forgotten(disk_cache: str, carried_out: bool) -> None:
    """What a guest has had acknowledged is made safe by the host, unless the product was told to forget it."""
    steps = lowered(product(disk_cache=disk_cache), TransferBlocks(0, 131_072, write=True, flush=True))
    assert [isinstance(step, Send) for step in steps].count(True) == carried_out
    if carried_out:
        call = [step.demand for step in queued(steps).work if isinstance(step, Below)][-1]
        assert isinstance(call, DirectTransfer) and call.flush and call.size_bytes == 131_072


def test_without_the_hosts_cache_the_process_transfers_directly() -> None:
    """A write appended to a stream stays one below."""
    send = queued(lowered(product(disk_cache="none"), TransferBlocks(0, 4096, write=True, stream="log")))
    (direct,) = (
        each.demand for each in send.work if isinstance(each, Below) and isinstance(each.demand, DirectTransfer)
    )
    assert (direct.write, direct.stream) == (True, "log")


def test_a_read_from_the_hosts_cache_by_hand() -> None:
    """Workstation 17: missed by the guest, found by its host; cycles of the product and of the host by name.

    Doorbell and registers of the LSI Logic adapter are exits worked out in ring 0; the disk's thread is woken, puts the
    request together and makes a call beside the read; the guest's thread is woken, sets its timer twice and takes its
    interrupt.
    """
    catalog = Catalog()
    ours, host, adapter = (
        catalog.layer("vmware-workstation-17", LAPTOP).values(),
        catalog.layer("linux-6", LAPTOP).values(),
        catalog.virtual_hardware("lsilogic", LAPTOP).values(),
    )
    frequency_hz = catalog.machine(LAPTOP).devices["cpu"].values()["frequency_hz"]
    registers = (1 + adapter["registers_count"]) * (ours["exit_cycles"] + ours["host_kernel_register_cycles"])
    timers = ours["idle_timers_count"] * (ours["exit_cycles"] + ours["timer_cycles"])
    woken = ours["exit_cycles"] + ours["halt_cycles"] + timers + ours["nested_switch_cycles"]
    interrupt = ours["injection_cycles"] + ours["interrupt_end_cycles"]
    product_cycles = registers + ours["wake_cycles"] + ours["disk_emulation_cycles"] + woken + interrupt
    product_cycles += ours["disk_turn_cycles"] + ours["host_read_cycles"] + ours["host_page_cycles"]
    product_cycles += ours["disk_finish_cycles"] + ours["disk_wake_s"] * frequency_hz
    call_cycles = host["null_io_cycles"] + host["entry_guard_cycles"]
    switches, calls = 2 * host["context_switch_cycles"], (1 + ours["disk_calls_count"]) * call_cycles
    host_cycles = switches + calls + 4096 * host["copy_cycles_per_byte"]
    found = explain("linux-6 | vmware-workstation-17 / linux-6", "read 4 KiB", LAPTOP)
    (total,) = (
        each
        for each in found.totals
        if [label for _, label in each.decisions] == ["not in the page cache", "in the page cache"]
    )
    assert total.devices_s["disk"] == 0.0
    below, product_path = [path for path in found.names if path in total.overhead_s and path != "machine"][:2]
    assert total.overhead_s[product_path] * found.frequency_hz == pytest.approx(product_cycles)
    assert total.overhead_s[below] * found.frequency_hz == pytest.approx(host_cycles)


def test_a_larger_request_than_the_controller_takes_is_divided() -> None:
    """512 KiB by 128 KiB: four times 6,000 cycles."""
    ide = {"disk": GuestDevice("ide", "emulated", {"queue_count": 1, "request_bytes": 131_072})}
    (disk, nic) = product(ide).guest_services()
    assert (disk.capacity, disk.serial, nic.serial) == (1, True, False)
    work = queued(lowered(product(ide), TransferBlocks(0, 524_288))).work
    assert work[0] == Use("emulation", cycles=24_000, operations=4)


def test_one_thread_that_waits_for_each_request_is_a_choice() -> None:
    assert [each.serial for each in product(disk_requests="serial").guest_services()] == [True, False]


@pytest.mark.parametrize(("exit_history", "exits"), [("none", 5), ("kept", 3)])
def test_an_interrupt_of_an_e1000_touches_registers(exit_history: str, exits: int) -> None:
    """Five in the host's kernel: 2,000 an exit and 1,000 a register; kept, two that are read back are no exits."""
    card = {"nic": GuestDevice("e1000", "emulated", {"queue_count": 256, "interrupt_registers_count": 5})}
    monitor = product(card, nic_place="host-kernel", exit_history=exit_history)
    send = queued(lowered(monitor, TransferPackets("receive", 1500)))
    assert cycles(send.notice) == 4_000 + exits * 2_000 + 5 * 1_000


def test_translated_frames_pass_the_tcp_of_the_process_one_by_one() -> None:
    """Three frames: 3 x (3,000 + 15,000), 4,344 bytes by 0.5, a call for each; then a connection of the host."""
    numbers = {**ASSIST, "translation_cycles": 15_000}
    monitor = HostedHypervisor(numbers, {**CHOICES, "network": "nat"}, Place("monitor"))
    unit = TransferPackets("receive", 4_344.0, 65_536, frames=3.0, data_bytes=4_200.0)
    work = queued(lowered(monitor, unit)).work
    assert cycles(work) == 3 * (3_000 + 15_000) + 4_344 * 0.5
    assert work[-2:] == (Below(SystemCall("null_io", count=3)), Below(ReceiveData(4_200.0, 1_400.0)))


def test_a_paravirtual_disk_is_told_only_if_its_thread_sleeps() -> None:
    devices = {"disk": GuestDevice("pvscsi", "paravirtual", {"queue_count": 254, "request_bytes": 524_288})}
    steps = lowered(product(devices), TransferBlocks(0, 4096))
    assert cycles(steps) == 0
    assert cycles(queued(steps).kick) == 3_000 + 3_000
    assert queued(steps).work[0] == Use("device_thread", cycles=4_000)


# ---------------------------------------------------------------- assist: the network


def test_a_packet_sent_by_the_process_takes_its_thread_and_a_system_call() -> None:
    """The guest: doorbell, 16,000 in the process. The thread: 3,000 + 1,500 bytes by 0.5 + bridge 2,500, one call."""
    packet = TransferPackets("send", 1500, window_bytes=65_536)
    steps = lowered(product(), packet)
    send = queued(steps)
    assert cycles(steps) == 16_000 + 4_000  # and the interrupt that confirms it
    assert cycles(send.work) == 3_000 + 750 + 2_500
    assert [each.demand for each in send.work if isinstance(each, Below)] == [SystemCall("null_io", count=1), packet]
    assert not send.wait and send.window_bytes == 65_536


def test_a_packet_sent_in_ring_0_takes_neither() -> None:
    """Exit 2,000 + register 1,000 + packet 3,000 + copy 750 + bridge 2,500 + the interrupt that confirms it 4,000."""
    packet = TransferPackets("send", 1500, window_bytes=65_536)
    steps = lowered(product(nic_place="host-kernel"), packet)
    assert cycles(steps) == 13_250
    assert [each.demand for each in steps if isinstance(each, Below)] == [packet]


def test_a_packet_received_is_nobodys_doorbell() -> None:
    """The process waits for it wherever the card is; one that is waited for has its own interrupt."""
    for place in ("host-kernel", "host-process"):
        steps = lowered(product(nic_place=place), TransferPackets("receive", 1500))
        assert cycles(steps) == 0
        assert queued(steps).kick == () and queued(steps).notice == (INTERRUPT,)


def test_idling_and_the_hosts_timer_are_exits() -> None:
    """Asleep and woken: exit 2,000 + 5,000; the host's tick: one exit."""
    assert cycles(product().react(Transition("resume"))) == 7_000
    assert cycles(product().react(Transition("interrupted"))) == 2_000


# ---------------------------------------------------------------- emulation


def test_a_cycle_of_unknown_code_is_code_like_most() -> None:
    """1.5 instructions of 0.5 cycles, 0.25 branches of 8 cycles: 1.75 beyond the cycle; half an access of 4 cycles."""
    steps = lowered(emulator(), Compute())
    assert steps[0] == Below(Compute())
    assert cycles(steps) == pytest.approx(1.5 * 0.5 + 0.25 * 8 - 1 + 0.5 * 4)


def test_instructions_that_wait_for_each_other_leave_room_for_their_translation() -> None:
    """One a cycle, half a cycle each: nothing more; and room for the lookups of an access in eight, 4 cycles each."""
    assert cycles(lowered(emulator(), Compute(Mix(1.0, 0.0, 0.0, 0.0)))) == 0.0
    assert cycles(lowered(emulator(), Compute(Mix(1.0, 0.125, 0.0, 0.0)))) == 0.0
    assert cycles(lowered(emulator(), Compute(Mix(1.0, 0.25, 0.0, 0.0)))) == pytest.approx(0.5)


def test_code_that_keeps_a_wide_processor_busy_takes_several_times_as_long() -> None:
    """Four instructions a cycle: 2 cycles as translated. Floating point: each operation 20 more."""
    assert cycles(lowered(emulator(), Compute(Mix(4.0, 0.0, 0.0, 0.0)))) == pytest.approx(1.0)
    assert cycles(lowered(emulator(), Compute(Mix(4.0, 0.0, 0.0, 1.3)))) == pytest.approx(1.0 + 26.0)


def test_there_is_no_room_while_a_wrong_guess_is_waited_for() -> None:
    """A wrong guess in forty cycles: half of the time is waited; the instruction's half cycle just fits in the rest."""
    assert cycles(lowered(emulator(), Compute(Mix(1.0, 0.0, 0.0, 0.0, 1 / 40)))) == pytest.approx(0.0)
    assert cycles(lowered(emulator(), Compute(Mix(2.0, 0.0, 0.0, 0.0, 1 / 40)))) == pytest.approx(0.5)


def test_random_accesses_miss_what_the_softwares_table_does_not_hold() -> None:
    """256 pages of 4 KiB are 1 MiB: of a working set of 4 MiB three accesses in four are walked by code."""
    assert cycles(lowered(emulator(), AccessMemory("random", 4 * MIB))) == pytest.approx(4 + 0.75 * 600)
    assert cycles(lowered(emulator(), AccessMemory("random", 1 * MIB))) == pytest.approx(4)


def test_a_stream_looks_every_word_up_and_walks_once_a_page() -> None:
    """A line of 64 bytes: 8 lookups of 4 cycles, and 64 / 4096 of a walk."""
    assert cycles(lowered(emulator(), AccessMemory("stream", 64 * MIB))) == pytest.approx(8 * 4 + 600 / 64)


def test_the_code_of_a_kernel_is_carried_by_the_emulator_below_it() -> None:
    """1,000 cycles of a guest kernel: 6,000 more in the emulator; of a host kernel: none. On a node above: the same."""

    class Kernel(Layer):
        OFFERS, NEEDS = "system", "machine"

        def lower(self, demand: Any) -> Iterable[Step]:
            return (Use("work", cycles=1_000.0),)

    class Bytecode(Kernel):
        OFFERS, NEEDS = "bytecode", "system"

    machine = Node("machine", Hardware({}))
    host = Node("host", Kernel({}), machine)
    guest = Node("guest", Kernel({}), Node("emulator", emulator(), host))
    programs = Node("jvm", Bytecode({}), guest)
    for node, more in ((host, 0.0), (guest, 6_000.0), (programs, 1_000 * (1.75 + 0.5 * 4))):
        (work,) = compile_steps(node, node.layer.lower(Compute()), node.path)
        assert isinstance(work, Work)
        assert work.cycles == pytest.approx(1_000 + more)
        assert {part.key.cause for part in work.parts} == ({node.path, "emulator"} if more else {node.path})


def test_a_page_fault_under_qemu_comes_out_as_measured() -> None:
    """13.3 us: 1.56 us of the kernel, seven times as much again for its code (the processor's own 0.12 us apart), the
    exception, the new entry's walk."""
    found = Catalog().layer("qemu-7.2", "epyc-zen4-vm")
    layer = HostedHypervisor(found.values(), found.structure, Place("qemu"))
    native_cycles, code_cycles = 1564.9 * 3.65, (1564.9 - 120.7) * 3.65
    extra = cycles([*layer.carry(code_cycles, kernel=True), *layer.lower(Trap()), *layer.lower(UpdatePageTable())])
    assert (native_cycles + extra) / 3.65 == pytest.approx(13_286.3)


# ---------------------------------------------------------------- products


def scenario(stack: str) -> Scenario:
    """Thirty files of a kernel build."""
    workload = {"name": "kernel-build", "parameters": {"files_count": 30, "file_variation_ratio": 0}}
    return load({
        "machine": LAPTOP, "stacks": {"one": stack}, "replications": 1,
        "tenants": {"app": {"workload": workload, "memory": "4 GiB", "vcpus": 1}},
    })  # fmt: skip


@pytest.mark.parametrize(
    "stack",
    [
        "linux-6 | virtualbox-7 / linux-6",
        "windows-11 | vmware-workstation-17 / linux-6",
        "macos-12 | vmware-fusion-13 / linux-6",
        "linux-6 | qemu-7.2 / linux-6",
        "linux-2.6 | vmware-workstation-7 / linux-2.6",
        "linux-2.6 | vmware-workstation-7(processor=translation) / linux-2.6",
        "linux-6 | virtualbox-7(disk_cache=write-back, disk_requests=serial) / linux-6",
    ],
)
def test_guests_on_hosts_of_many_kinds_can_be_run(stack: str) -> None:
    """A short build ends, its ledgers close, and the program's own work is the same in every stack."""
    (point,) = scenario(stack).points()
    charges = [dict(zip(names("charges"), row, strict=True)) for row in run_point(point, 0)["tables"]["charges"]]
    useful = sum(row["cycles"] for row in charges if row["cause"] == "program" and row["device"] == "cpu")
    assert useful == pytest.approx(30 * Catalog().workload("kernel-build", LAPTOP).values()["file_cycles"])


def test_windows_is_a_guest_like_any_other() -> None:
    app = {"workload": "windows-office", "memory": "4 GiB", "vcpus": 1}
    stacks = {"one": "linux-6 | vmware-player-17 / windows-11"}
    (point,) = load({"machine": LAPTOP, "stacks": stacks, "tenants": {"app": app}}).points()
    (row,) = (dict(zip(names("tenants"), row, strict=True)) for row in run_point(point, 0)["tables"]["tenants"])
    assert (row["outcome"], row["build"]) == ("ok", "machine code")


def test_fusion_is_refused_where_it_is_not_built_for() -> None:
    with pytest.raises(ScenarioError, match="vmware-fusion-13 is built for the program interface of macos, and"):
        scenario("linux-6 | vmware-fusion-13 / linux-6")


def test_player_differs_from_workstation_by_what_it_cannot_do_only() -> None:
    catalog = Catalog()
    workstation, player = (catalog.layer(name, LAPTOP) for name in ("vmware-workstation-17", "vmware-player-17"))
    assert player.parameters == workstation.parameters and player.structure == workstation.structure
    assert set(player.lacks) == {"snapshot", "roll-back", "clone"} <= HostedHypervisor.CONTROL
    assert set(WORDS) >= HostedHypervisor.CONTROL and "migrate" not in HostedHypervisor.CONTROL


def hosted() -> list[str]:
    """The catalog's products of the family."""
    catalog = Catalog()
    return [name for name in catalog.names("layers") if catalog.layer(name, LAPTOP).family == "hosted_hypervisor"]


@pytest.mark.parametrize("name", hosted())
def test_a_hosted_product_is_an_ordinary_application(name: str) -> None:
    """Few steps, no restart; what its devices are called is known."""
    catalog = Catalog()
    found = catalog.layer(name, LAPTOP)
    assert found.installation["install_reboots_count"].value == 0
    assert found.installation["install_steps_count"].value <= 6
    assert found.start["start_cycles"].value > 0
    known = catalog.names("virtual_hardware")
    assert {device for devices in found.hardware.values() for device in devices} <= set(known)


@pytest.mark.parametrize(("threads", "width"), [(1, 1.0), (255, 255.0)])
def test_an_emulator_runs_as_many_processors_at_once_as_it_has_threads_for_their_code(
    threads: int, width: float
) -> None:
    structure = {**CHOICES, "processor": "emulation", "paging": "software"}
    found = HostedHypervisor({**EMULATION, "code_threads_count": threads}, structure, Place("emulator"))
    assert found.width() == width
    assert product().width() == float("inf")
