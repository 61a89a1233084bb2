"""Re-lowering: when the rules change, what is in flight stops where it is and goes on under the new ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from simulator import demands as d
from simulator.devices.base import Key
from simulator.layers.base import Layer, Place, Transition
from simulator.steps import CPU, At, Below, Step, Transfer, Use, Wait

GHZ = 1e9
PROGRAM = Key(CPU, "program", "compute")


def compute(seconds: float) -> d.Demand:
    return d.Compute(count=seconds * GHZ)


class Interpreter(Layer):
    """For each cycle of the program some more, fewer once the method is compiled; ticks of a given cost."""

    OFFERS, NEEDS = "system", "machine"
    extra_cycles = 3.0
    extra_stall_s = 0.0
    extra: Iterable[Step] = ()
    tick_cycles = switch_cycles = 0.0

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Sleep):
            return (Wait("time", time_s=demand.time_s),)
        if isinstance(demand, d.SystemCall):
            return (Use("before", cycles=GHZ), Wait("time", time_s=1.0), Use("after", cycles=GHZ))
        return (Below(demand), Use("interpreter", cycles=self.extra_cycles, stall_s=self.extra_stall_s), *self.extra)

    def react(self, transition: Transition) -> Iterable[Step]:
        cycles = {"tick": self.tick_cycles, "switch": self.switch_cycles}.get(transition.kind, 0.0)
        return (Use(transition.kind, cycles=cycles),) if cycles else ()

    def tick_hz(self) -> float:
        return 100.0 if self.tick_cycles else 0.0


JVM: dict[str, type[Layer]] = {"jvm": Interpreter}
Make = Callable[..., Any]


def change(own: Any, path: str, **figures: Any) -> Callable[[], None]:
    """Change a layer and have what is in flight on it lowered again."""

    def action() -> None:
        node = own.house.nodes[path]
        for name, value in figures.items():
            setattr(node.layer, name, value)
        own.house.relower(node)

    return action


def cycles(thread: Any, mechanism: str = "interpreter", cause: str = "jvm") -> float:
    found: float = thread.charges[Key(CPU, cause, mechanism)].cycles
    return found


# ---------------------------------------------------------------- a method is compiled


def test_a_method_compiled_in_mid_flight(bench: Make) -> None:
    """1e9 cycles interpreted at 4 for 1 would take 4 s. At 2 s half of them are left, at 1.5 for 1: 0.75 s more.

    Interpreter: 0.5e9 * 3 + 0.5e9 * 0.5 = 1.75e9 cycles. The program's own are 1e9 all the same.
    """
    own = bench(JVM, "jvm |")
    thread = own.thread("main", compute(1.0))
    own.at(2.0, change(own, "jvm", extra_cycles=0.5))
    own.run()
    assert thread.ended_s == pytest.approx(2.75, rel=1e-12)
    assert thread.charges[PROGRAM].cycles == pytest.approx(1e9, rel=1e-12)
    assert cycles(thread) == pytest.approx(1.75e9, rel=1e-12)
    assert own.spent(thread) == {"useful": 1.0, "overhead": 1.75}


def test_compiled_in_three_stages(bench: Make) -> None:
    """At 4 for 1 until 2 s (0.5e9 done), at 2 for 1 until 2.5 s (0.25e9 more), then the rest as it is: 2.75 s."""
    own = bench(JVM, "jvm |")
    thread = own.thread("main", compute(1.0))
    own.at(2.0, change(own, "jvm", extra_cycles=1.0))
    own.at(2.5, change(own, "jvm", extra_cycles=0.0))
    own.run()
    assert thread.ended_s == pytest.approx(2.75, rel=1e-12)
    assert cycles(thread) == pytest.approx(0.5e9 * 3 + 0.25e9, rel=1e-12)
    assert thread.charges[PROGRAM].operations == pytest.approx(1e9, rel=1e-12)


def test_a_new_rule_may_want_another_device(bench: Make) -> None:
    """From 2 s on each program cycle needs a byte from far away: 0.5e9 are left, at 4 for 1, and 50 bytes of link."""
    own = bench(JVM, "jvm |")
    thread = own.thread("main", compute(1.0))
    fetch = Transfer("nic-receive", "transfer", 1e-7)
    own.at(2.0, change(own, "jvm", extra=(fetch,)))
    own.run()
    assert thread.ended_s == pytest.approx(4.5, rel=1e-12)
    assert own.spent(thread) == {"useful": 1.0, "overhead": 3.0, "blocked_network": 0.5}


def test_what_is_shared_goes_on_being_shared(bench: Make) -> None:
    """Two threads on one processor, 4 s of work each: at 2 s a quarter of each is done; 0.75e9 at 1.5 are 1.125 s each.

    Both end at 2 + 2.25 = 4.25 s, half of which each was ready for the other.
    """
    own = bench(JVM, "jvm |")
    threads = [own.thread(name, compute(1.0)) for name in "ab"]
    own.at(2.0, change(own, "jvm", extra_cycles=0.5))
    own.run()
    for thread in threads:
        assert thread.ended_s == pytest.approx(4.25, rel=1e-12)
        assert cycles(thread) == pytest.approx(0.25e9 * 3 + 0.75e9 * 0.5, rel=1e-12)
    assert sum(own.spent(thread)["useful"] for thread in threads) == pytest.approx(2.0)


def test_only_what_stands_on_the_changed_node_is_changed(bench: Make) -> None:
    """Two tenants, a processor each, both at 6 for 1 (3 of the system, 2 of their runtime): 6 s.

    At 3 s the runtime of one goes: half its work is left at 4 for 1, 2 s. That does nothing for the other.
    """
    layers: dict[str, type[Layer]] = {"os": Interpreter, "jvm": System}
    own = bench(layers, {"app": "os | jvm", "other": "os | jvm"}, cores_count=2)
    app, other = own.thread("main", compute(1.0)), own.thread("main", compute(1.0), tenant="other")
    own.at(3.0, change(own, "os/jvm[app]", extra_cycles=0.0))
    own.run()
    assert (app.ended_s, other.ended_s) == (pytest.approx(5.0), pytest.approx(6.0))


class System(Interpreter):
    """A system on a system, that adds two cycles to each of the program's at first."""

    NEEDS = "system"
    extra_cycles = 2.0


def test_a_change_below_reaches_everything_above(bench: Make) -> None:
    """6 for 1 (1, 3 of the system, 2 of the runtime); at 3 s half is left, at 3 for 1 from then on: 1.5 s more."""
    own = bench({"os": Interpreter, "jvm": System}, "os | jvm")
    thread = own.thread("main", compute(1.0))
    own.at(3.0, change(own, "os", extra_cycles=0.0))
    own.run()
    assert thread.ended_s == pytest.approx(4.5, rel=1e-12)


def test_demands_that_come_later_find_the_new_rules(bench: Make) -> None:
    """Nothing is in flight when the rules change, but the plan was made before."""
    own = bench(JVM, "jvm |")
    thread = own.thread("main", compute(0.25), d.Sleep(1.0), compute(0.25))
    own.at(1.5, change(own, "jvm", extra_cycles=0.0))
    own.run()
    assert thread.ended_s == pytest.approx(1.0 + 1.0 + 0.25)


def test_waking_costs_what_it_costs_by_then(bench: Make) -> None:
    """Nothing at 1 s; from 1.5 s on 0.1 s."""
    own = bench({"jvm": Quiet}, "jvm |")
    thread = own.thread("main", d.Sleep(1.0), d.Sleep(1.0))
    own.at(1.5, change(own, "jvm", switch_cycles=0.1 * GHZ))
    own.run()
    assert thread.ended_s == pytest.approx(2.1)
    assert own.charged(thread) == {("jvm", "switch"): 1}


def test_a_plan_that_waits_goes_on_where_it_was(bench: Make) -> None:
    """A second, a wait of one, a second more: stopping each of them in the middle changes nothing."""
    own = bench(JVM, "jvm |")
    thread = own.thread("main", d.SystemCall("long"))
    for time_s in (0.5, 1.5, 2.25, 2.75):
        own.at(time_s, change(own, "jvm"))
    own.run()
    assert thread.ended_s == pytest.approx(3.0, rel=1e-12)
    assert own.spent(thread) == {"overhead": 2.0, "asleep": 1.0}
    assert own.charged(thread) == {("jvm", "before"): 1, ("jvm", "after"): 1}


def test_at_the_very_end_of_a_step_nothing_is_left_to_lower_again(bench: Make) -> None:
    """The rules change at 4 s, when the first demand is done and its thread has not gone on yet."""
    own = bench(JVM, "jvm |")
    thread = own.thread("main", compute(1.0), compute(1.0))

    def twice() -> Iterable[Any]:
        yield own.environment.timeout(2.0)
        yield own.environment.timeout(2.0)  # made after the work's own end was set: it comes second at 4 s
        change(own, "jvm", extra_cycles=0.0)()

    own.environment.process(twice())
    own.run()
    assert thread.ended_s == pytest.approx(5.0, rel=1e-12)
    assert cycles(thread) == pytest.approx(3e9, rel=1e-12)


def test_ticks_are_lowered_again_too(bench: Make) -> None:
    """No tick until 1 s; then 100 a second of 5e6 cycles, a load of one half: the second second takes two."""
    own = bench({"jvm": Quiet}, "jvm |")
    thread = own.thread("main", compute(2.0))
    own.at(1.0, change(own, "jvm", tick_cycles=5e6))
    own.run()
    assert thread.ended_s == pytest.approx(3.0, rel=1e-12)
    assert cycles(thread, "tick") == pytest.approx(1e9, rel=1e-12)


class Quiet(Interpreter):
    """Adds nothing at first."""

    extra_cycles = 0.0


# ---------------------------------------------------------------- a driver domain


class Split(Layer):
    """Has its guests' computing done at half of domain 0's price, and meets domain 0 as another layer."""

    OFFERS = NEEDS = "machine"

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        return (At("domain-0", demand),)

    def for_child(self, role: str, devices: Any = None) -> Layer:
        return Port({}, place=Place(self.place.path)) if role == "domain-0" else self


class Port(Layer):
    """The hypervisor as domain 0 meets it."""

    OFFERS = NEEDS = "machine"

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        return (Below(demand),)


SPLIT: dict[str, type[Layer]] = {"xen": Split, "os": Interpreter, "guest": Quiet}
SPLIT_STACK = "xen(domain-0=os) | guest"


def test_a_change_in_domain_0_reaches_what_its_guests_have_done_there(bench: Make) -> None:
    """A guest's second costs four as domain 0 interprets it; from its second demand on, one."""
    own = bench(SPLIT, SPLIT_STACK)
    thread = own.thread("main", compute(1.0), compute(1.0))
    own.at(4.0, change(own, "xen/domain-0", extra_cycles=0.0))
    own.run()
    assert thread.ended_s == pytest.approx(5.0, rel=1e-12)


def test_a_change_of_the_hypervisor_reaches_domain_0(bench: Make) -> None:
    """Domain 0 meets the hypervisor as another layer, but it is the same node."""
    own = bench(SPLIT, {"app": SPLIT_STACK, "admin": "xen(domain-0=os) / @domain-0 |"}, cores_count=2)
    admin = own.thread("main", compute(1.0), tenant="admin")

    def action() -> None:
        own.house.nodes["xen/domain-0"].layer.extra_cycles = 0.0  # as if the hypervisor had told it
        own.house.relower(own.house.nodes["xen"])

    own.at(2.0, action)
    own.run()
    assert admin.ended_s == pytest.approx(2.5, rel=1e-12)


# ---------------------------------------------------------------- another clock


def test_the_clock_rises_in_mid_flight(bench: Make) -> None:
    """3e9 cycles at 1 GHz: 2e9 are left at 1 s, at 2 GHz another second."""
    own = bench({"jvm": Quiet}, "jvm |")
    thread = own.thread("main", compute(3.0))
    own.at(1.0, lambda: own.house.set_frequency(2 * GHZ))
    own.run()
    assert thread.ended_s == pytest.approx(2.0, rel=1e-12)
    assert thread.charges[PROGRAM].cycles == pytest.approx(3e9, rel=1e-12)
    assert thread.charges[PROGRAM].service_s == pytest.approx(2.0, rel=1e-12)


def test_the_clock_drops_and_comes_back(bench: Make) -> None:
    """3e9 cycles: 1e9 by 1 s, 1e9 at half the clock by 3 s, the last one by 4 s."""
    own = bench({"jvm": Quiet}, "jvm |")
    thread = own.thread("main", compute(3.0))
    own.at(1.0, lambda: own.house.set_frequency(GHZ / 2))
    own.at(3.0, lambda: own.house.set_frequency(GHZ))
    own.run()
    assert thread.ended_s == pytest.approx(4.0, rel=1e-12)
    assert own.spent(thread) == {"useful": 4.0}


class Stalling(Interpreter):
    """For each cycle of the program a nanosecond of waiting for memory."""

    extra_cycles = 0.0
    extra_stall_s = 1e-9


@pytest.mark.parametrize(("frequency_hz", "end_s"), [(GHZ / 2, 2.5), (2 * GHZ, 1.75)])
def test_waits_for_memory_take_as_long_on_any_clock(bench: Make, frequency_hz: float, end_s: float) -> None:
    """1e9 cycles and 1 s of waits: at 1 s half of both is left, 0.5 s of waits and 0.5e9 cycles of the new clock."""
    own = bench({"jvm": Stalling}, "jvm |")
    thread = own.thread("main", compute(1.0))
    own.at(1.0, lambda: own.house.set_frequency(frequency_hz))
    own.run()
    assert thread.ended_s == pytest.approx(end_s, rel=1e-12)
    assert own.spent(thread) == {"useful": end_s - 1.0, "stalled": 1.0}


def test_a_cap_in_processors_holds_on_any_clock(bench: Make) -> None:
    """Half a processor: 1e9 cycles take 2 s at 1 GHz; from 1 s on at half the clock the other half takes 2 s."""
    own = bench({"xen": Port, "guest": Quiet}, "xen | guest", tenants={"app": {"cap_cores": 0.5}})
    thread = own.thread("main", compute(1.0))
    own.at(1.0, lambda: own.house.set_frequency(GHZ / 2))
    own.run()
    assert thread.ended_s == pytest.approx(3.0, rel=1e-12)
    assert own.spent(thread) == {"useful": 1.5, "throttled": 1.5}


def test_a_frequency_change_waits_for_nobody(bench: Make) -> None:
    """Nothing in flight, one asleep: the clock changes all the same."""
    own = bench({"jvm": Quiet}, "jvm |")
    thread = own.thread("main", d.Sleep(1.0), compute(1.0))
    own.at(0.5, lambda: own.house.set_frequency(2 * GHZ))
    own.run()
    assert thread.ended_s == pytest.approx(1.5, rel=1e-12)
