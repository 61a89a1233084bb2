"""A unikernel alone: calls of functions, one address space, no cache; and what it is not built for."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import demands as d
from simulator.errors import ScenarioError
from simulator.layers.base import Place, Transition
from simulator.layers.unikernel import Unikernel
from simulator.scenario import load
from simulator.steps import Below, Hold, Step, Use

KIB = 1024
FIGURES = {
    "linked_cycles": 4, "binary_cycles": 84, "call_work_cycles": 100, "file_cycles": 800, "message_cycles": 400,
    "copy_cycles_per_byte": 0.5, "block_stack_cycles": 1_500, "packet_cycles": 2_500, "driver_cycles": 1_500,
    "header_bytes": 40, "acknowledgement_ratio": 0.5, "socket_window_bytes": 64 * KIB, "switch_cycles": 200,
    "data_page_bytes": 2**21, "kernel_bytes": 2**21,
}  # fmt: skip


def unikernel(calls: str = "linked", **place: Any) -> Unikernel:
    return Unikernel(FIGURES, {"calls": calls}, Place("unikraft", **place))


def cycles(steps: list[Step]) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use))


def test_a_system_call_is_a_call_of_a_function() -> None:
    """4 cycles and the work of 100; through the layer for programs built for Linux 84."""
    null = d.SystemCall("null")
    assert (cycles(list(unikernel().lower(null))), cycles(list(unikernel("binary").lower(null)))) == (104, 184)


def test_memory_is_there_from_the_start() -> None:
    assert list(unikernel().lower(d.Fault())) == []
    assert list(unikernel().lower(d.Allocate(8_192)))[-1] == Hold(8_192)


def test_every_read_goes_to_the_disk() -> None:
    """20 000 bytes from 10 000 on lie in two units of 16 KiB, fetched each time, then copied."""
    read = d.Read(d.File("file", 64 * KIB, 16 * KIB, start_bytes=2**20), 10_000, 20_000)
    steps = list(unikernel(presents={"disk": "paravirtual", "nic": "paravirtual"}).lower(read))
    found = [step.demand for step in steps if isinstance(step, Below)]
    assert found == [d.TransferBlocks(2**20, 16 * KIB), d.TransferBlocks(2**20 + 16 * KIB, 16 * KIB)]
    assert cycles(steps) == 2 * 1_500 + 104 + 10_000


def test_a_thread_switch_loads_no_address_space() -> None:
    assert list(unikernel().react(Transition("switch"))) == [Use("thread_switch", cycles=200)]


@pytest.mark.parametrize("demand", [d.StartProcess(), d.KeepProcess(1e6), d.Map()])
def test_it_has_no_processes(demand: d.Demand) -> None:
    with pytest.raises(LookupError, match=f"has no {type(demand).__name__}"):
        unikernel().lower(demand)


def test_what_is_built_for_linux_is_refused_before_the_run() -> None:
    scenario = {
        "machine": "epyc-zen4-vm",
        "stacks": {"one": "unikraft-0.5 | lxc-5"},
        "tenants": {"app": {"workload": "spec-int", "memory": "256 MiB"}},
    }
    with pytest.raises(ScenarioError, match=r"lxc-5 is built for the program interface of linux.*that of unikraft"):
        load(scenario).points()
