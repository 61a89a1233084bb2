"""Slices: switches and what they cost, placement, hardware threads, what others are told."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
import simpy

from simulator.sharing._trace import Trace
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share

ROUND_ROBIN = Scheduling("round_robin", {"slice_s": 0.01})


class Lab:
    """A machine of processors of one unit a second, and a log of what ended when."""

    def __init__(self, cores: int = 1, scheduling: Scheduling = ROUND_ROBIN, **options: Any) -> None:
        self.environment = simpy.Environment()
        self.device = Quantum(self.environment, cores, 1.0, scheduling=scheduling, **options)
        self.log: list[tuple[str, float]] = []

    def submit(self, share: Share, work: float) -> Share:
        self.device.submit(share, work, lambda ended: self.log.append((ended.name, round(self.environment.now, 9))))
        return share

    def thread(self, name: str, work: float = 1e6, parent: Share | None = None, **rules: Any) -> Share:
        return self.submit(Share(name, parent or self.device.root, **rules), work)

    def at(self, time_s: float, action: Any) -> None:
        timeout = self.environment.timeout(time_s - self.environment.now)
        timeout.callbacks.append(lambda _: action())

    def run(self, until_s: float) -> None:
        self.environment.run(until=until_s)
        self.device.settle()


# ---------------------------------------------------------------- switches


def test_the_first_turn_is_free_and_every_return_is_paid() -> None:
    """a 10, b 10, a 1+10, b 1+10, a 1+10 ends at 53, b alone after a: 1+10 ends at 64 (ms)."""
    lab = Lab()
    threads = [lab.thread(name, 0.03, switch_s=0.001) for name in "ab"]
    lab.environment.run()
    assert lab.log == [("a", 0.053), ("b", 0.064)]
    assert [thread.switches for thread in threads] == [{thread: 2.0} for thread in threads]


def test_one_alone_never_switches() -> None:
    lab = Lab()
    thread = lab.thread("alone", 5.0, switch_s=0.001)
    lab.environment.run()
    assert lab.log == [("alone", 5.0)]
    assert not thread.switches


@pytest.mark.parametrize("by_process", [False, True])
def test_new_work_in_the_same_instant_goes_on_in_the_slice(by_process: bool) -> None:
    """a's first piece ends in the middle of its slice; its second one has the other half."""
    lab = Lab()
    a, b = Share("a", lab.device.root, switch_s=0.001), Share("b", lab.device.root, switch_s=0.001)

    def program() -> Any:
        for piece in (0.005, 0.005):
            done = lab.environment.event()
            lab.device.submit(a, piece, lambda share, done=done: done.succeed())
            yield done
            lab.log.append(("a", round(lab.environment.now, 9)))

    def again(share: Share) -> None:
        lab.log.append(("a", round(lab.environment.now, 9)))
        if len(lab.log) == 1:
            lab.device.submit(share, 0.005, again)

    if by_process:
        lab.environment.process(program())
    else:
        lab.device.submit(a, 0.005, again)
    lab.at(0.0, lambda: lab.submit(b, 0.02))
    lab.environment.run()
    assert lab.log == [("a", 0.005), ("a", 0.01), ("b", 0.03)]
    assert not a.switches


def test_refill_grows_with_the_rivals_in_the_cache() -> None:
    """Two rivals of 2 and 3 MB: each return of the first waits 5 ms; counted and booked on the thread."""
    lab = Lab(refill=lambda share, others: share.working_set_bytes and min(others, 1e8) * 1e-9)
    first = lab.thread("first", 0.02, working_set_bytes=1e6)
    for size in (2e6, 3e6):
        lab.thread("rival", working_set_bytes=size)
    lab.environment.run(until=1.0)
    assert lab.log == [("first", pytest.approx(0.045))]  # 10, rivals 10 + 10, 5 + 10
    assert (first.refills, first.refill_s) == (pytest.approx(1.0), pytest.approx(0.005))


def test_a_switch_to_a_virtual_processor_is_paid_by_the_thread_on_it() -> None:
    lab = Lab()
    guests = [Share(name, lab.device.root, width=1, switch_s=0.002, tenant=True) for name in "ab"]
    threads = [lab.thread("thread", 0.02, guest) for guest in guests]
    lab.environment.run()
    assert [thread.switches for thread in threads] == [{guest: 1.0} for guest in guests]
    assert [end for _, end in lab.log] == [0.032, 0.044]  # 10, 10, 2 + 10, 2 + 10
    assert [thread.steal_s for thread in threads] == pytest.approx([0.01, 0.022])


@pytest.mark.parametrize("stepping", [False, True])
def test_a_switch_to_a_group_is_paid_by_the_thread_that_its_turn_begins_with(stepping: bool) -> None:
    """Turns of 10 ms, of the group and in it; first turns are free. From 10 to 20 the group's and a's first (ms); at 30
    b's first, for which the group comes back, and b pays 1; at 51 the group comes back to a, which pays that and its
    own: a has 9 of its 10 until 62."""
    lab = Lab(stepping=stepping)
    group = Share("group", lab.device.root)
    threads = [lab.thread("alone"), *(lab.thread(name, parent=group, switch_s=0.001) for name in "ab")]
    lab.run(0.06)
    assert [sum(thread.switches.values()) for thread in threads] == pytest.approx([0.0, 2.0, 1.0])


@pytest.mark.parametrize("stepping", [False, True])
@pytest.mark.parametrize("disturbed", [[0, 1], [1, 0]])
def test_of_processors_that_ask_for_a_budget_in_one_instant_the_first_comes_first(
    stepping: bool, disturbed: list[int]
) -> None:
    """15 ms for two, 5 at a time: both have had 5 when at 6 ms, whichever was disturbed first, a gets the last 5."""
    lab = Lab(2, Scheduling("round_robin", {"slice_s": 0.001}), stepping=stepping)
    group = Share("group", lab.device.root, cap=0.15, period_s=0.1)
    for number, name in enumerate("ab"):
        lab.thread(name, 0.009, group, cpus=frozenset({number}))
    for order, number in enumerate(disturbed):
        share = Share(f"other {number}", lab.device.root, cpus=frozenset({number}))
        lab.at(0.0004 + order / 1e4, lambda share=share: lab.submit(share, 0.001))
    lab.environment.run()
    assert lab.log[2:] == [("a", 0.01), ("b", 0.104)]


@pytest.mark.parametrize("stepping", [False, True])
def test_whoever_was_moved_refills_its_cache_once(stepping: bool) -> None:
    """Two of the second processor's four end; balancing at 64 ms brings it one, which finds nothing in that cache."""
    cfs = Scheduling("cfs", {"scaling": 0.0})
    lab = Lab(2, cfs, stepping=stepping, refill=lambda share, others: 0.002 if others > 1e9 else 0.0)
    threads = [lab.thread(name, 0.001 if name in "df" else 1e6, working_set_bytes=1e6) for name in "abcdefgh"]
    lab.run(0.12)
    assert sum(thread.migrations for thread in threads) == 1
    (moved,) = [thread for thread in threads if thread.migrations]
    assert (moved.refills, moved.refill_s) == (1.0, pytest.approx(0.002))
    assert sum(thread.refills for thread in threads) == 1.0


def test_a_guests_slices_are_its_own_time() -> None:
    """Two threads in a guest that has half of the processor: they take turns every 10 ms of the guest's time."""
    trace = Trace()
    lab = Lab(trace=trace)
    guest = Share("guest", lab.device.root, width=1, scheduling=Scheduling("round_robin", {"slice_s": 0.02}))
    for name in "ab":
        lab.thread(name, parent=guest)
    lab.thread("other")
    lab.run(0.12)
    order = [(name, round(end - begin, 9)) for _, _, name, begin, end in trace]
    assert order == [(name, 0.01) for inside in "aabbaa" for name in (inside, "other")]


# ---------------------------------------------------------------- where


def cpus(trace: Trace) -> dict[str, list[int]]:
    """The processors that each thread ran on, in order."""
    found: dict[str, list[int]] = {}
    for _, cpu, name, _, _ in trace:
        if found.setdefault(name, [-1])[-1] != cpu:
            found[name].append(cpu)
    return {name: numbers[1:] for name, numbers in found.items()}


def test_wakes_where_it_ran_else_on_an_idle_one_else_on_the_least_loaded() -> None:
    trace = Trace()
    lab = Lab(3, trace=trace)
    first, second, third = (lab.thread(name, 0.01, weight=weight) for name, weight in (("a", 1), ("b", 5), ("c", 3)))
    lab.run(0.1)
    lab.submit(third, 0.05)  # processor 2 again
    lab.thread("d", 0.05)  # 0
    lab.submit(first, 0.05)  # 1: its own is taken
    lab.run(0.105)
    lab.submit(second, 0.001)  # all are busy: 0 and 1 have weight 1, 1 was its own
    lab.run(0.3)
    assert cpus(trace) == {"a": [0, 1], "b": [1], "c": [2], "d": [0]}
    assert first.migrations == 1


def test_pinned_to_processors() -> None:
    trace = Trace()
    lab = Lab(3, trace=trace)
    group = Share("group", lab.device.root, cpus=frozenset({1, 2}))
    for _ in range(4):
        lab.thread("in", 0.1, group)
    lab.thread("one", 0.1, cpus=frozenset({2}))
    lab.run(1.0)
    assert set(cpus(trace)["in"]) == {1, 2}
    assert cpus(trace)["one"] == [2]
    with pytest.raises(ValueError, match="nowhere: none of the processors it is pinned to is there; widen its cpus"):
        lab.thread("nowhere", 0.1, cpus=frozenset({7}))
        lab.run(2.0)


def test_an_idle_processor_takes_who_waits_longest_queue_first() -> None:
    """c ends after 10 ms; its processor takes one of two that wait; moving costs the whole working set."""
    lab = Lab(2, refill=lambda share, others: 0.003 if others == float("inf") else 0.0)
    threads = [lab.thread(name, work, working_set_bytes=1.0) for name, work in (("a", 0.1), ("b", 0.014), ("c", 0.1))]
    lab.environment.run()
    assert dict(lab.log)["b"] == 0.014
    assert sum(thread.migrations for thread in threads) == 1
    assert sum(thread.refill_s for thread in threads) == pytest.approx(0.003 * sum(t.refills for t in threads))
    assert lab.device.served == pytest.approx(0.214)


def test_periodic_balancing_evens_out() -> None:
    """Four are pinned together until the pin goes: CFS moves them while all run."""
    lab = Lab(2, Scheduling("cfs", {"balance_s": 0.05}))
    threads = [lab.thread(str(number), cpus=frozenset({0})) for number in range(4)]
    other = lab.thread("other", cpus=frozenset({1}))
    lab.run(1.0)
    for thread in threads:
        thread.cpus = None
    lab.run(3.0)
    assert sum(thread.migrations for thread in threads) >= 1
    assert other.work - other.remaining == pytest.approx(
        1.0 + 2.0 / 2, abs=0.25
    )  # on the processor of two, or of three


@pytest.mark.parametrize("policy", ["cfs", "eevdf"])
@pytest.mark.parametrize(("threads", "processors"), [(5, 4), (3, 2), (7, 4)])
def test_the_one_too_many_goes_round(policy: str, threads: int, processors: int) -> None:
    """Whole threads cannot be evened out; in the long run all get about as much, as by rates."""
    lab = Lab(processors, Scheduling(policy))
    all_of_them = [lab.thread(str(number)) for number in range(threads)]
    lab.run(60.0)
    parts = [(thread.work - thread.remaining) / 60.0 for thread in all_of_them]
    assert parts == pytest.approx([processors / threads] * threads, rel=0.2)


def test_what_waits_in_one_queue_is_not_balanced() -> None:
    """Groups of a guest whose processors share one queue, and wait for the machine's: all go on from that queue."""
    lab = Lab(2)
    for cpu in range(2):
        lab.thread(f"hog {cpu}", 1.0, cpus=frozenset({cpu}))
    scheduling = Scheduling("eevdf", {"global_queue": 1.0, "balance_s": 0.01})
    guest = Share("guest", lab.device.root, width=2, scheduling=scheduling)
    group = Share("group", guest)
    for number, (parent, weight) in enumerate([(group, 1.0), (group, 4.0), (guest, 1.0), (guest, 1.0)]):
        lab.thread(f"thread {number}", 1.0, parent, weight=weight)
    lab.environment.run()
    assert lab.device.served == pytest.approx(6.0)
    assert max(end for _, end in lab.log) < 3.1


def test_siblings_of_a_core_slow_each_other() -> None:
    """Two threads on the two hardware threads of one core at 0.6 each; the second one alone at full speed at last."""
    lab = Lab(2, threads_per_core=2, smt_factor=0.6)
    lab.thread("a", 0.6)
    b = lab.thread("b", 1.0)
    lab.environment.run()
    assert lab.log == [("a", 1.0), ("b", 1.4)]
    assert b.steal_s == pytest.approx(0.4)


def test_wakes_on_an_idle_core_first() -> None:
    lab = Lab(4, threads_per_core=2, smt_factor=0.5)
    for name in "ab":
        lab.thread(name, 1.0)
    lab.environment.run()
    assert lab.log == [("a", 1.0), ("b", 1.0)]


def test_a_cap_is_work_whatever_the_clock() -> None:
    """0.5 units a second at one unit a second and processor; at a quarter of the clock it is no bound any more."""
    lab = Lab()
    group = Share("group", lab.device.root, cap=0.5)
    thread = lab.thread("thread", 2.0, group)
    lab.run(2.0)
    assert thread.work - thread.remaining == pytest.approx(1.0)
    lab.device.set_unit_rate(0.25, 0.25)
    lab.run(4.0)
    assert thread.remaining == pytest.approx(0.5)
    assert thread.throttled_s == pytest.approx(1.0)


def test_threads_that_are_gone_leave_nothing_behind() -> None:
    lab = Lab(2)
    for number in range(50):
        share = lab.thread(str(number), 0.01)
        lab.run(lab.environment.now + 0.02)
        lab.device.root.children.remove(share)
    gone = weakref.ref(share.node)
    del share
    lab.thread("last", 0.01)
    lab.environment.run()
    gc.collect()
    assert gone() is None


def test_a_piece_that_rounds_to_nothing_has_not_waited() -> None:
    """A tenth of a nanosecond, first of all at 0.4 s, then again 0.4 s after that: what lay before is no wait."""
    lab = Lab()
    thread = Share("a", lab.device.root)
    for time_s in (0.4, 0.8):
        lab.at(time_s, lambda: lab.submit(thread, 1e-10))
        lab.run(time_s + 0.1)
    assert lab.log == [("a", 0.4), ("a", 0.8)]
    assert thread.ready_s + thread.steal_s + thread.throttled_s == 0.0


def test_finds_idle() -> None:
    lab = Lab(2)
    guest = Share("guest", lab.device.root, width=1)
    inside, outside = Share("inside", guest), Share("outside", lab.device.root)
    lab.thread("busy", parent=guest)
    lab.run(0.1)
    assert not lab.device.finds_idle(inside)
    assert lab.device.finds_idle(outside)
    lab.submit(outside, 1.0)
    lab.run(0.2)
    assert not lab.device.finds_idle(Share("third", lab.device.root))


def test_a_capacity_is_a_number_of_processors() -> None:
    with pytest.raises(ValueError, match=r"a capacity of 2.5 is no whole number of processors of 1; slices need whole"):
        Quantum(simpy.Environment(), 2.5, 1.0)
    lab = Lab(2)
    with pytest.raises(ValueError, match="no whole number of processors"):
        lab.device.set(lab.device.root, cap=0.5)


# ---------------------------------------------------------------- stopped


def test_frozen() -> None:
    lab = Lab()
    group = Share("group", lab.device.root)
    frozen, other = lab.thread("frozen", 0.5, group), lab.thread("other", 1.0)
    lab.run(0.1)
    lab.device.set(group, frozen=True)
    lab.run(0.4)
    lab.device.set(group, frozen=False)
    lab.environment.run()
    assert frozen.frozen_s == pytest.approx(0.3)
    assert lab.log == [("frozen", pytest.approx(1.3, abs=0.02)), ("other", 1.5)]
    assert other.frozen_s == 0.0


def test_a_frozen_device_stands_still() -> None:
    lab = Lab(2)
    thread = lab.thread("thread", 1.0)
    lab.run(0.25)
    lab.device.set(lab.device.root, frozen=True)
    lab.run(1.25)
    lab.device.set(lab.device.root, frozen=False)
    lab.environment.run()
    assert lab.log == [("thread", 2.0)]
    assert thread.frozen_s == pytest.approx(1.0)


def test_a_cap_set_while_its_thread_runs() -> None:
    """Another quota in the middle of a period: what was used is used, and it goes on in the next period."""
    lab = Lab()
    group = Share("group", lab.device.root, cap=0.3)
    thread = lab.thread("thread", 0.09, group)
    lab.run(0.025)
    lab.device.set(group, cap=0.2)  # 20 of 20 ms are used
    lab.environment.run()
    assert lab.log == [("thread", pytest.approx(0.405))]  # 25 + 20 + 20 + 20 + 5
    assert thread.throttled_s == pytest.approx(0.405 - 0.09)


def test_an_unused_budget_is_carried_over_up_to_the_burst() -> None:
    """Quota 20 ms of 100: after idle periods 20 + 30 of 60 ms can be had at once from 0.3 on, without a burst 20."""
    for burst_s, end_s in ((0.0, 0.52), (0.03, 0.41)):
        lab = Lab()
        group = Share("group", lab.device.root, cap=0.2, burst_s=burst_s)
        thread = lab.thread("thread", 0.001, group)
        lab.run(0.3)
        lab.submit(thread, 0.06)
        lab.environment.run()
        assert lab.log[-1][1] == pytest.approx(end_s, abs=1e-9)


# ---------------------------------------------------------------- what others are told


def test_transitions() -> None:
    told: list[Any] = []
    lab = Lab(
        scheduling=Scheduling("real_time"),
        on_transition=lambda kind, share, cpu: told.append((kind, share.name, cpu, round(lab.environment.now, 6))),
    )
    guest = Share("guest", lab.device.root, width=1)
    lab.thread("low", 0.02, guest)
    high = Share("high", lab.device.root, weight=9.0)
    lab.at(0.005, lambda: lab.submit(high, 0.001))
    lab.environment.run()
    assert told == [
        ("switch", "guest", 0, 0.0),
        ("switch", "low", 0, 0.0),
        ("wake", "guest", 0, 0.0),
        ("wake", "device", 0, 0.0),
        ("preempt", "high", 0, 0.005),
        ("switch", "high", 0, 0.005),
        ("switch", "guest", 0, 0.006),
        ("idle", "guest", 0, 0.021),
        ("idle", "device", 0, 0.021),
    ]


def test_a_trace_is_read_like_a_list() -> None:
    trace = Trace()
    lab = Lab(1, trace=trace)
    lab.thread("a", 1.0)
    lab.run(2.0)
    assert len(trace) == 1
    assert trace[0] == trace[-1] == ("device", 0, "a", 0.0, 1.0)
    assert trace[:] == list(trace) == [trace[0]]
    with pytest.raises(IndexError):
        trace[1]


def test_trace() -> None:
    trace = Trace()
    lab = Lab(2, trace=trace)
    for name, work in (("a", 0.02), ("b", 0.02), ("c", 0.01)):
        lab.thread(name, work)
    lab.environment.run()
    assert sorted((cpu, name, round(begin, 9), round(end, 9)) for _, cpu, name, begin, end in trace) == [
        (0, "a", 0.0, 0.01),
        (0, "a", 0.02, 0.03),
        (0, "c", 0.01, 0.02),
        (1, "b", 0.0, 0.02),
    ]


@pytest.mark.parametrize("policy", ["round_robin", "cfs", "esx"])
def test_shorter_slices_take_no_more_calendar_entries(policy: str) -> None:
    """Weights 1 : 2 on one processor, pieces of about 0.1 s: an entry for each end, whatever the slice."""
    names = {"round_robin": "slice_s", "cfs": "latency_s", "esx": "quantum_s"}
    entries = []
    for slice_s in (0.003, 0.0001):
        parameters = {names[policy]: slice_s} | ({"minimum_granularity_s": 1e-6} if policy == "cfs" else {})
        lab = Lab(scheduling=Scheduling(policy, parameters))
        ends: list[float] = []

        def again(share: Share, lab: Lab = lab, ends: list[float] = ends) -> None:
            ends.append(lab.environment.now)
            lab.device.submit(share, 0.1234567, again)

        for weight in (1.0, 2.0):
            lab.device.submit(Share("thread", lab.device.root, weight=weight), 0.1, again)
        before = next(lab.environment._eid)
        lab.environment.run(until=24.0)
        assert len(ends) == pytest.approx(24.0 / 0.1234567, abs=2)
        entries.append(next(lab.environment._eid) - before)
    assert entries[0] == pytest.approx(entries[1], abs=6)
    assert entries[1] < 1.2 * 200
