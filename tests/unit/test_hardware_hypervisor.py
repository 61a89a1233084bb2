"""Single requests on hypervisors for processors with assist, with the arithmetic beside each expected value.

The numbers are those of the catalog for the machine ``server-2025``; what a request costs is added up by hand from
them, place by place. Host systems and devices are left out here: their part is asked of them as a demand.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.explain import explain
from simulator.layers.base import GuestDevice, Place, Transition
from simulator.layers.hardware_hypervisor import HardwareHypervisor
from simulator.steps import At, Below, Send, Step, Transfer, Use

MACHINE = "server-2025"
PAGE = 4096
READ = d.TransferBlocks(8 * PAGE, PAGE)
PHYSICAL = {"disk": "physical", "nic": "physical"}


@cache
def catalog() -> Catalog:
    return Catalog()


def device(name: str) -> GuestDevice:
    product = catalog().virtual_hardware(name, MACHINE)
    return GuestDevice(name, product.structure["style"], product.values())


def hypervisor(
    name: str, *, disk: str = "", nic: str = "", machine: str = MACHINE, **structure: str
) -> HardwareHypervisor:
    """A product of the catalog with other choices of its structure, and the devices of one guest."""
    product = catalog().layer(name, machine)
    shown = {kind: device(each) for kind, each in (("disk", disk), ("nic", nic)) if each}
    place = Place(name, presents=PHYSICAL, guest_devices=shown)
    return HardwareHypervisor(product.values(), {**product.structure, **structure}, place)


def cycles(steps: Iterable[Step]) -> dict[str, float]:
    """Processor cycles by mechanism, of these steps alone."""
    found: dict[str, float] = {}
    for step in steps:
        if isinstance(step, Use):
            found[step.mechanism] = found.get(step.mechanism, 0.0) + step.cycles
    return found


def sent(steps: Iterable[Step]) -> Send:
    (send,) = (step for step in steps if isinstance(step, Send))
    return send


# ---------------------------------------------------------------- one disk request


def test_a_read_by_virtio_on_kvm_6() -> None:
    """A kick if the thread sleeps, the thread's own work, three calls and the transfer of the host, an interrupt.

    kick       1,559 of the exit + 300 to signal the event = 1,859
    thread     9,000 to start it; 6,000 to finish it once the disk is through with it
    interrupt  posted: 400, and no exit that ends it
    """
    steps = list(hypervisor("kvm-6", disk="virtio-blk").lower(READ))
    send = sent(steps)
    assert cycles(steps) == {}
    assert cycles(send.kick) == {"kick": 1559 + 300}
    assert cycles(send.work) == {"device_thread": 9_000}
    assert cycles(send.finish) == {"device_thread": 6_000}
    assert cycles(send.notice) == {"injection": 400}
    calls, transfer = [step.demand for step in send.work if isinstance(step, Below)]
    assert calls == d.SystemCall("null_io", count=3)
    assert isinstance(transfer, d.DirectTransfer)
    assert (transfer.offset_bytes, transfer.size_bytes, transfer.write) == (8 * PAGE, PAGE, False)


def test_a_read_by_an_ide_disk_on_kvm_6() -> None:
    """Twenty registers of the guest's driver and the one that starts the bus master, each 1,559 + 12,000 cycles.

    registers  20 x 13,559 = 271,180 asked for by the guest's driver
    doorbell   13,559
    request    10,000 in the device thread, which was started by the register: no kick
    """
    kvm = hypervisor("kvm-6", disk="ide")
    registers = kvm.place.guest_devices["disk"].parameters["registers_count"]
    by_driver = cycles(kvm.lower(d.AccessRegister()))
    assert registers * sum(by_driver.values()) == 20 * (1559 + 12_000) == 271_180
    steps = list(kvm.lower(READ))
    send = sent(steps)
    assert cycles(steps) == {"register_exit": 1559, "emulation": 12_000}
    assert send.kick == ()
    assert cycles(send.work) == {"emulation": 10_000}
    assert cycles(send.notice) == {"injection": 400}


def test_a_read_by_pvscsi_on_esxi_7() -> None:
    """The whole path is the hypervisor's own; nothing is asked of another system.

    kick    1,400 of the exit + 800 = 2,200
    thread  6,000 of the ring + 12,000 of the block path + 5,000 of the driver = 23,000
    """
    steps = list(hypervisor("vmware-esxi-7", disk="pvscsi").lower(READ))
    send = sent(steps)
    assert cycles(send.kick) == {"kick": 2200}
    assert cycles(send.work) == {"device_thread": 6000, "device_path": 12_000, "driver": 5000}
    assert sum(cycles(send.work).values()) == 23_000
    assert send.work[-1] == Below(READ)


def test_a_read_on_xen_goes_through_domain_0() -> None:
    """Back end 8,000 cycles, then domain 0's own block stack; an emulated disk has its registers there: 35,000 each."""
    send = sent(hypervisor("xen-hvm-4.17", disk="xen-disk").lower(READ))
    assert cycles(send.work) == {"device_thread": 8000}
    assert send.work[-1] == At("domain-0", READ)
    steps = list(hypervisor("xen-hvm-4.17", disk="ide").lower(READ))
    assert cycles(steps) == {"register_exit": 1600, "emulation": 35_000}


def test_a_passthrough_disk_moves_bytes_past_the_host() -> None:
    """Posted: 400 cycles to take the interrupt. Injected on kvm-3: 700, an exit to take it and one to end it."""
    posted = list(hypervisor("kvm-6", disk="passthrough-disk").lower(READ))
    assert posted[0] == Transfer("disk", "transfer", PAGE, 8 * PAGE)
    assert cycles(posted) == {"injection": 400}
    injected = hypervisor("kvm-3", disk="passthrough-disk", machine="dall-x86-server").lower(READ)
    assert cycles(injected) == {"injection": 700 + 2305 + 1638}


def test_a_large_read_takes_as_many_requests_as_the_controller_divides_it_into() -> None:
    """128 KiB: one request of virtio-blk, 32 of a device that takes single pages; the bytes are moved once."""
    size = 32 * PAGE
    large = d.TransferBlocks(0, size)
    one = cycles(sent(hypervisor("kvm-6", disk="virtio-blk").lower(large)).work)
    many = sent(hypervisor("firecracker-1", disk="virtio-blk-single").lower(large))
    single = cycles(sent(hypervisor("firecracker-1", disk="virtio-blk-single").lower(READ)).work)
    assert one == {"device_thread": 9_000}
    assert cycles(many.work)["device_thread"] == pytest.approx(32 * single["device_thread"])
    assert [
        step.demand.size_bytes for step in many.work if isinstance(step, Below) and isinstance(step.demand, d.Read)
    ] == [size]


@pytest.mark.parametrize(
    ("disk_cache", "read", "written"),
    [
        ("none", d.DirectTransfer, d.DirectTransfer),
        ("write-back", d.Read, d.Write),
        ("write-through", d.Read, d.WriteThrough),
    ],
)
def test_the_disk_cache_says_which_calls_the_device_process_makes(
    disk_cache: str, read: type[d.Demand], written: type[d.Demand]
) -> None:
    kvm = hypervisor("kvm-6", disk="virtio-blk", disk_cache=disk_cache)
    for demand, kind in ((READ, read), (d.TransferBlocks(0, PAGE, write=True, stream="log"), written)):
        last = sent(kvm.lower(demand)).work[-1]
        assert isinstance(last, Below) and isinstance(last.demand, kind)


def test_a_stream_of_writes_stays_one_on_the_host_s_disk() -> None:
    demand = d.TransferBlocks(0, PAGE, write=True, stream="log")
    last = sent(hypervisor("kvm-6", disk="virtio-blk").lower(demand)).work[-1]
    assert isinstance(last, Below) and isinstance(last.demand, d.DirectTransfer) and last.demand.stream == "log"


# ---------------------------------------------------------------- the network


def test_a_unit_sent_by_virtio_on_kvm_6() -> None:
    """Thread of the host's kernel: 2,500 of the ring, 2,500 of tap and bridge, a copy of each byte.

    The copy: 8 x 2.5e9 / 30.43e9 - 0.1 = 0.557 cycles a byte, so 16 KiB take 9,130 cycles.
    """
    kvm = hypervisor("kvm-6", nic="virtio-net")
    unit = d.TransferPackets("send", 16 * 1024, window_bytes=128 * 1024, frames=12)
    steps = list(kvm.lower(unit))
    send = sent(steps)
    assert len(steps) == 1, "completions of what was sent raise no interrupt"
    assert cycles(send.kick) == {"kick": 1859}
    assert not send.wait and send.window_bytes == 128 * 1024
    work = cycles(send.work)
    assert work.pop("device_copy") == pytest.approx(16 * 1024 * (8 * 2.5e9 / 30.43e9 - 0.1))
    assert work == {"device_thread": 2500, "host_bridge": 2500}
    assert send.work[-1] == Below(unit)


def test_what_arrives_needs_no_kick_and_shares_interrupts() -> None:
    """A stream shares one interrupt among eight units; a packet that is waited for has its own, as the notice."""
    kvm = hypervisor("kvm-6", nic="virtio-net")
    stream = list(kvm.lower(d.TransferPackets("receive", 1500, window_bytes=64 * 1024)))
    assert sent(stream).kick == ()
    assert cycles(stream) == {"injection": 400 / 8}
    alone = list(kvm.lower(d.TransferPackets("receive", 1500)))
    assert cycles(alone) == {}
    assert sent(alone).wait and cycles(sent(alone).notice) == {"injection": 400}


def test_an_e1000_has_a_doorbell_for_each_unit_and_no_thread_of_the_kernel() -> None:
    """1,559 + 12,000 for the doorbell; then the device process: 8,000, the bridge's 2,500, the copy, three calls."""
    steps = list(hypervisor("kvm-6", nic="e1000").lower(d.TransferPackets("send", 1500)))
    send = sent(steps)
    assert cycles(steps) == {"register_exit": 1559, "emulation": 12_000}
    assert send.kick == ()
    work = cycles(send.work)
    assert (work["emulation"], work["host_bridge"]) == (8000, 2500)
    assert next(step.demand for step in send.work if isinstance(step, Below)) == d.SystemCall("null_io", count=3)


def test_one_thread_serves_all_devices_of_firecracker_and_waits_for_each() -> None:
    fire = hypervisor("firecracker-1", disk="virtio-blk-single", nic="virtio-net")
    (thread,) = fire.guest_services()
    assert thread.serial
    assert {sent(fire.lower(demand)).queue for demand in (READ, d.TransferPackets("send", 100))} == {thread.queue}


def test_kvm_has_a_thread_for_each_device_and_only_that_of_an_ide_disk_waits() -> None:
    """An ide disk has room for one command; the others keep what their rings hold under way."""
    threads = {service.queue: service for service in hypervisor("kvm-6", disk="ide", nic="virtio-net").guest_services()}
    assert (threads["disk"].serial, threads["disk"].capacity) == (True, 1)
    assert (threads["nic"].serial, threads["nic"].capacity) == (False, 256)


# ---------------------------------------------------------------- the processor


def test_under_nested_paging_a_guest_s_kernel_runs_without_exits() -> None:
    """A fault takes longer walks only: (0.229 - 0.213) us at 3791 MHz = 60.7 cycles, beside an exit's 1,638."""
    kvm = hypervisor("kvm-3", machine="dall-x86-server")
    for demand in (d.SensitiveInstruction(), d.TouchKernelPage(), d.UpdatePageTable(batched=True)):
        assert list(kvm.lower(demand)) == []
    assert cycles(kvm.lower(d.Trap())) == {"nested_refill": pytest.approx(0.016 * 3791)}
    assert cycles(kvm.lower(d.UpdatePageTable())) == {"nested_refill": pytest.approx(0.0202 * 3791)}
    assert cycles(kvm.lower(d.SwitchAddressSpace())) == {"nested_refill": pytest.approx(0.09 * 3791)}


def test_under_shadow_paging_a_fault_exits_three_times() -> None:
    """Looked up 1,638 + 2,000, table write traced 1,638 + 4,000, entry filled 1,638 + 2,500: 13,414 cycles."""
    kvm = hypervisor("kvm-3", machine="dall-x86-server", paging="shadow")
    fault = [*kvm.lower(d.Trap()), *kvm.lower(d.UpdatePageTable())]
    assert sum(cycles(fault).values()) == 3638 + 5638 + 4138 == 13_414
    assert cycles(kvm.lower(d.UpdatePageTable(batched=True))) == {"shadow_paging": 5638}


def test_translated_code_carries_out_sensitive_instructions_where_there_is_no_assist() -> None:
    """ESX 3: (0.73 - 0.45) us over two of them at 2.4 GHz = 336 cycles; ESX 4 lets the processor do it."""
    assert cycles(hypervisor("vmware-esx-3").lower(d.SensitiveInstruction())) == {"translation": pytest.approx(336)}
    assert list(hypervisor("vmware-esx-4").lower(d.SensitiveInstruction())) == []


def test_an_access_passes_and_the_second_translation_is_the_hypervisor_s() -> None:
    access = d.AccessMemory("random", 2**30, page_bytes=PAGE)
    below, walk = hypervisor("kvm-6").lower(access)
    assert below == Below(access)
    assert walk == Below(d.NestedWalk("random", 2**30, PAGE, 2 * 2**20), own=True)
    _, shadow = hypervisor("vmware-esx-3").lower(access)
    assert isinstance(shadow.demand, d.NestedWalk) and shadow.demand.shadowed and shadow.own


@pytest.mark.parametrize(
    ("interrupts", "expected"),
    [("posted", {"timer_exit": 2 * 1559 + 2500, "injection": 400}),
     ("injected", {"timer_exit": 2 * 1559 + 2500, "injection": 400 + 1559 + 700})],
)  # fmt: skip
def test_a_tick_of_the_guest_is_set_fires_and_is_ended(interrupts: str, expected: dict[str, float]) -> None:
    """Two exits and the host's timer; where interrupts are not posted, a third exit of 2,259 cycles ends it.

    At 250 ticks a second that is 2.0 million cycles of 2.7 billion: 0.07 %, all that a program which only computes
    loses to a guest's own timer.
    """
    found = cycles(hypervisor("kvm-6", interrupts=interrupts).lower(d.TimerTick()))
    assert found == expected
    assert 250 * sum(found.values()) / 2.7e9 < 0.001


def test_the_host_s_timer_costs_an_exit_and_idling_an_exit_and_a_wake_up() -> None:
    kvm = hypervisor("kvm-6")
    assert cycles(kvm.react(Transition("interrupted"))) == {"host_interrupt": 1559}
    assert cycles(kvm.react(Transition("resume"))) == {"halt_exit": 1559 + 2500, "timer_exit": 2 * (1559 + 2500)}
    assert list(kvm.react(Transition("switch"))) == []


def test_a_hypervisor_on_the_machine_has_a_timer_of_its_own() -> None:
    assert hypervisor("kvm-6").tick_hz() == 0.0
    assert hypervisor("vmware-esxi-7").tick_hz() == 100.0
    assert HardwareHypervisor.needs({"stands_on": "system"}) == "system"


def test_domain_0_drives_the_devices_itself() -> None:
    port = hypervisor("xen-hvm-4.17", disk="ide").for_child("domain-0")
    assert list(port.lower(READ)) == [Below(READ)]
    assert port.presents() == PHYSICAL
    assert list(port.guest_services()) == []


def test_each_guest_costs_memory_of_the_hypervisor() -> None:
    """Xen: 64 MiB, and 40 MiB for each of three guests."""
    numbers = catalog().layer("xen-hvm-4.17", MACHINE).values()
    assert HardwareHypervisor.own_bytes(numbers, 3) == (64 + 3 * 40) * 2**20


def test_numbers_come_from_a_machine_of_the_same_architecture() -> None:
    """A server takes the x86 server's 1,638 cycles, although a board measured in the same year has 5,326."""
    assert catalog().layer("kvm-3", "felter-x3650").values()["exit_cycles"] == 1638
    assert catalog().layer("kvm-3", "arndale").values()["exit_cycles"] == 5326


# ---------------------------------------------------------------- starting, and choices that a product does not have


def test_a_virtual_machine_of_firecracker_is_there_before_one_of_qemu() -> None:
    """Work before the guest's kernel begins: 34 ms against 86 ms at 2.5 GHz; and 4 MiB against 24 MiB are read."""
    work, read = {}, {}
    for name in ("firecracker-1", "kvm-6"):
        figures = {key: each.value for key, each in catalog().layer(name, "firecracker-m5d").start.items()}
        steps = list(hypervisor(name).start(figures))
        work[name] = sum(cycles(steps).values()) / 2.5e9
        read[name] = sum(
            step.demand.size_bytes for step in steps if isinstance(step, Below) and isinstance(step.demand, d.Read)
        )
    assert work == {"firecracker-1": pytest.approx(0.0344), "kvm-6": pytest.approx(0.0550303 + 0.0306)}
    assert read == {"firecracker-1": 4 * 2**20, "kvm-6": 24 * 2**20}


def test_a_hypervisor_on_the_machine_reads_firmware_from_its_own_disk() -> None:
    """32 MiB in units of 64 KiB."""
    figures = {key: each.value for key, each in catalog().layer("vmware-esxi-7", MACHINE).start.items()}
    units = [step.demand for step in hypervisor("vmware-esxi-7").start(figures) if isinstance(step, Below)]
    assert len(units) == 512
    assert all(isinstance(unit, d.TransferBlocks) and unit.size_bytes == 64 * 1024 for unit in units)


@pytest.mark.parametrize(
    ("stack", "lacking"),
    [("linux-6 | kvm-6(disk_place=hypervisor) / linux-6", "block_path_cycles"),
     ("linux-6 | kvm-6(execution=translation) / linux-6", "sensitive_cycles"),
     ("linux-6 | kvm-6(stands_on=machine) / linux-6", "hypervisor_bytes")],
)  # fmt: skip
def test_a_choice_without_numbers_is_refused_by_their_names(stack: str, lacking: str) -> None:
    with pytest.raises(UsageError, match=f"kvm-6 has no numbers for that.*{lacking}"):
        explain(stack, "read 4 KiB", machine=MACHINE)


def test_explain_takes_the_choices_of_the_stack() -> None:
    """A thread of the kernel makes no calls: three of them less, and the one of the direct transfer."""
    stacks = [f"linux-6 | kvm-6(disk_place={place}) / linux-6" for place in ("host-process", "host-kernel")]
    texts = [str(explain(stack, "read 4 KiB", machine=MACHINE)) for stack in stacks]
    assert ["system call null io × 3" in text for text in texts] == [True, False]
