"""Budgets: a run that would take more than it may ends there, with a record that says how far it had come."""

from __future__ import annotations

import pickle
import signal
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import simpy

from simulator import demands as d
from simulator import discovery
from simulator.budget import Budget, Watch
from simulator.catalog import Catalog
from simulator.errors import OverBudget, RunError, ScenarioError, Spent
from simulator.experiment import run_point, run_tenants
from simulator.resident import resident_bytes
from simulator.scenario import load as read
from simulator.workloads.base import Demands, Program, ThreadPlan

FOREVER = 1e9


class Turner(Program):
    """Computes in turns of a millisecond and does something beside in each."""

    TURNS = 0.0
    BESIDE: Callable[[], object] = staticmethod(lambda: None)

    def threads(self) -> list[ThreadPlan]:
        return [ThreadPlan("main", self._main())]

    def _main(self) -> Demands:
        for _ in range(int(self.TURNS)):
            start_s = self.context.now
            yield d.Compute(count=2.4e6)
            type(self).BESIDE()
            self.context.done("main", "turn", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        return elapsed_s


CATALOG = Catalog()
SCENARIO = {
    "title": "Turning",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |"},
    "tenants": {"app": {"workload": "kernel-build"}},
}
load = partial(read, catalog=CATALOG)
Turn = Callable[..., dict[str, Any]]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Makes a point of so many turns, with something beside each."""
    original = discovery.member

    def member(family: str, name: str) -> Any:
        return SimpleNamespace(PROGRAM=Turner) if name == "turner" else original(family, name)

    def turn(turns: float, beside: Callable[[], object] = lambda: None) -> dict[str, Any]:
        monkeypatch.setattr(Turner, "TURNS", turns)
        monkeypatch.setattr(Turner, "BESIDE", staticmethod(beside))
        monkeypatch.setattr(discovery, "member", member)
        (point,) = load(SCENARIO).points()
        point["tenants"]["app"] |= {"program": "turner", "parameters": {}}
        return point

    return turn


def ended(point: dict[str, Any], **limits: Any) -> OverBudget:
    """What ended a run under these limits."""
    with pytest.raises(OverBudget) as caught:
        run_point(point, 0, Budget(**limits))
    return caught.value


# ---- exact limits


def test_events_end_a_run_at_exactly_that_event(turn: Turn) -> None:
    point = turn(20)
    whole = run_point(point, 0)
    events = whole["tables"]["runs"][0][12]
    assert repr(run_point(point, 0, Budget(events=events))) == repr(whole)
    spent = ended(point, events=events - 1).spent
    assert (spent.limit, spent.size, spent.events) == ("events", events - 1, events - 1)
    assert ended(point, events=1).spent.events == 1


def test_what_happens_at_the_very_limit_of_simulated_time_still_happens(turn: Turn) -> None:
    point = turn(20)
    whole = run_point(point, 0)
    simulated_s = whole["tables"]["runs"][0][11]
    assert repr(run_point(point, 0, Budget(simulated_s=simulated_s))) == repr(whole)
    spent = ended(point, simulated_s=simulated_s * 0.999).spent
    assert (spent.limit, spent.simulated_s) == ("simulated", simulated_s * 0.999)
    assert spent.events < whole["tables"]["runs"][0][12]


def test_a_duration_of_the_same_length_ends_a_run_as_it_should(turn: Turn) -> None:
    point = {**turn(FOREVER), "duration_s": 0.05}
    assert repr(run_point(point, 0, Budget(simulated_s=0.05))) == repr(run_point(point, 0))


def test_a_budget_that_is_kept_changes_nothing(turn: Turn) -> None:
    point = turn(300)
    generous = Budget(events=10**9, simulated_s=1e9, wall_s=1e9, memory_bytes=2.0**50)
    assert repr(run_point(point, 0, generous)) == repr(run_point(point, 0))
    assert repr(run_tenants(point, 0, generous)) == repr(run_tenants(point, 0))
    with pytest.raises(OverBudget):
        run_tenants(point, 0, Budget(events=3))


def test_what_is_said_of_an_exact_limit_is_the_same_every_time(turn: Turn) -> None:
    point = turn(FOREVER)
    for limits in ({"events": 500}, {"simulated_s": 0.02}):
        first = ended(point, **limits)
        assert str(first) == str(ended(point, **limits))
        assert "wall" not in str(first)


def test_a_run_in_which_nothing_is_left_to_happen_is_not_blamed_on_its_budget() -> None:
    environment = simpy.Environment()
    environment.timeout(2.0)
    with pytest.raises(simpy.core.EmptySchedule):
        Watch(Budget(simulated_s=5.0)).run(environment, environment.event())


# ---- limits that are measured


def test_wall_time_ends_a_run_between_its_events(turn: Turn) -> None:
    error = ended(turn(FOREVER), wall_s=0.05)
    assert error.spent.limit == "wall"
    assert error.spent.events > 0
    assert "of wall time" in str(error)


def test_wall_time_does_not_break_off_what_would_lose_it(turn: Turn) -> None:
    """Python ignores what is raised in the callback of a weak reference, and says so."""

    class Thing:
        pass

    def removed(reference: object) -> None:
        end_s = time.perf_counter() + 0.04
        while time.perf_counter() < end_s:
            pass

    def beside() -> None:
        thing = Thing()
        reference = weakref.ref(thing, removed)
        del thing
        assert reference() is None

    assert ended(turn(FOREVER, beside), wall_s=0.02).spent.limit == "wall"


def test_wall_time_ends_a_single_event_that_never_ends(turn: Turn) -> None:
    def beside() -> None:
        while True:
            pass

    assert ended(turn(5, beside), wall_s=0.05).spent.limit == "wall"


def test_a_program_cannot_catch_the_end_of_its_budget(turn: Turn) -> None:
    caught = []

    def beside() -> None:
        while True:
            try:
                while True:
                    pass
            except BaseException as error:
                caught.append(error)
                if len(caught) == 2:
                    raise ValueError("what now?") from None

    assert ended(turn(5, beside), wall_s=0.02).spent.limit == "wall"
    assert len(caught) == 2


def never_ending() -> None:
    while True:
        pass


@pytest.mark.parametrize("beside", [lambda: None, never_ending])
def test_in_another_thread_wall_time_ends_a_run_as_well(turn: Turn, beside: Callable[[], None]) -> None:
    point, found = turn(FOREVER, beside), []

    def work() -> None:
        found.append(ended(point, wall_s=0.05).spent.limit)
        found.append(sum(range(100_000)))  # nothing arises any more

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert found == ["wall", sum(range(100_000))]
    assert [each.name for each in threading.enumerate() if each.name == "virtlab-budget"] == []


def test_in_another_thread_runs_that_keep_to_their_budget_are_left_alone(turn: Turn) -> None:
    point, found = turn(20), []
    limits = Budget(wall_s=1e6, memory_bytes=2.0**50)
    thread = threading.Thread(target=lambda: found.append(repr(run_point(point, 0, limits))))
    thread.start()
    thread.join(30)
    assert found == [repr(run_point(point, 0))]


def test_memory_ends_a_run_that_grows_from_event_to_event(turn: Turn) -> None:
    kept: list[bytearray] = []
    error = ended(turn(FOREVER, lambda: kept.append(bytearray(b"x" * 100_000))), memory_bytes=20e6)
    assert error.spent.limit == "memory"
    assert len(kept) < 4000
    assert "20 MB of memory" in str(error)


def test_memory_ends_a_single_event_that_grows(turn: Turn) -> None:
    kept: list[bytearray] = []

    def beside() -> None:
        while len(kept) < 40_000:
            kept.append(bytearray(b"x" * 10_000))
            time.sleep(0.00005)

    assert ended(turn(5, beside), memory_bytes=8e6).spent.limit == "memory"
    assert len(kept) < 40_000


def test_a_want_of_memory_counts_against_a_budget_of_memory_only(turn: Turn) -> None:
    def beside() -> None:
        raise MemoryError

    point = turn(5, beside)
    assert ended(point, memory_bytes=2.0**50).spent.limit == "memory"
    for limits in (Budget(), Budget(wall_s=1e6)):
        with pytest.raises(RunError, match=r"out of memory.*--budget memory") as caught:
            run_point(point, 0, limits)
        assert not isinstance(caught.value, OverBudget)


def test_an_interrupt_is_an_interrupt(turn: Turn) -> None:
    def beside() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_point(turn(5, beside), 0, Budget(events=10**6, wall_s=1e6))


def test_the_timer_of_somebody_else_goes_on_afterwards(turn: Turn) -> None:
    def mine(number: int, frame: object) -> None: ...

    handler = signal.signal(signal.SIGALRM, mine)
    before = signal.setitimer(signal.ITIMER_REAL, 500.0, 7.0)
    try:
        ended(turn(FOREVER), wall_s=0.05)
        run_point(turn(3), 0, Budget(wall_s=1e6))
        assert signal.getsignal(signal.SIGALRM) is mine
        left_s, interval_s = signal.getitimer(signal.ITIMER_REAL)
        assert 400.0 < left_s < 499.96
        assert interval_s == 7.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *before)


def test_nothing_is_left_ticking(turn: Turn) -> None:
    before = signal.getsignal(signal.SIGALRM)
    others_s, _ = signal.getitimer(signal.ITIMER_REAL)
    ended(turn(FOREVER), wall_s=0.02)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] <= others_s


# ---- what is said


def test_the_error_says_which_limit_how_far_and_what_to_do(turn: Turn) -> None:
    text = str(ended(turn(FOREVER), events=500))
    assert "scenario 'turning', run p0000-r0000, stack 'native', seed 1: ended by its budget of 500 events" in text
    assert "of simulated time after 500 events" in text
    assert "--budget events=1000" in text


def test_the_error_travels_between_processes(turn: Turn) -> None:
    error = ended(turn(FOREVER), events=500)
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.spent) == (str(error), error.spent)


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(), {}),
        (Budget(events=5_000_000), {"events": "5 M"}),
        (Budget(events=1_234_567), {"events": "1234567"}),
        (Budget(simulated_s=3600.0, wall_s=60.0), {"simulated": "3600 s", "wall": "60 s"}),
        (Budget(memory_bytes=2.0**31), {"memory": "2 GiB"}),
        (Budget(wall_s=0.1 + 0.2), {"wall": "0.30000000000000004 s"}),
    ],
)
def test_a_budget_reads_back_from_the_words_that_are_written_for_it(budget: Budget, words: dict[str, str]) -> None:
    assert budget.words() == words
    assert load({**SCENARIO, "budget": words}).budget == budget


def test_more_is_allowed_by_a_larger_limit_and_by_none() -> None:
    spent = Spent("wall", 60.0, 1.0, 10)
    assert Budget(wall_s=61.0).allows_more(spent)
    assert Budget(events=5).allows_more(spent)
    assert not Budget(wall_s=60.0).allows_more(spent)
    assert not Budget(wall_s=1.0, events=10**9).allows_more(spent)


def test_memory_of_this_process_is_known() -> None:
    held = resident_bytes()
    block = b"x" * 50_000_000
    assert resident_bytes() - held > 0.8 * len(block)


# ---- in a scenario


@pytest.mark.parametrize("events", ["5e6", 5_000_000, 5e6, "5 M", "5000k"])
def test_events_are_a_whole_number_however_it_is_written(events: object) -> None:
    budget = load({**SCENARIO, "budget": {"events": events}}).budget
    assert budget == Budget(events=5_000_000)
    assert isinstance(budget.events, int)


def test_a_scenario_has_limits_with_units_and_none_by_default() -> None:
    written = {"simulated": "1 h", "wall": "60 s", "memory": "2 GiB"}
    assert load({**SCENARIO, "budget": written}).budget == Budget(None, 3600.0, 60.0, 2.0**31)
    assert not load(SCENARIO).budget
    assert load(load({**SCENARIO, "budget": written}), overrides={"budget": {"wall": "1 s"}}).budget == Budget(
        wall_s=1.0
    )


def test_a_budget_is_no_part_of_what_decides_the_results() -> None:
    scenario = load(SCENARIO)
    limited = load({**SCENARIO, "budget": {"wall": "1 s", "events": 5}})
    assert limited.points() == scenario.points()
    assert limited.hash == scenario.hash


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"wal": "60 s"}, "budget.wal: is not known here (did you mean 'wall'"),
        ({"wall": "60"}, "has no unit"),
        ({"wall": "0 s"}, "is not enough"),
        ({"simulated": "2 GiB"}, "is a unit of size"),
        ({"events": "5 million"}, "'5 million' is no number of events (write a whole number from 1 up, e.g. 5e6"),
        ({"events": 0.5}, "is no number of events"),
        ({"events": "1e300"}, "is no number of events"),
        ({"events": True}, "is no number of events"),
        ({"events": [5, 6]}, "is no number of events"),
        ({"memory": "2 GHz"}, "is a unit of frequency"),
        ("60 s", "is not a mapping"),
    ],
)
def test_a_mistake_in_a_budget_is_located(budget: object, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load({**SCENARIO, "budget": budget})
    assert message in str(caught.value)
    assert "budget" in str(caught.value)
