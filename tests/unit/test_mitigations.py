"""What guards against speculation cost, event by event and by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.layers.base import GuestDevice, Place, Transition
from simulator.layers.container import Container
from simulator.layers.hardware_hypervisor import HardwareHypervisor
from simulator.layers.operating_system import OperatingSystem
from simulator.steps import Choice, Send, Step, Use

CATALOG = Catalog()
I7, SKYLAKE = "unikraft-i7", "firecracker-m5d"


def kernel(machine: str, **changes: str) -> OperatingSystem:
    found = CATALOG.layer("linux-4", machine)
    return OperatingSystem(found.values(), {**found.structure, **changes}, Place("linux", 2.0**30))


def cycles(steps: Iterable[Step]) -> Counter[str]:
    found: Counter[str] = Counter()
    for step in steps:
        if isinstance(step, Use):
            found[step.mechanism] += step.cycles  # type: ignore[assignment]
        elif isinstance(step, Choice):
            found += cycles(step.options[0])
    return found


def test_a_null_call_takes_what_was_measured_with_and_without() -> None:
    """Table 1: 153.75 cycles without mitigations; 222 with them, less some branches of the call's own 154 cycles."""
    assert cycles(kernel(I7, mitigations="off").lower(d.SystemCall("null"))) == {"system_call": 153.75}
    guarded = cycles(kernel(I7).lower(d.SystemCall("null")))
    assert guarded["system_call"] + guarded["entry_guard"] == pytest.approx(222)
    assert guarded["branch_guard"] == pytest.approx(153.75 * 0.00796 * 25)
    assert guarded["page_table_isolation"] == 0


def test_isolated_page_tables_are_changed_at_each_entry() -> None:
    """400 cycles there and back; without tags 40 translations are lost and walked for again, at 30 cycles each."""
    assert cycles(kernel(SKYLAKE).lower(d.SystemCall("null")))["page_table_isolation"] == 400
    untagged = kernel(SKYLAKE, tags="off")
    assert cycles(untagged.lower(d.SystemCall("null")))["page_table_isolation"] == 400 + 40 * 30
    assert cycles(untagged.lower(d.SystemCall("open_close")))["page_table_isolation"] == 2 * (400 + 40 * 30)
    assert cycles(untagged.lower(d.Fault()))["page_table_isolation"] == 400 + 40 * 30


def test_copies_have_no_branches_to_guard() -> None:
    packet, long = (cycles(kernel(I7).lower(d.SendData(size, 65_536))) for size in (1_000, 60_000))
    assert long["copy"] == pytest.approx(60 * packet["copy"])
    assert long["branch_guard"] == pytest.approx(packet["branch_guard"])


def test_a_switch_empties_the_predictor_for_processes_that_asked() -> None:
    """4,000 cycles for one switch in fifty."""
    assert cycles(kernel(I7).react(Transition("switch")))["branch_barrier"] == pytest.approx(80)
    assert "branch_barrier" not in cycles(kernel(I7, mitigations="off").react(Transition("switch")))


def hypervisor(name: str, **changes: str) -> HardwareHypervisor:
    found = CATALOG.layer(name, I7)
    card = GuestDevice("virtio-net", "paravirtual", {"queue_count": 256})
    place = Place(name, guest_devices={"nic": card})
    return HardwareHypervisor(found.values(), {**found.structure, "interrupts": "injected", **changes}, place)


PACKET = d.TransferPackets("send", 200, 65_536)


def test_each_exit_is_guarded_where_the_host_is() -> None:
    """920 cycles at the exit of a kick; none where the host has none, whatever its guests have."""
    (send,) = (step for step in hypervisor("kvm-6").lower(PACKET) if isinstance(step, Send))
    assert cycles(send.kick) == {"kick": 1_600, "exit_guard": 920}
    (send,) = (step for step in hypervisor("kvm-6", mitigations="off").lower(PACKET) if isinstance(step, Send))
    assert cycles(send.kick) == {"kick": 1_600}


def test_a_device_that_cannot_say_that_it_is_awake_is_kicked_each_time() -> None:
    """One packet: a kick at once, and 1 / 1.73 of an interrupt, with two registers to be asked and acknowledged."""
    steps = list(hypervisor("firecracker-1", mitigations="off", transport="registers").lower(PACKET))
    (send,) = (step for step in steps if isinstance(step, Send))
    assert not send.kick
    paid = cycles(steps)
    assert paid["kick"] == 1_600
    assert paid["register_exit"] == pytest.approx(2 / 1.73 * 1_300)
    assert paid["emulation"] == pytest.approx(2 / 1.73 * 2_500)


def test_who_looks_for_packets_himself_gets_no_interrupts() -> None:
    arrived = d.TransferPackets("receive", 200, 65_536)
    polled = d.TransferPackets("receive", 200, 65_536, polled=True)
    assert "injection" in cycles(hypervisor("kvm-6").lower(arrived))
    assert "injection" not in cycles(hypervisor("kvm-6").lower(polled))


def test_a_filter_is_paid_by_the_way_it_is_run() -> None:
    """150 instructions: a bitmap spares them; machine code 1.5 cycles each, the interpreter 8."""
    found = CATALOG.layer("docker-27", I7)
    by_bitmap, compiled, interpreted = (
        cycles(Container(found.values(), {**found.structure, "filter": way}).lower(d.SystemCall("null")))
        for way in ("bitmap", "compiled", "interpreted")
    )
    name = "system_call_filter"
    assert compiled[name] - by_bitmap[name] == pytest.approx(168 + 150 * 1.5)
    assert interpreted[name] - by_bitmap[name] == pytest.approx(168 + 150 * 8)
