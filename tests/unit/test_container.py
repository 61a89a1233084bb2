"""A container alone: what it adds to a demand, with numbers that can be checked in the head; then on a kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from simulator import demands as d
from simulator.errors import Refused, ScenarioError, UsageError
from simulator.explain import explain
from simulator.explain.entry import Entry
from simulator.layers.base import Place, Transition
from simulator.layers.container import Container
from simulator.scenario import load
from simulator.steps import Below, Choice, Require, Step, Use

KIB = 1024
PAGE = 4 * KIB
FIGURES = {
    "filter_cycles": 200, "fork_calls_count": 3, "exec_calls_count": 25, "shell_calls_count": 120,
    "overlay_lookup_cycles": 400, "overlay_change_cycles": 24_000, "overlay_exec_cycles": 70_000,
    "overlay_copy_cycles": 6_000, "mapper_copy_cycles": 200_000, "mapper_block_bytes": 64 * KIB,
    "overlay_touches_count": 0, "exec_components_count": 30, "mapper_request_cycles": 1_000,
    "mapper_unit_bytes": 128 * KIB, "mapper_mount_cycles": 0,
    "charge_cycles": 75, "level_cycles": 100, "cable_cycles": 1_800, "translation_cycles": 1_200,
    "encapsulation_cycles": 2_500, "encapsulation_bytes": 50, "route_cycles": 1_000, "tunnel_bytes": 64 * KIB,
    "cable_cold_cycles": 5_000, "translation_cold_cycles": 8_000, "route_cold_cycles": 3_000,
    "enclosure_cycles": 1_000_000, "hierarchy_cycles": 400_000, "hierarchies_count": 6,
    "union_mount_cycles": 1_500_000, "filter_install_cycles": 300_000, "network_setup_cycles": 4_000_000,
    "mounts_cycles": 500_000, "group_alone_ratio": 0.75, "network_alone_ratio": 0.5, "mount_alone_ratio": 0.4,
    "grace_period_s": 0.012, "runtime_bytes": 12 * 2**20,
}  # fmt: skip
START = {"start_cycles": 1e9, "start_read_bytes": 0.0, "start_unit_bytes": 128 * KIB, "start_wait_s": 0.5}


def container(
    seccomp: str = "on", storage: str = "overlay", network: str = "nat", cgroup: str = "v2", **place: Any
) -> Container:
    structure = {"cgroup": cgroup, "seccomp": seccomp, "storage": storage, "network": network}
    return Container(FIGURES, structure, Place("docker", **place))


def lowered(layer: Container, demand: d.Demand) -> list[Step]:
    return list(layer.lower(demand))


def cost(steps: Iterable[Step], mechanism: str) -> float:
    return sum(step.cycles for step in steps if isinstance(step, Use) and step.mechanism == mechanism)


# ---------------------------------------------------------------- system calls


def test_a_null_call_costs_the_filter_and_nothing_without_it() -> None:
    null = d.SystemCall("null")
    assert lowered(container(), null) == [Use("system_call_filter", cycles=200), Below(null)]
    assert lowered(container(seccomp="off"), null) == [Below(null)]


@pytest.mark.parametrize(
    ("demand", "calls"),
    [
        (d.Write(10_000, calls=7.0), 7),  # says so itself
        (d.Read(d.File("file", 64 * KIB, 16 * KIB), 0, 8_000), 1),
        (d.WriteThrough(d.File("log", 0, PAGE), 8_192), 2),  # write and fsync
        (d.SystemCall("open_close"), 2),
        (d.Create(), 2),  # creat and close
        (d.StartProcess("fork"), 3),  # fork, exit, wait
        (d.KeepProcess(1e6, 10.0), 30),
        (d.Fault(), 0),  # enters the kernel, but not by a call
        (d.Lock("table"), 0),  # free locks stay in the program
    ],
)
def test_every_demand_that_enters_the_kernel_counts_its_calls(demand: d.Demand, calls: int) -> None:
    assert cost(lowered(container(), demand), "system_call_filter") == calls * 200


def test_computing_costs_nothing_but_ticks() -> None:
    """Cycles and memory pass; the kernel's tick walks one more level of run queues."""
    for demand in (d.Compute(count=1e9), d.AccessMemory("random", 1e9)):
        assert lowered(container(), demand) == [Below(demand)]
    for kind in ("switch", "interrupted"):
        assert list(container().react(Transition(kind))) == [Use("group_scheduling", cycles=100)]
    assert list(container().react(Transition("resume"))) == []


# ---------------------------------------------------------------- files and memory


def test_creating_on_overlay() -> None:
    """creat and close are two filtered calls, 2 x 200; the name is made in the top layer, 24 000."""
    assert lowered(container(), d.Create()) == [
        Use("system_call_filter", cycles=400, operations=2),
        Use("union_lookup", cycles=24_000),
        Below(d.Create()),
    ]
    assert lowered(container(seccomp="off", storage="host"), d.Create()) == [Below(d.Create())]


def test_a_path_is_looked_up_through_the_layers() -> None:
    assert cost(lowered(container(), d.SystemCall("stat")), "union_lookup") == 400
    assert cost(lowered(container(), d.SystemCall("select")), "union_lookup") == 0
    assert cost(lowered(container(), d.StartProcess("exec")), "union_lookup") == 70_000
    assert cost(lowered(container(), d.StartProcess("fork")), "union_lookup") == 0


def test_the_first_write_to_a_file_of_the_image_copies_it() -> None:
    """Once, whole, by the kernel: 64 KiB are 16 new pages of file data."""
    file = d.File("table", 64 * KIB, 16 * KIB, shipped=True)
    layer = container()
    (choice,) = (step for step in lowered(layer, d.WriteThrough(file, 8_192)) if isinstance(step, Choice))
    assert choice.options == (
        (),
        (
            Use("copy_up", cycles=6_000),
            Below(d.Read(file, 0, 64 * KIB), own=True),
            Below(d.Write(64 * KIB, new_pages=16.0), own=True),
        ),
    )
    assert [choice.decide(), choice.decide()] == [1, 0]


def test_a_file_that_the_program_made_itself_or_on_a_volume_is_written_where_it_is() -> None:
    made, shipped = d.File("log", 0, PAGE), d.File("table", 64 * KIB, PAGE, shipped=True)
    for layer, file in ((container(), made), (container(storage="host"), shipped)):
        assert not [step for step in lowered(layer, d.WriteThrough(file, 8_192)) if isinstance(step, Choice)]


def test_a_block_device_copies_a_block_for_each_place_that_is_written() -> None:
    file = d.File("table", 2**30, PAGE, shipped=True)
    layer = container(storage="device-mapper")
    found = []
    for offset in (0, 4 * KIB, 100 * KIB):  # the first two lie in one block of 64 KiB
        steps = lowered(layer, d.DirectTransfer(file, offset, 4 * KIB, write=True))
        found += [step.decide() for step in steps if isinstance(step, Choice)]
    assert found == [1, 0, 1]


def test_pages_are_booked() -> None:
    """A fault takes one page, 10 000 new bytes in three pages three, a mebibyte 256; each 75 cycles."""
    assert cost(lowered(container(), d.Fault()), "memory_charge") == 75
    assert cost(lowered(container(), d.Fault("protection")), "memory_charge") == 0
    assert cost(lowered(container(), d.Write(10_000, new_pages=3.0)), "memory_charge") == 225
    assert cost(lowered(container(), d.Allocate(2**20)), "memory_charge") == 256 * 75


# ---------------------------------------------------------------- the network


def test_what_stands_in_the_way_of_packets_is_told_to_the_kernel() -> None:
    """The container pays nothing itself: the kernel does, in its name, where packets pass."""
    demand = d.SendData(64 * KIB, 1_448)
    cable = d.Hop("docker", "virtual_cable", 1_800, cold_cycles=5_000)
    translation = d.Hop("docker", "address_translation", 1_200, cold_cycles=8_000)
    assert lowered(container(seccomp="off"), demand) == [Below(replace(demand, hops=(cable, translation)))]


def test_a_tunnel_says_what_it_puts_before_each_packet_and_what_a_card_can_cut() -> None:
    (below,) = lowered(container(seccomp="off", network="overlay"), d.SendData(64 * KIB, 1_448))
    assert isinstance(below, Below) and isinstance(below.demand, d.SendData)
    tunnel = d.Hop("docker", "encapsulation", 2_500, header_bytes=50, whole_bytes=64 * KIB)
    assert below.demand.hops[1] == tunnel


def test_containers_in_containers_pass_both_cables() -> None:
    (inner,) = lowered(container(seccomp="off", network="bridge"), d.SendData(100, 1_448))
    assert isinstance(inner, Below)
    (outer,) = lowered(container(seccomp="off", network="bridge"), inner.demand)
    assert isinstance(outer, Below) and isinstance(outer.demand, d.SendData)
    assert [hop.mechanism for hop in outer.demand.hops] == ["virtual_cable", "virtual_cable"]


def test_the_headers_are_the_containers_own() -> None:
    """On the wire 1 024 + 52 bytes are the program's, 50 the tunnel's."""

    def transfers(entries: Iterable[Entry]) -> Iterable[Entry]:
        for entry in entries:
            yield from (entry,) if entry.kind == "transfer" else transfers(entry.children)

    entries = explain("linux-6 | docker-swarm-27", "send 1 KiB", "epyc-zen4-vm").entries
    sent = [(entry.cause, entry.size_bytes) for entry in transfers(entries) if entry.device == "nic-send"]
    assert sent == [("linux-6/docker-swarm-27[app]", 50.0), ("program", 1_076.0)]


def test_the_hosts_network_costs_nothing_more() -> None:
    demand = d.SendData(64 * KIB, 1_448)
    assert lowered(container(seccomp="off", network="host"), demand) == [Below(demand)]


# ---------------------------------------------------------------- processes


def test_a_fork_beyond_the_limit_is_refused() -> None:
    layer = container(limits={"pids": 2.0})
    require = lowered(layer, d.StartProcess())[0]
    assert isinstance(require, Require) and require.refusal() == ""
    kept = lowered(layer, d.KeepProcess(1e6, 2.0))
    passed = kept[-1]
    assert isinstance(passed, Below) and isinstance(passed.demand, d.KeepProcess)
    (counter,) = passed.demand.counters
    counter(2.0)
    assert require.refusal() == "could not fork"
    counter(-2.0)  # they have ended
    assert require.refusal() == ""


def test_a_program_that_does_not_insist_goes_on_without_the_child() -> None:
    (choice,) = lowered(container(limits={"pids": 2.0}), d.KeepProcess(1e6, 3.0, insists=False))
    assert isinstance(choice, Choice) and choice.decide() == 1
    assert choice.options[1] == (Use("system_call_filter", cycles=200), Below(d.SystemCall("null")))


def test_without_a_limit_the_kernels_table_is_the_limit() -> None:
    require = lowered(container(), d.KeepProcess(1e6, 1e6))[0]
    assert isinstance(require, Require) and require.refusal() == ""


def test_children_that_end_give_their_places_back(resolved_bench: Callable[..., Any]) -> None:
    """Limit 2. Children of a second each: the third is refused, and made once the first two have ended."""
    made: list[float] = []
    bench = resolved_bench("linux-2.4 | lxc-5", limits={"lxc-5": {"pids": 2}})
    second = d.KeepProcess(2.4e9, insists=False)
    layer = bench.house.tops["app"].layer

    def program() -> Iterable[d.Demand]:
        for _ in range(3):
            yield second
            made.append(layer.processes)
        yield d.Sleep(5.0)
        made.append(layer.processes)
        yield second
        made.append(layer.processes)

    bench.thread("parent", program=program())
    bench.run(until=20.0)
    assert made == [1.0, 2.0, 2.0, 0.0, 1.0]
    assert layer.processes == 0.0


def test_one_that_insists_ends_with_its_outcome(resolved_bench: Callable[..., Any]) -> None:
    bench = resolved_bench("linux-2.4 | lxc-5", limits={"lxc-5": {"pids": 2}})
    bench.thread("bomb", *(d.KeepProcess(2.4e9) for _ in range(3)))
    with pytest.raises(Refused, match="could not fork"):
        bench.run(until=20.0)


# ---------------------------------------------------------------- products


def test_a_choice_without_numbers_is_refused_before_the_run() -> None:
    """Nobody ran Docker 27 on aufs."""
    tenants = {"app": {"workload": "spec-int", "memory": "256 MiB"}}
    stacks = {"one": "linux-6 | docker-27(storage=aufs)"}
    with pytest.raises(ScenarioError, match=r"docker-27 has no numbers for .*: aufs_lookup_cycles"):
        load({"machine": "epyc-zen4-vm", "stacks": stacks, "tenants": tenants}).points()
    with pytest.raises(UsageError, match="no numbers for that: aufs_lookup_cycles"):
        explain("linux-6 | docker-27(storage=aufs)", "stat", "epyc-zen4-vm")


def test_docker_on_the_machine_its_numbers_were_measured_on() -> None:
    """Beside the native figure of each: filter 52.4 ns; 2 filtered calls and half of 13.4 us for a create; a look-up of
    114.7 ns and one filtered call for a stat."""
    added_s = {
        demand: explain("linux-6 | docker-27", demand, "epyc-zen4-vm").totals[0].elapsed_s
        - explain("linux-6 |", demand, "epyc-zen4-vm").totals[0].elapsed_s
        for demand in ("null", "stat", "create")
    }
    assert added_s == pytest.approx({"null": 52.4e-9, "stat": 167.1e-9, "create": 6.83e-6}, rel=0.01)


# ---------------------------------------------------------------- start


def started(layer: Container) -> dict[str, float]:
    """Cycles of each step of its start."""
    found: dict[str, float] = {}
    for step in layer.start(START):
        if isinstance(step, Use):
            found[step.mechanism] = found.get(step.mechanism, 0.0) + step.cycles
    return found


def test_starting_takes_what_is_set_up() -> None:
    """Engine 1e9, a group of 0.4e6 in each hierarchy, mounts of 0.5e6, layers of 1.5e6, network 4e6, filter 0.3e6."""
    whole = {
        "start": 1e9,
        "control_group": 0.4e6,
        "namespace": 1e6,
        "network_setup": 4e6,
        "mount": 2e6,
        "filter_setup": 0.3e6,
    }
    assert started(container()) == pytest.approx(whole)
    least = {"start": 1e9, "control_group": 0.4e6, "namespace": 1e6, "mount": 0.5e6}
    assert started(container("off", "host", "host")) == pytest.approx(least)
    assert started(container("off", "host", "host", "v1"))["control_group"] == pytest.approx(2.4e6)  # six hierarchies


def test_what_is_done_under_a_lock_stands_between_taking_and_giving_it_back() -> None:
    """Three fourths of 0.4e6, half of 4e6 and 0.4 of 2e6; only the groups' lock is waited with for a grace period."""
    steps = list(container().start(START))
    turns: dict[tuple[str, float], float] = {}
    for taken, inside, given in zip(steps, steps[1:], steps[2:], strict=False):
        if isinstance(taken, Below) and isinstance(taken.demand, d.TakeTurn):
            assert isinstance(inside, Use) and given == Below(d.PassTurn(taken.demand.what))
            turns[taken.demand.what, taken.demand.period_s] = inside.cycles
    assert turns == pytest.approx({("control groups", 0.012): 0.3e6, ("network", 0.0): 2e6, ("mounts", 0.0): 0.8e6})


def test_the_runtime_holds_memory() -> None:
    assert Container.own_bytes(FIGURES, 0) == 12 * 2**20
