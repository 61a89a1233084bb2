"""Demands of many in portions, queues with several servers, work that nobody waits for: what a runtime is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import simpy

from simulator import demands as d
from simulator.layers.base import Layer, Service
from simulator.plans import Enqueue
from simulator.queues import Ring
from simulator.steps import Below, Change, Choice, Progress, Send, Step, Use, Wait

GHZ = 1e9
Make = Callable[..., Any]


def compute(seconds: float) -> d.Demand:
    return d.Compute(count=seconds * GHZ)


class Counting(Layer):
    """Lets ``most`` cycles pass at once; after each portion it pays ``price`` cycles for looking at its counter.

    A ``Map`` makes every cycle cost three.
    """

    OFFERS, NEEDS = "system", "machine"
    most, price, extra_cycles = 0.25 * GHZ, 0.0, 0.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.portions: list[float] = []

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Sleep):
            return (Wait("time", time_s=demand.time_s),)
        if isinstance(demand, d.Map):
            return (Change(self.dearer),)
        portion = (Below(demand), Use("extra", cycles=self.extra_cycles), Progress(lambda: self.most, self.note))
        return (*portion, Use("look", cycles=self.price))

    def note(self, cycles: float) -> None:
        self.portions.append(cycles)

    def dearer(self) -> None:
        self.extra_cycles = 2.0


def test_what_follows_a_portion_follows_it_once(bench: Make) -> None:
    """0.6 s in portions of at most 0.25: three, and three looks of 0.1 s each, whatever a portion's size."""

    class Priced(Counting):
        price = 0.1 * GHZ

    own = bench({"os": Priced}, "os |")
    thread = own.thread("main", compute(0.6))
    own.run()
    assert own.house.nodes["os"].layer.portions == pytest.approx([0.25 * GHZ, 0.25 * GHZ, 0.1 * GHZ])
    assert own.spent(thread) == {"useful": 0.6, "overhead": 0.3}
    assert own.charged(thread)["os", "look"] == 3


def test_a_portion_ends_where_the_layer_changes(bench: Make) -> None:
    """At 0.1 s every cycle begins to cost three: of 0.6 s' work 0.5 remain, which take 1.5 s. None is counted twice."""
    own = bench({"os": Counting}, "os |", cores_count=2)
    thread = own.thread("main", compute(0.6))
    own.thread("other", d.Sleep(0.1), d.Map())
    own.run()
    assert thread.ended_s == pytest.approx(1.6, rel=1e-9)
    portions = own.house.nodes["os"].layer.portions
    assert portions == pytest.approx([0.1 * GHZ, 0.25 * GHZ, 0.25 * GHZ])
    assert sum(portions) == pytest.approx(0.6 * GHZ, rel=1e-12)


def test_while_something_is_to_be_decided_nothing_is_done(bench: Make) -> None:
    """The layer lets nothing pass until it has been asked twice."""

    class Shut(Counting):
        asked = 0

        def lower(self, demand: d.Demand) -> Iterable[Step]:
            gate = Choice(self.ask, ((), (Use("gate", cycles=GHZ),)), ("open", "shut"))
            return (Below(demand), Progress(lambda: GHZ if self.asked == 2 else 0.0, self.note), gate)

        def ask(self) -> int:
            self.asked = min(2, self.asked + 1)
            return int(not self.portions[-1])

    own = bench({"os": Shut}, "os |")
    thread = own.thread("main", compute(0.5))
    own.run()
    assert own.house.nodes["os"].layer.portions == [0.0, 0.0, 0.5 * GHZ]
    assert own.spent(thread) == {"useful": 0.5, "overhead": 2.0}


# ---------------------------------------------------------------- several servers


class Office(Counting):
    """A ``Map`` is work of a second for one of two clerks; a ``Free`` as well, but nobody waits for it."""

    def lower(self, demand: d.Demand) -> Iterable[Step]:
        if isinstance(demand, d.Map | d.Free):
            forgotten = isinstance(demand, d.Free)
            work, kick = (Use("work", cycles=GHZ),), (Use("kick", cycles=1.0),)
            return (Send("desk", work, kick, wait=not forgotten, forgotten=forgotten),)
        return (Below(demand),)

    def services(self) -> tuple[Service, ...]:
        return tuple(Service(f"clerk-{number}", queue="desk", capacity=16) for number in (1, 2))


def test_two_servers_drain_one_queue_together(bench: Make) -> None:
    """Three items of a second, two clerks: the third is done at two seconds. Each sleeping clerk is kicked once."""
    own = bench({"os": Office}, "os |", cores_count=3)
    threads = [own.thread(name, d.Map()) for name in "abc"]
    own.run(until=5.0)
    assert sorted(thread.ended_s for thread in threads) == pytest.approx([1.0, 1.0, 2.0])
    clerks = [thread for thread in own.house.threads if thread.service]
    assert [own.charged(clerk)["os", "work"] for clerk in clerks] in ([2, 1], [1, 2])
    assert sum(own.charged(thread).get(("os", "kick"), 0) for thread in threads) == 2


def test_a_program_ends_before_work_that_it_does_not_wait_for(bench: Make) -> None:
    own = bench({"os": Office}, "os |", cores_count=2)
    thread = own.thread("main", d.Free(1.0))
    own.run(until=5.0)
    assert thread.ended_s == pytest.approx(0.0, abs=1e-6)
    assert sum(own.charged(clerk).get(("os", "work"), 0) for clerk in own.house.threads) == 1


def test_every_sleeper_is_woken_by_an_item_of_its_own() -> None:
    """Two sleep, three items come: both wake, in the order in which they fell asleep, and two kicks were due."""
    ring = Ring(simpy.Environment().event, 8)
    sleepers = [ring.server_waits(), ring.server_waits()]
    item = Enqueue("desk", (), (), (), True, 0.0, 0.0, 1.0)
    kicks, awake = [], []
    for _ in range(3):
        kicks.append(ring.kick_is_due())
        ring.put(item)
        awake.append([sleeper.triggered for sleeper in sleepers])
    assert kicks == [True, True, False]
    assert awake == [[True, False], [True, True], [True, True]]
