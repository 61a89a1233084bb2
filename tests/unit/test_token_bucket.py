"""Token buckets: what passes over any time is bounded by burst and rate (LAWS), whatever is asked and changed when."""

from __future__ import annotations

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simulator.devices._fair_queue import FairQueue
from simulator.devices._token_bucket import TokenBucket
from simulator.devices.base import Request

RATES, SIZES, GAPS = st.floats(0.5, 50.0), st.floats(0.0, 30.0), st.floats(0.0, 3.0)


def passed(rate: float, burst: float, asked: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """When each amount passes, if each is asked for some time after the one before it passed."""
    bucket, now_s, log = TokenBucket(rate, burst, 0.0), 0.0, []
    for gap_s, amount in asked:
        now_s += gap_s
        now_s += bucket.wait_s(amount, now_s)
        bucket.take(amount, now_s)
        log.append((now_s, amount))
    return log


@given(RATES, st.floats(0.0, 40.0), st.lists(st.tuples(GAPS, SIZES), min_size=1, max_size=30))
def test_no_more_passes_than_burst_and_rate(rate: float, burst: float, asked: list[tuple[float, float]]) -> None:
    """Output over any t <= B + r t, where one amount larger than B counts as the burst."""
    log = passed(rate, burst, asked)
    most = max(burst, max(amount for _, amount in log))
    for first, (begin_s, _) in enumerate(log):
        total = 0.0
        for end_s, amount in log[first:]:
            total += amount
            assert total <= (most + rate * (end_s - begin_s)) * (1 + 1e-9) + 1e-9


@given(RATES, st.floats(0.0, 40.0), st.lists(st.floats(0.1, 30.0), min_size=2, max_size=30))
def test_whoever_always_asks_gets_the_whole_rate(rate: float, burst: float, sizes: list[float]) -> None:
    """The last one waits for no more than those before it: the sum less the burst, at the rate."""
    (end_s, last) = passed(rate, burst, [(0.0, size) for size in sizes])[-1]
    needed = sum(sizes[:-1]) + min(last, burst) - burst
    assert end_s == pytest.approx(max(0.0, needed / rate), rel=1e-9, abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(0.01, 2.0), RATES, st.floats(0.0, 20.0)), min_size=1, max_size=8),
    st.lists(st.floats(0.1, 5.0), min_size=5, max_size=40),
)
def test_changes_of_rate_and_burst_hold_from_then_on(
    changes: list[tuple[float, float, float]], sizes: list[float]
) -> None:
    """Through the queue of a device: never more than the largest burst, and what each rate gave in its time."""
    environment = simpy.Environment()
    log: list[tuple[float, float]] = []

    def ready() -> None:
        while (group := queue.next_group()) is not None:
            request = group.waiting[0]
            queue.take(group, request, 0.0)
            log.append((environment.now, request.size_bytes))

    queue = FairQueue(environment, ready)
    queue.set_group("a", bytes_per_s=3.0, burst_bytes=2.0)
    for size in sizes:
        queue.put(Request(environment, size, "a"))
    ready()
    allowed, most, begin_s = 0.0, max(2.0, *sizes), 0.0
    rate = 3.0
    for after_s, new_rate, burst in changes:
        environment.run(until=environment.now + after_s)
        allowed += rate * (environment.now - begin_s)
        assert sum(size for _, size in log) <= (most + allowed) * (1 + 1e-9) + 1e-9
        queue.set_group("a", bytes_per_s=new_rate, burst_bytes=burst)
        rate, begin_s, most = new_rate, environment.now, max(most, burst)
    environment.run()
    assert len(log) == len(sizes)


def test_a_full_bucket_lets_its_burst_pass_at_once() -> None:
    """Seven at once, two a second, a burst of 4: four at 0, then one each half second."""
    times = [time_s for time_s, _ in passed(2.0, 4.0, [(0.0, 1.0)] * 7)]
    assert times == pytest.approx([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 1.5])


def test_without_a_burst_each_passes_when_the_time_of_the_last_is_over() -> None:
    times = [time_s for time_s, _ in passed(2.0, 0.0, [(0.0, 1.0), (0.0, 3.0), (0.0, 1.0)])]
    assert times == pytest.approx([0.0, 0.5, 2.0])


def test_more_than_the_bucket_leaves_it_in_debt() -> None:
    """10 pass when 4 are there; 6 missing and 4 for the next: 10 at 2 a second."""
    times = [time_s for time_s, _ in passed(2.0, 4.0, [(0.0, 10.0), (0.0, 10.0)])]
    assert times == pytest.approx([0.0, 5.0])


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -1.0)])
def test_a_limit_that_lets_nothing_pass_is_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="needs a rate above 0 and a burst of 0 or more"):
        TokenBucket(rate, burst, 0.0)
