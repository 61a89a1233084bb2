"""A kernel's network by hand: whose time packets take, what passes whole, where the other end is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from simulator import demands as d
from simulator.experiment import run_point
from simulator.layers._network_stack import NetworkStack
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Below, Send, Step, Transfer, Use

KIB = 1024
NUMBERS = {
    "segment_bytes": 64 * KIB, "header_bytes": 52, "socket_window_bytes": 2**20, "acknowledgement_ratio": 0.5,
    "answers_s": 4e-6, "merge_s": 8e-6, "packet_send_cycles": 5_000, "packet_receive_cycles": 6_000,
    "copy_cycles_per_byte": 0.5, "frame_send_cycles": 100, "frame_receive_cycles": 600, "interrupt_cycles": 2_500,
    "wake_cycles": 1_800, "softirq_budget_s": 0.002,
}  # fmt: skip
TEN_GIGABIT = {"offload_bytes": 64 * KIB, "link_bytes_per_s": 1.25e9}
CABLE = d.Hop("box", "virtual_cable", 2_000, cold_cycles=5_000)
TUNNEL = d.Hop("box", "encapsulation", 3_000, header_bytes=50, whole_bytes=64 * KIB)


def stack(apart: bool = True, nic: str = "physical", processors: float = 4.0, **card: float) -> NetworkStack:
    place = Place("linux", presents={"disk": nic, "nic": nic}, devices={"nic": {**TEN_GIGABIT, **card}})
    place.processors_count = processors
    driver = lambda device, count: (Use("driver", cycles=1_000 * count),)  # noqa: E731
    call = lambda name, count: (Use("system_call", cycles=300 * count),)  # noqa: E731
    return NetworkStack(Parameters(NUMBERS), apart, place, call, driver)


def inside(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield from (step, *inside(step.work), *inside(step.kick)) if isinstance(step, Send) else (step,)


def cost(steps: Iterable[Step], mechanism: str) -> float:
    return sum(step.cycles for step in inside(steps) if isinstance(step, Use) and step.mechanism == mechanism)


def queued(steps: Iterable[Step], queue: str) -> tuple[Step, ...]:
    (send,) = (step for step in steps if isinstance(step, Send) and step.queue == queue)
    return send.work


def test_acknowledgements_are_the_work_of_interrupts_beside_the_program() -> None:
    """64 KiB leave as one unit. In 4 us 5,000 bytes come over the link: 13.1 acknowledgements of 6,000."""
    steps = stack().send(d.SendData(64 * KIB, 1_448))
    assert cost(steps, "network_stack") == pytest.approx(5_000 + 65_536 / 5_000 * 6_000)
    assert cost(queued(steps, "interrupts"), "network_stack") == pytest.approx(65_536 / 5_000 * 6_000)


def test_a_kernel_with_one_processor_has_them_where_the_program_runs() -> None:
    for alone in (stack(processors=1.0), stack(apart=False)):
        assert not any(isinstance(step, Send) for step in alone.send(d.SendData(64 * KIB, 1_448)))


def test_what_arrives_is_put_together_by_the_time_between_interrupts() -> None:
    """8 us at 10 Gb/s are 10,000 bytes, 6.55 units of 64 KiB; at 40 Gb/s 40,000, 1.64 units."""
    for link, units in ((1.25e9, 6.5536), (5e9, 1.6384)):
        steps = stack(link_bytes_per_s=link).receive(d.ReceiveData(64 * KIB, 1_448))
        assert cost(steps, "network_stack") == pytest.approx(units * (6_000 + 5_000))


def test_whole_units_and_each_acknowledgement_pass_a_cable() -> None:
    steps = stack().send(d.SendData(64 * KIB, 1_448, hops=(CABLE,)))
    assert cost(steps, "virtual_cable") == pytest.approx(2_000 * (1 + 65_536 / 5_000))
    assert {use.cause for use in inside(steps) if isinstance(use, Use) and use.mechanism == "virtual_cable"} == {"box"}


def test_a_card_of_the_machine_takes_tunnelled_units_whole_a_virtual_one_packet_by_packet() -> None:
    """65,536 / 1,448 = 45.26 packets meet the driver of a virtual card, one unit that of a real one."""
    demand = d.SendData(64 * KIB, 1_448, hops=(TUNNEL,), answered=True)
    real, virtual = stack().send(demand), stack(nic="paravirtual").send(demand)
    assert cost(real, "driver") == pytest.approx(1_000 + 44.26 * 100, rel=1e-3)
    assert cost(virtual, "driver") == pytest.approx(45_260, rel=1e-3)
    (headers,) = (step for step in real if isinstance(step, Transfer))
    assert (headers.cause, headers.frames) == ("box", 0.0)
    assert headers.size_bytes == pytest.approx(50 * 45.26, rel=1e-3)


def test_a_tunnel_is_met_by_every_packet_that_a_virtual_card_gives() -> None:
    demand = d.ReceiveData(10_000, 1_448, hops=(TUNNEL,), answered=True)
    assert cost(stack().receive(demand), "encapsulation") == pytest.approx(3_000)
    assert cost(stack(nic="paravirtual").receive(demand), "encapsulation") == pytest.approx(3_000 * 10_000 / 1_448)


def test_a_request_finds_the_way_cold() -> None:
    demand = d.ReceiveRequest(100, 1_448, 1e-3, hops=(CABLE,), answered=True)
    assert cost(stack().receive_request(demand), "virtual_cable") == 2_000 + 5_000


def test_a_call_takes_data_up_to_the_other_socket_where_both_are_on_one_kernel() -> None:
    """The sender pays for both stacks and wakes; the other end only for its call, its copy, half an acknowledgement."""
    steps = stack().send(d.SendData(16 * KIB, 1_448, peer="system"))
    work = queued(steps, "peer")
    assert cost(work, "network_stack") == 0.5 * 11_000
    assert cost(work, "copy") == 8_192
    assert cost(steps, "network_stack") == 11_000 + 0.5 * 11_000
    assert cost(steps, "wake_up") == 1_800
    assert not any(isinstance(step, Below) for step in inside(steps))


def test_a_guest_whose_other_end_is_on_the_host_goes_through_its_card() -> None:
    steps = stack(nic="paravirtual", handed_bytes=64 * KIB).send(d.SendData(64 * KIB, 1_448, peer="machine"))
    (data, acknowledgement) = (step.demand for step in inside(steps) if isinstance(step, Below))
    assert isinstance(data, d.TransferPackets) and isinstance(acknowledgement, d.TransferPackets)
    assert (data.peer, data.data, acknowledgement.data, acknowledgement.count) == ("machine", True, False, 1.0)


def test_the_host_takes_a_guests_units_up_to_the_other_end() -> None:
    steps = stack().forwarded(d.TransferPackets("send", 65_588, 2**20, 45.26, peer="machine"))
    assert cost(steps, "network_stack") == 6_000
    assert cost(queued(steps, "peer"), "copy") == pytest.approx(0.5 * 65_588)


def test_interrupts_are_taken_from_whoever_runs(tmp_path: Path) -> None:
    """Sixteen processors, sixteen hogs and a server: what its packets take waits for nobody, the hogs wait for it."""
    scenario = tmp_path / "busy.yaml"
    scenario.write_text(
        "version: 1\nmachine: felter-x3650\nstacks: {native: linux-3 |}\nreplications: 1\n"
        "tenants:\n  app: {workload: felter-redis, parameters: {clients_count: 50, requests_count: 500}}\n"
        "  hog: {workload: cpu-hog, parameters: {threads_count: 16}}\n"
    )
    (point,) = load(scenario).points()
    rows = [dict(zip(names("threads"), row, strict=True)) for row in run_point(point, 0)["tables"]["threads"]]
    (interrupts,) = (row for row in rows if row["thread"] == "interrupts of app/worker-0")
    assert interrupts["overhead_s"] > 0.0
    assert interrupts["steal_s"] + interrupts["ready_s"] < 0.01 * interrupts["overhead_s"]
    assert sum(row["steal_s"] for row in rows if row["tenant"] == "hog") > 0.5 * interrupts["overhead_s"]
