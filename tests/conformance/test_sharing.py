"""What every fidelity of time-sharing must do. A new module in ``simulator/sharing`` is run through it by existing.

A fidelity is a module with ``FIDELITY``, its name, and ``SHARING``, its class. One that goes by slices is given a
scheduler with short ones that knows weights, caps and reservations, and is held to a few of its slices.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import simpy

from simulator.discovery import member, members
from simulator.sharing.tree import Scheduling, Share

MODULES = [member("sharing", name) for name in members("sharing")]
FIDELITIES = [module.SHARING for module in MODULES if hasattr(module, "FIDELITY")]
LONG = 1e6
SLICES = Scheduling("esx", {"quantum_s": 0.004, "bandwidth_slice_s": 0.001, "skew_s": 0.0, "global_queue": 1.0})


class Terms(NamedTuple):
    """On which a fidelity is examined."""

    relative: float
    absolute: float
    options: dict[str, Any]


EXACT = Terms(1e-9, 1e-9, {})
BY_SLICES = Terms(0.005, 0.015, {"scheduling": SLICES})


class Lab:
    """A device of ``cores`` cores of one unit a second, and a log of what ended when."""

    def __init__(self, fidelity: Any, cores: float) -> None:
        self.environment = simpy.Environment()
        self.terms = BY_SLICES if fidelity.__name__ == "Quantum" else EXACT
        self.device = fidelity(self.environment, capacity=cores, unit_rate=1.0, **self.terms.options)
        self.log: list[tuple[str, float]] = []

    def share(self, name: str, parent: Share | None = None, **rules: Any) -> Share:
        return Share(name, parent or self.device.root, **rules)

    def submit(self, share: Share, work: float = LONG) -> Share:
        self.device.submit(share, work, lambda ended: self.log.append((ended.name, self.environment.now)))
        return share

    def thread(self, name: str, parent: Share | None = None, work: float = LONG, **rules: Any) -> Share:
        return self.submit(self.share(name, parent, **rules), work)

    def run(self, seconds: float) -> None:
        self.environment.run(until=self.environment.now + seconds)
        self.device.settle()

    def done(self, *shares: Share) -> list[float]:
        """Work each has had so far."""
        return [share.work - share.remaining for share in shares]

    def approx(self, expected: Any, **exact: float) -> Any:
        """Equal as far as the fidelity promises."""
        if self.terms is EXACT:
            return pytest.approx(expected, **{"rel": EXACT.relative, "abs": EXACT.absolute, **exact})
        return pytest.approx(expected, rel=self.terms.relative, abs=self.terms.absolute)

    def close(self, *values: float) -> Any:
        return self.approx(list(values))


@pytest.fixture(params=FIDELITIES, ids=lambda fidelity: fidelity.__name__)
def lab(request: pytest.FixtureRequest) -> Any:
    return lambda cores: Lab(request.param, cores)


# ---------------------------------------------------------------- dividing


def test_one_thread_uses_one_core(lab: Any) -> None:
    bench = lab(4)
    bench.thread("alone", work=3.0)
    bench.environment.run()
    assert bench.log == [("alone", 3.0)]


def test_work_is_conserved(lab: Any) -> None:
    """Whatever the weights, 3 cores with 4 threads of 6, 6, 6 and 12 units are busy until too few are left."""
    bench = lab(3)
    for name, weight, work in (("a", 1, 6.0), ("b", 2, 6.0), ("c", 5, 6.0), ("d", 1, 12.0)):
        bench.thread(name, work=work, weight=weight)
    bench.run(4.0)
    assert bench.device.served == bench.approx(12.0)
    bench.environment.run()
    bench.device.settle()
    assert bench.device.served == bench.approx(30.0)
    assert len(bench.log) == 4


def test_weights(lab: Any) -> None:
    bench = lab(1)
    threads = [bench.thread(name, weight=weight) for name, weight in (("a", 1), ("b", 2), ("c", 5))]
    bench.run(8.0)
    assert bench.done(*threads) == bench.close(1.0, 2.0, 5.0)


def test_groups_divide_before_their_threads(lab: Any) -> None:
    """One thread against three of a group with the same weight: a half, and a sixth each."""
    bench = lab(1)
    alone, group = bench.thread("alone"), bench.share("group")
    three = [bench.thread("one of three", group) for _ in range(3)]
    bench.run(6.0)
    assert bench.done(alone, *three) == bench.close(3.0, 1.0, 1.0, 1.0)


def test_a_thread_takes_no_more_than_a_core_and_leaves_the_rest(lab: Any) -> None:
    """Weight 10 of 12 would be 2.5 of 3 cores; it gets 1, the others one each."""
    bench = lab(3)
    threads = [bench.thread(name, weight=weight) for name, weight in (("a", 10), ("b", 1), ("c", 1))]
    bench.run(2.0)
    assert bench.done(*threads) == bench.close(2.0, 2.0, 2.0)


@pytest.mark.parametrize("others", [0, 1, 7])
def test_a_cap_is_never_exceeded(lab: Any, others: int) -> None:
    bench = lab(4)
    group = bench.share("group", cap=0.75, weight=100)
    capped = [bench.thread("capped", group) for _ in range(3)]
    for _ in range(others):
        bench.thread("other")
    bench.run(4.0)
    assert sum(bench.done(*capped)) == bench.approx(3.0)


def test_width_bounds_a_group(lab: Any) -> None:
    """Three threads on two virtual processors of an otherwise idle machine of four: two thirds each."""
    bench = lab(4)
    guest = bench.share("guest", width=2)
    threads = [bench.thread("thread", guest) for _ in range(3)]
    bench.run(3.0)
    assert bench.done(*threads) == bench.close(2.0, 2.0, 2.0)


def test_what_an_inner_cap_leaves_goes_to_its_siblings_first(lab: Any) -> None:
    """Two groups of two threads on one core; one is capped at 0.1: its sibling gets 0.4, the others 0.25 each."""
    bench = lab(1)
    one, two = bench.share("one"), bench.share("two")
    threads = [bench.thread("capped", one, cap=0.1), bench.thread("sibling", one)]
    threads += [bench.thread("other", two), bench.thread("other", two)]
    bench.run(10.0)
    assert bench.done(*threads) == bench.close(1.0, 4.0, 2.5, 2.5)


def test_what_a_group_cannot_use_goes_to_the_other_groups(lab: Any) -> None:
    """Its only thread is capped at 0.1 inside: 0.9 for the other group, though their weights are equal."""
    bench = lab(1)
    capped = bench.thread("capped", bench.share("one"), cap=0.1)
    other = bench.thread("other", bench.share("two"))
    bench.run(10.0)
    assert bench.done(capped, other) == bench.close(1.0, 9.0)


def test_a_reservation_comes_before_weights(lab: Any) -> None:
    """0.5 is reserved for a; b and c divide the other half 1 : 4."""
    bench = lab(1)
    rules = {"a": {"reservation": 0.5}, "b": {}, "c": {"weight": 4.0}}
    threads = [bench.thread(name, **rule) for name, rule in rules.items()]
    bench.run(10.0)
    assert bench.done(*threads) == bench.close(5.0, 1.0, 4.0)


def test_a_reservation_that_weights_exceed_changes_nothing(lab: Any) -> None:
    bench = lab(1)
    threads = [bench.thread("a", reservation=0.2), bench.thread("b")]
    bench.run(10.0)
    assert bench.done(*threads) == bench.close(5.0, 5.0)


def test_a_reservation_that_is_not_wanted_is_not_kept(lab: Any) -> None:
    bench = lab(1)
    bench.share("asleep", reservation=0.9)
    awake = bench.thread("awake")
    bench.run(2.0)
    assert bench.done(awake) == bench.close(2.0)


def test_reservations_beyond_the_capacity_shrink_alike(lab: Any) -> None:
    """0.9 and 0.6 of one core: 0.6 and 0.4."""
    bench = lab(1)
    threads = [bench.thread("a", reservation=0.9), bench.thread("b", reservation=0.6)]
    bench.run(10.0)
    assert bench.done(*threads) == bench.close(6.0, 4.0)


# ---------------------------------------------------------------- changing


def test_ends_in_their_order(lab: Any) -> None:
    """Sizes 1, 2, 3 together on one core: 3 * 1, then 2 * 1, then 1."""
    bench = lab(1)
    for name, work in (("c", 3.0), ("a", 1.0), ("b", 2.0)):
        bench.thread(name, work=work)
    bench.environment.run()
    assert [name for name, _ in bench.log] == ["a", "b", "c"]
    assert [end for _, end in bench.log] == bench.close(3.0, 5.0, 6.0)


def test_equal_threads_end_at_one_instant_in_order_of_arrival(lab: Any) -> None:
    bench = lab(2)
    for name in "abcdefg":
        bench.thread(name, work=1 / 3)
    bench.environment.run()
    assert sorted(name for name, _ in bench.log) == list("abcdefg")
    assert [end for _, end in bench.log] == bench.close(*[7 / 3 / 2] * 7)
    if bench.terms is EXACT:
        assert [name for name, _ in bench.log] == list("abcdefg")
        assert len({end for _, end in bench.log}) == 1
    assert bench.environment.now == bench.approx(7 / 3 / 2)


def test_remove_returns_the_exact_remainder(lab: Any) -> None:
    """After 2 s with a third of a core, 10 - 2/3 are left; the two others share from then on."""
    bench = lab(1)
    threads = [bench.thread(name, work=10.0) for name in "abc"]
    bench.run(2.0)
    assert bench.device.remove(threads[0]) == bench.approx(10.0 - 2 / 3, rel=1e-12)
    bench.run(2.0)
    assert bench.done(*threads[1:]) == bench.close(2 / 3 + 1, 2 / 3 + 1)
    assert not bench.log


def test_what_is_left_can_be_submitted_again(lab: Any) -> None:
    """Stopped for 5 s in the middle: ends 5 s later, not a bit more."""
    bench = lab(1)
    thread = bench.thread("a", work=3.0)
    bench.run(1.0)
    remainder = bench.device.remove(thread)
    bench.run(5.0)
    bench.submit(thread, remainder)
    bench.environment.run()
    assert bench.log == [("a", bench.approx(8.0, rel=1e-12))]


def test_new_weight_under_way(lab: Any) -> None:
    bench = lab(1)
    a, b = bench.thread("a"), bench.thread("b")
    bench.run(2.0)
    bench.device.set(a, weight=3.0)
    bench.run(4.0)
    assert bench.done(a, b) == bench.close(1.0 + 3.0, 1.0 + 1.0)


def test_new_cap_width_and_reservation_under_way(lab: Any) -> None:
    bench = lab(2)
    group = bench.share("group")
    a, b = bench.thread("a", group), bench.thread("b", group)
    other = bench.thread("other", weight=3.0)
    bench.run(1.0)  # the other has its core; a and b share one
    bench.device.set(group, cap=0.5)
    bench.run(1.0)
    bench.device.set(group, cap=float("inf"), width=0.25)
    bench.run(1.0)
    bench.device.set(group, width=2.0, reservation=1.5)
    bench.run(1.0)
    assert sum(bench.done(a, b)) == bench.approx(1.0 + 0.5 + 0.25 + 1.5)
    assert bench.done(other) == bench.close(1.0 + 1.0 + 1.0 + 0.5)


def test_new_capacity_under_way(lab: Any) -> None:
    """A core goes offline: 1, then a half each."""
    bench = lab(2)
    a, b = bench.thread("a", work=2.0), bench.thread("b", work=2.0)
    bench.run(1.0)
    bench.device.set(bench.device.root, cap=1.0)
    bench.environment.run()
    assert sorted(bench.log) == [("a", bench.approx(3.0)), ("b", bench.approx(3.0))]
    assert bench.done(a, b) == bench.close(2.0, 2.0)


def test_new_frequency_under_way(lab: Any) -> None:
    """2 of 3 units at full clock, the third at a half of it: 2 + 2 s."""
    bench = lab(2)
    bench.thread("a", work=3.0)
    bench.run(2.0)
    bench.device.set_unit_rate(0.5, 1.0)
    bench.environment.run()
    assert bench.log == [("a", bench.approx(4.0))]


def test_a_cap_of_nothing_stops_and_keeps(lab: Any) -> None:
    bench = lab(1)
    group = bench.share("group")
    bench.thread("a", group, work=2.0)
    bench.run(1.0)
    bench.device.set(group, cap=0.0)
    late = bench.thread("b", group, work=1.0)
    bench.run(10.0)
    assert bench.done(late) == bench.close(0.0)
    bench.device.set(group, cap=1.0)
    bench.environment.run()
    assert bench.log == [("a", bench.approx(13.0)), ("b", bench.approx(13.0))]  # one unit each, at a half each


def test_the_end_may_start_the_next(lab: Any) -> None:
    """Each end submits again within the same instant: three rounds of 1 unit, two threads on one core."""
    bench = lab(1)
    rounds = {"a": 3, "b": 3}

    def again(share: Share) -> None:
        bench.log.append((share.name, bench.environment.now))
        rounds[share.name] -= 1
        if rounds[share.name]:
            bench.device.submit(share, 1.0, again)

    for name in rounds:
        bench.device.submit(bench.share(name), 1.0, again)
    bench.environment.run()
    assert bench.log == [(name, bench.approx(end)) for end in (2.0, 4.0, 6.0) for name in ("a", "b")]


def test_no_work_ends_at_once(lab: Any) -> None:
    bench = lab(1)
    bench.thread("busy", work=1.0)
    bench.thread("nothing", work=0.0)
    bench.environment.run()
    assert bench.log == [("nothing", 0.0), ("busy", 1.0)]


def test_refuses_what_cannot_be_meant(lab: Any) -> None:
    bench = lab(1)
    busy, group = bench.thread("busy"), bench.share("group")
    idle = bench.share("idle", group)
    with pytest.raises(ValueError, match="busy: only an idle leaf can take work"):
        bench.submit(busy)
    with pytest.raises(ValueError, match="group: only an idle leaf can take work"):
        bench.submit(group)
    with pytest.raises(ValueError, match="idle has no work"):
        bench.device.remove(idle)
    with pytest.raises(ValueError, match="share 'nobody': the weight must be positive, not 0"):
        bench.share("nobody", weight=0)
    with pytest.raises(ValueError, match="share 'busy': the weight must be positive, not -1"):
        bench.device.set(busy, weight=-1)


# ---------------------------------------------------------------- where the time went


def lost(share: Share) -> dict[str, float]:
    """The parts of a thread's time in which it wanted a processor and had none."""
    return {"ready": share.ready_s, "steal": share.steal_s, "throttled": share.throttled_s}


def test_steal_is_what_other_tenants_take(lab: Any) -> None:
    bench = lab(1)
    tenants = [bench.share(name, tenant=True) for name in ("a", "b")]
    thread, _ = [bench.thread("thread", tenant) for tenant in tenants]
    bench.run(4.0)
    assert lost(thread) == bench.approx({"ready": 0.0, "steal": 2.0, "throttled": 0.0})


def test_tenants_of_one_guest_steal_from_each_other_only_what_it_has(lab: Any) -> None:
    """Two containers, one with two threads, in a guest of one processor on four cores: alone it has that one.

    A half for each container: of each of the two threads half goes to its sibling, a quarter to the other container:
    that is what it would get more without it. By slices it counts who had the processor meanwhile: the sibling for a
    quarter of the time, the other container for a half.
    """
    bench = lab(4)
    guest = bench.share("guest", width=1)
    one, two = (bench.share(name, guest, tenant=True) for name in ("one", "two"))
    threads = [bench.thread("thread", one), bench.thread("thread", one), bench.thread("thread", two)]
    bench.run(4.0)
    ready, steal = (2.0, 1.0) if bench.terms is EXACT else (1.0, 2.0)
    assert lost(threads[0]) == bench.approx({"ready": ready, "steal": steal, "throttled": 0.0})
    assert lost(threads[2]) == bench.approx({"ready": 0.0, "steal": 2.0, "throttled": 0.0})


def test_ready_is_what_siblings_take(lab: Any) -> None:
    bench = lab(4)
    guest = bench.share("guest", tenant=True, width=1)
    thread, _ = bench.thread("a", guest), bench.thread("b", guest)
    bench.run(4.0)
    assert lost(thread) == bench.approx({"ready": 2.0, "steal": 0.0, "throttled": 0.0})


@pytest.mark.parametrize("capped", ["tenant", "process", "thread"])
def test_throttled_is_what_ones_own_quota_takes(lab: Any, capped: str) -> None:
    """A quarter of a core though nobody else is there, at whatever level the quota is set."""
    bench = lab(4)
    share, quota = None, {"cap": 0.25}
    for name in ("tenant", "process", "thread"):
        share = bench.share(name, share, tenant=name == "tenant", **(quota if name == capped else {}))
    bench.submit(share)
    bench.run(4.0)
    assert lost(share) == bench.approx({"ready": 0.0, "steal": 0.0, "throttled": 3.0})


def test_a_quota_among_siblings(lab: Any) -> None:
    """One core, two threads, one with a quota of 0.1: without it each had a half; 0.4 of the first's is the quota's.

    By slices it is throttled from when its 10 ms of a period of 100 ms are used up, waiting a slice for each of its own.
    """
    bench = lab(1)
    tenant = bench.share("tenant", tenant=True)
    capped, free = bench.thread("capped", tenant, cap=0.1), bench.thread("free", tenant)
    bench.run(10.0)
    if bench.terms is EXACT:
        assert lost(capped) == bench.approx({"ready": 5.0, "steal": 0.0, "throttled": 4.0})
    assert sum(lost(capped).values()) == bench.approx(9.0)
    assert capped.throttled_s >= 4.0 - bench.terms.absolute
    assert lost(free) == bench.approx({"ready": 1.0, "steal": 0.0, "throttled": 0.0})


def test_all_three_add_up_to_the_time_without_a_processor(lab: Any) -> None:
    """Two cores, a guest of three threads beside one of one: a core each, a third of it each.

    Alone the guest would have both cores: a third of the time goes to siblings; the rest of what is missing, to the
    other tenant.
    """
    bench = lab(2)
    many, one = (bench.share(name, tenant=True) for name in ("many", "one"))
    threads = [bench.thread("thread", many) for _ in range(3)]
    single = bench.thread("single", one)
    bench.run(3.0)
    assert lost(threads[0]) == bench.approx({"ready": 1.0, "steal": 1.0, "throttled": 0.0})
    assert bench.done(threads[0]) == bench.close(1.0)
    assert lost(single) == bench.approx({"ready": 0.0, "steal": 0.0, "throttled": 0.0})
