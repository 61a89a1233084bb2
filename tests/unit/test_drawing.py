"""Drawings of who shares what: read, written, built, and what they say is wrong."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import simpy

from simulator.errors import UsageError
from simulator.sharing.drawing import Element, MalformedDrawing, build, parse, sketch, text
from simulator.sharing.drawing.building import Rule
from simulator.sharing.drawing.measuring import measure
from simulator.sharing.drawing.segments import Segment, Span, longest_gap_s, migrations, switches
from simulator.sharing.drawing.setting import Setting, fidelities
from simulator.sharing.tree import Scheduling, Share

FLUID = fidelities()["fluid"].SHARING
SHORTEST = [
    ("(o)1", "(o)1"),
    (" ( [ o o ] 2 o ) 2 ", "([oo]2 o)2"),
    ("([oo]2o)2(o)1", "([oo]2 o)2 (o)1"),
    ("([ ]1 o)1", "([]1 o)1"),
    ("(oooo o^3)4", "(o^7)4"),
    ("(web:o<.5 o*2.50>1@0,1,2,5)6", "(web:o<0.5 o*2.5>1@0-2,5)6"),
    ("(o@3-1)4", "(o@1-3)4"),
    ("({o {oo}*3}<0.5/20 ms)1^2", "({o {oo}*3}<0.5/20ms)1^2"),
    ("(o<0.5/100ms)1", "(o<0.5)1"),
    ("(a:o^2)1", "(a1:o a2:o)1"),
    ("(o ~ 1ms / 9 ms o~10us/0.5s)1", "(o~1ms/9ms o~10us/500ms)1"),
    ("(o1:o o2:o)1", "(oo)1"),  # the names they have anyway
    ("host:(vm1:[o]1^2)1", "host:(vm11:[o]1 vm12:[o]1)1"),
]


@pytest.mark.parametrize(("drawing", "shortest"), SHORTEST)
def test_read_and_written(drawing: str, shortest: str) -> None:
    machines = parse(drawing)
    assert text(machines) == shortest
    assert parse(shortest) == machines


def test_every_mark_is_understood() -> None:
    (machine,) = parse("h:(web:[o*2 db:o<0.5/20ms>.25@0~1ms/9ms]2*3<1.5 {o})4")
    web, group = machine.children
    assert (machine.kind, machine.name, machine.processors) == ("machine", "h", 4)
    assert (web.kind, web.name, web.processors, web.weight, web.cap) == ("guest", "web", 2, 3.0, 1.5)
    assert (group.kind, group.name, group.processors) == ("group", "group1", 0)
    first, db = web.children
    assert (first.name, first.weight) == ("o1", 2.0)
    assert (db.cap, db.period_s, db.reservation, db.cpus) == (0.5, 0.02, 0.25, frozenset({0}))
    assert (db.computes_s, db.sleeps_s) == (0.001, 0.009)
    assert [path for path, _ in machine.threads()] == ["web/o1", "web/db", "group1/o1"]


@pytest.mark.parametrize(
    ("drawing", "position", "message"),
    [
        ("", 0, "nothing is drawn; write a machine, e.g. '(oo)1'"),
        ("o", 0, "this thread stands on no machine; write one around it"),
        ("[o]1", 0, "this guest stands on no machine"),
        ("((o)1)1", 1, "a machine cannot stand in another; write '[...]2'"),
        ("([oo]2 o", 0, "this machine is never closed; write ')' behind its last"),
        ("([oo", 1, "this guest is never closed; write ']'"),
        ("({o]2)2", 3, "']' does not close a group; write '}' first"),
        ("(o)1)", 4, "')' closes nothing; remove it"),
        ("(o)", 3, "the number of processors of this machine is missing; write e.g. ')2'"),
        ("([o] o)1", 5, "the number of processors of this guest is missing; write e.g. ']2'"),
        ("(o)0", 3, "the number of processors of this machine is 0"),
        ("({})1", 1, "this group is empty; put a thread into it, '{o}', or leave it out"),
        ("(x)1", 1, "'x' is no element; write 'o' for a thread"),
        ("(o)1.5", 4, "'.' is no modifier; modifiers are '*2' weight"),
        ("(*2)1", 1, "'*' stands behind nothing"),
        ("(o*)1", 3, "the weight is missing; write e.g. '*2'"),
        ("(o*0)1", 3, "the weight is 0; write at least a little more"),
        ("(o*2*3)1", 4, "'*' is given twice; keep one of the two"),
        ("(o<)1", 3, "the cap in processors is missing; write e.g. '<0.5'"),
        ("(o<.5/20)1", 6, "the period is missing; write a number with its unit, e.g. '<0.5/20ms'"),
        ("(o>)1", 3, "the reservation in processors is missing"),
        ("(o@)1", 3, "the number of a processor is missing; write e.g. '@0'"),
        ("(o@2)2", 3, "there is no processor 2; the machine has 0 to 1"),
        ("([o@1]1)2", 4, "there is no processor 1; the guest has only 0"),
        ("(o~1ms)1", 6, "how long it sleeps is missing; write e.g. '~1ms/9ms'"),
        ("(o~0ms/1ms)1", 3, "the time it computes is 0"),
        ("([o]1~1ms/1ms)1", 5, "a guest does not sleep"),
        ("(o)1*2", 4, "'*' cannot stand behind a machine"),
        ("(o^)1", 3, "how often it is repeated is missing"),
        ("(o^99999)1", 2, "99999 are too many; repeat it 10000 times at most"),
        ("(o^3*2)1", 4, "'*' comes too late; write it before '^'"),
        ("(o^3^2)1", 4, "'^' cannot stand here"),
        ("(a:)1", 3, "what has this name is missing"),
        ("(a:o a:o)1", 5, "the name 'a' is taken; give one of the two another"),
        ("(o2:o o)1", 6, "the name 'o2' is taken"),
    ],
)
def test_says_where_and_what(drawing: str, position: int, message: str) -> None:
    with pytest.raises(MalformedDrawing) as caught:
        parse(drawing)
    assert str(caught.value).startswith(message)
    assert caught.value.position == position
    assert str(caught.value).endswith(f"\n    {drawing}\n    {' ' * position}^")


# ---------------------------------------------------------------- random drawings


def random_elements(random: Random, levels: int, processors: int) -> list[str]:
    """Elements of every kind with every modifier, each as a text."""
    found = []
    for _ in range(random.randint(1, 4)):
        kind = random.choice("oo[{") if levels else "o"
        below = " ".join(random_elements(random, levels - 1, processors)) if kind != "o" else ""
        modifiers = [
            random.choice(["", f"*{random.randint(1, 9)}.5"]),
            random.choice(["", f"<{random.uniform(0.01, 4):.3f}", f"<.5/{random.randint(1, 90)}ms"]),
            random.choice(["", f">{random.uniform(0.01, 1):.4f}"]),
            random.choice(["", f"@{random.randrange(processors)}"]),
            random.choice(["", f"^{random.randint(1, 3)}"]),
        ]
        body = {"o": "o", "[": f"[{below}]{processors}", "{": f"{{{below}}}"}[kind]
        found.append(body + "".join(modifiers))
    return found


@pytest.mark.parametrize("seed", range(100))
def test_text_and_tree_lead_back_to_the_drawing(seed: int) -> None:
    random = Random(seed)
    processors = random.randint(1, 12)
    (machine,) = machines = parse(f"({' '.join(random_elements(random, 3, processors))}){processors}")
    assert parse(text(machines)) == machines
    hertz = 2.4e9
    device = FLUID(simpy.Environment(), processors * hertz, hertz)
    leaves = build(machine, device)
    assert list(leaves) == [path for path, _ in machine.threads()]
    assert text([sketch(device)]) == text(machines)


# ---------------------------------------------------------------- building


def test_the_tree_of_a_drawing() -> None:
    (machine,) = parse("(vm:[o]2*3<1.5/20ms>0.5@0-1 {o})4")
    device, guests = FLUID(simpy.Environment(), 4e9, 1e9), Scheduling("cfs")
    leaves = build(machine, device, Rule(weights="active", guests=guests, switch_s=5e-6))
    vm, group = device.root.children
    assert (vm.name, vm.weight, vm.cap, vm.width, vm.reservation) == ("vm", 3.0, 1.5e9, 2, 0.5e9)
    assert (vm.cpus, vm.period_s, vm.scheduling, vm.switch_s) == (frozenset({0, 1}), 0.02, guests, 5e-6)
    assert (vm.tenant, vm.weight_rule) == (True, "active")
    assert (group.tenant, group.width, group.scheduling) == (True, float("inf"), None)
    assert leaves == {"vm/o1": vm.children[0], "group1/o1": group.children[0]}
    assert not vm.children[0].tenant


# ---------------------------------------------------------------- measuring


def shares(drawing: str, **setting: object) -> dict[str, float]:
    outcome = measure(drawing, replace(Setting(), **setting))  # type: ignore[arg-type]
    return {f"{row.machine}:{row.thread}": row.share for row in outcome.threads}


def test_shares_of_several_machines() -> None:
    assert shares("([oo]2 o)2 big:(o)4") == {"m1:vm1/o1": 0.5, "m1:vm1/o2": 0.5, "m1:o1": 1.0, "big:o1": 1.0}


def test_weights_that_count_processors_in_use() -> None:
    assert list(shares("([oo]2 o)2", weights="active").values()) == pytest.approx([2 / 3] * 3, rel=1e-12)


def test_lost_time_has_a_reason() -> None:
    """Half for each tenant: of 1 each of the group's two threads loses a half to the other, a quarter to the guest."""
    outcome = measure("({oo} [o<0.25]1)1")
    group, _, capped = outcome.threads
    assert (group.ready, group.steal, group.throttled) == pytest.approx((0.5, 0.125, 0.0))  # 3/4 for the group
    assert (capped.share, capped.throttled) == (0.25, 0.75)


def test_a_thread_that_sleeps() -> None:
    """Beside a hog each burst of 1 ms takes 2 ms, then 8 ms of sleep: a tenth."""
    sleeper, hog = measure("(o~1ms/8ms o)1").threads
    assert sleeper.share == pytest.approx(0.1, rel=1e-9)
    assert sleeper.asleep == pytest.approx(0.8, rel=1e-9)
    assert sleeper.steal == pytest.approx(0.1, rel=1e-9)
    assert hog.share == pytest.approx(0.9, rel=1e-9)


@pytest.mark.parametrize("fidelity", fidelities())
def test_parts_add_up_to_the_time(fidelity: str) -> None:
    drawing = "([o~3ms/4ms oo]2 {o o<0.3}<0.7 o~1ms/9ms)2 (oo)1"
    for row in measure(drawing, Setting(fidelity)).threads:
        parts = (row.share, row.ready, row.steal, row.throttled, row.asleep, row.switching)
        assert sum(parts) == pytest.approx(1.0, abs=1e-6)
        assert min(parts) >= -1e-9


@pytest.mark.parametrize(
    ("drawing", "setting", "message"),
    [
        ("(o)1", {"fidelity": "quantm"}, "no fidelity 'quantm'; there are: fluid"),
        ("(o)1", {"seconds": 0.0}, "nothing can be seen in no time"),
        ("(o@0)1", {}, "'@0' means nothing in the fidelity 'fluid', which has no slices"),
        ("(o)1", {"fidelity": "fluid", "policy": "cfs"}, "the policy 'cfs' means nothing in the fidelity 'fluid'"),
        ("(o)1", {"slice_s": 0.01}, "the length of a slice means nothing"),
        ("(o)1", {"switch_s": 1e-6}, "the cost of a switch means nothing"),
    ],
)
def test_what_means_nothing_is_refused(drawing: str, setting: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        shares(drawing, **setting)
    assert str(caught.value).startswith(message)


# ---------------------------------------------------------------- turns


def turn(thread: str, cpu: int, start_s: float, end_s: float) -> Segment:
    return Segment("m1", "", cpu, thread, start_s, end_s)


def test_waits_switches_and_migrations_by_hand() -> None:
    """Processor 0: a b a - a; processor 1: b c."""
    turns = [
        turn("a", 0, 0.0, 1.0), turn("b", 0, 1.0, 3.0), turn("a", 0, 3.0, 4.0), turn("a", 0, 6.0, 7.0),
        turn("b", 1, 4.0, 5.0), turn("c", 1, 5.0, 9.0),
    ]  # fmt: skip
    assert switches(turns) == {"a": 1, "b": 1, "c": 1}
    assert +migrations(turns) == {"b": 1}
    a = [each for each in turns if each.thread == "a"]
    assert longest_gap_s([Span(0.0, 10.0)], a) == 3.0  # 7 to 10
    assert longest_gap_s([Span(0.0, 4.0), Span(5.5, 7.0)], a) == 2.0  # 1 to 3; it slept from 4 to 5.5
    assert longest_gap_s([Span(0.0, 10.0)], []) == 10.0


def test_default_names_are_positions_among_their_kind() -> None:
    (machine,) = parse("(o [o]1 x:o {o} o [ ]1)2")
    assert [child.name for child in machine.children] == ["o1", "vm1", "x", "group1", "o3", "vm2"]
    assert isinstance(machine, Element) and isinstance(build(machine, FLUID(simpy.Environment(), 2.0, 1.0))["x"], Share)
    assert not fidelities()["fluid"].SLICES
