"""Plans: what a demand becomes on its way down, who is to blame for each part of it, and what counts may multiply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from simulator import demands as d
from simulator.devices.base import Key
from simulator.layers.base import Layer
from simulator.layers.hardware import Hardware
from simulator.plans import (
    Block,
    Branch,
    Enqueue,
    Keep,
    Move,
    Node,
    Part,
    Pick,
    Plan,
    Wake,
    Work,
    compile_demand,
    compiled,
    scale,
)
from simulator.steps import CPU, At, Below, Choice, Hold, Parallel, Send, Signal, Spawn, Step, Transfer, Use, Wait

COMPUTE, TRAP, BLOCKS = d.Compute(), d.Trap(), d.TransferBlocks(0, 4096)


class Toy(Layer):
    """A layer whose steps are written beside the test."""

    OFFERS = NEEDS = "system"

    def __init__(self, script: Mapping[d.Demand, Iterable[Step]]) -> None:
        super().__init__({})
        self.script = script

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if demand not in self.script:
            raise self.not_offered(demand)
        return self.script[demand]


def machine() -> Node:
    return Node("machine", Hardware({}))


def node(*steps: Step, path: str = "os", below: Node | None = None, without: frozenset[str] = frozenset()) -> Node:
    """A node that answers ``Compute`` with these steps and passes transfers on."""
    script = {COMPUTE: steps, BLOCKS: (Below(BLOCKS),)}
    return Node(path, Toy(script), below or machine(), without=without)


def plan_of(*steps: Step) -> Plan:
    return compile_demand(node(*steps), COMPUTE)


def cpu(cause: str, mechanism: str) -> Key:
    return Key(CPU, cause, mechanism)


def parts(plan: Plan) -> dict[tuple[str, str], float]:
    """Cycles by cause and mechanism of a plan that only computes."""
    (work,) = plan
    assert isinstance(work, Work)
    return {(part.key.cause, part.key.mechanism): part.cycles for part in work.parts}


# ---------------------------------------------------------------- fusing


def test_neighbouring_work_becomes_one_step_and_keeps_its_split() -> None:
    plan = plan_of(Use("call", cycles=100.0), Below(COMPUTE), Use("copy", cycles=20.0, stall_s=0.5))
    assert plan == (
        Work(
            121.0,
            0.5,
            (
                Part(cpu("os", "call"), 100.0, 0.0, 1.0),
                Part(cpu("program", "compute"), 1.0, 0.0, 1.0),
                Part(cpu("os", "copy"), 20.0, 0.5, 1.0),
            ),
        ),
    )


def test_parts_of_one_cause_and_mechanism_add_up() -> None:
    plan = plan_of(Use("fill", cycles=10.0, operations=2.0), Use("fill", cycles=5.0, stall_s=1.0))
    assert plan == (Work(15.0, 1.0, (Part(cpu("os", "fill"), 15.0, 1.0, 3.0),)),)


@pytest.mark.parametrize(
    "between",
    [
        Wait("time", time_s=1.0),
        Wait("lock", "table"),
        Signal("message", "box"),
        Below(BLOCKS),
        Send("ring", work=()),
        Hold(4096.0),
        Choice(lambda: 0, ((),), ("only",)),
        Parallel(((),)),
        Spawn(()),
    ],
    ids=lambda step: type(step).__name__,
)
def test_work_is_not_fused_over_anything_that_may_block_or_wake(between: Step) -> None:
    plan = plan_of(Use("before", cycles=1.0), between, Use("after", cycles=1.0))
    assert [type(operation) is Work for operation in plan] == [True, False, True]


def test_work_inside_branches_is_fused_too() -> None:
    two = (Use("a", cycles=1.0), Use("b", cycles=2.0))
    (pick,) = plan_of(Choice(lambda: 0, (two, ()), ("two", "none")))
    assert isinstance(pick, Pick)
    (option, nothing) = pick.options
    assert (len(option), nothing, pick.labels) == (1, (), ("two", "none"))


def test_every_step_finds_its_operation() -> None:
    """One of each kind, in order."""
    plan = plan_of(
        Wait("message", "box"),
        Signal("lock", "table"),
        Hold(-4096.0),
        Send("ring", (Use("w", cycles=3.0),), (Use("k", cycles=1.0),), (Use("n", cycles=2.0),), False, 100.0, 900.0),
        Parallel(((Use("left", cycles=1.0),), (Use("right", cycles=2.0),))),
        Spawn((Use("daemon", cycles=4.0),)),
        Transfer("nic-send", "transfer", 1500.0, window_bytes=9000.0, operations=3.0),
    )

    def work(mechanism: str, cycles: float) -> Plan:
        return (Work(cycles, 0.0, (Part(cpu("os", mechanism), cycles, 0.0, 1.0),)),)

    assert plan == (
        Block("message", "box", 0.0),
        Wake("lock", "table"),
        Keep(-4096.0),
        Enqueue("os:ring", work("w", 3.0), work("k", 1.0), work("n", 2.0), False, 100.0, 900.0, slots=1.0),
        Branch((work("left", 1.0), work("right", 2.0)), True),
        Branch((work("daemon", 4.0),), False),
        Move("nic-send", Key("nic-send", "program", "transfer"), 1500.0, 3.0, 0, False, "", 9000.0, 3.0),
    )


# ---------------------------------------------------------------- causes


def test_the_program_is_the_cause_of_its_own_work_and_a_node_of_what_it_adds() -> None:
    host = node(Use("switch", cycles=5.0), Below(COMPUTE), path="host")
    guest = node(Below(COMPUTE), Use("tick", cycles=7.0), path="host/guest", below=host)
    assert parts(compile_demand(guest, COMPUTE)) == {
        ("host", "switch"): 5.0,
        ("program", "compute"): 1.0,
        ("host/guest", "tick"): 7.0,
    }


def test_two_systems_of_one_kind_are_two_causes() -> None:
    host = node(Use("call", cycles=1.0), path="linux")
    guest = node(Use("call", cycles=2.0), Below(COMPUTE), path="linux/vm/linux", below=host)
    assert parts(compile_demand(guest, COMPUTE)) == {("linux/vm/linux", "call"): 2.0, ("linux", "call"): 1.0}


def test_bytes_are_caused_by_the_program_that_reads_them() -> None:
    guest = node(Below(BLOCKS), path="host/guest", below=node(path="host"))
    (move,) = compile_demand(guest, COMPUTE)
    assert isinstance(move, Move) and move.key == Key("disk", "program", "transfer")


def test_what_a_layer_wants_for_itself_it_causes() -> None:
    """A demand of the layer's own: from there on down the layer is the cause, of computing too."""
    guest = node(Below(COMPUTE), Below(COMPUTE, own=True), Below(BLOCKS, own=True), path="guest")
    work, move = compile_demand(guest, COMPUTE)
    assert parts((work,)) == {("program", "compute"): 1.0, ("guest", "compute"): 1.0}
    assert isinstance(move, Move) and move.key.cause == "guest"


def test_another_node_works_for_the_same_cause() -> None:
    driver_domain = node(Use("driver", cycles=9.0), Below(COMPUTE), path="xen/domain-0")
    guest = node(At("domain-0", COMPUTE), path="xen")
    guest.roles["domain-0"] = driver_domain
    assert parts(compile_demand(guest, COMPUTE)) == {("xen/domain-0", "driver"): 9.0, ("program", "compute"): 1.0}


def test_what_no_layer_offers_names_who_was_asked() -> None:
    with pytest.raises(LookupError, match=r"Hardware\) has no Fault"):
        compile_demand(node(Below(d.Fault())), COMPUTE)
    with pytest.raises(LookupError, match="machine has nothing below it for Trap"):
        compile_demand(Node("machine", Toy({COMPUTE: (Below(TRAP),)})), COMPUTE)


# ---------------------------------------------------------------- mechanisms switched off

STEPS = (Use("call", cycles=100.0), Below(COMPUTE), Use("copy", cycles=20.0), Use("call", cycles=3.0), Below(BLOCKS))


def test_a_mechanism_switched_off_takes_exactly_its_charges_with_it() -> None:
    whole, move = compile_demand(node(*STEPS), COMPUTE)
    assert parts((whole,)) == {("os", "call"): 103.0, ("program", "compute"): 1.0, ("os", "copy"): 20.0}
    rest, same_move = compile_demand(node(*STEPS, without=frozenset({"call"})), COMPUTE)
    assert parts((rest,)) == {("program", "compute"): 1.0, ("os", "copy"): 20.0}
    assert isinstance(whole, Work) and isinstance(rest, Work)
    assert (rest.cycles, same_move) == (whole.cycles - 103.0, move)


def test_a_demand_of_nothing_but_that_mechanism_vanishes() -> None:
    assert compile_demand(node(Use("call", cycles=9.0), without=frozenset({"call"})), COMPUTE) == ()


def test_mechanisms_are_switched_off_inside_branches_and_queues() -> None:
    off = (Use("off", cycles=1.0),)
    steps = (Choice(lambda: 0, (off,), ("one",)), Send("ring", off, kick=off, notice=off), Spawn(off), Parallel((off,)))
    pick, enqueue, spawn, parallel = compile_demand(node(*steps, without=frozenset({"off"})), COMPUTE)
    assert isinstance(pick, Pick) and tuple(pick.options) == ((),)
    assert isinstance(enqueue, Enqueue) and (enqueue.work, enqueue.kick, enqueue.notice) == ((), (), ())
    assert isinstance(spawn, Branch) and isinstance(parallel, Branch)
    assert (spawn.plans, parallel.plans) == (((),), ((),))


# ---------------------------------------------------------------- counts


def test_a_count_multiplies_work_and_its_parts() -> None:
    steps = (Use("call", cycles=100.0, stall_s=0.25, operations=2.0), Below(COMPUTE))
    assert compile_demand(node(*steps), d.Compute(count=2.5)) == (
        Work(
            252.5,
            0.625,
            (Part(cpu("os", "call"), 250.0, 0.625, 5.0), Part(cpu("program", "compute"), 2.5, 0.0, 2.5)),
        ),
    )


def test_a_count_multiplies_bytes_packets_and_slots_but_not_the_kick() -> None:
    """Ten packets at once are ten slots of the ring and ten times its work; there is one kick and one notice."""
    use = (Use("w", cycles=3.0),)
    steps = (Transfer("nic-send", "transfer", 1500.0, window_bytes=9000.0), Send("ring", use, use, use, False, 1500.0))
    move, enqueue = compile_demand(node(*steps), d.Compute(count=10.0))
    assert isinstance(move, Move) and isinstance(enqueue, Enqueue)
    assert (move.size_bytes, move.packets, move.operations, move.window_bytes) == (15_000.0, 10.0, 10.0, 9000.0)
    assert (enqueue.slots, enqueue.size_bytes, parts(enqueue.work)) == (10.0, 15_000.0, {("os", "w"): 30.0})
    assert parts(enqueue.kick) == parts(enqueue.notice) == {("os", "w"): 3.0}


def test_a_count_multiplies_memory() -> None:
    assert compile_demand(node(Hold(4096.0)), d.Compute(count=3.0)) == (Keep(12_288.0),)


def test_a_count_of_nothing_is_nothing() -> None:
    waits = node(Use("call", cycles=100.0), Wait("time", time_s=1.0))
    assert compile_demand(waits, d.Compute(count=0.0)) == compiled(waits, d.Compute(count=0.0)) == ()


@pytest.mark.parametrize(
    ("waiting", "kind"),
    [
        (Wait("time", time_s=1.0), "Block"),
        (Signal("message", "box"), "Wake"),
        (Choice(lambda: 0, ((),), ("only",)), "Pick"),
        (Parallel(((),)), "Branch"),
        (Spawn(()), "Branch"),
        (Send("ring", work=(Wait("time", time_s=1.0),)), "Block"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_waits_or_decides_cannot_be_asked_for_many_times_at_once(waiting: Step, kind: str) -> None:
    waits = node(Use("call", cycles=1.0), waiting)
    assert compile_demand(waits, d.Compute(count=1.0))
    with pytest.raises(ValueError, match=rf"contains {kind} has a count of 1, not 2\.5"):
        compile_demand(waits, d.Compute(count=2.5))


def test_scaling_by_one_changes_nothing() -> None:
    plan = compile_demand(node(*STEPS), COMPUTE)
    assert scale(plan, 1.0) == plan


# ---------------------------------------------------------------- keeping


def test_a_plan_is_made_once_and_kept() -> None:
    linux = node(*STEPS)
    first = compiled(linux, d.Compute(count=3.0))
    assert compiled(linux, d.Compute(count=3.0)) == first
    assert compiled(linux, d.Compute(count=4.0)) != first
