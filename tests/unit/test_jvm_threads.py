"""Threads of Java on threads of the system, on one of them, or on as many as there are processors: cases by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import pytest

from simulator import demands as d
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.layers.base import Layer, Place, Transition
from simulator.layers.jvm import JavaVirtualMachine
from simulator.layers.operating_system import OperatingSystem
from simulator.records import names
from simulator.scenario import load
from simulator.steps import DISK, NIC_RECEIVE, Below, Choice, Hold, Signal, Spawn, Step, Transfer, Use, Wait
from simulator.workloads.base import Context
from simulator.workloads.desktop_program import DesktopProgram

GHZ = 1e9
SWITCH_S, KERNEL_S = 0.01, 0.03
"""What going on on a carrier takes, and what the system takes to go on with a thread that had waited."""
NUMBERS = {
    "green_start_cycles": 0.0, "green_stack_bytes": 0.0, "green_switch_cycles": SWITCH_S * GHZ,
    "virtual_start_cycles": 0.0, "virtual_stack_bytes": 0.0, "virtual_switch_cycles": SWITCH_S * GHZ,
    "system_start_cycles": 0.0, "system_stack_bytes": 0.0, "native_call_cycles": 0.0,
}  # fmt: skip
FILE = d.File("file", 100, 100)
READ = d.Read(FILE, 0, 100)
"""A second of the disk."""
RECEIVE = d.ReceiveRequest(100.0, 100.0, 0.0)
"""A second of the network."""
Make = Callable[..., Any]


@cache
def numbers() -> dict[str, float]:
    return {**Catalog().layer("hotspot-21", "epyc-zen4-vm").values(), **NUMBERS}


class System(Layer):
    """Calls and faults cost nothing; whoever goes on after waiting pays for a switch."""

    OFFERS, NEEDS = "system", "machine"

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Sleep):
            return (Wait("time", time_s=demand.time_s),)
        if isinstance(demand, d.Read):
            return (Transfer(DISK, "transfer", demand.size_bytes),)
        if isinstance(demand, d.ReceiveRequest):
            return (Transfer(NIC_RECEIVE, "transfer", demand.size_bytes),)
        if isinstance(demand, d.Lock):
            return (Wait("lock", demand.name),)
        if isinstance(demand, d.Unlock):
            return (Signal("lock", demand.name),)
        if isinstance(demand, d.Post):
            return (Signal("message", demand.mailbox),)
        if isinstance(demand, d.Fetch):
            return (Wait("message", demand.mailbox),)
        return (Below(demand),) if isinstance(demand, d.Compute) else ()

    def react(self, transition: Transition) -> Iterable[Step]:
        return (Use("context_switch", cycles=KERNEL_S * GHZ),) if transition.kind == "switch" else ()


@pytest.fixture
def laid(laid: Make, java: Make) -> Make:
    """Makes a bench with a virtual machine whose threads are of a kind, on a system with that many processors."""

    def make(kind: str, processors: int, stacks: str | Mapping[str, str] = "os | jvm", **own: float) -> Any:
        choices = {"mode": "interpreter", "threads": kind}
        return laid(java({**numbers(), **own}, None, System, processors, **choices), stacks, cores_count=processors)

    return make


def compute(seconds: float) -> d.Compute:
    return d.Compute(count=seconds * GHZ)


# ---------------------------------------------------------------- who runs


@pytest.mark.parametrize(
    ("kind", "processors", "ends"),
    [
        ("system", 1, [4.0, 4.0, 4.0, 4.0]),  # the system divides its processor evenly
        ("system", 2, [2.0, 2.0, 2.0, 2.0]),
        ("system", 4, [1.0, 1.0, 1.0, 1.0]),
        ("green", 1, [1.0, 2.0, 3.0, 4.0]),
        ("green", 4, [1.0, 2.0, 3.0, 4.0]),  # three of four processors are of no use to it
        ("virtual", 1, [1.0, 2.0, 3.0, 4.0]),
        ("virtual", 2, [1.0, 1.0, 2.0, 2.0]),
        ("virtual", 4, [1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_four_threads_of_a_second_each(laid: Make, kind: str, processors: int, ends: list[float]) -> None:
    """Who has a carrier keeps it to the end; the others are ready meanwhile, and no other state."""
    own = laid(kind, processors)
    threads = [own.thread(f"thread-{number}", compute(1.0)) for number in range(4)]
    own.run()
    assert [thread.ended_s for thread in threads] == pytest.approx(ends)
    assert all(set(own.spent(thread)) <= {"useful", "ready"} for thread in threads)


@pytest.mark.parametrize("wait", [d.Sleep(1.0), RECEIVE, d.Lock("held")], ids=["time", "network", "lock"])
def test_a_green_thread_that_waits_lets_another_one_run(laid: Make, wait: d.Demand) -> None:
    """It computes for 0.1 s and waits for a second; the other's half second fits in; then nobody runs.

    So the system wakes its thread, for 0.03 s, and going on takes another 0.01 s. (The lock is held until 1.1 s.)
    """
    own = laid("green", 4)
    box = own.house.mailbox("app", "lock", "held")
    box.messages = 0
    own.at(1.1, box.put)
    first = own.thread("first", compute(0.1), wait, compute(0.1))
    other = own.thread("other", compute(0.5))
    own.run()
    assert other.ended_s == pytest.approx(0.6)
    assert first.ended_s == pytest.approx(1.1 + KERNEL_S + SWITCH_S + 0.1)
    assert own.charged(first)["os/jvm[app]", "thread_switch"] == 1


def test_a_lock_that_is_free_costs_no_switch(laid: Make) -> None:
    own = laid("green", 1)
    thread = own.thread("only", d.Lock("table"), compute(0.1), d.Unlock("table"))
    own.run()
    assert thread.ended_s == pytest.approx(0.1)


@pytest.mark.parametrize(("kind", "other_s", "first_s"), [("green", 1.53, 1.03), ("virtual", 0.5, 1.03)])
def test_a_disk_stops_all_green_threads_but_no_virtual_one(
    laid: Make, kind: str, other_s: float, first_s: float
) -> None:
    """On one processor: the read takes a second and the system 0.03 s to go on. Its carrier is kept, so no switch.

    A second carrier runs beside the one that waits (virtual); of green threads none runs meanwhile.
    """
    own = laid(kind, 1)
    first, other = own.thread("first", READ), own.thread("other", compute(0.5))
    own.run()
    assert (other.ended_s, first.ended_s) == (pytest.approx(other_s), pytest.approx(first_s))


def test_after_a_read_two_threads_run_on_what_was_one_carrier_until_one_waits(laid: Make) -> None:
    """At 1 s the reader goes on beside the thread in its place, and each has half of the processor.

    What the reader has before it, 0.03 and 0.2 s, takes it 0.46. A third thread gets no carrier before both are given
    back: the other's two seconds and those 0.23 s are over at 2.23.
    """
    own = laid("virtual", 1)
    first = own.thread("first", READ, compute(0.2))
    other = own.thread("other", compute(2.0))
    third = own.thread("third", compute(1.0))
    own.run()
    assert first.ended_s == pytest.approx(1.0 + 2 * (KERNEL_S + 0.2))
    assert other.ended_s == pytest.approx(2.0 + 0.2 + KERNEL_S)
    assert third.ended_s == pytest.approx(other.ended_s + 1.0)


@pytest.mark.parametrize("kind", ["green", "virtual"])
def test_an_endless_loop_never_lets_another_one_run(laid: Make, kind: str) -> None:
    """The system would: it divides its processor."""
    ready = {}
    for each in ("system", kind):
        own = laid(each, 1)
        own.thread("loop", compute(1e6))
        other = own.thread("other", compute(0.1))
        own.run(until=1.0)
        ready[each] = (own.spent(other).get("useful", 0.0), own.spent(other)["ready"])
    assert ready == {"system": (0.1, 0.1), kind: (0.0, 1.0)}


def test_programs_in_one_virtual_machine_share_its_carriers(laid: Make) -> None:
    """In a virtual machine each they do not."""
    ends = {}
    for stack in ("os / jvm |", "os | jvm"):
        own = laid("green", 2, {"app": stack, "other": stack})
        own.thread("first", compute(1.0))
        other = own.thread("second", compute(1.0), tenant="other")
        own.run()
        ends[stack] = other.ended_s
    assert ends == {"os / jvm |": pytest.approx(2.0), "os | jvm": pytest.approx(1.0)}


# ---------------------------------------------------------------- what waking takes


def test_where_the_carrier_runs_the_system_switches_to_nobody(laid: Make) -> None:
    """A sleeper that wakes at 0.5 s waits for the one carrier until 1 s, and pays for going on on it only."""
    own = laid("green", 1)
    sleeper = own.thread("sleeper", d.Sleep(0.5), compute(0.1))
    own.thread("busy", compute(1.0))
    own.run()
    assert sleeper.ended_s == pytest.approx(1.0 + SWITCH_S + 0.1)
    assert own.spent(sleeper) == {"useful": 0.1, "overhead": SWITCH_S, "asleep": 0.5, "ready": 0.5}


def test_a_message_between_green_threads_wakes_nobody_in_the_system(laid: Make) -> None:
    """The reader goes on when the poster ends: no switch of the system in either."""
    own = laid("green", 4)
    reader = own.thread("reader", d.Fetch("box"), compute(0.1))
    poster = own.thread("poster", compute(0.2), d.Post("box"), compute(0.3))
    own.run()
    assert poster.ended_s == pytest.approx(0.5)
    assert reader.ended_s == pytest.approx(0.5 + SWITCH_S + 0.1)
    assert not any(mechanism == "context_switch" for _, mechanism in own.charged(reader))


def test_a_message_to_an_idle_carrier_does(laid: Make) -> None:
    own = laid("virtual", 2)
    reader = own.thread("reader", d.Fetch("box"), compute(0.1))
    own.thread("poster", compute(0.2), d.Post("box"), compute(0.3))
    own.run()
    assert reader.ended_s == pytest.approx(0.2 + KERNEL_S + SWITCH_S + 0.1)


# ---------------------------------------------------------------- the end of threads


def test_a_program_that_is_ended_leaves_its_carrier_to_others(laid: Make) -> None:
    """One that runs, one that is ready, and one that waits are ended at 0.5 s; what is left begins then."""
    own = laid("green", 1, {"app": "os / jvm |", "other": "os / jvm |"})
    own.thread("runs", compute(10.0))
    own.thread("ready", compute(10.0))
    left = own.thread("left", compute(1.0), tenant="other")
    own.at(0.5, lambda: own.house.stop("app"))
    own.run(until=3.0)
    assert left.ended_s == pytest.approx(1.5)


def test_one_that_is_ended_while_it_reads_gives_nothing_back_twice(laid: Make) -> None:
    """Its carrier's place was taken already: the two that are left run one after the other."""
    own = laid("virtual", 1, {"app": "os / jvm |", "other": "os / jvm |"})
    own.thread("reads", READ)
    first, second = (own.thread(name, compute(1.0), tenant="other") for name in ("first", "second"))
    own.at(0.5, lambda: own.house.stop("app"))
    own.run(until=3.0)
    assert (first.ended_s, second.ended_s) == (pytest.approx(1.0), pytest.approx(2.0))


# ---------------------------------------------------------------- steps


def machine(kind: str, **own: float) -> JavaVirtualMachine:
    given = {"mode": "tiered", "sharing": "on", "collector": "serial", "threads": kind}
    return JavaVirtualMachine({**numbers(), **own}, given, Place(limits={"heap": 30e6}, processors_count=4))


@pytest.mark.parametrize("kind", ["system", "green", "virtual"])
def test_a_thread_is_made_with_a_stack(kind: str) -> None:
    made = machine(kind, **{f"{kind}_start_cycles": 5.0, f"{kind}_stack_bytes": 8192.0})
    assert list(made.thread_start()) == [
        Use("thread_start", cycles=5.0), Below(d.Fault(count=2.0)), Hold(8192.0, program=False),
    ]  # fmt: skip


def test_memory_of_threads_is_the_virtual_machine_s_and_goes_with_the_program(laid: Make) -> None:
    own = laid("system", 1, system_stack_bytes=1e6)
    for number in range(3):
        own.thread(f"thread-{number}", compute(0.1))
    own.run()
    assert own.house.runtime_bytes["app"] == own.house.program_bytes["app"] == 3e6


@pytest.mark.parametrize(("kind", "count"), [("system", None), ("green", 1.0), ("virtual", 4.0)])
def test_carriers_are_as_many_as_processors_or_one(kind: str, count: float | None) -> None:
    carriers = machine(kind).carriers()
    assert (carriers.count if carriers else None) == count


def test_only_a_thread_of_the_system_asks_it_to_sleep() -> None:
    system, green = (list(machine(kind).lower(d.Sleep(1.0))) for kind in ("system", "green"))
    assert (system[-1], green[-1]) == (Below(d.Sleep(1.0)), Wait("time", time_s=1.0))


def test_before_it_waits_for_the_network_a_virtual_thread_looks_and_tells_the_poller() -> None:
    looks = Below(d.SystemCall("null_io", count=2.0), own=True)
    assert looks in list(machine("virtual").lower(RECEIVE))
    assert looks not in list(machine("system").lower(RECEIVE))


# ---------------------------------------------------------------- further threads, locks of classes, the end of all


def test_threads_that_the_system_makes_have_stacks_and_those_that_it_refuses_have_none() -> None:
    """The system's counter says which: it is told of four in the table, or of none."""
    made = machine("system", system_start_cycles=5.0, system_stack_bytes=8192.0)
    ask, choice = made.lower(d.StartThreads(1e6, 4.0))
    assert isinstance(ask, Below) and isinstance(ask.demand, d.KeepProcess) and isinstance(choice, Choice)
    assert (ask.demand.processes, ask.demand.threads, ask.demand.insists) == (4.0, True, False)
    assert choice.decide() == 0
    ask.demand.counters[0](4.0)
    assert choice.decide() == 1
    assert choice.options == (
        (),
        (
            Use("thread_start", cycles=20.0, operations=4.0),
            Below(d.Fault(count=8.0)),
            Hold(4 * 8192.0, program=False),
        ),
    )


@pytest.mark.parametrize(("kind", "teams"), [("green", 1), ("virtual", 4)])
def test_others_are_its_own_affair_and_take_all_carriers(kind: str, teams: int) -> None:
    steps = list(machine(kind).lower(d.StartThreads(1e6, 8.0)))
    spawned = [step for step in steps if isinstance(step, Spawn)]
    assert spawned == [Spawn((Below(d.Compute(count=1e6 / teams)),), 8.0 / teams)] * teams


def test_threads_cost_a_kernel_two_calls_each_and_no_copy_of_anything() -> None:
    """One for the stack, one for the thread; a process is forked."""
    kernel = OperatingSystem(Catalog().layer("linux-6", "epyc-zen4-vm").values(), {}, Place(memory_bytes=1e9))
    threads, processes = (
        [step.mechanism for step in kernel.lower(d.KeepProcess(1e6, 4.0, threads=each)) if isinstance(step, Use)]
        for each in (True, False)
    )
    assert "process" in processes and "process" not in threads and "system_call" in threads


@pytest.mark.parametrize(("stack", "end_s"), [("os / jvm |", 5.1), ("os | jvm", 0.1)])
def test_the_lock_of_a_class_is_one_for_all_programs_in_a_virtual_machine(laid: Make, stack: str, end_s: float) -> None:
    """The other keeps it for five seconds. (On two processors; going on takes the system 0.03 s.)"""
    own = laid("system", 2, {"app": stack, "other": stack})
    own.thread("keeper", d.Lock("log", shared=True), compute(5.0), d.Unlock("log", shared=True), tenant="other")
    waits = own.thread("waits", d.Lock("log", shared=True), compute(0.1), d.Unlock("log", shared=True))
    own.run()
    assert waits.ended_s == pytest.approx(end_s + (KERNEL_S if end_s > 1.0 else 0.0))


def outcomes(stack: str, bully: Any, **tenant: Any) -> dict[str, str]:
    """How two programs end: one that computes for a second, and a neighbour, on today's Linux."""
    worker = {"workload": {"name": "java-exit", "parameters": {"work_cycles": "5 G cycles"}}, "memory": "512 MiB"}
    scenario = {
        "machine": {"base": "laptop-2025", "devices": {"memory": {"capacity": "1 GiB"}}},
        "stacks": {"it": stack},
        "tenants": {"worker": worker, "bully": {"workload": bully, "memory": "256 MiB", **tenant}},
        "duration": "0.7 s",
    }
    (point,) = load(scenario).points()
    tables = run_point(point, 0)["tables"]["tenants"]
    rows = [dict(zip(names("tenants"), row, strict=True)) for row in tables]
    return {row["tenant"]: row["outcome"] for row in rows}


def test_exit_ends_all_programs_of_the_virtual_machine_and_no_others() -> None:
    together = outcomes("linux-6 / hotspot-21 |", "java-exit")
    assert together == {"worker": "ended with bully: it called exit", "bully": "ok"}
    assert outcomes("linux-6 | hotspot-21", "java-exit") == {"worker": "did not finish", "bully": "ok"}


def test_out_of_the_system_s_memory_the_whole_process_is_killed_and_no_other() -> None:
    bomb = {"name": "java-memory-bomb", "parameters": {"step": "16 MiB"}}
    together = outcomes("linux-6 / hotspot-21 |", bomb)
    assert together["worker"].startswith("ended with bully: killed: by the out-of-memory killer of")
    apart = outcomes("linux-6 | docker-27 / hotspot-21", bomb)
    assert apart["worker"] == "did not finish"
    assert apart["bully"].startswith("killed: by the out-of-memory killer of the memory limit of")


def test_out_of_heap_only_those_who_ask_end() -> None:
    """The leak's class keeps what it has; a worker that makes hardly any objects does not notice."""
    leak = {"name": "java-leak", "parameters": {"step": "16 MiB", "byte_cycles": "0.2 cycles"}}
    ends = outcomes("linux-6 / hotspot-21(collector=parallel) |", leak)
    assert ends == {"worker": "did not finish", "bully": "out of memory: Java heap space"}


def test_a_program_that_comes_after_a_leak_finds_no_room_for_its_first_objects() -> None:
    leak = {"name": "java-leak", "parameters": {"step": "16 MiB", "byte_cycles": "0.2 cycles"}}
    late = {"workload": "java-server", "memory": "256 MiB", "start": "0.5 s"}
    scenario = {
        "machine": {"base": "laptop-2025", "devices": {"memory": {"capacity": "1 GiB"}}},
        "stacks": {"it": "linux-6 / hotspot-21(collector=parallel) |"},
        "tenants": {"bully": {"workload": leak, "memory": "256 MiB"}, "late": late},
        "duration": "1 s",
    }
    (point,) = load(scenario).points()
    rows = [dict(zip(names("tenants"), row, strict=True)) for row in run_point(point, 0)["tables"]["tenants"]]
    assert [row["outcome"] for row in rows] == ["out of memory: Java heap space"] * 2


# ---------------------------------------------------------------- finalizers


def test_a_collection_finds_dead_objects_with_finalizers_for_two_threads_to_see_to(laid: Make) -> None:
    """Eden of 8 MB is full twice in 20 MB, with one such object for each 10 kB: 1600 objects.

    The handler takes 500 cycles for each, the finalizer 3000; the program waits for neither.
    """
    own = laid("system", 3, reference_cycles=500.0, finalizer_cycles=3000.0)
    own.thread("maker", d.NewObjects(20e6, 0.0, "app", finalizable_bytes=1e4), compute(1.0))
    own.run(until=2.0)
    heap = own.house.nodes["os/jvm[app]"].layer.allocation.references
    spent = {
        thread.name: sum(charge.cycles for key, charge in thread.charges.items() if key.mechanism == "finalization")
        for thread in own.house.threads
    }
    dead = 2000.0 - heap.objects
    assert 0.0 < heap.objects < dead
    assert spent["reference-handler"] == pytest.approx(500.0 * dead)
    assert spent["finalizer"] == pytest.approx(3000.0 * dead)


def test_without_finalizers_the_two_threads_never_wake(laid: Make) -> None:
    own = laid("system", 3)
    own.thread("maker", d.NewObjects(20e6, 0.0, "app"))
    own.run(until=1.0)
    assert not any(thread.charges for thread in own.house.threads if thread.name in ("reference-handler", "finalizer"))


# ---------------------------------------------------------------- one thread for all events of an interface


class Certain:
    """Every draw is the mean; whether something happens is said in advance."""

    def __init__(self, happens: list[float]) -> None:
        self.happens = happens

    def exponential(self, mean: float) -> float:
        return mean

    def lognormal(self, mean: float, variation: float) -> float:
        return mean

    def uniform(self) -> float:
        return self.happens.pop(0)


DESKTOP = {
    "actions_count": 3.0, "think_s": 1.0, "toolkit_cycles": 0.0, "handler_cycles": 0.1 * GHZ,
    "handler_variation_ratio": 0.0, "long_ratio": 0.5, "long_cycles": 2.5 * GHZ,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "background", "latencies"),
    [
        ("system", 0.0, [2.6, 1.7, 0.8]),  # 1 to 3.6 s, and the others wait for it
        ("system", 1.0, [2.8, 0.1, 0.1]),  # worked on until 3.7 s beside the others, then shown
        ("green", 0.0, [2.6, 1.7, 0.8]),
        ("green", 1.0, [2.7, 1.8, 0.9]),  # nothing takes the carrier from the work, which is shown first, at 3.7 s
    ],
)
def test_a_long_handler_freezes_the_interface(laid: Make, kind: str, background: float, latencies: list[float]) -> None:
    """Three events, at 1, 2 and 3 s, of 0.1 s each; the first leads to 2.5 s of work. On two processors.

    What going on after a wait takes, 0.03 and 0.01 s at a time, is left within the tolerance.
    """
    own = laid(kind, 2)
    context = Context("app", lambda: own.environment.now, lambda purpose: Certain([0.0, 0.0, 1.0, 1.0, 1.0, 1.0]))
    for plan in DesktopProgram({**DESKTOP, "background_ratio": background}, context).threads():
        own.thread(plan.name, program=plan.demands)
    own.run()
    found = sorted((start_s, latency_s) for _, _, start_s, latency_s in context.requests)
    assert [start_s for start_s, _ in found] == pytest.approx([1.0, 2.0, 3.0])
    assert [latency_s for _, latency_s in found] == pytest.approx(latencies, abs=0.16)
