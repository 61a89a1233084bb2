"""User-Mode Linux against lmbench's figures of Barham et al. 2003: those its parameters were made from, and others.

One number each was made from: null call, protection and page fault, 2p/0K, fork, and the pages of a file. The other
rows are predictions: they only depend on how often a program enters its kernel and how many pages it touches.
"""

from __future__ import annotations

import pytest

from simulator import demands as d
from simulator.explain import explain
from simulator.layers.base import Place, Transition
from simulator.layers.user_mode_kernel import UserModeKernel
from simulator.steps import Below, Use

STACK = "linux-2.4 | uml-2.4 / linux-2.4"
FIGURES = {
    "kernel_entry_cycles": 58_000, "trap_cycles": 50_000, "update_cycles": 10_000, "copied_update_cycles": 770_000,
    "address_space_cycles": 35_000, "kernel_page_cycles": 70_000, "signal_cycles": 29_000,
    "disk_emulation_cycles": 20_000, "packet_send_cycles": 110_000, "packet_receive_cycles": 14_000,
    "bridge_cycles": 5_000, "disk_block_bytes": 65_536, "monitor_bytes": 4 * 2**20,
}  # fmt: skip


def elapsed_us(demand: str) -> float:
    (total,) = explain(STACK, demand).totals
    return 1e6 * total.elapsed_s


@pytest.mark.parametrize(
    ("demand", "published_us"),
    [("null", 24.7), ("protection fault", 21.8), ("fault", 26.3), ("fork", 21_000)],
)
def test_what_its_parameters_were_made_from_comes_out(demand: str, published_us: float) -> None:
    assert elapsed_us(demand) == pytest.approx(published_us, rel=1e-3)


@pytest.mark.parametrize(
    ("demand", "published_us", "within"),
    [
        ("map", 1_400, 0.02),  # 54.2 faults of 24.88 us beside the native 68 us = 1 416 us
        ("open", 62.8, 0.25),  # two entries of 24.25 us beside the native 1.92 us = 50.4 us
        ("stat", 36.1, 0.3),  # one entry beside the native 1.28 us = 25.5 us
        ("select", 39.9, 0.3),  # one entry beside the native 5.7 us = 30.0 us
        ("exec", 33_000, 0.3),
        ("shell", 58_000, 0.4),  # more pages than lmbench's small process has
    ],
)
def test_what_they_were_not_made_from_is_near(demand: str, published_us: float, within: float) -> None:
    assert elapsed_us(demand) == pytest.approx(published_us, rel=within)


def uml() -> UserModeKernel:
    return UserModeKernel(FIGURES, {}, Place("uml"))


def test_interrupts_are_turned_off_with_a_variable() -> None:
    assert list(uml().lower(d.SensitiveInstruction())) == []


def test_its_disk_is_a_file_of_the_host() -> None:
    read = d.Read(d.File("uml:virtual-disk", 0, 65_536), 4_096, 8_192)
    assert list(uml().lower(d.TransferBlocks(4_096, 8_192))) == [Use("emulation", cycles=20_000), Below(read)]


def test_a_signal_wakes_it() -> None:
    assert list(uml().react(Transition("resume"))) == [Use("timer_signal", cycles=29_000)]
