"""What tells one policy from another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import simpy

from simulator.sharing._rotation import Entity
from simulator.sharing._trace import Trace
from simulator.sharing.policies._base import FINE
from simulator.sharing.policies.bvt import Bvt
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share


def machine(policy: str, cores: int = 1, trace: Trace | None = None, **parameters: float) -> Quantum:
    return Quantum(simpy.Environment(), cores, 1.0, scheduling=Scheduling(policy, parameters), trace=trace)


def start(device: Quantum, name: str, work: float = 1e6, parent: Share | None = None, **rules: Any) -> Share:
    share = Share(name, parent or device.root, **rules)
    device.submit(share, work, lambda ended: setattr(ended, "payload", device.environment.now))
    return share


def latency_s(
    device: Quantum, sleep_s: float, burst_s: float, hogs: int = 3, times: int = 40, weight: float = 1.0
) -> float:
    """Mean time from waking to the end of a short burst, for a thread that sleeps in between, among hogs."""
    for number in range(hogs):
        start(device, f"hog {number}")
    waker, environment, found = Share("waker", device.root, weight=weight), device.environment, []

    def program() -> Any:
        for _ in range(times):
            yield environment.timeout(sleep_s)
            done, began_s = environment.event(), environment.now
            device.submit(waker, burst_s, lambda _, done=done: done.succeed())
            yield done
            found.append(environment.now - began_s - burst_s)

    environment.run(until=environment.process(program()))
    return sum(found) / len(found)


# ---------------------------------------------------------------- peers


def test_ostep_first_in_first_out() -> None:
    """OSTEP scheduler.py: 1, 4, 7 at time 0: response 0, 1, 5; turnaround 1, 5, 12."""
    trace = Trace()
    device = machine("fifo", trace=trace)
    jobs = [start(device, str(length), float(length)) for length in (1, 4, 7)]
    device.environment.run()
    assert [begin for _, _, _, begin, _ in trace] == pytest.approx([0.0, 1.0, 5.0])
    assert [job.payload for job in jobs] == pytest.approx([1.0, 5.0, 12.0])


def test_ostep_lottery() -> None:
    """OSTEP lottery.py: jobs of 8 and 4 with 75 and 25 tickets: runs 1, 0, 1, 0, 1, 1, then 0: ends at 12 and 6."""
    trace = Trace()
    device = machine("lottery", trace=trace, slice_s=1.0, tickets=1.0)
    numbers = [511275, 404934, 783799, 303313, 476597, 583382, 908113, 504687, 281838, 755804, 618369, 250506]
    device.policy().numbers = iter(numbers)  # type: ignore[attr-defined]
    jobs = [start(device, "0", 8.0, weight=75.0), start(device, "1", 4.0, weight=25.0)]
    device.environment.run()
    assert [job.payload for job in jobs] == [12.0, 6.0]
    order = [(name, round(end - begin)) for _, _, name, begin, end in trace]
    assert order == [("1", 1), ("0", 1), ("1", 1), ("0", 1), ("1", 2), ("0", 6)]


@pytest.mark.parametrize(("cache", "cold_s", "end"), [(100, 15.0, 30.0), (300, 5.0, 20.0)])
def test_ostep_cache_warm_up(cache: int, cold_s: float, end: float) -> None:
    """OSTEP multi.py: 30 ticks of work, twice as fast once warm (15); set of 200; warm after 10 ticks, which lose 5.

    The limit of a move to a cold processor: a set that fits costs the warm-up once (20 ticks); one that does not is
    never warm (30). Here b has run 0.4 when it moves, so it ends 0.6 later than from a cold start at 0.
    """
    device = Quantum(
        simpy.Environment(),
        2,
        1.0,
        scheduling=Scheduling("round_robin", {"slice_s": 0.4}),
        refill=lambda share, others: (cold_s if share.working_set_bytes == 200 else 0.0) if others > 1e9 else 0.0,
    )
    start(device, "a", 100.0)
    start(device, "c", 1.0)
    b = start(device, "b", 15.0, working_set_bytes=200.0)
    device.environment.run(until=60.0)
    assert b.migrations == 1
    assert b.payload - 0.6 == pytest.approx(end)


# ---------------------------------------------------------------- wake-ups


def test_boost_lets_a_light_thread_run_at_once() -> None:
    """Credit: one that wakes with credit does not wait for slices of 30 ms, only for the rate limit at most."""
    assert latency_s(machine("xen_credit"), 0.05, 0.0005) < 0.002
    assert latency_s(machine("round_robin", slice_s=0.03), 0.05, 0.0005) > 0.05


def test_a_thread_over_its_credit_is_not_boosted() -> None:
    """It wants more than its part: no longer UNDER when it wakes, it waits for slices."""
    assert latency_s(machine("xen_credit"), 0.001, 0.05, hogs=3, times=60) > 0.05


def test_the_rate_limit_protects_who_runs() -> None:
    unlimited = latency_s(machine("xen_credit", ratelimit_s=0.0), 0.0517, 0.0002)
    limited = latency_s(machine("xen_credit", ratelimit_s=0.005), 0.0517, 0.0002)
    assert unlimited < limited <= 0.005


def test_cfs_favours_sleepers_and_eevdf_makes_them_wait_for_a_slice() -> None:
    cfs = latency_s(machine("cfs"), 0.0503, 0.0005)
    without = latency_s(machine("cfs", gentle_sleepers=0.0, wakeup_granularity_s=0.1), 0.0503, 0.0005)
    assert cfs < 0.0005 < 0.0015 < without
    assert 0.0 < latency_s(machine("eevdf"), 0.0503, 0.0005) <= 4 * 0.0007
    kept, cut = (latency_s(machine("eevdf", run_to_parity=p), 0.0503, 0.0003, weight=30.0) for p in (1.0, 0.0))
    assert cut < kept <= 0.0007 + 1e-9  # an earlier deadline by its weight


def test_borrowed_time() -> None:
    plain = latency_s(machine("bvt"), 0.0503, 0.0005)
    warped = latency_s(machine("bvt", warp_s=0.05), 0.0503, 0.0005)
    assert warped < 1e-6
    assert warped <= plain
    device = machine("bvt", warp_s=0.05, allowance_s=0.001)  # what is borrowed is paid back
    waker, hog = start(device, "waker", 1e6), start(device, "hog", 1e6)
    device.environment.run(until=4.0)
    device.settle()
    assert waker.work - waker.remaining == pytest.approx(hog.work - hog.remaining, abs=0.01)


def test_credit2_gives_a_sleeper_no_more_than_one_credit() -> None:
    """After 5 s of sleep it is ahead by the reset credit at most."""
    device = machine("xen_credit2")
    hog, sleeper = start(device, "hog"), Share("sleeper", device.root)
    device.environment.run(until=5.0)
    device.submit(sleeper, 1e6, lambda share: None)
    device.environment.run(until=6.0)
    device.settle()
    ahead_s = (sleeper.work - sleeper.remaining) - (hog.work - hog.remaining - 5.0)
    assert 0.0 <= ahead_s <= 0.01 + 0.011


# ---------------------------------------------------------------- guarantees


def test_rtds_gives_the_budget_and_no_more() -> None:
    """4 ms of 10 each: two of them leave a fifth of the processor idle."""
    device = machine("rtds")
    threads = [start(device, str(number)) for number in range(2)]
    device.environment.run(until=1.0)
    device.settle()
    assert [thread.work - thread.remaining for thread in threads] == pytest.approx([0.4, 0.4])
    assert [thread.throttled_s for thread in threads] == pytest.approx([0.6, 0.2], abs=0.01)


def test_earliest_deadline_first_meets_what_fits() -> None:
    """3 of 10, 4 of 20 and 10 of 40 ms: 0.75 of the processor; everybody has its part in every period."""
    device = machine("rtds")
    rules = [(0.3, 0.01), (0.2, 0.02), (0.25, 0.04)]
    threads = [start(device, str(part), reservation=part, period_s=period_s) for part, period_s in rules]
    for period in range(1, 26):
        device.environment.run(until=0.04 * period)
        device.settle()
        for thread, (part, _) in zip(threads, rules, strict=True):
            assert thread.work - thread.remaining == pytest.approx(part * 0.04 * period, abs=2e-9)


def test_sedf_shares_what_is_left() -> None:
    """0.5 is guaranteed to one; the other half goes round all three."""
    for extra, expected in ((1.0, [0.5 + 0.5 / 3, 0.5 / 3, 0.5 / 3]), (0.0, [0.5, 0.0, 0.0])):
        device = machine("sedf", extra_time=extra)
        threads = [start(device, str(part), reservation=part, period_s=0.02) for part in (0.5, 0.0, 0.0)]
        device.environment.run(until=4.0)
        device.settle()
        had = [(thread.work - thread.remaining) / 4.0 for thread in threads]
        assert had == pytest.approx(expected, abs=0.02)


def test_relaxed_co_scheduling_bounds_the_skew() -> None:
    """Two virtual processors, one beside a hog: the other is stopped when it leads by 3 ms, seen every millisecond."""

    def skew(skew_s: float) -> tuple[float, float]:
        device = machine("esx", 2, quantum_s=0.02, skew_s=skew_s)
        guest = Share("guest", device.root, width=2, weight=2.0, tenant=True)
        threads = [start(device, str(number), parent=guest) for number in range(2)]
        start(device, "hog", cpus=frozenset({0}))
        device.environment.run(until=2.0)
        device.settle()
        had = [thread.work - thread.remaining for thread in threads]
        return max(had) - min(had), max(thread.ready_s for thread in threads)

    assert skew(0.0) == (pytest.approx(1.0, abs=0.05), pytest.approx(0.0, abs=1e-6))
    lead_s, stopped_s = skew(0.003)
    assert lead_s <= 0.003 + 0.001 + 1e-6
    assert stopped_s > 0.05  # while the other one catches up, on the processor that has become free


def test_esx_lets_in_whoever_is_behind() -> None:
    """It computes 50 us and sleeps 5 ms among hogs with a quantum of 50 ms. Only the first time it has nothing unused,
    and waits two quanta: 100 ms over 40 times. Where it must be behind by a second it always waits."""
    assert latency_s(machine("esx"), 0.005, 50e-6) == pytest.approx(0.1 / 40, abs=1e-6)
    assert latency_s(machine("esx", lead_s=1.0), 0.005, 50e-6) > 0.02


def test_credit_holds_across_processors() -> None:
    """Three on two processors: two thirds each, since a processor with nobody but OVER takes one with credit left."""
    device = machine("xen_credit", 2)
    threads = [start(device, str(number)) for number in range(3)]
    device.environment.run(until=3.0)
    device.settle()
    had = [thread.work - thread.remaining for thread in threads]
    assert had == pytest.approx([2.0] * 3, abs=0.06)


def test_a_borrowed_turn_is_at_least_one_unit() -> None:
    """In one queue for all, whoever is ahead of those that wait may get a processor: for a unit, not for nothing."""
    policy = Bvt({"mcu_s": 0.001, "allowance_s": 0.005})
    ahead, behind = (Entity(Share(name)) for name in ("ahead", "behind"))
    ahead.tag, behind.tag = 50_000_000 * FINE, 0
    queue: Any = SimpleNamespace(entities=[ahead, behind])
    assert policy.slice_ns(queue, ahead) == 1_000_000
    assert policy.slice_ns(queue, behind) == 55_000_000
