"""What every layer module promises, run over all that discovery finds: a new file is tested by being there.

A layer is asked for every demand there is, with the numbers of every catalog product of its family. What it answers
must be plain steps, declared mechanisms and nothing else; what it documents must be what it declares.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, get_args

import pytest

from simulator import demands as d
from simulator import discovery
from simulator.catalog import Catalog, Product
from simulator.layers._guest_memory import GuestMemory, HostMemory
from simulator.layers.base import GuestDevice, Layer, Mechanism, Place, Transition
from simulator.parameters import missing
from simulator.steps import (
    At,
    Below,
    Change,
    Choice,
    Later,
    Log,
    Parallel,
    Progress,
    Repeat,
    Require,
    Send,
    Spawn,
    Step,
    Transfer,
    Use,
)
from simulator.units import unit_of_name
from simulator.virtual_hardware import STYLES

MODULES = sorted(discovery.members("layers"))
MACHINE = "dell-2650"
FILE = d.File("file", 64 * 1024, unit_bytes=16 * 1024)
SHIPPED = d.File("shipped", 64 * 1024, unit_bytes=16 * 1024, shipped=True)
CLASSES = d.Portable("program", 1000, 1.0, 50.0, 400, deoptimized_ratio=0.1)
DEVICES = ("physical", "paravirtual", "emulated", "passthrough")
SECTIONS = ("Scope and limits", "Mechanism", "Parameters", "Validation", "References")

DEMANDS: tuple[d.Demand, ...] = (
    d.Compute(), d.AccessMemory("random", 2**30), d.AccessMemory("stream", 2**30, 4096),
    d.NestedWalk("random", 2**30, 4096, 2**21),
    d.NestedWalk("stream", 2**30, 2**21, 4096, shadowed=True),
    d.KeepProcess(1e9, 8.0), d.KeepProcess(1e9, insists=False),
    d.DirectTransfer(FILE, 0, 8192), d.DirectTransfer(FILE, 0, 8192, write=True), d.LoadClasses(CLASSES),
    d.DirectTransfer(FILE, 0, 8192, write=True, flush=True), d.TransferBlocks(0, 8192, write=True, flush=True),
    d.Execute(CLASSES), d.NewObjects(1e6, 1e6),
    d.StartThreads(1e6, 4.0), d.Exit(),
    d.SystemCall("null"), d.SystemCall("stat"), d.Fault(), d.Fault("protection"), d.Touch(2.0**20, 2.0**24),
    d.StartProcess("fork"), d.StartProcess("exec"), d.StartProcess("shell"), d.Allocate(8192), d.Free(8192), d.Map(),
    d.Create(), d.Rename(), d.Delete(3.0), d.Read(FILE, 0, 40_000), d.Write(10_000, 3.0), d.Write(10_000, kept=False),
    d.WriteThrough(FILE, 8192), d.WriteThrough(SHIPPED, 8192), d.WriteBack(8192), d.EnterKernel(),
    d.SendData(10_000, 1448), d.ReceiveData(10_000, 1448), d.SendData(10_000, 1448, peer="system"),
    d.ReceiveData(10_000, 1448, peer="machine"), d.TransferPackets("send", 1500, 9000, peer="machine"),
    d.ReceiveRequest(100, 1448, 0.001), d.Post("box", 10), d.Fetch("box", 10), d.Lock("table"), d.Unlock("table"),
    d.TakeTurn("network"), d.TakeTurn("control groups", 0.01), d.PassTurn("network"),
    d.Sleep(1.0), d.Trap(), d.SensitiveInstruction(), d.UpdatePageTable(), d.UpdatePageTable(batched=True),
    d.SwitchAddressSpace(), d.TouchKernelPage(), d.TimerTick(), d.AccessRegister(), d.TransferBlocks(0, 8192),
    d.TransferBlocks(0, 8192, write=True, stream="log"), d.TransferPackets("send", 1500, 9000),
    d.TransferPackets("receive", 1500), d.DriveCard("send", 50, 32, 12_800), d.UseShare(8192, 4096),
    d.TouchGuest("new"), d.TouchGuest("row", 2.0**20, 2.0**24), d.TouchGuest("cache", 8192), d.TouchGuest("old", 8192),
    d.ReleasePages(), d.InflateBalloon(), d.BalanceMemory(), d.UseGuestPages("guest", "new", 4096), d.MergePages(),
    d.AskShare(4096), d.AskShare(4096, write=True), d.TransferPackets("send", 1600, 9000, 32, polled=True, burst=True),
)  # fmt: skip
TRANSITIONS = tuple(Transition(kind) for kind in ("switch", "resume", "notify", "notified", "tick", "interrupted"))

START = {"start_cycles": 1e6, "start_read_bytes": 65536.0, "start_unit_bytes": 65536.0, "start_wait_s": 0.1}

BY_THE_THREAD = {
    "hardware": {
        "cache_refill", "idle_exit", "smt_sibling", "cache_contention", "numa_remote", "memory_bandwidth",
        "line_contention",
    },
    "operating_system": {"lock_spin"},
    "unikernel": {"lock_spin"},
}  # fmt: skip
"""Mechanisms that the thread which goes on charges by itself: only the processor, or the lock, knows what they take."""
LATER = {"jvm": {"collection", "barrier", "finalization"}, "operating_system": {"ksm", "ksm_break"},
         "hardware_hypervisor": {"sharing"}}  # fmt: skip
"""Mechanisms whose steps are worked out when they are reached, or come with choices that no product has."""


def family(name: str) -> type[Layer]:
    found: type[Layer] = discovery.member("layers", name).LAYER
    return found


@cache
def products(name: str) -> tuple[tuple[str, dict[str, float], dict[str, str]], ...]:
    """The catalog's products of a family: name, numbers, structure. A layer without numbers needs none."""
    catalog = Catalog()
    entries = (catalog.layer(product, MACHINE) for product in catalog.names("layers"))
    found = [
        (each.name, each.values(), {**each.structure, **choice})
        for each in entries
        if each.family == name
        for choice in _choices(name, each)
    ]
    if name == "hardware":
        processor = catalog.machine(MACHINE).devices["cpu"].values()
        return ((MACHINE, {number: processor[number] for number in family(name).PROCESSOR}, {}),)
    return tuple(found) if found or family(name).PARAMETERS else ((name, {}, {}),)


def _choices(name: str, product: Product) -> Iterator[dict[str, str]]:
    """The product as it is, and with each other network, swap or kind of threads that it has numbers for."""
    yield {}
    for key in ("network", "swap", "threads"):
        for choice in family(name).STRUCTURE.get(key, ()):
            changed = {**product.structure, key: choice}
            if choice != product.structure.get(key) and not missing(family(name).PARAMETERS, changed, product.values()):
                yield {key: choice}


def instances(name: str) -> Iterator[Layer]:
    """Every product of a family on every kind of device, and as each child with a part of its own meets it."""
    for product, numbers, structure in products(name):
        for kind in DEVICES:
            place = Place(product, 256 * 2**20, {"disk": kind, "nic": kind}, mounts=kind == "paravirtual")
            layer = family(name)(numbers, structure, place)
            yield layer
            ports = [layer.for_child("domain-0"), *(layer.for_child("guest", shown(style)) for style in STYLES)]
            yield from (port for port in ports if port is not layer)
        if family(name).overcommits(structure):
            guest = GuestMemory("guest", 2.0**28)
            host = HostMemory(2.0**30, 2.0**29, {"guest": guest})
            yield family(name)(numbers, structure, Place(product, host=host)).for_guest(guest)


def shown(style: str) -> dict[str, GuestDevice]:
    """A disk and a network card of a style, as a hypervisor shows them to a guest."""
    return {
        kind: GuestDevice(f"{style} {kind}", style, {"queue_count": 8, "request_bytes": 4096})
        for kind in ("disk", "nic")
    }


def answers(layer: Layer) -> Iterator[tuple[object, list[Step]]]:
    """Everything a layer answers: demands that it offers, transitions, and what its services ask of it."""
    for demand in DEMANDS:
        try:
            yield demand, list(layer.lower(demand))
        except LookupError as error:
            assert type(demand).__name__ in str(error), "the error does not say which demand it was"
    for transition in TRANSITIONS:
        yield transition, list(layer.react(transition))
    carriers = layer.carriers()
    yield (
        "it starts",
        [step for step in layer.start(START) if not (isinstance(step, Use) and step.mechanism == "start")],
    )
    yield "a thread begins", [*layer.thread_start(), *(carriers.switch if carriers else ())]
    for service in (*layer.services(), *layer.guest_services()):
        if service.demand is not None:
            yield service, list(layer.lower(service.demand))
        yield service, [*service.woken, *service.turn]


def inside(steps: Iterable[Step]) -> Iterator[Step]:
    """All steps, those in branches, choices and queues included."""
    for step in steps:
        yield step
        if isinstance(step, Send):
            yield from inside((*step.work, *step.kick, *step.notice, *step.finish))
        elif isinstance(step, Spawn):
            yield from inside(step.steps)
        elif isinstance(step, Choice | Parallel | Repeat):
            for branch in _branches(step):
                yield from inside(branch)


def _branches(step: Choice | Parallel | Repeat) -> tuple[tuple[Step, ...], ...]:
    if isinstance(step, Choice):
        return step.options
    return step.branches if isinstance(step, Parallel) else step.plans


def described(steps: Iterable[Step]) -> list[Any]:
    """Steps as values that can be compared: what holds a function by what it offers, not by its function."""
    return [_described(step) for step in steps]


def _described(step: Step) -> Any:
    if isinstance(step, Choice):
        return ("Choice", step.labels, [described(option) for option in step.options])
    if isinstance(step, Repeat):
        return ("Repeat", step.labels, [described(plan) for plan in step.plans])
    if isinstance(step, Spawn):
        return ("Spawn", step.processes, described(step.steps))
    if isinstance(step, Parallel):
        return ("Parallel", [described(branch) for branch in step.branches])
    if isinstance(step, Send):
        parts = (step.work, step.kick, step.notice, step.finish)
        return (step.queue, step.wait, step.size_bytes, step.window_bytes, [described(part) for part in parts])
    if isinstance(step, Later):
        return ("Later", step.label)
    return type(step).__name__ if isinstance(step, Require | Change | Progress | Log) else step


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize("name", MODULES)
def test_the_docstring_has_its_sections_in_order(name: str) -> None:
    text = inspect.getdoc(discovery.member("layers", name)) or ""
    first, *paragraphs = text.split("\n\n")
    sentence = " ".join(first.split())
    assert sentence.endswith(".") and sentence.count(". ") == 0, "the first paragraph is not one sentence"
    heads = [match[1] for paragraph in paragraphs if (match := re.match(rf"({'|'.join(SECTIONS)})\b.*?:", paragraph))]
    assert tuple(heads) == SECTIONS


@pytest.mark.parametrize("name", MODULES)
def test_its_references_are_in_the_bibliography(name: str) -> None:
    text = inspect.getdoc(discovery.member("layers", name)) or ""
    keys = text.rpartition("References:")[2].strip().removesuffix(".")
    known = Catalog().sources
    assert keys == "none" or all(key.strip() in known for key in keys.split(",")), keys


@pytest.mark.parametrize("name", MODULES)
def test_its_class_stands_between_interfaces(name: str) -> None:
    layer = family(name)
    assert layer.OFFERS in ("system", "machine", "bytecode")
    assert layer.NEEDS in ("system", "machine", "")


@pytest.mark.parametrize("name", MODULES)
def test_its_parameters_are_declared_in_full(name: str) -> None:
    """Each once, with the unit that its name promises, a meaning, and a mechanism and a choice that there are."""
    layer = family(name)
    names = [parameter.name for parameter in layer.PARAMETERS]
    assert len(names) == len(set(names))
    for parameter in layer.PARAMETERS:
        assert unit_of_name(parameter.name) in (None, parameter.unit), parameter
        assert parameter.meaning and parameter.meaning[-1] != ".", parameter
        assert parameter.mechanism in ("", *layer.MECHANISMS), parameter
        choice, _, value = parameter.only.partition("=")
        assert not choice or set(value.split("|")) <= set(layer.STRUCTURE[choice]), parameter


@pytest.mark.parametrize("name", MODULES)
def test_its_mechanisms_say_what_is_paid(name: str) -> None:
    for mechanism, declared in family(name).MECHANISMS.items():
        assert isinstance(declared, Mechanism) and declared.meaning, mechanism
        assert declared.kind in ("counted", "emergent"), mechanism
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", mechanism), mechanism


@pytest.mark.parametrize("name", MODULES)
def test_what_needs_real_slices_emerges(name: str) -> None:
    for mechanism, declared in family(name).MECHANISMS.items():
        assert not declared.needs_slices or declared.kind == "emergent", mechanism


@pytest.mark.parametrize("name", MODULES)
def test_some_product_uses_it(name: str) -> None:
    """A family that no catalog file names could not be run."""
    assert products(name)


@pytest.mark.parametrize("name", MODULES)
def test_the_choices_of_its_products_go_together(name: str) -> None:
    for product, _, structure in products(name):
        assert not structure or family(name).nonsense(structure) == "", product


# ---------------------------------------------------------------- what it does


def test_every_demand_there_is_is_asked_here() -> None:
    """A demand added to the vocabulary must be added to DEMANDS above; no layer sees several together."""
    found = inspect.getmembers(d, lambda each: inspect.isclass(each) and issubclass(each, d.Demand))
    unseen = {d.Demand, d.Together, d.SendLetter, d.ReceiveLetter}
    assert {each for _, each in found} - unseen == {type(demand) for demand in DEMANDS}


@pytest.mark.parametrize("name", MODULES)
def test_it_answers_in_plain_steps(name: str) -> None:
    """Frozen values of the step vocabulary; whatever it leaves to others is a demand."""
    kinds = get_args(Step)
    for layer in instances(name):
        for asked, steps in answers(layer):
            for step in inside(steps):
                assert isinstance(step, kinds), (asked, step)
                assert dataclasses.is_dataclass(step) and step.__dataclass_params__.frozen  # type: ignore[union-attr]
                if isinstance(step, Below | At):
                    assert isinstance(step.demand, d.Demand) and step.demand.count >= 0.0, (asked, step)


@pytest.mark.parametrize("name", MODULES)
def test_every_mechanism_it_charges_is_declared(name: str) -> None:
    for layer in instances(name):
        for asked, steps in answers(layer):
            charged = {step.mechanism for step in inside(steps) if isinstance(step, Use | Transfer)}
            assert charged <= set(layer.MECHANISMS), asked


def hops(step: Step) -> tuple[d.Hop, ...]:
    """What the layer puts in the way of packets, for the kernel below to pay in its name."""
    return getattr(step.demand, "hops", ()) if isinstance(step, Below) else ()


@pytest.mark.parametrize("name", MODULES)
def test_every_mechanism_it_declares_is_charged_somewhere(name: str) -> None:
    """Otherwise it is decoration. What needs slices is left out by the fluid fidelity."""
    charged: set[str] = set()
    for layer in instances(name):
        for _, steps in answers(layer):
            charged |= {step.mechanism for step in inside(steps) if isinstance(step, Use | Transfer)}
            charged |= {hop.mechanism for step in inside(steps) for hop in hops(step)}
    declared = {mechanism for mechanism, each in family(name).MECHANISMS.items() if not each.needs_slices}
    assert declared - charged == BY_THE_THREAD.get(name, set()) | LATER.get(name, set())


@pytest.mark.parametrize("name", MODULES)
def test_what_it_charges_is_a_cost(name: str) -> None:
    """Never negative: a composite that contains more than it measures would be; never an inflated original."""
    for layer in instances(name):
        for asked, steps in answers(layer):
            for step in inside(steps):
                if isinstance(step, Use):
                    assert step.cycles >= 0.0 and step.stall_s >= 0.0 and step.operations >= 0.0, (asked, step)
                    whole = step.cycles == 1.0 or not step.cycles
                    assert not step.program or (layer.NEEDS == "" and whole), (asked, step)


@pytest.mark.parametrize("name", MODULES)
def test_a_program_s_cycles_pass_through_unchanged(name: str) -> None:
    """Rule 1: useful work is the same in every stack. A layer adds to a cycle and never takes from or multiplies it."""
    for layer in instances(name):
        steps = list(inside(layer.lower(d.Compute())))
        passed = [step for step in steps if step == Below(d.Compute()) or (isinstance(step, Use) and step.program)]
        assert len(passed) == 1


@pytest.mark.parametrize("name", MODULES)
def test_lowering_is_pure(name: str) -> None:
    """Asked twice it says the same, whatever it was asked between."""
    for layer in instances(name):
        first = [described(steps) for _, steps in answers(layer)]
        assert [described(steps) for _, steps in answers(layer)] == first


@pytest.mark.parametrize("name", MODULES)
def test_it_has_no_answer_to_a_demand_it_does_not_know(name: str) -> None:
    """It says so with its own name on it, or hands the demand down as it is; it never makes it vanish."""

    class Unheard(d.Demand):
        """A demand that no layer knows."""

    for layer in instances(name):
        try:
            assert list(layer.lower(Unheard())) == [Below(Unheard())]
        except LookupError as error:
            assert re.fullmatch(rf"{re.escape(layer.place.path)} .* has no Unheard", str(error))


@pytest.mark.parametrize("name", MODULES)
def test_its_queues_are_drained(name: str) -> None:
    """What it sends goes to a queue that one of its services drains, with room and batches of one at least."""
    for layer in instances(name):
        services = (*layer.services(), *layer.guest_services(), *layer.servers())
        drained = {service.queue: service for service in services if service.queue}
        for asked, steps in answers(layer):
            assert {step.queue for step in inside(steps) if isinstance(step, Send)} <= set(drained), asked
        assert all(service.capacity >= 1 and service.batch >= 1 for service in drained.values())
        for service in services:
            looks = service.period_s > 0.0 and service.wanted is not None and service.demand is not None
            assert looks != bool(service.queue), service.name


@pytest.mark.parametrize("name", MODULES)
def test_it_says_what_it_shows_and_how_wide_it_is(name: str) -> None:
    for layer in instances(name):
        assert set(layer.presents()) == {"disk", "nic"}
        assert set(layer.presents().values()) <= set(DEVICES)
        assert layer.width() >= 1.0
        assert layer.tick_hz() >= 0.0


def test_layers_know_nothing_of_the_clock() -> None:
    """In a fresh interpreter: every layer is imported and asked, and SimPy was never needed."""
    code = """
import sys
from simulator import demands, discovery
from simulator.layers.base import Layer, Place, Transition
class Numbers(dict):
    def __missing__(self, name):
        return 1.0
for name in discovery.members("layers"):
    layer = discovery.member("layers", name).LAYER
    structure = {key: choices[0] for key, choices in layer.STRUCTURE.items()}
    one = layer({parameter.name: 1.0 for parameter in layer.PARAMETERS}, structure, Place(memory_bytes=2**20))
    list(one.lower(demands.Compute())), list(one.react(Transition("switch"))), one.services()
print(*sorted({"simpy", "pandas", "pydantic", "yaml"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


# ---------------------------------------------------------------- counted or emergent, never both


def declared(kind: str) -> set[str]:
    return {mechanism for name in MODULES for mechanism, each in family(name).MECHANISMS.items() if each.kind == kind}


def test_a_mechanism_of_one_name_is_counted_or_emergent_everywhere() -> None:
    assert declared("counted") & declared("emergent") == set()


@pytest.mark.parametrize("name", sorted(discovery.members("workloads")))
def test_a_workload_counts_nothing_that_emerges(name: str) -> None:
    counts = set(discovery.member("workloads", name).PROGRAM.COUNTS)
    assert counts & declared("emergent") == set()
    assert counts <= declared("counted"), "counts a mechanism that no layer has"
