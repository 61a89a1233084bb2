"""Random trees of shares against independent ways to the same rates."""

from __future__ import annotations

from random import Random

import pytest
import simpy

from simulator import laws
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import INFINITE, Share

TREES = 200
WORK = 2.0**20  # more than any thread gets


def random_tree(random: Random) -> Fluid:
    """One to six cores, up to four levels, weights over four decades, some caps and widths, some threads asleep."""
    device = Fluid(simpy.Environment(), capacity=random.choice([1.0, 2.0, 3.5, 6.0]), unit_rate=1.0)
    _grow(device, device.root, random, random.randint(1, 4))
    return device


def _grow(device: Fluid, parent: Share, random: Random, levels: int) -> None:
    for _ in range(random.randint(1, 5)):
        share = Share(
            "share",
            parent,
            weight=10 ** random.uniform(-2, 2),
            cap=random.uniform(0.0, 2.0) if random.random() < 0.3 else INFINITE,
            width=random.randint(1, 3) if random.random() < 0.3 else INFINITE,
            weight_rule=random.choice(["shares", "shares", "active"]),
            tenant=parent is device.root,
        )
        if levels > 1 and random.random() < 0.6:
            _grow(device, share, random, levels - 1)
        elif random.random() < 0.8:
            device.submit(share, WORK, lambda share: None)


def wanted(share: Share) -> float:
    """What a share could use: a core for each thread below, within its own bounds and all bounds between."""
    below = sum(wanted(child) for child in share.children) if share.children else float(share.active)
    return min(below, share.cap, share.width)


def weight(share: Share) -> float:
    return share.weight * (wanted(share) if share.weight_rule == "active" else 1.0)


def divide(share: Share, rate: float) -> dict[Share, float]:
    """Rates of all threads, level by level: halve the interval of the water level until it is a point."""
    if not share.children:
        return {share: rate}
    parts = [(child, wanted(child), weight(child)) for child in share.children if wanted(child)]
    low, high = 0.0, max((bound / w for _, bound, w in parts), default=0.0)
    for _ in range(200):
        level = (low + high) / 2
        if sum(min(bound, w * level) for _, bound, w in parts) < rate:
            low = level
        else:
            high = level
    return {leaf: r for child, bound, w in parts for leaf, r in divide(child, min(bound, w * high)).items()}


@pytest.mark.parametrize("seed", range(TREES))
def test_rates_are_those_of_bisection(seed: int) -> None:
    device = random_tree(Random(seed))
    expected = divide(device.root, wanted(device.root))
    found = {leaf: leaf.rate for leaf in device.active if leaf in expected}
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert all(leaf.rate == 0.0 for leaf in device.active if leaf not in expected)  # below a cap of nothing


@pytest.mark.parametrize("seed", range(TREES))
def test_every_group_divides_as_water_filling_says(seed: int) -> None:
    device = random_tree(Random(seed))
    groups = [device.root]
    for group in groups:
        wanting = [child for child in group.children if wanted(child)]
        bounds, weights = [wanted(child) for child in wanting], [weight(child) for child in wanting]
        expected = laws.max_min_rates(group.rate, bounds, weights)
        assert [child.rate for child in wanting] == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert sum(child.rate for child in group.children) == pytest.approx(group.rate)
        groups += [child for child in group.children if child.children]


@pytest.mark.parametrize("seed", range(0, TREES, 4))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    random = Random(seed)
    device = random_tree(random)
    before = {leaf: leaf.rate for leaf in device.active}
    leaves = random.sample(list(device.active), len(device.active))
    for leaf in leaves:
        assert device.remove(leaf) == WORK  # no time has passed
    assert device.root.rate == 0.0
    for leaf in reversed(leaves):
        device.submit(leaf, WORK, lambda share: None)
    assert {leaf: leaf.rate for leaf in device.active} == pytest.approx(before, rel=1e-12)


@pytest.mark.parametrize("seed", range(TREES))
def test_every_second_of_a_thread_is_accounted_for(seed: int) -> None:
    device = random_tree(Random(seed))
    device.environment.run(until=3.0)
    device.settle()
    for leaf in device.active:
        parts = [leaf.work - leaf.remaining, leaf.ready_s, leaf.steal_s, leaf.throttled_s]
        assert sum(parts) == pytest.approx(3.0, rel=1e-9)
        assert min(parts) >= -1e-9


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_lost_whatever_is_done(seed: int) -> None:
    """Threads come, are stopped and meet new rules: what was served and what is left is what was asked for."""
    random, environment = Random(seed), simpy.Environment()
    device = Fluid(environment, 2.0, 1.0)
    groups = [Share("group", device.root, weight=random.uniform(0.1, 9.0)) for _ in range(3)]
    leaves = [Share("thread", random.choice(groups)) for _ in range(8)]
    asked = taken_back = busy = 0.0
    for _ in range(60):
        leaf, group = random.choice(leaves), random.choice(groups)
        if not leaf.active:
            work = random.expovariate(1.0)
            asked += work
            device.submit(leaf, work, lambda share: None)
        elif random.random() < 0.3:
            taken_back += device.remove(leaf)
        else:
            device.set(group, weight=random.uniform(0.1, 9.0), cap=random.choice([0.5, INFINITE]))
        then, rate, served = environment.now, device.root.rate, device.served
        step_s = random.expovariate(2.0)
        soonest_s = min((leaf.remaining / leaf.rate for leaf in device.active), default=INFINITE)
        environment.run(until=then + step_s)
        device.settle()
        if step_s < soonest_s:  # no end in between: the rate was this one all the time
            busy += rate * step_s
            assert device.served - served == pytest.approx(rate * step_s, abs=1e-9)
    assert busy > 0.0
    left = sum(leaf.remaining for leaf in device.active)
    assert device.served + left + taken_back == pytest.approx(asked, rel=1e-12)


@pytest.mark.parametrize("seed", range(50))
def test_ends_are_those_of_a_naive_calendar(seed: int) -> None:
    """Jobs with weights and caps arrive at random; the calendar recomputes all rates at each arrival and end."""
    random, environment = Random(seed), simpy.Environment()
    arrivals = [0.0]
    for _ in range(11):
        arrivals.append(arrivals[-1] + random.expovariate(2.0))
    jobs = [(a, random.expovariate(1.0), random.uniform(0.1, 5.0), random.uniform(0.1, 1.0)) for a in arrivals]
    device, ends = Fluid(environment, 1.5, 1.0), {}

    def start(number: int) -> None:
        _, work, weight, cap = jobs[number]
        share = Share(f"{number}", device.root, weight=weight, cap=cap)
        device.submit(share, work, lambda share: ends.update({int(share.name): environment.now}))

    for number, (arrival, *_) in enumerate(jobs):
        environment.timeout(arrival).callbacks.append(lambda _, number=number: start(number))
    environment.run()
    assert ends == pytest.approx(_calendar(jobs, 1.5), rel=1e-9)


def _calendar(jobs: list[tuple[float, float, float, float]], capacity: float) -> dict[int, float]:
    left = {number: work for number, (_, work, _, _) in enumerate(jobs)}
    now, ends = 0.0, {}
    while left:
        here = [number for number in left if jobs[number][0] <= now]
        rates = laws.max_min_rates(capacity, [jobs[n][3] for n in here], [jobs[n][2] for n in here])
        ending = [(now + left[n] / rate, n) for n, rate in zip(here, rates, strict=True)]
        coming = [jobs[n][0] for n in left if jobs[n][0] > now]
        then = min([end for end, _ in ending] + coming)
        for n, rate in zip(here, rates, strict=True):
            left[n] -= rate * (then - now)
        for end, n in ending:
            if end == then:
                ends[n] = then
                del left[n]
        now = then
    return ends
