"""Packets past the guest's kernel, folders of the host, and files in memory: by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.layers.application_kernel import ApplicationKernel
from simulator.layers.base import GuestDevice, Layer, Place
from simulator.layers.hardware_hypervisor import HardwareHypervisor
from simulator.layers.operating_system import OperatingSystem
from simulator.layers.paravirtual_hypervisor import ParavirtualHypervisor
from simulator.layers.unikernel import Unikernel
from simulator.steps import Below, Choice, Send, Step, Transfer, Use

CATALOG, I7 = Catalog(), "unikraft-i7"
BURST = d.DriveCard("send", 50, 32, 12_800)


def layer(kind: type[Layer], name: str, place: Place, **changes: str) -> Layer:
    found = CATALOG.layer(name, I7)
    return kind(found.values(), {**found.structure, **changes}, place)


def kvm(**changes: str) -> Layer:
    shown = {"nic": GuestDevice("virtio-net", "paravirtual", {"queue_count": 256})}
    return layer(HardwareHypervisor, "kvm-6", Place("kvm", guest_devices=shown), **changes)


def emulated(**changes: str) -> Layer:
    """The same with a card of old: its model hands on packet by packet."""
    shown = {"nic": GuestDevice("e1000", "emulated", {"queue_count": 256, "handed_bytes": 0.0})}
    return layer(HardwareHypervisor, "kvm-6", Place("kvm", guest_devices=shown), **changes)


def guest(kind: type[Layer], name: str, mounts: bool = True) -> Layer:
    return layer(kind, name, Place(name, 2.0**30, {"disk": "paravirtual", "nic": "paravirtual"}, mounts=mounts))


def sent(steps: list[Step]) -> Send:
    (send,) = (step for step in steps if isinstance(step, Send))
    return send


def cycles(steps: tuple[Step, ...], mechanism: str) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use) and step.mechanism == mechanism)


@pytest.mark.parametrize(("kind", "name"), [(OperatingSystem, "linux-4"), (Unikernel, "unikraft-0.5")])
def test_a_programs_own_driver_passes_its_kernel(kind: type[Layer], name: str) -> None:
    """32 packets of 50 bytes: one burst of 1,600, looked for and not announced; the kernel takes nothing."""
    burst = d.TransferPackets("send", 1_600, 12_800, 32, polled=True, burst=True)
    assert list(guest(kind, name).lower(BURST)) == [Below(burst)]


def test_vhost_takes_a_burst_packet_by_packet_and_is_kicked_once() -> None:
    """2,500 cycles for the first of the ring, and 31 times what a kernel forwards a packet in (2,057)."""
    (handed,) = guest(OperatingSystem, "linux-4").lower(BURST)
    assert isinstance(handed, Below)
    send = sent(list(kvm().lower(handed.demand)))
    assert cycles(send.work, "device_thread") == pytest.approx(2_500 + 31 * 3.6e9 / 1.75e6)
    assert send.kick and not send.notice


def test_a_process_that_polls_is_not_kicked_and_drives_the_card_itself() -> None:
    """180 cycles for each of 32 packets; the host's kernel sees none of them."""
    burst = d.TransferPackets("send", 1_600, 12_800, 32, polled=True, burst=True)
    send = sent(list(kvm(nic_place="host-poller").lower(burst)))
    assert not send.kick and not send.notice
    assert cycles(send.work, "device_thread") == 32 * 180
    assert isinstance(send.work[-1], Transfer)


def test_a_process_works_on_each_packet_of_a_burst_and_the_guest_rings_once() -> None:
    """32 times 8,000 cycles of emulation, a system call and a way through the bridge; one register for all."""
    burst = d.TransferPackets("send", 1_600, 12_800, 32, polled=True, burst=True)
    one, many = (list(emulated().lower(each)) for each in (replace(burst, size_bytes=50, frames=1.0), burst))
    for mechanism in ("emulation", "host_bridge", "device_copy"):
        assert cycles(sent(many).work, mechanism) == pytest.approx(32 * cycles(sent(one).work, mechanism))
    assert cycles(sent(many).work, "emulation") == 32 * 8_000
    calls, handed = (step.demand for step in sent(many).work if isinstance(step, Below))
    assert calls == d.SystemCall("null_io", count=32 * CATALOG.layer("kvm-6", I7).values()["nic_calls_count"])
    assert isinstance(handed, d.TransferPackets)
    assert (handed.size_bytes, handed.frames, handed.count) == (50, 1.0, 32)
    assert [step for step in many if not isinstance(step, Send)] == [step for step in one if not isinstance(step, Send)]


def test_a_back_end_works_on_each_packet_of_a_burst_and_is_told_once() -> None:
    """32 times 7,500 cycles in domain 0; the packets of a burst share an event."""
    burst = d.TransferPackets("send", 1_600, 12_800, 32, polled=True, burst=True)
    xen = layer(ParavirtualHypervisor, "xen-4", Place("xen"))
    steps = list(xen.lower(burst))
    assert cycles(sent(steps).work, "back_end") == 32 * 7_500
    assert cycles(sent(steps).kick, "event_channel") == CATALOG.layer("xen-4", I7).values()["hypercall_cycles"]
    assert sent(steps).size_bytes == 1_600


def test_a_unit_that_a_card_cuts_is_one_unit_to_a_back_end() -> None:
    xen = layer(ParavirtualHypervisor, "xen-4", Place("xen"))
    assert cycles(sent(list(xen.lower(d.TransferPackets("send", 9_000, 0.0, 6)))).work, "back_end") == 7_500


@pytest.mark.parametrize("window_bytes", [0.0, 65_536.0])
@pytest.mark.parametrize("direction", ["send", "receive"])
def test_all_data_of_a_unit_passes_a_process_that_is_the_end_of_the_connection(
    direction: d.Direction, window_bytes: float
) -> None:
    """Six packets of 1,500 bytes, cut by the card's model: 9,000 bytes on the host's own connection."""
    unit = d.TransferPackets(direction, 9_000, window_bytes, 6, data_bytes=8_640)
    send = sent(list(emulated(network="user").lower(unit)))
    found = [step.demand for step in (*send.work, *send.finish) if isinstance(step, Below)]
    data = [each for each in found if isinstance(each, d.SendData | d.ReceiveData | d.ReceiveRequest)]
    assert sum(each.size_bytes * each.count for each in data) == 9_000


@pytest.mark.parametrize(("kind", "name"), [(OperatingSystem, "linux-4"), (Unikernel, "unikraft-0.5")])
def test_a_block_of_a_mounted_folder_takes_a_message_for_each_unit(kind: type[Layer], name: str) -> None:
    """64 KiB by 4 KiB: sixteen round trips; none where nobody holds the folder."""
    asked = d.UseShare(65_536, 4_096)

    def messages(mounts: bool) -> list[Step]:
        steps = guest(kind, name, mounts).lower(asked)
        return [step for step in steps if isinstance(step, Below) and isinstance(step.demand, d.AskShare)]

    assert messages(mounts=True) == 16 * [Below(d.AskShare(4_096))]
    assert messages(mounts=False) == []


def test_the_device_process_reads_the_hosts_file_for_it() -> None:
    """20,000 cycles for decoding and two hand-overs, four calls, and a read that the host's memory answers."""
    send = sent(list(kvm().lower(d.AskShare(4_096))))
    assert cycles(send.work, "shared_folder") == 20_000
    calls, read = (step.demand for step in send.work if isinstance(step, Below))
    assert calls == d.SystemCall("null_io", count=4)
    assert isinstance(read, d.Read) and read.file.in_memory
    assert send.wait and send.kick and send.notice


TMPFS = d.File("file", 2**20, 4_096, in_memory=True)


def test_a_file_in_memory_is_never_read_from_the_disk() -> None:
    steps = guest(OperatingSystem, "linux-4").lower(d.Read(TMPFS, 0, 4_096))
    assert [step.decide() for step in steps if isinstance(step, Choice)] == [0]


def test_the_sentry_asks_the_host_only_for_files_that_are_not_its_own() -> None:
    sentry = layer(ApplicationKernel, "gvisor-2019", Place("gvisor"))
    own, hosts = sentry.lower(d.Read(TMPFS, 0, 4_096)), sentry.lower(d.Read(d.File("file", 4_096, 4_096), 0, 4_096))
    assert not [step for step in own if isinstance(step, Below)]
    assert len([step for step in hosts if isinstance(step, Below)]) == 1
