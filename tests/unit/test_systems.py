"""The operating systems of the catalog: their files on every machine, and single events worked out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.layers.base import Place
from simulator.layers.operating_system import OperatingSystem
from simulator.steps import Below, Choice, Send, Step, Use

CATALOG = Catalog()
SYSTEMS = [name for name in CATALOG.names("layers") if CATALOG.layer(name, "dell-2650").family == "operating_system"]
_DEVICES = {name: CATALOG.virtual_hardware(name, "dell-2650") for name in CATALOG.names("virtual_hardware")}
IMAGES = [name for name, device in _DEVICES.items() if device.family == "image"]
MACHINES = CATALOG.names("machines")
COMPOSITES = ("fork", "exec", "shell")
VM = "epyc-zen4-vm"
OFFLOADING = 65536.0


def system(name: str, machine: str, offload_bytes: float = 0.0, nic: str = "physical") -> OperatingSystem:
    """A kernel with the catalog's numbers, on a card of this kind that cuts units of this size."""
    devices = {"nic": {"offload_bytes": offload_bytes, "link_bytes_per_s": 9348.13e6 / 8 * 1538 / 1448}}
    place = Place(name, 2.0**30, {"disk": "physical", "nic": nic}, devices=devices)
    found = CATALOG.layer(name, machine)
    return OperatingSystem(found.values(), found.structure, place)


def cycles(layer: OperatingSystem, demand: d.Demand) -> float:
    """Everything the kernel does for a demand; where it looks into its page cache, it finds."""
    return sum(_cycles(layer, layer.lower(demand)))


def _cycles(layer: OperatingSystem, steps: Iterable[Step]) -> Iterator[float]:
    for step in steps:
        if isinstance(step, Use):
            yield step.cycles
        elif isinstance(step, Choice):
            yield from _cycles(layer, step.options[0])
        elif isinstance(step, Send):
            yield from _cycles(layer, step.work)


def seconds(name: str, machine: str, demand: d.Demand) -> float:
    """A demand's time on a machine, at its clock."""
    return cycles(system(name, machine), demand) / CATALOG.machine(machine).devices["cpu"].values()["frequency_hz"]


# ---------------------------------------------------------------- what was measured comes out again


def test_events_of_the_present_kernel_take_what_was_measured_on_its_machine() -> None:
    """Medians of micro.csv, native on ext4 (null call: tmpfs), within the rounding of the clock: 6 / 1.64 ns."""
    assert seconds("linux-6", VM, d.SystemCall("null")) == pytest.approx(168.73e-9, rel=1e-3)
    assert seconds("linux-6", VM, d.SystemCall("stat")) == pytest.approx(1055.14e-9, rel=1e-3)
    assert seconds("linux-6", VM, d.Fault()) == pytest.approx(1551.15e-9, rel=1e-3)
    assert seconds("linux-6", VM, d.StartProcess("exec")) == pytest.approx(433.16e-6, rel=1e-3)
    created = cycles(system("linux-6", VM), d.Create()) + cycles(system("linux-6", VM), d.Delete())
    assert created / 3658.5 == pytest.approx(14.33, rel=1e-3)


def test_a_fork_is_its_faults_and_the_rest() -> None:
    """75.47 us x 3658.5 cycles/us = 276,107; 25 faults of 1.55115 us = 141,872 are charged as faults."""
    steps = list(system("linux-6", VM).lower(d.StartProcess("fork")))
    process, faults, guard = (step for step in steps if isinstance(step, Use))
    assert process.mechanism == "process" and process.cycles == pytest.approx(276_107 - 141_872, rel=1e-4)
    assert faults.mechanism == "page_fault" and faults.cycles + guard.cycles == pytest.approx(141_872, rel=1e-4)
    assert [step.demand.count for step in steps if isinstance(step, Below)] == [25, 25, 100, 2]


def test_a_page_from_the_cache_is_a_call_and_a_copy() -> None:
    """210.055 ns for the call and 4096 bytes at 20.11 GB/s, 203.7 ns: 413.7 ns."""
    file = d.File("file", 65536, 65536)
    assert seconds("linux-6", VM, d.Read(file, 0, 4096)) == pytest.approx(413.7e-9, rel=1e-3)


@pytest.mark.parametrize(
    ("machine", "null_s", "fork_s", "fault_s", "switch_s"),
    [
        ("dall-x86-server", 0.04e-6, 45.4e-6, 0.5281e-6, 0.38e-6),
        ("dall-x86-laptop", 0.05e-6, 69.9e-6, 0.7428e-6, 0.66e-6),
        ("arndale", 0.33e-6, 348e-6, 3.016e-6, 2.38e-6),
    ],
)  # fmt: skip
def test_dall_s_machines_take_what_lmbench_said(
    machine: str, null_s: float, fork_s: float, fault_s: float, switch_s: float
) -> None:
    """The native columns, one processor; the cycles of the file and the clock of the machine fit together."""
    assert seconds("linux-3", machine, d.SystemCall("null")) == pytest.approx(null_s)
    assert seconds("linux-3", machine, d.StartProcess("fork")) == pytest.approx(fork_s)
    assert seconds("linux-3", machine, d.Fault()) == pytest.approx(fault_s)
    switch = CATALOG.layer("linux-3", machine).values()["context_switch_cycles"]
    assert switch / CATALOG.machine(machine).devices["cpu"].values()["frequency_hz"] == pytest.approx(switch_s)


def test_felter_s_machine_sends_and_receives_at_the_cycles_a_byte_that_felter_printed() -> None:
    """64 KiB with and against the card: 2.13 and 2.29 cycles a byte (Figure 2), an interrupt of 2500 cycles apart."""
    layer = system("linux-3", "felter-x3650", OFFLOADING)
    assert cycles(layer, d.SendData(65536, 1448)) / 65536 == pytest.approx(2.13 - 2_500 / 65536, rel=1e-3)
    assert cycles(layer, d.ReceiveData(65536, 1448)) / 65536 == pytest.approx(2.29 - 2_500 / 65536, rel=1e-3)


# ---------------------------------------------------------------- segmentation offload


def test_a_card_that_cuts_spares_the_stack() -> None:
    """64 KiB are 45.26 packets of 1448 bytes: one unit for a card that cuts, 45.26 for one that does not.

    call 768.5 + copy 65536 x 0.18192 = 11,923 + unit 6000 + driver 2000 = 20,691; in 20 us come 24,822 bytes, so that
    2.64 acknowledgements of 8000 = 21,122 answer; cut by the card 44.26 packets more at 150; by the stack 44.26 more of
    unit and driver. One interrupt for all that gathers is paid when it comes.
    """
    whole = cycles(system("linux-6", VM, OFFLOADING), d.SendData(65536, 1448))
    single = cycles(system("linux-6", VM), d.SendData(65536, 1448))
    assert whole == pytest.approx(20_691 + 21_122 + 44.26 * 150, rel=1e-3)
    assert single == pytest.approx(20_691 + 21_122 + 44.26 * 8_000, rel=1e-3)


def test_packets_are_met_only_where_the_card_is() -> None:
    """A guest on a virtual card hands over the unit; its packets are for whoever drives the hardware.

    An interrupt of 2500 tells either.
    """
    unit = d.TransferPackets("receive", 67_890, frames=45.26)
    assert cycles(system("linux-6", VM, nic="paravirtual"), unit) == pytest.approx(2500)
    assert cycles(system("linux-6", VM), unit) == pytest.approx(2500 + 2000 + 44.26 * 500)
    assert cycles(system("linux-6", VM), d.TransferPackets("receive", 1500)) == pytest.approx(2500 + 2000)


def test_an_old_kernel_makes_every_packet_itself() -> None:
    """Whatever the card could do: 2.4 has no segmentation offload."""
    sent = [list(system("linux-2.4", "dell-2650", size).lower(d.SendData(65536, 1448))) for size in (OFFLOADING, 0.0)]
    assert sent[0] == sent[1]


# ---------------------------------------------------------------- every system on every machine


@pytest.fixture(scope="module")
def problems() -> list[str]:
    return [str(problem) for problem in CATALOG.check()]


@pytest.mark.parametrize("name", [*SYSTEMS, *IMAGES])
def test_a_file_has_no_mistakes(name: str, problems: list[str]) -> None:
    assert not [problem for problem in problems if f"/{name}.yaml" in problem]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_composite_costs_more_than_what_it_contains(name: str, machine: str) -> None:
    """The values anywhere; at the far ends of both ranges too, where the file's own numbers are used as they are."""
    numbers = CATALOG.layer(name, machine).parameters
    fault = numbers["page_fault_cycles"]
    for composite in COMPOSITES:
        whole, count = numbers[f"{composite}_cycles"], numbers[f"{composite}_faults_count"]
        assert whole.value > count.value * fault.value, composite
        if not any(each.transferred for each in (whole, count, fault)):
            assert whole.low >= count.high * fault.low and whole.low >= count.low * fault.high, composite
    assert numbers["exec_cycles"].value > numbers["fork_cycles"].value
    assert numbers["null_io_cycles"].value >= numbers["null_cycles"].value


FROM_MEMORY = {"linux-4.14-microvm", "linux-4.14-microvm-slow", "linux-4.4-debian", "linux-4.4-tinyx"}
"""Kernels of papers whose guests had their files in a memory disk: they read no image."""


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_can_be_started_and_installed_and_has_an_image(name: str) -> None:
    found = CATALOG.layer(name, "server-2025")
    assert found.abi in ("linux", "windows", "macos", "solaris") and found.architectures
    assert found.start and found.installation
    assert found.installation["install_privileged_count"].value <= found.installation["install_steps_count"].value
    assert set(found.hardware["image"]) <= set(IMAGES)
    assert bool(found.hardware["image"]) == (name not in FROM_MEMORY)


@pytest.mark.parametrize("name", IMAGES)
def test_a_start_reads_no_more_than_there_is(name: str) -> None:
    image = CATALOG.virtual_hardware(name, "server-2025").parameters
    assert image["start_read_bytes"].value < image["size_bytes"].value


def test_processes_are_dear_where_systems_favour_threads() -> None:
    """Starting a program takes longer on NT and XNU than on the Linux of the same time and machine."""
    of_a_time = {"linux-6": ("windows-10", "windows-11", "macos-12"), "linux-3": ("windows-7", "macos-10.8")}
    for linux, others in of_a_time.items():
        here = CATALOG.layer(linux, "server-2025").values()["exec_cycles"]
        assert all(CATALOG.layer(other, "server-2025").values()["exec_cycles"] > 2.0 * here for other in others)


def test_numbers_come_from_the_same_kind_of_processor() -> None:
    """Felter's Xeon is as old as the ARM board; its numbers are still those of the other Xeon."""
    chosen = CATALOG.layer("linux-3", "felter-x3650").parameters["page_fault_cycles"]
    assert chosen.measured_on == "dall-x86-server" and chosen.transferred
    assert CATALOG.layer("linux-3", "arndale").parameters["page_fault_cycles"].measured_on == "arndale"
